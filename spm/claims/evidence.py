"""The evidence of the ledger, :mod:`spm.evidence`, by its names here."""

from __future__ import annotations

from spm.evidence import ADAPTIVE as ADAPTIVE
from spm.evidence import GROUPS as GROUPS
from spm.evidence import SCORES as SCORES
from spm.evidence import Evidence as Evidence
from spm.evidence import load as load
from spm.experiments import STATIC as STATIC
