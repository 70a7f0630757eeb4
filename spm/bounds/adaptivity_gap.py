"""The adaptivity gap of correlated settings: by how much the optimum exceeds the best static prices.

Beside it, the smallest settings solved as far as possible (:func:`small_settings`). All sizes of a map share one
regret to go, so a map takes a few seconds per size.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from spm.bounds.bayesian_pricing import BayesianPricing, estimate
from spm.bounds.certificates import covered_bound, upper_bound
from spm.bounds.known_latent import correlated_model, highest_values
from spm.bounds.static_prices import best_static
from spm.settings import correlated

MAP_PROFILES = 1024
"""Profiles on which Bayesian pricing is evaluated."""
SMALL = ((3, 1), (4, 2), (5, 2), (6, 2))
"""Agents and items of the small settings,"""
SMALL_CELLS, SMALL_BELIEFS, SMALL_PROFILES = (8, 16), 300, 65_536
"""and cells, beliefs and profiles by which they are bracketed."""


def correlated_map(
    agents: Iterable[int], items: Iterable[int], delta: float, objective: str = "welfare"
) -> pd.DataFrame:
    """Return the adaptivity gap by size: by how much the optimum exceeds the best static prices.

    ``upper`` and ``adaptivity_high`` are proved for every size. ``adaptivity_low`` is an estimate: ``lower`` is a
    sample's mean, and ``best_static`` the best prices that several ascents found.

    Args:
        agents: numbers of agents n.
        items: numbers of items m; sizes with more items than agents are left out.
        delta: correlation.
        objective: ``welfare`` or ``revenue``.

    Returns:
        One row per size: n, m, delta, first_best, upper, lower (Bayesian pricing, or static prices if these seem
        better), lower_error, best_static (personalised), and the ends of the gap in percent of best_static,
        adaptivity_low and adaptivity_high.

    Raises:
        ValueError: no size with at most as many items as agents, or an impossible size, delta or objective.

    >>> gap = correlated_map([2], [1], delta=0.0).iloc[0]
    >>> round(float(gap.upper), 3), bool(0 <= gap.adaptivity_low <= gap.adaptivity_high)
    (0.625, True)
    """
    items = list(items)
    sizes = [(n, m) for n in agents for m in items if m <= n]
    if not sizes:
        raise ValueError("a map needs at least one size with at most as many items as agents")
    most = (max(n for n, _ in sizes), max(m for _, m in sizes))
    rows = [_map_row(n, m, delta, objective, most) for n, m in sizes]
    table = pd.DataFrame(rows)
    table["adaptivity_low"] = 100 * (table.lower / table.best_static - 1)
    table["adaptivity_high"] = 100 * (table.upper / table.best_static - 1)
    return table


def small_settings(delta: float = 0.5) -> pd.DataFrame:
    """Return narrow brackets of small settings' optimal welfare (:data:`SMALL`).

    Args:
        delta: correlation, in (0, 1).

    Returns:
        One row per size: n, m, the upper bound with half of the cells (coarse) and with all (upper), and what
        Bayesian pricing earns (lower) with its standard error (lower_error). How far upper falls below coarse
        gives an idea, and no proof, of what still finer cells would bring.

    Raises:
        ValueError: delta outside (0, 1).
    """
    rows = []
    for n, m in SMALL:
        coarse, upper = (covered_bound(n, m, delta, cells=c, beliefs=SMALL_BELIEFS) for c in SMALL_CELLS)
        lower, error = estimate(BayesianPricing(), correlated(n, m, delta), SMALL_PROFILES)
        rows.append({"n": n, "m": m, "coarse": coarse, "upper": upper, "lower": lower, "lower_error": error})
    return pd.DataFrame(rows)


def _map_row(n: int, m: int, delta: float, objective: str, most: tuple[int, int]) -> dict[str, float]:
    setting = correlated(n, m, delta, objective)
    correlated_model(setting)
    upper, _ = upper_bound(n, m, delta, objective)
    if delta == 0 or (delta == 1 and objective == "welfare"):
        lower, error = upper, 0.0
    else:
        lower, error = estimate(BayesianPricing(most=most), setting, MAP_PROFILES)
    static = best_static(n, m, delta, objective, True)
    lower, error = max((lower, error), (static.value, static.error))
    return {
        "n": n,
        "m": m,
        "delta": delta,
        "first_best": highest_values(n, m, delta),
        "upper": upper,
        "lower": lower,
        "lower_error": error,
        "best_static": static.value,
    }
