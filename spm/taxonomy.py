"""The taxonomy of sequential price mechanisms (the paper's Definitions 1 to 3 and Figure 1), as sets of cells.

A mechanism has one of four kinds of prices and one of three kinds of order (:mod:`spm.exact`). Each kind
includes the ones before it, and a class of mechanisms is the set of (prices, order) cells that its definition
allows. Which class contains which then follows, and Figure 1 is drawn from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from spm import figures
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
    """Return, for each step of the chain of classes, a market in which the larger class earns more."""
    rows = []
    for small, large, market in STRICT_STEPS:
        low, high = best_of(market, (small, large))
        rows.append((construction(market).title, small, str(low), large, str(high), high > low))
    columns = ["market of", "smaller class", "its best", "larger class", "best of the larger", "strict"]
    return pd.DataFrame(rows, columns=columns)


def crossing() -> pd.DataFrame:
    """Return the optima of static prices and of a static order in two markets where they differ both ways."""
    names = ["ASP", "PSP", "SO"]
    rows = {construction(market).title: map(str, best_of(market, names)) for market in CROSSING}
    return pd.DataFrame.from_dict(rows, orient="index", columns=names)


def figure_1() -> figures.Drawing:
    """Draw Figure 1 from the classes' cells: a class is the rectangle around its cells."""
    picture, (axis,) = figures.canvas(1, columns=1)
    picture.set_size_inches(8.2, 4.8)
    for one in CLASSES[:-1]:
        _draw_class(axis, one)
    axis.plot(0.5, 0.42, "o", color=figures.INK, ms=6)
    axis.text(0.5, 0.28, "RSD", ha="center", va="top", color=figures.INK)
    axis.set(xlim=(-0.2, 3.2), ylim=(-0.2, 4.25), xlabel="order of visits", ylabel="prices")
    axis.set_xticks([0.5, 1.5, 2.5], ORDERS)
    axis.set_yticks([0.5, 1.5, 2.5, 3.5], [prices.replace("-", "\n") for prices in PRICES])
    axis.tick_params(length=0)
    for side in axis.spines.values():
        side.set_visible(False)
    facts = [
        f"{one.name} contains {other.name}" for one in CLASSES for other in CLASSES if other.cells < one.cells
    ]
    caption = (
        "<b>Figure 1.</b> The taxonomy. Each class is the rectangle of the kinds of prices and orders that its "
        "definition allows, so what lies inside what is computed, not drawn by hand."
    )
    return figures.drawing("figure-1", picture, caption, "Nested rectangles: " + "; ".join(facts) + ".")


_INSET = {"SPM": -0.12, "PSP": -0.04, "ASP": 0.04, "SD": 0.12, "SO": 0.0}
_SHADES = {"SPM": "#0173b2", "PSP": "#0173b2", "ASP": "#0173b2", "SD": "#0173b2", "SO": "#a65e00"}


def _draw_class(axis: Axes, one: MechanismClass) -> None:
    """Draw the rectangle of a class and write its name in its upper right corner."""
    inset, color = _INSET[one.name], _SHADES[one.name]
    width, height = ORDERS.index(one.order) + 1 - 2 * inset, PRICES.index(one.prices) + 1 - 2 * inset
    edge: dict[str, Any] = {
        "ec": color,
        "lw": 2.0 if one.name == "SO" else 1.4,
        "ls": "--" if one.name == "SO" else "-",
    }
    box = FancyBboxPatch(
        (inset, inset), width, height, boxstyle="round,pad=0,rounding_size=0.12", fc="none", **edge
    )
    shade = FancyBboxPatch((inset, inset), width, height, boxstyle="round,pad=0,rounding_size=0.12", alpha=0.07)
    shade.set(facecolor=color, edgecolor="none")
    axis.add_patch(shade)
    axis.add_patch(box)
    label = f"{one.name}: {one.title}"
    axis.text(inset + width - 0.08, inset + height - 0.1, label, ha="right", va="top", color=color, fontsize=8.5)
