"""The ledger of claims: everything that the paper says, checked.

* :mod:`~spm.claims.claim`: a claim, what was found about it, and the four verdicts.
* :mod:`spm.evidence`, :mod:`spm.compare`, :mod:`~spm.claims.solved`: what checks are made of.
* :mod:`~spm.claims.mechanisms`, :mod:`~spm.claims.adaptivity`, :mod:`~spm.claims.ranking`,
  :mod:`~spm.claims.remembering`, :mod:`~spm.claims.space`, :mod:`~spm.claims.linear`,
  :mod:`~spm.claims.pomdp`: theory.
* :mod:`~spm.claims.correlated`, :mod:`~spm.claims.examples`, :mod:`~spm.claims.fairness`: the panels' optima.
* :mod:`~spm.claims.protocol`, :mod:`~spm.claims.variance`, :mod:`~spm.claims.learned`,
  :mod:`~spm.claims.figure_2`, :mod:`~spm.claims.figure_3`, :mod:`~spm.claims.figure_4`: the experiments.
* :mod:`~spm.claims.elsewhere`: what can't be tested here.
* :mod:`~spm.claims.entries`: the ledger, and its tables.
"""

from spm.claims.claim import VERDICTS, Claim, Finding
from spm.claims.entries import CLAIMS, Entry, ledger
from spm.claims.evidence import Evidence, load

__all__ = ["CLAIMS", "VERDICTS", "Claim", "Entry", "Evidence", "Finding", "ledger", "load"]
