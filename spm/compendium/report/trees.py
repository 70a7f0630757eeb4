"""An optimal mechanism drawn as a tree."""

from __future__ import annotations

from fractions import Fraction
from itertools import count
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from spm.compendium.report.cells import fraction_text
from spm.compendium.report.drawing import COLORS, INK, Drawing, drawing
from spm.exact import Branch, Node
from spm.settings import Setting

BUY, DECLINE = COLORS["allocation"], COLORS["price-allocation"]
HEIGHT = 0.44
"""Inches for each leaf of a drawn tree."""
ALONG = 0.56
"""How far along an arrow its text stands."""
MOST_LEAVES = 60
"""A tree with more is not drawn."""


class _Box(NamedTuple):
    """A visit or an end in a drawn tree: its place in rounds and leaves, its text, and what follows it."""

    x: float
    y: float
    text: str
    arrows: tuple[_Arrow, ...] = ()

    def all(self) -> list[_Box]:
        """Return the box and all that follow it."""
        return [self, *(box for arrow in self.arrows for box in arrow.to.all())]


class _Arrow(NamedTuple):
    """What an agent does, and the box that it leads to."""

    text: str
    color: str
    to: _Box


def draw_tree(setting: Setting, root: Node, name: str, title: str = "an optimal mechanism") -> Drawing:
    """Draw a mechanism as a tree, from left to right: whom to visit at which price, and what her answer leads to.

    Leaves carry the expected value so far.

    Raises:
        ValueError: a tree with more than 60 leaves.
    """
    top = _Layout(setting).place(root)
    boxes = top.all()
    depth, leaves = max(box.x for box in boxes), sum(not box.arrows for box in boxes)
    if leaves > MOST_LEAVES:
        raise ValueError(f"a tree of {leaves} leaves is too large to be drawn; the most is {MOST_LEAVES}")
    # A round is as wide as its longest arrow text and the box that follows.
    longest = max([len(top.text), *(len(a.text) + len(a.to.text) for box in boxes for a in box.arrows)])
    picture = Figure(figsize=((0.064 * longest + 0.15) * depth + 2.2, HEIGHT * leaves + 0.4))
    axis = picture.add_axes((0, 0, 1, 1))
    axis.set(xlim=(-0.42, depth + 0.45), ylim=(leaves - 0.4, -0.6))
    axis.set_axis_off()
    _draw(axis, top, INK)
    caption = (
        f"Worth {fraction_text(root.value)}. Read from the left: a box is a visit with its posted price, an arrow "
        "what the agent does and how likely that is, a leaf the expected value by then."
    )
    alt = f"Decision tree of {len(root.nodes())} visits. First visit {setting.agents[root.agent]}."
    return drawing(name, picture, f"{setting.title}: {title}", caption, alt)


class _Layout:
    """Places the boxes of a tree: leaves one below the other, a visit in the middle of what follows it."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._leaves = count()

    def place(self, root: Node) -> _Box:
        """Return the root's box, with all that follow it."""
        return self._place(root, 0, Fraction(0), np.array(self._setting.supply))

    def _place(self, node: Node | None, depth: int, so_far: Fraction, left: NDArray[np.int64]) -> _Box:
        """Place what follows a node, then the node. ``left`` are the copies left of each type, shape ``(T,)``."""
        if node is None:
            return _Box(depth, next(self._leaves), str(so_far))
        arrows = []
        for branch in node.branches:
            to = self._place(branch.node, depth + 1, so_far + branch.gain, left - np.array(branch.bundle))
            arrows.append(_Arrow(*self._act(branch), to))
        middle = (arrows[0].to.y + arrows[-1].to.y) / 2
        return _Box(depth, middle, f"{self._setting.agents[node.agent]}{self._prices(node, left)}", tuple(arrows))

    def _prices(self, node: Node, left: NDArray[np.int64]) -> str:
        """The posted prices of the types that are left."""
        words = ["withheld" if price >= 2 * self._setting.unit else str(price) for price in node.prices]
        if len(words) == 1:
            return f" at {words[0]}"
        offers = zip(self._setting.types, words, left, strict=True)
        return ": " + ", ".join(f"{kind} {word}" for kind, word, copies in offers if copies)

    def _act(self, branch: Branch) -> tuple[str, str]:
        """What the agent does on a branch, and its colour."""
        bought = [kind for kind, one in zip(self._setting.types, branch.bundle, strict=True) if one]
        if not bought:
            return f"declines ({branch.probability})", DECLINE
        what = "buys" if len(self._setting.types) == 1 else "buys " + " + ".join(bought)
        return f"{what} ({branch.probability})", BUY


def _draw(axis: Axes, box: _Box, color: str) -> None:
    """Draw a box framed in a colour, the arrows from it and all that they lead to."""
    frame = {"boxstyle": "round,pad=0.3", "fc": "#eef3f8" if box.arrows else "white", "ec": color, "lw": 0.8}
    axis.text(box.x, box.y, box.text, ha="center", va="center", fontsize=8.5, color=INK, bbox=frame, zorder=3)
    for text, shade, to in box.arrows:
        axis.plot([box.x, to.x], [box.y, to.y], color=shade, lw=1.0, zorder=1)
        x, y = box.x + ALONG * (to.x - box.x), box.y + ALONG * (to.y - box.y)
        halo = {"fc": "white", "ec": "none", "pad": 0.6}
        axis.text(x, y, text, ha="center", va="center", fontsize=7.5, color=shade, bbox=halo, zorder=2)
        _draw(axis, to, shade)
