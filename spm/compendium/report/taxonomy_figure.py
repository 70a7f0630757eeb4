"""Figure 1, drawn from the classes of the taxonomy."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from spm.compendium.report.drawing import INK, Drawing, canvas, drawing
from spm.compendium.theory.taxonomy import CLASSES, MechanismClass
from spm.exact import ORDERS, PRICES


def figure_1() -> Drawing:
    """Draw Figure 1 from the classes' cells: a class is the rectangle around its cells."""
    picture, (axis,) = canvas(1, columns=1)
    picture.set_size_inches(8.2, 4.8)
    for one in CLASSES[:-1]:
        _draw_class(axis, one)
    axis.plot(0.5, 0.42, "o", color=INK, ms=6)
    axis.text(0.5, 0.28, "RSD", ha="center", va="top", color=INK)
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
        "The taxonomy. Each class is the rectangle of the kinds of prices and orders that its definition allows, "
        "so containment is computed, not drawn by hand."
    )
    return drawing("figure-1", picture, "Figure 1", caption, "Nested rectangles: " + "; ".join(facts) + ".")


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
