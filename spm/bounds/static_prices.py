"""The best static prices for correlated values, by direct optimisation.

Agents are exchangeable, so the order does not matter: *anonymous* static prices are one number, and *personalised*
ones a price per round. Given the lower end a of the values' distribution (:mod:`spm.bounds.known_latent`), the
number of items left is a Markov chain. So the expected objective is a backward recursion over (agents left, items
left), and its derivative with respect to each round's price also needs the forward distribution of the items left.
Both are averaged over a by quadrature. Learned static mechanisms must end at these values.

Values are computed, but the maximum over prices is searched for: it is proved for delta = 1 only. So a *best*
value is earned and bounds nothing. The settings are those of :func:`spm.bounds.known_latent.correlated_model`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from spm.bounds.known_latent import correlated_model, known_latent, visit_reward
from spm.limits import check_memory, tick
from spm.market import chance_below
from spm.settings import Array, correlated

COARSE, FINE = 256, 2048
"""Quadrature nodes while optimising, and for the reported value."""


class Static(NamedTuple):
    """Static prices by round, ``(n,)``, what they earn, and its numerical error."""

    prices: Array
    value: float
    error: float


def static_value(prices: Array, n_items: int, delta: float, objective: str, nodes: int = FINE) -> float:
    """Return what prices by round, ``(n,)``, earn in a correlated setting, up to quadrature.

    >>> round(static_value(np.array([0.5, 0.5]), 1, 0.0, "welfare"), 6)  # 3/8 + 3/16
    0.5625
    """
    if delta == 1:
        return _common_value(prices, n_items, objective)
    return float(_earned(prices, n_items, _lower(delta, nodes), 1 - delta, objective).mean())


def _common_value(prices: Array, n_items: int, objective: str) -> float:
    """What prices earn from one common value a, exactly: it is linear in a between two neighbouring prices."""
    edges = np.unique([0.0, *np.clip(prices, 0.0, 1.0), 1.0])
    values = _earned(prices, n_items, (edges[1:] + edges[:-1]) / 2, 0.0, objective)
    return float(values @ np.diff(edges))


def _lower(delta: float, nodes: int) -> Array:
    """Midpoints of equal cells of [0, delta]; the objective has kinks in a, so no finer rule pays."""
    return delta * (np.arange(nodes) + 0.5) / nodes if delta > 0 else np.zeros(1)


def _backward(prices: Array, n_items: int, lower: Array, width: float, objective: str) -> Iterator[Array]:
    """Values to come by agents left, 0..n, each ``(m + 1, A)`` by items left."""
    # With nobody left nothing is earned. Then one round earlier at a time, so prices run backwards.
    value = np.zeros((n_items + 1, len(lower)))
    yield value
    for price in prices[::-1]:
        below = chance_below(price, lower, width)
        # With k >= 1 items: the reward, then k - 1 items after a sale or k after a refusal, (m, A); row 0 stays 0.
        later, value = value, np.zeros_like(value)
        value[1:] = visit_reward(objective, price, lower, width) + (1 - below) * later[:-1] + below * later[1:]
        tick()
        yield value


def _earned(prices: Array, n_items: int, lower: Array, width: float, objective: str) -> Array:
    """What prices earn at each lower end, ``(A,)``."""
    (last,) = deque(_backward(prices, n_items, lower, width, objective), maxlen=1)
    return np.asarray(last[n_items])


def _value_and_slope(prices: Array, n_items: int, delta: float, objective: str) -> tuple[float, Array]:
    """The value and its derivative with respect to each round's price ``(n,)``."""
    lower, width = _lower(delta, COARSE), 1 - delta
    values = list(_backward(prices, n_items, lower, width, objective))
    # The probability that k items are left at each node a, (m + 1, A), times the node's weight 1/A.
    left = np.zeros((n_items + 1, len(lower)))
    left[n_items] = 1 / len(lower)
    slope = np.empty(len(prices))
    for step, price in enumerate(prices):
        below, later = chance_below(price, lower, width), values[len(prices) - step - 1]
        # A higher price loses the agents whose value it is, with density 1/w where the price is a possible value.
        # Each contributed the price (revenue) or her value, which is the price (welfare), and not to sell to her
        # changes what is to come. For revenue the others pay more.
        density = ((price > lower) & (price < lower + width)) / width
        gained = (1 - below) * (objective == "revenue")
        slope[step] = (left[1:] * (density * (later[1:] - later[:-1] - price) + gained)).sum()
        # Forward to the next round: k items stay k after a refusal, and k + 1 become k after a sale.
        stays = np.concatenate([left[:1], left[1:] * below])
        stays[:-1] += left[1:] * (1 - below)
        left = stays
        tick()
    return float(values[-1][n_items].mean()), slope


