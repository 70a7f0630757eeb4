"""The ledger of claims: everything that the paper says, checked.

* :mod:`~spm.claims.claim`: a claim, what was found about it, and the five verdicts.
* :mod:`spm.compendium.report.evidence`, :mod:`spm.compendium.report.compare`, :mod:`~spm.claims.solved`: what
  checks are made of.
* :mod:`~spm.claims.mechanisms`, :mod:`~spm.claims.adaptivity`, :mod:`~spm.claims.ranking`,
  :mod:`~spm.claims.remembering`, :mod:`~spm.claims.space`: theory.
* :mod:`~spm.claims.correlated`, :mod:`~spm.claims.examples`: the panels' optima.
* :mod:`~spm.claims.protocol`, :mod:`~spm.claims.learned`, :mod:`~spm.claims.figure_2`,
  :mod:`~spm.claims.figure_3`, :mod:`~spm.claims.figure_4`: the experiments, and what can't be tested here.
* :mod:`~spm.claims.ledger`: all claims with their findings, as tables and text.
"""

from spm.claims.claim import VERDICTS, Claim, Finding
from spm.claims.ledger import CLAIMS, Entry, check_claims
from spm.compendium.report.evidence import Evidence, load

__all__ = ["CLAIMS", "VERDICTS", "Claim", "Entry", "Evidence", "Finding", "check_claims", "load"]
