"""Objectives g(x, tau; v) and the first best of each profile.

An objective maps what each agent received (her value for it) and paid to one number a market. Registering
another one takes one function::

    @objective("nash", combine=np.multiply, empty=1.0)
    def nash(received, payments):
        return received.prod(axis=1)

The *first best* is the highest objective that any allocation of the items can give when every agent pays her
full value for what she gets: the optimal welfare for welfare and for revenue (the bound that the paper's
footnote 5 subtracts), the fairest assignment for max-min. It knows all values, so no mechanism exceeds it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spm.demand import Array, bundles
from spm.names import lookup
from spm.settings import Setting

Score = Callable[[Array, Array], Array]
Combine = Callable[[Array, Array], Array]


@dataclass(frozen=True)
class Objective:
    """What is maximised.

    Attributes:
        name: the name it is looked up by.
        score: ``(received (B, n), payments (B, n)) -> (B,)``.
        combine: how one more agent's value enters the objective: ``np.add`` for sums, ``np.minimum`` for the
            worst-off agent. The first best is found by adding agents one at a time.
        empty: the objective of no agents, neutral for ``combine``.
    """

    name: str
    score: Score
    combine: Combine
    empty: float


OBJECTIVES: dict[str, Objective] = {}


def objective(name: str, combine: Combine = np.add, empty: float = 0.0) -> Callable[[Score], Score]:
    """Register the decorated function as the objective ``name`` (see :class:`Objective`)."""

    def register(score: Score) -> Score:
        OBJECTIVES[name] = Objective(name, score, combine, empty)
        return score

    return register


def get(name: str) -> Objective:
    """Return a registered objective.

    Raises:
        ValueError: unknown name; the nearest are listed.
    """
    return lookup("objective", name, OBJECTIVES)


@objective("welfare")
def welfare(received: Array, payments: Array) -> Array:
    """Social welfare: the sum of the agents' values for what they get.

    >>> welfare(np.array([[0.5, 0.25]]), np.zeros((1, 2)))
    array([0.75])
    """
    return received.sum(axis=1)


@objective("revenue")
def revenue(received: Array, payments: Array) -> Array:
    """Revenue: the sum of the payments."""
    return payments.sum(axis=1)


@objective("max-min", combine=np.minimum, empty=np.inf)
def max_min(received: Array, payments: Array) -> Array:
    """Max-min fairness: the value of the worst-off of *all* agents, those without an item included."""
    return received.min(axis=1)


def first_best(setting: Setting, valuations: Array) -> Array:
    """Return each profile's first best, ``(B,)``.

    Args:
        setting: supply, demand and objective.
        valuations: ``(B, n, K)`` bundle valuations.

    A sum over agents with additive demand, or with one type, separates into "the highest values win" for each
    type. Everything else is solved by dynamic programming over the agents: W_i(s) = max over bundles b <= s of
    v_i(b) combined with W_{i-1}(s - b), for every vector s of copies at hand.
    """
    goal = get(setting.objective)
    if separable(setting):
        return _highest_values_win(setting, valuations, np.tile(setting.supply, (len(valuations), 1)))
    states = tuple(copies + 1 for copies in setting.supply)
    best = np.full((*states, len(valuations)), goal.empty)
    options = bundles(setting.demand, setting.n_types)
    for agent in range(valuations.shape[1]):
        best = _add_agent(best, valuations[:, agent], options, goal.combine)
    return np.asarray(best[setting.supply])


def _add_agent(best: Array, worth: Array, options: NDArray[np.int8], combine: Combine) -> Array:
    """One step of the dynamic programme: ``best (*states, B)``, the agent's ``worth (B, K)``."""
    worth = np.maximum(worth, 0.0)  # a bundle she never wants (-inf) adds nothing
    better = np.full_like(best, -np.inf)
    for k, bundle in enumerate(options):
        after = tuple(slice(None, size - b) for size, b in zip(best.shape[:-1], bundle, strict=True))
        before = tuple(slice(b, None) for b in bundle)
        np.maximum(better[before], combine(worth[:, k], best[after]), out=better[before])
    return better


def separable(setting: Setting) -> bool:
    """Say whether the first best is "the highest values win" for each type: sums, additive or with one type."""
    one_by_one = setting.demand == "additive" or setting.n_types == 1
    return one_by_one and get(setting.objective).combine is np.add


def _highest_values_win(setting: Setting, valuations: Array, copies: NDArray[np.int64]) -> Array:
    """Sum of the highest values for each type, as many as there are ``copies (B, T)``, ``(B,)``."""
    total = np.zeros(len(valuations))
    singles = bundles(setting.demand, setting.n_types)
    for t in range(setting.n_types):
        only_t = int(np.flatnonzero((singles.sum(axis=1) == 1) & (singles[:, t] == 1))[0])
        most = int(copies[:, t].max(initial=0))
        worth = -np.sort(-np.maximum(valuations[:, :, only_t], 0.0), axis=1)[:, :most]
        total += np.where(np.arange(worth.shape[1]) < copies[:, t, None], worth, 0.0).sum(axis=1)
    return total


def rest(setting: Setting, valuations: Array, agents_left: NDArray[np.bool_], copies: NDArray[np.int64]) -> Array:
    """Return the welfare that the agents left could have from the items left, ``(B,)``.

    Args:
        setting: a separable one.
        valuations: ``(B, n, K)`` bundle valuations.
        agents_left: ``(B, n)`` True for agents not yet visited.
        copies: ``(B, T)`` items left.

    Raises:
        ValueError: the setting is not separable.
    """
    if not separable(setting):
        raise ValueError(f"the first best of {setting.name!r} is not a sum of highest values")
    return _highest_values_win(setting, np.where(agents_left[..., None], valuations, 0.0), copies)
