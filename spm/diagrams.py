"""Exact results for the reader: the table of cells of a setting, and an optimal mechanism drawn as a tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas.io.formats.style import Styler

from spm.exact import ORDERS, PRICES, Branch, Node, Solver
from spm.figures import COLORS, INK, MUTED, Drawing, drawing
from spm.settings import Setting

BUY, DECLINE = COLORS["allocation"], COLORS["price-allocation"]
WIDTH, HEIGHT = 1.95, 0.44
"""Inches for each round and for each leaf of a drawn tree."""


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


def cells_summary(settings: list[Setting]) -> pd.DataFrame:
    """Return one row a setting: its optimum, its first best, and the simplest cells that reach the optimum."""
    rows = []
    for setting in settings:
        solver = Solver(setting)
        table = solver.table()
        cells = " or ".join(f"{prices} prices, {order} order" for prices, order in needed(table))
        rows.append((setting.title, str(table["adaptive"]["adaptive"]), str(solver.first_best), cells))
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


def tree(setting: Setting, root: Node, name: str) -> Drawing:
    """Draw a mechanism as a tree, from left to right: whom to visit at which price, and what her answer leads to.

    Leaves carry the value so far. A visit that occurs again is drawn once and then referred to by its number.
    """
    boxes = _Layout(setting).boxes(root)
    depth, leaves = max(box.x for box in boxes), sum(not box.is_visit for box in boxes)
    picture = Figure(figsize=(WIDTH * depth + 2.2, HEIGHT * leaves + 0.4))
    axis = picture.add_axes((0, 0, 1, 1))
    axis.set(xlim=(-0.42, depth + 0.45), ylim=(leaves - 0.4, -0.6))
    axis.set_axis_off()
    for box in boxes:
        _draw(axis, box, boxes)
    caption = (
        f"<b>{setting.title}: an optimal mechanism</b>, worth {root.value} ≈ {float(root.value):.4g}. Read from "
        "the left: a box is a visit with its posted price, an arrow what the agent does and how likely that is, "
        "the end the value so far. [k] continues at the box with that number."
    )
    alt = f"Decision tree of {len(root.nodes())} visits. First visit {setting.agents[root.agent]}."
    return drawing(name, picture, caption, alt)


class _Layout:
    """Places the boxes of a tree: leaves one below the other, a visit in the middle of what follows it."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._numbers: dict[Node, int] = {}
        self._leaves = 0
        self._boxes: dict[int, _Box] = {}

    def boxes(self, root: Node) -> list[_Box]:
        """Return all boxes; a box's parent is its index in the list."""
        self._place(root, 0, Fraction(0), None, "", INK)
        return [self._boxes[k] for k in sorted(self._boxes)]

    def _place(
        self, node: Node | None, depth: int, so_far: Fraction, parent: int | None, label: str, color: str
    ) -> float:
        """Place a node and all that follows; return its height."""
        index = len(self._boxes)
        if node is None or node in self._numbers:
            text = f"{so_far}" if node is None else f"{so_far}, go on at [{self._numbers[node]}]"
            self._boxes[index] = _Box(depth, self._leaves, text, False, parent, label, color)
            self._leaves += 1
            return self._leaves - 1
        self._numbers[node] = len(self._numbers) + 1
        text = f"[{self._numbers[node]}] {self._setting.agents[node.agent]} at {self._prices(node)}"
        self._boxes[index] = _Box(depth, 0, text, True, parent, label, color)
        places = [
            self._place(branch.node, depth + 1, so_far + branch.gain, index, *self._arrow(branch))
            for branch in node.branches
        ]
        middle = (places[0] + places[-1]) / 2
        self._boxes[index] = _Box(depth, middle, text, True, parent, label, color)
        return middle

    def _prices(self, node: Node) -> str:
        words = list(self._words(node))
        return words[0].split(" ", 1)[1] if len(words) == 1 else ", ".join(words)

    def _words(self, node: Node) -> Iterator[str]:
        for kind, price in zip(self._setting.types, node.prices, strict=True):
            yield f"{kind} " + ("withheld" if price >= 2 * self._setting.unit else str(price))

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
