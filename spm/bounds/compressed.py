"""The regret to go: dynamic programming on compressed beliefs, for what not knowing the latent will cost.

Compared with the optimum for a known latent (:mod:`spm.bounds.known_latent`), a visit at price p costs the
*regret*

    K(t, k, a) - reward(p | a) - P(v >= p | a) K(t - 1, k - 1, a) - P(v < p | a) K(t - 1, k, a) >= 0,

and a mechanism earns E[K] minus its expected regrets. So the best price minimises the expected regret of this
visit plus the *regret to go*, that of the visits to come, which depends on the belief. Here beliefs are compressed
to two numbers, mean and variance, by a grid of Beta distributions on [0, delta], between which the regret to go is
interpolated. An explicit SPM (:mod:`spm.bounds.bayesian_pricing`) chooses its prices by it; it bounds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from spm.bounds.known_latent import known_latent, visit_reward
from spm.limits import check_memory, tick
from spm.market import NODES, chance_below, latent_nodes
from spm.settings import Array

PRICE_GRID = np.linspace(0.0, 1.0, 129)
"""Prices that are compared."""
MEAN_GRID, CONCENTRATIONS = 40, np.geomspace(2.0, 600.0, 16)
"""The grid of Beta distributions; a concentration of 2 in the middle is the prior."""


@dataclass(frozen=True, eq=False)
class Place:
    """Where beliefs lie in the grid: the lower left corner of the cell, and the shares of the way across it."""

    corner: NDArray[np.int64]
    right: Array
    up: Array

    def interpolate(self, table: Array) -> Array:
        """Return the table ``(MEANS * len(CONCENTRATIONS),)`` at the places, bilinearly."""
        # The table runs through concentrations first: the next one is the next entry, the next mean a step away.
        step = len(CONCENTRATIONS)
        low = table[self.corner] + self.up * (table[self.corner + 1] - table[self.corner])
        corner = self.corner + step
        high = table[corner] + self.up * (table[corner + 1] - table[corner])
        return low + self.right * (high - low)


def place_in_grid(mean: Array, square: Array) -> Place:
    """Return where beliefs with the given mean and mean square (in units of delta) lie in the grid.

    >>> means = np.repeat((np.arange(MEAN_GRID) + 0.5) / MEAN_GRID, len(CONCENTRATIONS))
    >>> uniform = place_in_grid(np.array([0.5]), np.array([1 / 3]))
    >>> uniform.interpolate(means).round(6).tolist()
    [0.5]
    """
    # A Beta distribution with mean q and concentration c has variance q (1 - q) / (c + 1); solved for c.
    variance = np.maximum(square - mean**2, 1e-9)
    concentration = np.maximum(mean * (1 - mean) / variance - 1, 1e-3)
    # Coordinates in the grid, which is equally spaced in the mean and in log c; beliefs outside move to its edge.
    logs = np.log(CONCENTRATIONS)
    across = np.clip(mean * MEAN_GRID - 0.5, 0, MEAN_GRID - 1 - 1e-9)
    along = np.clip((np.log(concentration) - logs[0]) / (logs[1] - logs[0]), 0, len(logs) - 1 - 1e-9)
    column, row = across.astype(np.int64), along.astype(np.int64)
    return Place(column * len(logs) + row, across - column, along - row)


def _family() -> Array:
    """The grid's Beta distributions at the nodes, ``(MEANS * len(CONCENTRATIONS), NODES)``."""
    # (MEANS, 1, 1) and (16, 1) against the nodes' cells: the mass of each of NODES equal cells of [0, 1].
    mean = (np.arange(MEAN_GRID)[:, None, None] + 0.5) / MEAN_GRID
    size = CONCENTRATIONS[:, None]
    edges = np.linspace(0.0, 1.0, NODES + 1)
    return np.diff(beta.cdf(edges, mean * size, (1 - mean) * size), axis=2).reshape(-1, NODES)


