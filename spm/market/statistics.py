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

The first five are the paper's; ``belief`` is not, and needs a setting with a latent. One function registers
another::

    @statistic("spent", beside=("items", "agents"))
    def spent(market):
        return market.payments.sum(axis=1, keepdims=True) / market.payments.shape[1]

A specification carries the statistic itself, with the functions of its blocks. Keep their values in [0, 1]: the
network is fed with them as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spm.contents import Digested
from spm.market.market import Market
from spm.market.posterior import belief, belief_width
from spm.names import lookup, quoted
from spm.settings import Setting, valuations

if TYPE_CHECKING:
    import pandas as pd

Observation = NDArray[np.float32]
Entries = Callable[[Market], NDArray[np.generic]]


@dataclass(frozen=True)
class Block(Digested):
    """A part of an observation.

    Attributes:
        name: the name it is shown by.
        width: number of its entries, or a function that returns it for a setting.
        entries: markets' history -> ``(B, width)``.
        meaning: what the entries mean.
    """

    name: str
    width: int | Callable[[Setting], int]
    entries: Entries
    meaning: str = ""

    def width_in(self, setting: Setting) -> int:
        """Return the number of entries in a setting."""
        return self.width(setting) if callable(self.width) else self.width

    @property
    def identity(self) -> str:
        """The name of a built-in block; the name and digest of any other.

        >>> BLOCKS["items"].identity, Block("items", 1, BLOCKS["constant"].entries).identity[:6]
        ('items', 'items@')
        """
        return self.name if BLOCKS.get(self.name) == self else f"{self.name}@{self.digest}"

    def check(self, setting: Setting) -> None:
        """Check the entries of three markets of a setting before the first visit.

        Raises:
            ValueError: they have another shape than ``(3, width)``, or are not finite numbers.
        """
        values = valuations(setting.demand, setting.sample(np.random.default_rng(0), 3))
        found, right = np.asarray(self.entries(Market(setting, values))), (3, self.width_in(setting))
        if found.shape != right:
            raise ValueError(f"block {self.name!r} must have shape {right} for 3 markets, not {found.shape}")
        if found.dtype.kind not in "biuf" or not np.isfinite(found).all():
            raise ValueError(f"block {self.name!r} must hold finite numbers")


def _nothing(market: Market) -> NDArray[np.generic]:
    return np.zeros((len(market), 1))


def _items(market: Market) -> NDArray[np.generic]:
    return market.items_left / market.supply


def _agents(market: Market) -> NDArray[np.generic]:
    return market.agents_left


def _allocation(market: Market) -> NDArray[np.generic]:
    return market.allocation.reshape(len(market), -1)


def _prices(market: Market) -> NDArray[np.generic]:
    return market.posted.reshape(len(market), -1)


def _per_type(setting: Setting) -> int:
    return setting.n_types


def _per_agent(setting: Setting) -> int:
    return setting.n_agents


def _per_pair(setting: Setting) -> int:
    return setting.n_agents * setting.n_types


BLOCKS: dict[str, Block] = {
    block.name: block
    for block in (
        Block("constant", 1, _nothing, "always 0"),
        Block("items", _per_type, _items, "share of each type's copies left"),
        Block("agents", _per_agent, _agents, "1 for each agent not yet visited"),
        Block("allocation", _per_pair, _allocation, "1 where the agent (row) holds a copy of the type (column)"),
        Block("prices", _per_pair, _prices, "price of the type (column) that the agent (row) faced"),
        Block("belief", belief_width, belief, "posterior of the latent, given the public history"),
    )
}
"""The built-in blocks by name. Their functions bear names, so that they can be pickled."""


