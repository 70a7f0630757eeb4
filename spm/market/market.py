"""The rules of a sequential price mechanism, for a batch of B markets at once.

In each round (the paper's *Sequential Price Mechanisms*) the mechanism visits an agent not yet visited and posts a
price for each item type that is left. She takes a bundle that maximises her utility (her dominant strategy) and
pays its prices; she and her items leave the market. The episode ends when no agent or no item is left. No other
module knows these rules but :mod:`spm.exact.choices`, their exact twin.

Prices are per *type*: among identical copies at different prices a buyer takes the cheapest, so a price per copy
would add nothing.

Ties: an agent who is indifferent buys; among equally good bundles she takes the largest, then the one with the
lowest types; she never takes an item that adds nothing to her value (see :mod:`spm.settings.demand`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spm.settings import Array, Setting, bundles

TIE = 1e-12
"""Utilities closer than this (in units of the highest value) count as equal: the difference is rounding."""


class Market:
    """The state of B markets of one setting.

    Attributes:
        setting: the setting that all B markets share.
        bundles: ``(K, T)`` the bundles an agent can buy; the last one is empty.
        valuations: ``(B, n, K)`` each agent's valuation of each bundle (``-inf``: never wanted).
        agents_left: ``(B, n)`` True until the agent is visited.
        items_left: ``(B, T)`` copies left of each type.
        bought: ``(B, n)`` index of the bundle bought; the empty one's before the visit.
        posted: ``(B, n, T)`` prices that each agent faced; 0 before her visit and for types that were gone.
        payments: ``(B, n)`` what each agent paid.
        visited_at: ``(B, n)`` the round in which each agent was visited, from 0; -1 before.
        rounds: ``(B,)`` visits made so far.

    >>> from spm.settings import get_setting, valuations
    >>> setting = get_setting("correlated-2-1-0")
    >>> market = Market(setting, valuations("unit", np.array([[[0.3], [0.8]], [[0.6], [0.7]]])))
    >>> market.visit(np.array([0, 0]), np.array([[0.5], [0.5]])).tolist()  # bundle 0 is the item, 1 is nothing
    [1, 0]
    >>> market.over.tolist()  # the second market has no item left
    [False, True]
    >>> _ = market.visit(np.array([1, 1]), np.array([[0.25], [0.25]]))
    >>> market.received.tolist(), market.payments.tolist()
    ([[0.0, 0.8], [0.6, 0.0]], [[0.0, 0.25], [0.5, 0.0]])
    """

    def __init__(self, setting: Setting, valuations: Array) -> None:
        """Open one market for each profile of bundle valuations ``(B, n, K)``
        (:func:`spm.settings.demand.valuations`).
        """
        n_markets, n_agents = valuations.shape[:2]
        self.setting = setting
        self.bundles = bundles(setting.demand, setting.n_types)
        self.supply = np.array(setting.supply)
        self.valuations = np.empty((n_markets, n_agents, len(self.bundles)))
        self.agents_left = np.empty((n_markets, n_agents), dtype=bool)
        self.items_left = np.empty((n_markets, setting.n_types), dtype=np.int64)
        self.bought = np.empty((n_markets, n_agents), dtype=np.int64)
        self.posted = np.empty((n_markets, n_agents, setting.n_types))
        self.payments = np.empty((n_markets, n_agents))
        self.visited_at = np.empty((n_markets, n_agents), dtype=np.int64)
        self.rounds = np.empty(n_markets, dtype=np.int64)
        self._contents = self.bundles.T.astype(np.float64)
        self._every_row = np.arange(n_markets)
        self.open(self._every_row, valuations)

    def __len__(self) -> int:
        """Return the number of markets, B."""
        return len(self.rounds)

    def open(self, rows: NDArray[np.int64], valuations: Array) -> None:
        """Reopen the markets ``rows``, ``(R,)``, with agents of the given valuations, ``(R, n, K)``."""
        self.valuations[rows] = valuations
        self.agents_left[rows] = True
        self.items_left[rows] = self.supply
        self.bought[rows] = len(self.bundles) - 1
        self.posted[rows] = 0.0
        self.payments[rows] = 0.0
        self.visited_at[rows] = -1
        self.rounds[rows] = 0

    def visit(self, agents: NDArray[np.int64], prices: Array) -> NDArray[np.int64]:
        """Visit one agent in each market that is not over, and let her buy.

        Args:
            agents: ``(B,)`` the agent to visit; ignored where the market is over.
            prices: ``(B, T)`` the prices posted to her, at least 0.

        Returns:
            ``(B,)`` index of the bundle that each agent takes; the empty one where the market is over.

        Raises:
            ValueError: an agent is visited twice, or a price is negative, infinite or not a number.
        """
        # R of the B markets are open; what follows concerns these alone: agents (R,), prices (R, T).
        rows = self._open_rows()
        agents, prices = agents[rows], prices[rows]
        if not self.agents_left[rows, agents].all():
            raise ValueError("an agent can be visited only once, but an agent was visited again")
        if not ((prices >= 0) & (prices < np.inf)).all():
            raise ValueError("posted prices must be finite numbers of at least 0")
        # Her bundle, (R,), and its items, (R, T), from those left, (R, T).
        left = self.items_left[rows]
        choice = self._choose(self.valuations[rows, agents], prices, left)
        taken = self.bundles[choice]
        self.items_left[rows] = left - taken
        self.agents_left[rows, agents] = False
        self.bought[rows, agents] = choice
        self.posted[rows, agents] = prices * (left > 0)
        self.payments[rows, agents] = (taken * prices).sum(axis=1)
        self.visited_at[rows, agents] = self.rounds[rows]
        self.rounds[rows] += 1
        # Back to all B markets; where a market is over nothing is bought.
        outcome = np.full(len(self), len(self.bundles) - 1)
        outcome[rows] = choice
        return outcome

    def _choose(self, offers: Array, prices: Array, left: NDArray[np.int64]) -> NDArray[np.int64]:
        """Utility-maximising bundles ``(R,)`` for valuations ``(R, K)``, prices ``(R, T)``, items ``(R, T)``."""
        # A bundle is available if each of its items is, (R, K); its price is the sum of its items' prices.
        available = (left[:, None, :] >= self.bundles).all(axis=2)
        utility = np.where(available, offers - prices @ self._contents, -np.inf)
        # Bundles are listed in the order that breaks ties: the first of the best is taken.
        best = utility.max(axis=1, keepdims=True)
        return (utility >= best - TIE).argmax(axis=1)

    def _open_rows(self) -> NDArray[np.int64]:
        """Rows of the markets that are not over."""
        over = self.over
        return np.flatnonzero(~over) if over.any() else self._every_row

    @property
    def over(self) -> NDArray[np.bool_]:
        """``(B,)`` True where no agent or no item is left."""
        return np.logical_not(self.agents_left.any(axis=1) & self.items_left.any(axis=1))

    @property
    def allocation(self) -> NDArray[np.int8]:
        """``(B, n, T)`` copies of each type that each agent holds (0 or 1)."""
        return self.bundles[self.bought]

    @property
    def received(self) -> Array:
        """``(B, n)`` each agent's value for what she holds."""
        return np.take_along_axis(self.valuations, self.bought[..., None], axis=2)[..., 0]
