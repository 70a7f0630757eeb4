"""The ledger of claims: everything that the paper says, checked.

* :mod:`~spm.compendium.claims.claim`: a claim, what was found about it, and the five verdicts.
* :mod:`spm.compendium.report.evidence`, :mod:`spm.compendium.report.compare`,
  :mod:`~spm.compendium.claims.solved`: what checks are made of.
* :mod:`~spm.compendium.claims.mechanisms`, :mod:`~spm.compendium.claims.adaptivity`,
  :mod:`~spm.compendium.claims.remembering`, :mod:`~spm.compendium.claims.space`: theory.
* :mod:`~spm.compendium.claims.correlated`, :mod:`~spm.compendium.claims.examples`: the panels' optima.
* :mod:`~spm.compendium.claims.protocol`, :mod:`~spm.compendium.claims.learned`,
  :mod:`~spm.compendium.claims.figures`: the experiments, and what can't be tested here.
* :mod:`~spm.compendium.claims.ledger`: all claims with their findings, as tables and text.
"""
