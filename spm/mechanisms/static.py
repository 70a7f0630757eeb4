"""Mechanisms whose prices are fixed in advance, random serial dictatorship among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spm.market import Market
from spm.mechanisms.playing import Agents, Rule
from spm.settings import Array, Setting


@dataclass(frozen=True)
class StaticPrices:
    """Static prices, anonymous or personalised, in a given or a random order.

    Attributes:
        prices: ``(T,)`` for everybody, or ``(n, T)`` by agent; in units of the highest value.
        order: agents in the order of their visits; None for a uniformly random order.

    >>> from spm.mechanisms import play
    >>> from spm.settings import get_setting
    >>> setting = get_setting("correlated-2-1-0")
    >>> personalised = StaticPrices(((0.625,), (0.0,)), order=(0, 1))  # agent 2 takes what agent 1 leaves
    >>> [round(play(one, setting, 20_000).mean, 2) for one in (personalised, StaticPrices((0.5,)))]
    [0.62, 0.56]
    """

    prices: tuple[float, ...] | tuple[tuple[float, ...], ...]
    order: Sequence[int] | None = None

    def begin(self, setting: Setting, n_markets: int, rng: np.random.Generator) -> Rule:
        """Draw or check the order.

        Raises:
            ValueError: prices of a wrong shape, or an order that is not a permutation of the agents.
        """
        n_agents, n_types = setting.n_agents, setting.n_types
        posted = np.asarray(self.prices, dtype=np.float64)
        if posted.shape not in ((n_types,), (n_agents, n_types)):
            raise ValueError(f"prices must have shape ({n_types},) or ({n_agents}, {n_types}), not {posted.shape}")
        # Each agent's prices, (n, T), and each market's order, (B, n): round r visits order[:, r].
        table = np.broadcast_to(posted, (n_agents, n_types))
        order = self._order(n_agents, n_markets, rng)
        rows = np.arange(n_markets)

        def rule(market: Market) -> tuple[Agents, Array]:
            agents = order[rows, np.minimum(market.rounds, n_agents - 1)]
            return agents, table[agents]

        return rule

    def _order(self, n_agents: int, n_markets: int, rng: np.random.Generator) -> Agents:
        if self.order is None:
            return rng.permuted(np.tile(np.arange(n_agents), (n_markets, 1)), axis=1)
        if sorted(self.order) != list(range(n_agents)):
            raise ValueError(f"order must name each of the {n_agents} agents once, not {list(self.order)}")
        return np.tile(np.asarray(self.order, dtype=np.int64), (n_markets, 1))


def random_serial_dictatorship(setting: Setting) -> StaticPrices:
    """Return random serial dictatorship (RSD): prices 0 in a uniformly random order.

    >>> from spm.settings import get_setting
    >>> random_serial_dictatorship(get_setting("colors"))
    StaticPrices(prices=(0.0, 0.0), order=None)
    """
    return StaticPrices((0.0,) * setting.n_types)
