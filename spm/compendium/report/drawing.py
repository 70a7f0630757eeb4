"""The canvas: colours, style, labels, and finished drawings with caption and alternative text."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from spm.compendium.report.tables import LABELS

INK, MUTED, OPTIMUM = "#222222", "#6b6b6b", "#8a6d00"
_PALETTE = sns.color_palette("colorblind").as_hex()
COLORS = dict(zip(LABELS, (_PALETTE[1], _PALETTE[4], _PALETTE[2], _PALETTE[0], _PALETTE[3]), strict=True))
DASHES = dict(zip(LABELS, ((0, (3, 1)), (0, (4, 1.5)), "-", (0, (6, 1, 1, 1)), "-"), strict=True))

STYLE: dict[Any, Any] = {
    "svg.hashsalt": "spm",
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.labelsize": 9.0,
}


@dataclass(frozen=True)
class Drawing:
    """A finished figure: its picture, caption and alternative text. Notebooks show it with both."""

    name: str
    svg: bytes
    caption: str
    alt: str

    def _repr_html_(self) -> str:
        source = base64.b64encode(self.svg).decode()
        picture = f'<img alt="{html.escape(self.alt, quote=True)}" src="data:image/svg+xml;base64,{source}">'
        caption = f"<figcaption>{self.caption}</figcaption>"
        return f'<figure class="spm-figure" id="{self.name}">{picture}{caption}</figure>'


def drawing(name: str, figure: Figure, label: str, caption: str, alt: str) -> Drawing:
    """Return ``figure`` as a drawing whose caption begins with its label; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None}, bbox_inches="tight")
    return Drawing(name, buffer.getvalue(), f"<b>{label}.</b> {caption}", alt)


def canvas(n_panels: int, columns: int = 2) -> tuple[Figure, list[Axes]]:
    """Return a page-wide figure with ``n_panels`` axes, empty cells hidden."""
    rows = -(-n_panels // columns)
    with sns.axes_style("ticks"), mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 3.5 * rows), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for unused in axes[n_panels:]:
        unused.set_visible(False)
    return figure, axes[:n_panels]


def limits(values: Sequence[float]) -> tuple[float, float]:
    """Return limits of the vertical axis with room around all values at the lines' ends.

    >>> limits([0.0, 1.0])
    (-0.25, 1.08)
    """
    low, high = min(values), max(values)
    span = (high - low) or max(abs(high), 1.0)
    return low - 0.25 * span, high + 0.08 * span


def label_ends(axis: Axes, ends: Mapping[str, tuple[float, str]], gap: float = 0.07) -> None:
    """Write each line's label at the right, moved apart by at least ``gap`` of the axis' height."""
    low, high = axis.get_ylim()
    names = sorted(ends, key=lambda name: ends[name][0])
    heights = np.array([(ends[name][0] - low) / (high - low) for name in names])
    for name, at, place in zip(names, heights, apart(heights, gap), strict=True):
        color = ends[name][1]
        axis.plot(
            [1.0, 1.02, 1.035], [at, place, place], color=color, lw=0.6, clip_on=False, transform=axis.transAxes
        )
        axis.text(1.045, place, name, color=color, va="center", fontsize=8, transform=axis.transAxes)


def apart(places: NDArray[np.float64], gap: float) -> NDArray[np.float64]:
    """Move sorted ``places`` as little as needed (least squares) so that neighbours are ``gap`` apart.

    >>> apart(np.array([0.0, 0.0, 1.0]), 0.2).round(3).tolist()
    [-0.1, 0.1, 1.0]
    """
    # With k * gap taken off the k-th place, "gap apart" becomes "not decreasing".
    steps = gap * np.arange(len(places))
    return isotonic_regression(places - steps).x + steps
