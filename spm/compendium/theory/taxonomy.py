"""The taxonomy of sequential price mechanisms (the paper's Definitions 1 to 3 and Figure 1), as sets of cells.

A mechanism has one of four kinds of prices and one of three kinds of order (:mod:`spm.exact`). Each kind
includes the ones before it, and a class of mechanisms is the set of (prices, order) cells that its definition
allows. Which class contains which then follows, and Figure 1 is drawn from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import pandas as pd

from spm.exact import ORDERS, PRICES, Solver
from spm.settings import construction

PricesAndOrder = tuple[str, str]


@dataclass(frozen=True)
class MechanismClass:
    """A class of mechanisms.

    Attributes:
        name: its name in Figure 1.
        title: its name in words.
        prices: the most general prices that its definition allows.
        order: the most general order.
    """

    name: str
    title: str
    prices: str
    order: str

    @property
    def cells(self) -> frozenset[PricesAndOrder]:
        """The (prices, order) cells that lie in the class."""
        prices = PRICES[: PRICES.index(self.prices) + 1]
        orders = ORDERS[: ORDERS.index(self.order) + 1]
        return frozenset((p, o) for p in prices for o in orders)

    def best(self, solver: Solver) -> Fraction:
        """Return the exact optimum over the class, which its most general cell attains."""
        return solver.value(self.prices, self.order)


CLASSES = (
    MechanismClass("SPM", "sequential price mechanisms", "adaptive", "adaptive"),
    MechanismClass("PSP", "personalised static prices", "personalised-static", "adaptive"),
    MechanismClass("ASP", "anonymous static prices", "anonymous-static", "adaptive"),
    MechanismClass("SD", "serial dictatorship", "zero", "adaptive"),
    MechanismClass("SO", "static order", "adaptive", "static"),
    MechanismClass("RSD", "random serial dictatorship", "zero", "random"),
)
"""The classes of Figure 1, with random serial dictatorship as the class of one mechanism."""


def containments(classes: Iterable[MechanismClass] = CLASSES) -> pd.DataFrame:
    """Return which class (row) contains which (column), from their cells.

    >>> bool(containments().loc["PSP", "ASP"]), bool(containments().loc["PSP", "SO"])
    (True, False)
    """
    known = list(classes)
    rows = [[other.cells <= one.cells for other in known] for one in known]
    names = [one.name for one in known]
    return pd.DataFrame(rows, index=names, columns=names)


STRICT_STEPS = (
    ("RSD", "SD", "prop-3"),
    ("SD", "ASP", "prop-1"),
    ("ASP", "PSP", "prop-1"),
    ("PSP", "SPM", "prop-2"),
    ("SO", "SPM", "prop-3"),
)
"""A smaller class, a larger one, and the construction in which the larger earns more."""
CROSSING = ("prop-2", "prop-3")
"""In the first a static order beats static prices, in the second it is the other way round."""


def best_of(market: str, names: Sequence[str]) -> list[Fraction]:
    """Return the exact optima of classes of mechanisms in a construction.

    >>> [str(value) for value in best_of("prop-1", ["ASP", "PSP"])]
    ['9/4', '5/2']
    """
    by_name, solver = {one.name: one for one in CLASSES}, Solver(construction(market))
    return [by_name[name].best(solver) for name in names]


def strict_steps() -> pd.DataFrame:
    """Return, for each step of the chain of classes, a market in which the larger class earns more.

    >>> bool(strict_steps()["strict"].all())
    True
    """
    rows = []
    for small, large, market in STRICT_STEPS:
        low, high = best_of(market, (small, large))
        rows.append((construction(market).title, small, str(low), large, str(high), high > low))
    columns = ["market of", "smaller class", "its best", "larger class", "best of the larger", "strict"]
    return pd.DataFrame(rows, columns=columns)


def crossing() -> pd.DataFrame:
    """Return the optima of static prices and of a static order in two markets where they differ both ways.

    >>> crossing().loc["Proposition 2"].tolist()  # the best static prices earn less than a static order
    ['33/8', '9/2', '19/4']
    """
    names = ["ASP", "PSP", "SO"]
    rows = {construction(market).title: map(str, best_of(market, names)) for market in CROSSING}
    return pd.DataFrame.from_dict(rows, orient="index", columns=names)
