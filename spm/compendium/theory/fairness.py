"""Mechanisms against which the claims about max-min fairness are judged, in the setting of Figure 4(c).

Names of agents and items, and the optimum, are those of :mod:`spm.bounds.max_min`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from spm.bounds import BLACK, BLUE, ORANGE, PREMIUM_GRID, RED, WITHHELD
from spm.market import Market
from spm.mechanisms import Agents, Rule, StaticPrices
from spm.settings import Array, Setting

GRID_STEP = 3
"""Every so many premiums of the grid are tried."""
LAST_BLACK = 4
"""Black items that must be kept for the modest agents."""


@dataclass(frozen=True)
class OrangeBlueRed:
    """Orange, then blue, then red, whatever is bought; only prices adapt to what orange takes.

    If she takes black, everything is free. If she takes white, the blue agents are the demanding ones: they face
    the ``premiums`` for black while one may be spared, and black is withheld from them afterwards.
    """

    premiums: tuple[float, ...]

    def begin(self, setting: Setting, n_markets: int, rng: np.random.Generator) -> Rule:
        """Nothing is drawn."""
        order = np.array([ORANGE, *BLUE, *RED])
        black = np.zeros(setting.n_agents)
        black[list(BLUE)] = self.premiums

        def rule(market: Market) -> tuple[Agents, Array]:
            agents = order[np.minimum(market.rounds, len(order) - 1)]
            # (B,): orange left black alone, and a blue agent comes.
            screened = (market.allocation[:, ORANGE, BLACK] == 0) & np.isin(agents, BLUE)
            asked = np.where(market.items_left[:, BLACK] > LAST_BLACK, black[agents], WITHHELD)
            prices = np.where(screened, asked, 0.0)
            # (B, 2): white is always free.
            return agents, np.stack([prices, np.zeros(len(market))], axis=1)

        return rule


def static_plans(n_agents: int) -> Iterator[StaticPrices]:
    """Yield static mechanisms: every color order with orange first, premiums of black for blue and for red.

    >>> len(list(static_plans(9)))  # 70 orders of colors, 25 pairs of premiums
    1750
    """
    for rounds in combinations(range(1, n_agents), len(BLUE)):
        blue, red = iter(BLUE), iter(RED)
        order = [ORANGE, *(next(blue) if step in rounds else next(red) for step in range(1, n_agents))]
        for blues, reds in product(PREMIUM_GRID[::GRID_STEP], repeat=2):
            asked = [blues if agent in BLUE else reds for agent in range(n_agents)]
            # A negative premium of black is a positive price of white.
            yield StaticPrices(tuple((max(premium, 0.0), max(-premium, 0.0)) for premium in asked), order)
