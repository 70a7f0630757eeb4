"""The report: from records to the tables, figures and words that chapters show.

* :mod:`~spm.compendium.report.tables`, :mod:`~spm.compendium.report.compare`: tidy tables, and what "better"
  means.
* :mod:`~spm.compendium.report.evidence`: what is known of the learned mechanisms of a protocol.
* :mod:`~spm.compendium.report.targets`, :mod:`~spm.compendium.report.seeds`: the paper's statements, reliability.
* :mod:`~spm.compendium.report.drawing`: the canvas; :mod:`~spm.compendium.report.curves`: Figures 2 to 4.
* :mod:`~spm.compendium.report.taxonomy_figure`: Figure 1.
* :mod:`~spm.compendium.report.cells`, :mod:`~spm.compendium.report.trees`: exact values and mechanisms.
* :mod:`~spm.compendium.report.words`: a market in words and numbers.
* :mod:`~spm.compendium.report.exhibits`: single settings, solved, bounded and played.
* :mod:`~spm.compendium.report.tuning_table`: what was tried.
"""
