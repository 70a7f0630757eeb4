"""The record: the grid of runs, doing them, keeping them, publishing and reading ``data/``.

* :mod:`~spm.compendium.record.grid`: protocols, and figures as grids of runs.
* :mod:`~spm.compendium.record.runs`, :mod:`~spm.compendium.record.engines`: doing what is missing, here
  (:mod:`~spm.compendium.record.processes`) or elsewhere.
* :mod:`~spm.compendium.record.schema`, :mod:`~spm.compendium.record.layers`: how files are read, and what the
  layers of a network must be.
* :mod:`~spm.compendium.record.store`: one file per run, written whole or not at all.
* :mod:`~spm.compendium.record.fingerprints`: what a record was made by.
* :mod:`~spm.compendium.record.bracket_cache`: each panel's bounds, computed once.
* :mod:`~spm.compendium.record.publish`, :mod:`~spm.compendium.record.published`: writing and reading ``data/``.
* :mod:`~spm.compendium.record.policies`: kept policies as mechanisms.
* :mod:`~spm.compendium.record.replay`: whether the present code still produces what was recorded.
* :mod:`~spm.compendium.record.kept`, :mod:`~spm.compendium.record.values`,
  :mod:`~spm.compendium.record.computed`: results that take seconds and never vary, and their schemas.
* :mod:`~spm.compendium.record.verify`: retraining and replaying samples of the record.
* :mod:`~spm.compendium.record.trials`: runs of record beside the grid: :mod:`~spm.compendium.record.tuning`, what
  was tried before PPO's settings were fixed, and :mod:`~spm.compendium.record.belief`, learning from the belief.
"""