@dataclass(frozen=True)
class Statistic:
    """A statistic of the history.

    Attributes:
        name: the name it is looked up by.
        title: the name it is shown by.
        blocks: its blocks, from left to right.

    >>> from spm.settings import get_setting, valuations
    >>> market = Market(get_setting("correlated-2-1-0"), valuations("unit", np.array([[[0.3], [0.8]]])))
    >>> _ = market.visit(np.array([0]), np.array([[0.25]]))
    >>> get_statistic("price-allocation").observe(market).tolist()  # item; agents; allocation; prices
    [[0.0, 0.0, 1.0, 1.0, 0.0, 0.25, 0.0]]
    """

    name: str
    title: str
    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        """Check the fields.

        Raises:
            ValueError: a name that is no text, or something that is no block.
        """
        if not isinstance(self.name, str) or not self.name:
            raise ValueError(f"a statistic's name must be a text that is not empty, not {quoted(self.name)}")
        blocks = self.blocks if isinstance(self.blocks, tuple) else ()
        if not blocks or not all(isinstance(block, Block) for block in blocks):
            raise ValueError(f"statistic {self.name!r} needs a tuple of Block objects, not {quoted(self.blocks)}")

    def as_dict(self) -> dict[str, Any]:
        """Return the statistic as plain data, for a record: its name, and its blocks by name or by digest.

        >>> get_statistic("items-agents-left").as_dict()
        {'name': 'items-agents-left', 'blocks': ['items', 'agents']}
        """
        return {"name": self.name, "blocks": [block.identity for block in self.blocks]}

    def width(self, setting: Setting) -> int:
        """Return the number of entries of an observation.

        >>> from spm.settings import get_setting
        >>> get_statistic("allocation").width(get_setting("delta-0"))  # 1 + 20 + 20
        41
        """
        return sum(block.width_in(setting) for block in self.blocks)

    def check(self, setting: Setting) -> None:
        """Check that a policy can see the statistic in a setting.

        Raises:
            ValueError: the setting lacks a block, another statistic bears the name, or a block of the reader's own
                has entries of another shape than its width.
        """
        check_statistic_name(self)
        self.width(setting)
        for block in self.blocks:
            if block.identity != block.name:
                block.check(setting)

    @property
    def is_static(self) -> bool:
        """Whether a mechanism that sees it can't adapt to what was bought.

        >>> [name for name, one in STATISTICS.items() if one.is_static]
        ['none', 'agents-left']
        """
        return all(block.identity in ("constant", "agents") for block in self.blocks)

    @property
    def is_anonymous(self) -> bool:
        """Whether a mechanism that sees it must treat all agents alike: it sees nothing.

        >>> [name for name, one in STATISTICS.items() if one.is_anonymous]
        ['none']
        """
        return all(block.identity == "constant" for block in self.blocks)

    def observe(self, market: Market) -> Observation:
        """Return what the policy sees, ``(B, width)``."""
        return np.concatenate([block.entries(market) for block in self.blocks], axis=1, dtype=np.float32)

    def with_agents_left(self) -> Statistic:
        """Return the statistic with n more columns at its end, the agents left, by which a policy masks the rest.

        >>> [block.name for block in get_statistic("none").with_agents_left().blocks]
        ['constant', 'agents']
        """
        return replace(self, blocks=(*self.blocks, BLOCKS["agents"]))

    def layout(self, setting: Setting) -> pd.DataFrame:
        """Return a table with one row per block: name, first column, the column after the last, meaning.

        >>> from spm import settings
        >>> layout = get_statistic("items-agents-left").layout(settings.get_setting("delta-0"))
        >>> layout[["block", "start", "stop"]].values.tolist()
        [['items', 0, 1], ['agents', 1, 21]]
        """
        import pandas as pd  # the only table here; markets do without

        widths = [block.width_in(setting) for block in self.blocks]
        stops = np.cumsum(widths)
        rows = (
            (block.name, stop - width, stop, block.meaning)
            for block, width, stop in zip(self.blocks, widths, stops, strict=True)
        )
        return pd.DataFrame(rows, columns=["block", "start", "stop", "meaning"])


def _of(name: str, title: str, *blocks: str) -> Statistic:
    """A statistic of built-in blocks."""
    return Statistic(name, title, tuple(BLOCKS[block] for block in blocks))


STATISTICS: dict[str, Statistic] = {
    made.name: made
    for made in (
        _of("none", "Anonymous static prices", "constant"),
        _of("agents-left", "Personalised static prices", "agents"),
        _of("items-agents-left", "Items/agents left", "items", "agents"),
        _of("allocation", "Allocation matrix", "items", "agents", "allocation"),
        _of("price-allocation", "Price-allocation matrix", "items", "agents", "allocation", "prices"),
    )
}
"""The five statistics behind the paper's learned curves, from least to most informed."""

MORE_STATISTICS: dict[str, Statistic] = {"belief": _of("belief", "Belief", "items", "agents", "belief")}
"""Statistics beyond the paper's."""


def statistic(
    name: str, width: int | Callable[[Setting], int] = 1, beside: Sequence[str] = ()
) -> Callable[[Entries], Entries]:
    """Register a statistic whose last block's entries, ``(B, width)``, the decorated function returns.

    Args:
        name: name of the statistic, and of the block.
        width: number of entries, or a function that returns it for a setting.
        beside: names of the built-in blocks that come first.

    Raises:
        ValueError: another statistic has that name, or there is no such block.

    >>> @statistic("rounds", beside=["items"])
    ... def rounds(market):
    ...     "Share of agents visited."
    ...     return market.rounds[:, None] / market.agents_left.shape[1]
    >>> get_statistic("rounds").blocks[1].meaning
    'Share of agents visited.'
    >>> del MORE_STATISTICS["rounds"]
    """

    def register(entries: Entries) -> Entries:
        meaning = (entries.__doc__ or name).splitlines()[0]
        before = [lookup("block", block, BLOCKS) for block in beside]
        made = Statistic(name, name, (*before, Block(name, width, entries, meaning)))
        check_statistic_name(made)
        MORE_STATISTICS[name] = made
        return entries

    return register


def check_statistic_name(made: Statistic) -> None:
    """Check that no other statistic is registered under this name.

    Raises:
        ValueError: there is one.

    >>> check_statistic_name(Statistic("allocation", "Mine", (BLOCKS["items"],)))
    Traceback (most recent call last):
    ValueError: statistic 'allocation' is another one already; choose a new name for yours
    """
    known = (STATISTICS | MORE_STATISTICS).get(made.name, made)
    if known is not made and known.as_dict() != made.as_dict():
        raise ValueError(f"statistic {made.name!r} is another one already; choose a new name for yours")


def get_statistic(name: str | Statistic) -> Statistic:
    """Return a statistic by name; a :class:`Statistic` is returned as it is.

    Raises:
        ValueError: an unknown name; the nearest ones are listed.

    >>> get_statistic("agents-left").title
    'Personalised static prices'
    """
    if isinstance(name, Statistic):
        return name
    if not isinstance(name, str):
        raise ValueError(f"a statistic is a Statistic or the name of one, not {quoted(name)}")
    return lookup("statistic", name, STATISTICS | MORE_STATISTICS)
