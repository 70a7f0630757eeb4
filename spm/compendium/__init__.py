"""The compendium: what makes this book. The library below never imports it.

* :mod:`spm.compendium.command_line`: from arguments to a status and one sentence.
* :mod:`spm.compendium.theory`: the paper's propositions and Theorem 1, by computation.
* :mod:`spm.compendium.record`: the grid of runs, and the results of record in ``data/``.
* :mod:`spm.compendium.report`: from records to tables and figures.
* :mod:`spm.compendium.claims`: the ledger of the paper's claims.
* :mod:`spm.compendium.site`: from chapters to the HTML book.
"""