@lru_cache(maxsize=512)
def best_static(n_agents: int, n_items: int, delta: float, objective: str, personalised: bool) -> Static:
    """Return the best static prices found for a correlated setting.

    Anonymous: a grid search, refined. Personalised: the best of several ascents from different starts. For
    delta = 1 these need no ascent: a common value is best sold at price 0 (welfare) or down staircases (revenue).

    Raises:
        ValueError: an impossible size, delta or objective, or more memory than there is.

    >>> found = best_static(2, 1, 0.0, "welfare", personalised=True)
    >>> found.prices.round(4).tolist(), round(found.value, 4)
    ([0.5, 0.0], 0.625)
    """
    correlated_model(correlated(n_agents, n_items, delta, objective))
    # An ascent keeps the values of all rounds, a reported value those of two.
    numbers = max((n_agents + 1) * COARSE * personalised, 8 * FINE) * (n_items + 1)
    check_memory(f"static prices for {n_agents:,} agents and {n_items:,} items", 8 * numbers)
    anonymous = _best_anonymous(n_agents, n_items, delta, objective)
    ends = []
    if personalised and delta == 1:
        ends = [_staircases(n_agents, n_items)]
    elif personalised:
        starts = [anonymous, _stairs(n_agents, n_items), _on_track(n_agents, n_items, delta, objective)]
        ends = [_ascend(start, n_items, delta, objective) for start in starts]
    prices = max([anonymous, *ends], key=lambda end: static_value(end, n_items, delta, objective))
    value, half = (static_value(prices, n_items, delta, objective, nodes) for nodes in (FINE, FINE // 2))
    return Static(prices, value, abs(value - half))


def _best_anonymous(n_agents: int, n_items: int, delta: float, objective: str) -> Array:
    def lost(price: float) -> float:
        return -static_value(np.full(n_agents, price), n_items, delta, objective, COARSE)

    grid = np.linspace(0.0, 1.0, 101)
    best = grid[np.argmin([lost(price) for price in grid])]
    around = (max(best - 0.01, 0.0), min(best + 0.01, 1.0))
    refined = minimize_scalar(lost, bounds=around, method="bounded", options={"xatol": 1e-7}).x
    return np.full(n_agents, min(best, refined, key=lost))


def _staircases(n_agents: int, n_items: int) -> Array:
    """A staircase of prices from 1 down to 0 per copy, the best for the revenue of a common value (delta = 1).

    Prices p_1 >= ... >= p_n earn sum over k of (p_{k-1} - p_k) (p_k + ... + p_{k+m-1}) = sum over k of p_k
    (p_{k-m} - p_k), with p_k = 1 for k <= 0 and 0 for k > n. So every m-th agent belongs to the same staircase,
    for which equal steps are best. No order of the same prices earns more than the falling one.
    """
    agents = np.arange(n_agents)
    steps = (n_agents - 1 - agents % n_items) // n_items + 1
    return 1 - (agents // n_items + 1) / (steps + 1)


def _stairs(n_agents: int, n_items: int) -> Array:
    """Prices that fall by an equal step after every m agents."""
    steps = -(-n_agents // n_items)
    return 1 - (np.arange(n_agents) // n_items + 1) / (steps + 1)


def _on_track(n_agents: int, n_items: int, delta: float, objective: str) -> Array:
    """The optimal prices for the mean latent if items are sold at a steady rate."""
    known = known_latent(n_agents, n_items, np.array([delta / 2]), 1 - delta, objective)
    agents = np.arange(n_agents, 0, -1)
    return np.asarray(known.prices[agents, np.ceil(n_items * agents / n_agents).astype(int), 0])


def _ascend(start: Array, n_items: int, delta: float, objective: str) -> Array:
    bounds = [(0.0, 1.0)] * len(start)

    def negative(prices: Array) -> tuple[float, Array]:
        value, slope = _value_and_slope(prices, n_items, delta, objective)
        return -value, -slope

    return minimize(negative, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 2000}).x
