"""Exact results for the reader: the table of cells of a setting, and an optimal mechanism drawn as a tree."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pandas.io.formats.style import Styler

from spm.constructions import construction
from spm.exact import ORDERS, PRICES, Branch, Node, Solver
from spm.exact.paper import optima
from spm.figures import COLORS, INK, MUTED, Drawing, drawing
from spm.kept import kept
from spm.settings import Setting

BUY, DECLINE = COLORS["allocation"], COLORS["price-allocation"]
HEIGHT = 0.44
"""Inches for each leaf of a drawn tree."""
MOST_LEAVES = 60
"""A tree with more is not drawn."""


def needed(table: dict[str, dict[str, Fraction]]) -> list[tuple[str, str]]:
    """Return the simplest cells (prices, order) that reach the optimum: those with no simpler one below them.

    >>> from spm.constructions import prop_1
    >>> needed(Solver(prop_1()).table())
    [('personalised-static', 'static'), ('adaptive', 'random')]
    """
    best = table["adaptive"]["adaptive"]
    reach = [(p, o) for p in PRICES for o in ORDERS if table[p][o] == best]
    rank = {cell: (PRICES.index(cell[0]), ORDERS.index(cell[1])) for cell in reach}
    return [one for one in reach if not any(_below(rank[other], rank[one]) for other in reach)]


def _below(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one != other and one[0] <= other[0] and one[1] <= other[1]


def cells_table(solver: Solver) -> Styler:
    """Return the exact optimum of every cell as a table; the simplest optimal cells are framed."""
    table = solver.table()
    frame = pd.DataFrame(table).T.reindex(index=list(PRICES), columns=list(ORDERS))
    best, simplest = table["adaptive"]["adaptive"], needed(table)

    def mark(values: pd.DataFrame) -> pd.DataFrame:
        looks = values.map(lambda value: "font-weight: bold" if value == best else "opacity: 0.75")
        for prices, order in simplest:
            looks.loc[prices, order] = "font-weight: bold; outline: 2px solid #0173b2; outline-offset: -3px"
        return looks

    caption = f"Optimal {solver.game.setting.objective} (first best {solver.first_best}); prices ↓, order →"
    return frame.style.format(_fraction).apply(mark, axis=None).set_caption(caption)


def _fraction(value: object) -> str:
    """A fraction and, if it is not an integer, about how much that is."""
    assert isinstance(value, Fraction)
    return f"{value} ≈ {float(value):.4g}" if value.denominator > 1 else str(value)


def cells_summary(names: list[str]) -> pd.DataFrame:
    """Return one row per construction: optimum, first best, and the simplest cells that reach the optimum."""
    rows = []
    for name in names:
        setting, table = construction(name), kept(optima, name)
        cells = " or ".join(f"{prices} prices, {order} order" for prices, order in needed(table))
        rows.append((setting.title, str(table["adaptive"]["adaptive"]), str(Solver(setting).first_best), cells))
    return pd.DataFrame(rows, columns=["setting", "optimum", "first best", "simplest optimal mechanisms"])


@dataclass(frozen=True)
class _Box:
    """A box of a drawn tree: its place in rounds and leaves, its text, and the arrow that leads to it."""

    x: float
    y: float
    text: str
    is_visit: bool
    parent: int | None
    label: str
    color: str


def tree(setting: Setting, root: Node, name: str, title: str = "an optimal mechanism") -> Drawing:
    """Draw a mechanism as a tree, from left to right: whom to visit at which price, and what her answer leads to.

    Leaves carry the expected value so far.

    Raises:
        ValueError: a tree with more than 60 leaves.
    """
    boxes = _Layout(setting).boxes(root)
    depth, leaves = max(box.x for box in boxes), sum(not box.is_visit for box in boxes)
    if leaves > MOST_LEAVES:
        raise ValueError(f"a tree of {leaves} leaves is too large to be drawn; the most is {MOST_LEAVES}")
    # A round is as wide as its longest box and arrow text.
    width = 0.064 * max(len(box.text) + len(box.label) for box in boxes) + 0.15
    picture = Figure(figsize=(width * depth + 2.2, HEIGHT * leaves + 0.4))
    axis = picture.add_axes((0, 0, 1, 1))
    axis.set(xlim=(-0.42, depth + 0.45), ylim=(leaves - 0.4, -0.6))
    axis.set_axis_off()
    for box in boxes:
        _draw(axis, box, boxes)
    caption = (
        f"<b>{setting.title}: {title}</b>, worth {_fraction(root.value)}. Read from the left: a box is a "
        "visit with its posted price, an arrow what the agent does and how likely that is, the end the expected "
        "value by then."
    )
    alt = f"Decision tree of {len(root.nodes())} visits. First visit {setting.agents[root.agent]}."
    return drawing(name, picture, caption, alt)


class _Layout:
    """Places the boxes of a tree: leaves one below the other, a visit in the middle of what follows it."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._leaves = 0
        self._boxes: dict[int, _Box] = {}

    def boxes(self, root: Node) -> list[_Box]:
        """Return all boxes; a box's parent is its index in the list."""
        self._place(root, 0, Fraction(0), None, "", INK, np.array(self._setting.supply))
        return [self._boxes[k] for k in sorted(self._boxes)]

    def _place(
        self,
        node: Node | None,
        depth: int,
        so_far: Fraction,
        parent: int | None,
        label: str,
        color: str,
        left: NDArray[np.int64],
    ) -> float:
        """Place a node and all that follows; return its height. ``left`` are the copies left of each type."""
        index = len(self._boxes)
        if node is None:
            self._boxes[index] = _Box(depth, self._leaves, str(so_far), False, parent, label, color)
            self._leaves += 1
            return self._leaves - 1
        text = f"{self._setting.agents[node.agent]}{self._prices(node, left)}"
        self._boxes[index] = _Box(depth, 0, text, True, parent, label, color)
        places = []
        for branch in node.branches:
            arrow, then = self._arrow(branch), left - np.array(branch.bundle)
            places.append(self._place(branch.node, depth + 1, so_far + branch.gain, index, *arrow, then))
        middle = (places[0] + places[-1]) / 2
        self._boxes[index] = _Box(depth, middle, text, True, parent, label, color)
        return middle

    def _prices(self, node: Node, left: NDArray[np.int64]) -> str:
        """The posted prices of the types that are left."""
        words = ["withheld" if price >= 2 * self._setting.unit else str(price) for price in node.prices]
        if len(words) == 1:
            return f" at {words[0]}"
        offers = zip(self._setting.types, words, left, strict=True)
        return ": " + ", ".join(f"{kind} {word}" for kind, word, copies in offers if copies)

    def _arrow(self, branch: Branch) -> tuple[str, str]:
        bought = [kind for kind, one in zip(self._setting.types, branch.bundle, strict=True) if one]
        if not bought:
            return f"declines ({branch.probability})", DECLINE
        what = "buys" if len(self._setting.types) == 1 else "buys " + " + ".join(bought)
        return f"{what} ({branch.probability})", BUY


def _draw(axis: Axes, box: _Box, boxes: list[_Box]) -> None:
    """Draw a box and the arrow that leads to it."""
    frame = {"boxstyle": "round,pad=0.3", "fc": "#eef3f8" if box.is_visit else "white", "ec": box.color, "lw": 0.8}
    axis.text(box.x, box.y, box.text, ha="center", va="center", fontsize=8.5, color=INK, bbox=frame, zorder=3)
    if box.parent is None:
        return
    start = boxes[box.parent]
    axis.plot([start.x, box.x], [start.y, box.y], color=box.color, lw=1.0, zorder=1)
    at = 0.56
    x, y = start.x + at * (box.x - start.x), start.y + at * (box.y - start.y)
    halo = {"fc": "white", "ec": "none", "pad": 0.6}
    axis.text(
        x, y, box.label, ha="center", va="center", fontsize=7.5, color=box.color or MUTED, bbox=halo, zorder=2
    )
