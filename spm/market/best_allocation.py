"""The first best of each profile: the highest objective that any allocation of the items can give.

Every agent pays her full value for what she gets: the optimal welfare for welfare and for revenue (the bound that
the paper's footnote 5 subtracts), the fairest assignment for max-min. It knows all values, so no mechanism exceeds
it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spm.settings import Array, Combine, Setting, bundles


def first_best(setting: Setting, valuations: Array) -> Array:
    """Return each profile's first best, ``(B,)``.

    Args:
        setting: supply, demand and objective.
        valuations: ``(B, n, K)`` bundle valuations.

    A sum over agents with additive demand, or with one type, separates into "the highest values win" for each
    type. Everything else is solved by dynamic programming over the agents: W_i(s) = max over bundles b <= s of
    v_i(b) combined with W_{i-1}(s - b), for every vector s of copies at hand.
    """
    goal = setting.objective
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
    return one_by_one and setting.objective.combine is np.add


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
