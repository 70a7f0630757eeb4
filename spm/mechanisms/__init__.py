"""Mechanisms: whatever visits agents and posts prices, and :func:`play`, which runs any of them.

* :mod:`~spm.mechanisms.playing`: what a mechanism is, and how it is played on sampled profiles.
* :mod:`~spm.mechanisms.static`: static prices, random serial dictatorship among them.
* :mod:`~spm.mechanisms.learned`: a policy that maps observations to actions.
* :mod:`~spm.mechanisms.tree`: a decision tree of the exact solver.
"""

from spm.mechanisms.learned import Learned, decode
from spm.mechanisms.playing import (
    MARKETS_AT_A_TIME,
    Agents,
    Mechanism,
    Outcomes,
    Rule,
    check_profiles,
    play,
    play_values,
)
from spm.mechanisms.static import StaticPrices, random_serial_dictatorship
from spm.mechanisms.tree import TreeMechanism

__all__ = [
    "MARKETS_AT_A_TIME",
    "Agents",
    "Learned",
    "Mechanism",
    "Outcomes",
    "Rule",
    "StaticPrices",
    "TreeMechanism",
    "check_profiles",
    "decode",
    "play",
    "play_values",
    "random_serial_dictatorship",
]
