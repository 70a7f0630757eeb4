"""The market: the rules of a round, the first best, and what a mechanism may see of the history.

* :mod:`~spm.market.market`: the rules, for many markets at once.
* :mod:`~spm.market.best_allocation`: the first best of each profile.
* :mod:`~spm.market.statistics`: which part of the history a policy sees.
* :mod:`~spm.market.posterior`: what the history reveals about values.
* :mod:`~spm.market.words`: the history told in words and numbers.
"""

from spm.market.best_allocation import first_best, first_best_memory, rest, separable
from spm.market.market import Market
from spm.market.posterior import NODES, chance_below, copies_left, correlated_posterior, latent_nodes
from spm.market.statistics import BLOCKS, STATISTICS, Block, Observation, Statistic, get_statistic, statistic
from spm.market.words import transcript

__all__ = [
    "BLOCKS",
    "NODES",
    "STATISTICS",
    "Block",
    "Market",
    "Observation",
    "Statistic",
    "chance_below",
    "copies_left",
    "correlated_posterior",
    "first_best",
    "first_best_memory",
    "get_statistic",
    "latent_nodes",
    "rest",
    "separable",
    "statistic",
    "transcript",
]
