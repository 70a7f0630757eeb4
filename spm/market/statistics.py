"""Statistics of the history: what a policy is allowed to see (the paper's *Experimental Results*).

A statistic is a row of blocks. Each block is a function of the market's history:

==================  =========  ====================================================================
block               width      content
==================  =========  ====================================================================
``constant``        1          always 0: the policy sees nothing
``items``           T          copies left of each type, as a share of its supply
``agents``          n          1 for an agent not yet visited, else 0
``allocation``      n T        1 where agent i holds a copy of type t, else 0 (row i, column t)
``prices``          n T        price of type t that agent i faced, 0 before her visit (row i, column t)
``belief``          W or 3 T   posterior of the latent (:mod:`spm.market.posterior`), in settings that have one
==================  =========  ====================================================================

The statistics, from least to most:

=====================  ===============================================  ===================================
name                   blocks                                           what it supports
=====================  ===============================================  ===================================
``none``               constant                                         anonymous static prices (ASP)
``agents-left``        agents                                           personalised static prices (PSP),
                                                                        Proposition 6
``items-agents-left``  items, agents                                    optimal for independent values,
                                                                        Proposition 5
``allocation``         items, agents, allocation                        optimal in general, Theorem 1
``price-allocation``   items, agents, allocation, prices                the whole history
``belief``             items, agents, belief                            sufficient where the belief is exact:
                                                                        finite settings (welfare, revenue)
=====================  ===============================================  ===================================

The first five are the paper's; ``belief`` is not, and needs a setting with a latent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spm.market.market import Market
from spm.market.posterior import belief, belief_width
from spm.names import lookup
from spm.settings import Setting

if TYPE_CHECKING:
    import pandas as pd

Observation = NDArray[np.float32]


@dataclass(frozen=True)
class Block:
    """A part of an observation: its width in a setting, its entries in a market, and what they mean."""

    width: Callable[[Setting], int]
    values: Callable[[Market], NDArray[np.generic]]
    meaning: str


BLOCKS: dict[str, Block] = {
    "constant": Block(lambda s: 1, lambda m: np.zeros((len(m), 1)), "always 0"),
    "items": Block(lambda s: s.n_types, lambda m: m.items_left / m.supply, "share of each type's copies left"),
    "agents": Block(lambda s: s.n_agents, lambda m: m.agents_left, "1 for each agent not yet visited"),
    "allocation": Block(
        lambda s: s.n_agents * s.n_types,
        lambda m: m.allocation.reshape(len(m), -1),
        "1 where the agent (row) holds a copy of the type (column)",
    ),
    "prices": Block(
        lambda s: s.n_agents * s.n_types,
        lambda m: m.posted.reshape(len(m), -1),
        "price of the type (column) that the agent (row) faced",
    ),
    "belief": Block(belief_width, belief, "posterior of the latent, given the public history"),
}


@dataclass(frozen=True)
class Statistic:
    """A statistic of the history.

    Attributes:
        name: the name it is looked up by.
        title: the name it is shown by.
        blocks: names of its blocks, from left to right.

    >>> from spm.settings import get_setting, valuations
    >>> market = Market(get_setting("correlated-2-1-0"), valuations("unit", np.array([[[0.3], [0.8]]])))
    >>> _ = market.visit(np.array([0]), np.array([[0.25]]))
    >>> get_statistic("price-allocation").observe(market).tolist()  # item; agents; allocation; prices
    [[0.0, 0.0, 1.0, 1.0, 0.0, 0.25, 0.0]]
    """

    name: str
    title: str
    blocks: tuple[str, ...]

    def width(self, setting: Setting) -> int:
        """Return the number of entries of an observation.

        >>> from spm.settings import get_setting
        >>> get_statistic("allocation").width(get_setting("delta-0"))  # 1 + 20 + 20
        41
        """
        return sum(BLOCKS[block].width(setting) for block in self.blocks)

    def observe(self, market: Market) -> Observation:
        """Return what the policy sees, ``(B, width)``."""
        return np.concatenate([BLOCKS[block].values(market) for block in self.blocks], axis=1, dtype=np.float32)

    def with_agents_left(self) -> Statistic:
        """Return the statistic with n more columns at its end, the agents left, by which a policy masks the rest.

        >>> get_statistic("none").with_agents_left().blocks
        ('constant', 'agents')
        """
        return replace(self, blocks=(*self.blocks, "agents"))

    def layout(self, setting: Setting) -> pd.DataFrame:
        """Return a table with one row per block: name, first column, the column after the last, meaning.

        >>> from spm import settings
        >>> layout = get_statistic("items-agents-left").layout(settings.get_setting("delta-0"))
        >>> layout[["block", "start", "stop"]].values.tolist()
        [['items', 0, 1], ['agents', 1, 21]]
        """
        import pandas as pd  # the only table here; markets do without

        widths = [BLOCKS[block].width(setting) for block in self.blocks]
        stops = np.cumsum(widths)
        rows = zip(
            self.blocks, stops - widths, stops, (BLOCKS[block].meaning for block in self.blocks), strict=True
        )
        return pd.DataFrame(rows, columns=["block", "start", "stop", "meaning"])


STATISTICS: dict[str, Statistic] = {
    statistic.name: statistic
    for statistic in (
        Statistic("none", "Anonymous static prices", ("constant",)),
        Statistic("agents-left", "Personalised static prices", ("agents",)),
        Statistic("items-agents-left", "Items/agents left", ("items", "agents")),
        Statistic("allocation", "Allocation matrix", ("items", "agents", "allocation")),
        Statistic("price-allocation", "Price-allocation matrix", ("items", "agents", "allocation", "prices")),
    )
}
"""The five statistics behind the paper's learned curves, from least to most informed."""

MORE_STATISTICS: dict[str, Statistic] = {"belief": Statistic("belief", "Belief", ("items", "agents", "belief"))}
"""Statistics beyond the paper's."""


def get_statistic(name: str | Statistic) -> Statistic:
    """Return a statistic by name; a :class:`Statistic` is returned as it is.

    Raises:
        ValueError: an unknown name; the nearest ones are listed.

    >>> get_statistic("agents-left").title
    'Personalised static prices'
    """
    return name if isinstance(name, Statistic) else lookup("statistic", name, STATISTICS | MORE_STATISTICS)
