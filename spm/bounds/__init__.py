"""Bounds: certified brackets of the best that any mechanism can earn where values are continuous.

* :mod:`~spm.bounds.brackets`: :func:`bracket`, and the rule for each model of values.
* :mod:`~spm.bounds.known_latent`: the optimum when the latent is known.
* :mod:`~spm.bounds.lattice`, :mod:`~spm.bounds.belief_cover`: an upper bound by beliefs that cover all others.
* :mod:`~spm.bounds.certificates`: upper bounds for any size, and the covers of record behind those of the panels.
* :mod:`~spm.bounds.compressed`, :mod:`~spm.bounds.bayesian_pricing`: an explicit mechanism, for lower bounds.
* :mod:`~spm.bounds.static_prices`: the best static prices.
* :mod:`~spm.bounds.max_min`: max-min fairness (Figure 4c).
* :mod:`~spm.bounds.adaptivity_gap`: the adaptivity gap over a map of settings.
"""

from spm.bounds.adaptivity_gap import correlated_map, small_settings
from spm.bounds.brackets import Bracket, bracket, explicit_mechanism, record
from spm.bounds.certificates import covered_bound, upper_bound
from spm.bounds.max_min import (
    BLACK,
    BLUE,
    ORANGE,
    PREMIUM_GRID,
    RED,
    WITHHELD,
    OrangeFirst,
    best_premiums,
    max_min_optimum,
)
from spm.bounds.static_prices import best_static

__all__ = [
    "BLACK",
    "BLUE",
    "ORANGE",
    "PREMIUM_GRID",
    "RED",
    "WITHHELD",
    "Bracket",
    "OrangeFirst",
    "best_premiums",
    "best_static",
    "bracket",
    "correlated_map",
    "covered_bound",
    "explicit_mechanism",
    "max_min_optimum",
    "record",
    "small_settings",
    "upper_bound",
]
