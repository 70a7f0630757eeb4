"""The first best of each sampled profile: the highest objective that any allocation of the items can give.

For welfare and for revenue this is the optimal welfare, as if every agent paid her full value (the bound that the
paper's footnote 5 subtracts); for max-min it is the fairest assignment. All values are known to it, so no
mechanism exceeds it. It works on arrays of floats, profile by profile; :mod:`spm.exact.firstbest` gives the exact
expectation over all profiles of a finite setting.
"""

from __future__ import annotations

import math

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

    >>> from spm.settings import get_setting, valuations
    >>> first_best(get_setting("correlated-3-2-0"), valuations("unit", np.array([[[0.25], [0.75], [0.5]]])))
    array([1.25])
    """
    goal = setting.objective
    if separable(setting):
        return _highest_values_win(setting, valuations, np.tile(setting.supply, (len(valuations), 1)))
    # W_0(s) for every vector s of copies and every profile, (supply_1 + 1, ..., supply_T + 1, B); then agent by
    # agent.
    best = np.full((*_states(setting), len(valuations)), goal.empty)
    options = bundles(setting.demand, setting.n_types)
    for agent in range(valuations.shape[1]):
        best = _add_agent(best, valuations[:, agent], options, goal.combine)
    return np.asarray(best[(-1,) * setting.n_types])


def first_best_memory(setting: Setting) -> int:
    """Return about how many bytes :func:`first_best` needs for each profile.

    >>> from spm.settings import get_setting
    >>> first_best_memory(get_setting("colors"))  # 10 red and 10 yellow items
    2904
    """
    if separable(setting):
        return 16 * setting.n_agents
    return 24 * math.prod(_states(setting))


def _states(setting: Setting) -> tuple[int, ...]:
    """How many numbers of copies of each type there are, from 0; more than one copy per agent is never needed."""
    return tuple(min(copies, setting.n_agents) + 1 for copies in setting.supply)


def _add_agent(best: Array, worth: Array, options: NDArray[np.int8], combine: Combine) -> Array:
    """W_i from W_{i-1} = ``best (*states, B)`` and agent i's valuations ``worth (B, K)``."""
    worth = np.maximum(worth, 0.0)  # a bundle she never wants (-inf) adds nothing
    better = np.full_like(best, -np.inf)
    for k, bundle in enumerate(options):
        # The states that hold the bundle, and the states that they become without it, as two views of one shape.
        after = tuple(slice(None, size - b) for size, b in zip(best.shape[:-1], bundle, strict=True))
        before = tuple(slice(b, None) for b in bundle)
        np.maximum(better[before], combine(worth[:, k], best[after]), out=better[before])
    return better


def separable(setting: Setting) -> bool:
    """Say whether, for each type, the agents with the highest values win in the first best.

    They do for objectives that sum over agents, with additive demand or a single type.

    >>> from spm.settings import get_setting
    >>> separable(get_setting("additive")), separable(get_setting("colors")), separable(get_setting("max-min"))
    (True, False, False)
    """
    one_by_one = setting.demand == "additive" or setting.n_types == 1
    return one_by_one and setting.objective.combine is np.add


def _highest_values_win(setting: Setting, valuations: Array, copies: NDArray[np.int64]) -> Array:
    """Sum of the highest values for each type, as many as there are ``copies (B, T)``, ``(B,)``."""
    total = np.zeros(len(valuations))
    singles = bundles(setting.demand, setting.n_types)
    for t in range(setting.n_types):
        # The bundle of type t alone; the agents' values for it in falling order, as many as may win, (B, most).
        only_t = int(np.flatnonzero((singles.sum(axis=1) == 1) & (singles[:, t] == 1))[0])
        most = int(copies[:, t].max(initial=0))
        worth = -np.sort(-np.maximum(valuations[:, :, only_t], 0.0), axis=1)[:, :most]
        total += np.where(np.arange(worth.shape[1]) < copies[:, t, None], worth, 0.0).sum(axis=1)
    return total


def rest(setting: Setting, valuations: Array, agents_left: NDArray[np.bool_], copies: NDArray[np.int64]) -> Array:
    """Return the highest welfare that the items left can give to the agents left, ``(B,)``.

    Args:
        setting: a :func:`separable` one.
        valuations: ``(B, n, K)`` bundle valuations.
        agents_left: ``(B, n)`` True for agents not yet visited.
        copies: ``(B, T)`` items left.

    Raises:
        ValueError: the setting is not separable.

    >>> from spm.settings import get_setting, valuations
    >>> values = valuations("unit", np.array([[[0.25], [0.75], [0.5]]]))
    >>> rest(get_setting("correlated-3-2-0"), values, np.array([[True, False, True]]), np.array([[1]]))
    array([0.5])
    """
    if not separable(setting):
        raise ValueError(f"the first best of {setting.name!r} is not a sum of highest values")
    return _highest_values_win(setting, np.where(agents_left[..., None], valuations, 0.0), copies)