@dataclass(frozen=True, eq=False)
class RegretToGo:
    """The regret to go of one type for up to n agents and m copies left, and the prices that minimise regret.

    Attributes:
        known: the optimum with the latent known, ``(n + 1, m + 1, NODES)``.
        below: P(v < p | a), ``(P, NODES)``.
        reward: a visit's expected reward, ``(P, NODES)``.
        later: the regret to go of each belief of the grid, ``(n + 1, m + 1, grid)``.
    """

    known: Array
    below: Array
    reward: Array
    later: Array

    def regret(self, agents: int, copies: int) -> Array:
        """Return a visit's regret at each price and node, ``(P, NODES)``; an agent and a copy must be left."""
        sold, unsold = self.known[agents - 1, copies - 1], self.known[agents - 1, copies]
        return self.known[agents, copies] - self.reward - (1 - self.below) * sold - self.below * unsold

    def cost(self, agents: int, copies: int, weights: Array, outlook: tuple[Array, Place, Place]) -> Array:
        """Return each price's expected regret, now and to come, ``(R, P)``, for beliefs ``weights (R, NODES)``."""
        # Two tables over the grid for the regret to go: with the same copies left, or with one less.
        below, without, with_sale = outlook
        unsold, sold = self.later[agents - 1, copies], self.later[agents - 1, copies - 1]
        # This visit's regret, (R, NODES) @ (NODES, P) -> (R, P), and the later one by what the agent does.
        now = weights @ self.regret(agents, copies).T
        expected: Array = now + below * without.interpolate(unsold) + (1 - below) * with_sale.interpolate(sold)
        return expected

    def outlook(self, weights: Array) -> tuple[Array, Place, Place]:
        """Return, for each price, P(v < p) and where the belief will lie without a sale and with one."""
        # Mass and first two moments of the belief together with a refusal, (R, P) each; a purchase has the rest.
        nodes = latent_nodes(1.0)
        moments = [weights @ (self.below * nodes**power).T for power in (0, 1, 2)]
        total = [(weights @ nodes**power)[:, None] for power in (0, 1, 2)]
        rest = [whole - part for whole, part in zip(total, moments, strict=True)]
        # The posterior's mean and mean square, in units of delta, say where it lies in the grid.
        places = [
            place_in_grid(first / np.maximum(mass, 1e-12), second / np.maximum(mass, 1e-12))
            for mass, first, second in (moments, rest)
        ]
        return moments[0], places[0], places[1]

    def prices(self, agents: int, copies: int, weights: Array) -> Array:
        """Return the prices to post, ``(R,)``, given the numbers left and the beliefs ``(R, NODES)``."""
        return np.asarray(PRICE_GRID[self.cost(agents, copies, weights, self.outlook(weights)).argmin(axis=1)])


@lru_cache(maxsize=4)
def regret_to_go(n_agents: int, n_items: int, delta: float, objective: str = "welfare") -> RegretToGo:
    """Return the regret to go for up to n agents and m copies.

    Raises:
        ValueError: it needs more memory than there is.

    >>> prior = np.full((1, NODES), 1 / NODES)
    >>> found = regret_to_go(2, 1, 0.5)
    >>> found.prices(1, 1, prior).tolist()  # the last agent is sold the item for nothing
    [0.0]
    >>> bool(0.3 < found.prices(2, 1, prior)[0] < 0.7)
    True
    """
    nodes, width, family = latent_nodes(delta), 1 - delta, _family()
    shape = (n_agents + 1, n_items + 1, len(family))
    what = f"the regret to go for up to {n_agents:,} agents and {n_items:,} items"
    check_memory(what, 8 * shape[0] * shape[1] * (shape[2] + 2 * NODES))
    # The optimum K(t, k, a) with the latent known, (n + 1, m + 1, NODES).
    known = known_latent(n_agents, n_items, nodes, width, objective).values
    # Each price's chance of a refusal and its reward at each node, (P, NODES).
    below = chance_below(PRICE_GRID[:, None], nodes, width)
    reward = visit_reward(objective, PRICE_GRID[:, None], nodes, width)
    result = RegretToGo(known, below, reward, np.zeros(shape))
    # Backwards over agents left: the least expected regret for each belief of the grid, (grid, P) -> (grid,).
    outlook = result.outlook(family)
    for t in range(1, n_agents + 1):
        for k in range(1, n_items + 1):
            result.later[t, k] = result.cost(t, k, family, outlook).min(axis=1)
            tick()
    return result
