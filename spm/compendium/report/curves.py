"""Learning curves as figures, each with its caption and its alternative text.

Figures 2 to 4 draw learning curves as the paper does (mean of the kept seeds, 95% interval), with random
serial dictatorship and the first best as lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from spm.compendium.record.grid import Protocol
from spm.compendium.report.drawing import (
    COLORS,
    DASHES,
    INK,
    MUTED,
    OPTIMUM,
    Drawing,
    canvas,
    drawing,
    label_ends,
    limits,
)
from spm.compendium.report.evidence import Evidence, load
from spm.compendium.report.tables import BEST_STATIC, LABELS, kept_curves, learned_finals, title
from spm.files import home, write_atomic
from spm.learning import VARIANTS
from spm.settings import CorrelatedModel, get_setting


def learning_curves(figure: str, evidence: Evidence, variant: str = "scores") -> Drawing:
    """Draw ``figure-2``, ``figure-3`` or ``figure-4`` for a variant of the policy, from records and benchmarks."""
    titles = {
        panel: f"({letter}) {title(panel)}" for letter, panel in zip("abcdef", evidence.panels, strict=False)
    }
    name, label = figure, figure.replace("figure-", "Figure ")
    if variant != "scores":
        name, label = f"{name}-{variant}", f"{label} ({variant})"
    picture = _panels(evidence, titles, variant)
    return drawing(name, picture, label, _caption(figure, evidence.protocol, variant), _alt(evidence, variant))


COVER = ("delta-0.5", "inventory")
"""Two panels that show the book's theme: what a mechanism gains by adapting to what was bought."""


def cover(evidence: Evidence) -> Drawing:
    """Draw the two panels of the cover."""
    picture, protocol = _panels(evidence, {panel: title(panel) for panel in COVER}, "groups"), evidence.protocol
    caption = (
        "Learned mechanisms that adapt to what was bought earn more than static ones: correlated values (left) "
        f"and a setting where prices must follow the inventory (right). {_POLICIES['groups']} {_seeds(protocol)}; "
        f"up to {protocol.visits['groups']:,} visits."
    )
    return drawing("cover", picture, "Adapting pays", caption, "Two panels, of Figures 2 and 3.")


def write_figures(figure: str, protocol: Protocol) -> None:
    """Write a figure per variant of the policy, or the ``cover``, as SVG to ``_build/figures/<protocol>/``."""
    evidence = load(protocol, "all" if figure == "cover" else figure)
    drawn = [cover(evidence)] if figure == "cover" else [learning_curves(figure, evidence, v) for v in VARIANTS]
    for one in drawn:
        write_atomic(home() / "_build" / "figures" / protocol.name / f"{one.name}.svg", one.svg)


def _panels(evidence: Evidence, titles: Mapping[str, str], variant: str) -> Figure:
    """Draw the panels that have titles, for a variant of the policy."""
    points, ends = (_of(make(evidence), variant) for make in (kept_curves, learned_finals))
    picture, axes = canvas(len(titles))
    for (panel, name), axis in zip(titles.items(), axes, strict=True):
        known = evidence.benchmark(panel)
        draw_panel(axis, points[points["panel"] == panel], ends[ends["panel"] == panel], known)
        axis.set_ylabel(_unit(panel))
        axis.set_title(name, loc="left", color=INK)
    return picture


def _of(table: pd.DataFrame, variant: str) -> pd.DataFrame:
    """The rows of a variant of the policy."""
    return table[table["variant"] == variant]


def _unit(panel: str) -> str:
    """What the vertical axis measures."""
    setting = get_setting(panel)
    names = {"welfare": "Welfare", "revenue": "Revenue", "max-min": "Lowest value"}
    unit = f" (in units of {float(setting.unit):g})" if setting.unit != 1 else ""
    return names.get(setting.objective.name, setting.objective.name) + unit


def draw_panel(axis: Axes, points: pd.DataFrame, finals: pd.DataFrame, known: Mapping[str, float]) -> None:
    """Draw the learning curves of one panel and its ``known`` benchmarks; labels stand at final evaluations."""
    final = finals.set_index("statistic")["mean"]
    last, ends = points["visits"].max(), draw_lines(axis, known)
    for name, curve in points.groupby("statistic", sort=False):
        statistic, end = str(name), float(final[name])
        draw_curve(axis, statistic, curve)
        # A shorter run's final evaluation is led to the right edge, where its label stands.
        axis.plot([curve["visits"].max(), last], [end, end], color=COLORS[statistic], lw=0.5, alpha=0.7)
        ends[LABELS[statistic]] = (end, COLORS[statistic])
    low, high = limits([value for label, (value, _) in ends.items() if label != "RSD"])
    rsd = ends["RSD"][0]
    if rsd < low:  # far below everything else: named at the foot, so that the curves can be told apart
        ends |= {f"RSD {rsd:.3g} ↓": (low, MUTED)}
        del ends["RSD"]
    axis.set(xlim=(0, last), ylim=(low, high), xlabel="Visits")
    axis.xaxis.set_major_formatter(FuncFormatter(_thousands))
    axis.xaxis.set_major_locator(MaxNLocator(5))
    sns.despine(ax=axis)
    label_ends(axis, ends)


def draw_lines(axis: Axes, best: Mapping[str, float]) -> dict[str, tuple[float, str]]:
    """Draw a panel's baselines, the bracket of the optimum and the best static mechanisms; return the labels."""
    axis.axhline(best["first_best"], color=INK, lw=1.0, zorder=1)
    axis.axhline(best["rsd"], color=MUTED, lw=1.0, ls=(0, (2, 2)), zorder=1)
    axis.axhspan(best["lower"], best["upper"], color=OPTIMUM, alpha=0.35, lw=1.0, zorder=0)
    for statistic, name in BEST_STATIC.items():
        axis.axhline(best[name], color=COLORS[statistic], lw=1.2, ls=(0, (1, 2)), zorder=1)
    middle = (best["lower"] + best["upper"]) / 2
    return {"First best": (best["first_best"], INK), "Optimum": (middle, OPTIMUM), "RSD": (best["rsd"], MUTED)}


def draw_curve(axis: Axes, statistic: str, curve: pd.DataFrame) -> None:
    """Draw one curve with its interval."""
    x, y, half = (curve[name].to_numpy(dtype=float) for name in ("visits", "mean", "half_width"))
    axis.plot(x, y, color=COLORS[statistic], ls=DASHES[statistic], lw=1.6, zorder=3)
    axis.fill_between(x, y - half, y + half, color=COLORS[statistic], alpha=0.15, lw=0, zorder=2)


def _thousands(value: float, _: int) -> str:
    return f"{value / 1e6:g} M" if value >= 1e6 else f"{value / 1e3:g} k" if value else "0"


_TITLES = {
    "figure-2": "Correlated values, welfare, 20 agents and 5 identical items.",
    "figure-3": "Theory-driven settings, welfare.",
    "figure-4": "Beyond unit demand and welfare.",
}


_POLICIES = {
    "scores": "The paper's policy: Gaussian scores for the order.",
    "groups": "The policy that chooses among groups of exchangeable agents.",
}


def _caption(figure: str, protocol: Protocol, variant: str) -> str:
    points, final = f"{protocol.evaluation_profiles:,}", f"{protocol.final_profiles:,}"
    return (
        f"{_TITLES[figure]} {_POLICIES[variant]} {_seeds(protocol)} with its 95% interval; ASP and PSP learned "
        f"from {protocol.static_visits:,} visits, the others from {protocol.visits[variant]:,}. Points: "
        f"evaluations without exploration noise on {points} fresh profiles; labels: the final one, on {final} "
        "others. First best: all values known. Optimum: certified bracket of the best SPM. Dotted: the best "
        "static mechanisms. RSD: random serial dictatorship (↓: below the axis)."
    )


def _seeds(protocol: Protocol) -> str:
    """Which seeds are drawn."""
    best = f"the {protocol.keep} best of {protocol.seeds}"
    return f"Mean of {best if protocol.keep < protocol.seeds else f'all {protocol.seeds}'} seeds"


def _alt(evidence: Evidence, variant: str) -> str:
    """The figure in words: where each curve of each panel ends."""
    ends = _of(learned_finals(evidence), variant)
    sentences = []
    for panel in evidence.panels:
        rows, best = ends[ends["panel"] == panel], evidence.benchmark(panel)
        curves = ", ".join(f"{LABELS[s]} {m:.3f}" for s, m in zip(rows["statistic"], rows["mean"], strict=True))
        lines = (
            f"random serial dictatorship {best['rsd']:.3f}, first best {best['first_best']:.3f}, "
            f"optimum between {best['lower']:.3f} and {best['upper']:.3f}"
        )
        sentences.append(f"{title(panel)}: {curves}; {lines}.")
    return "Learning curves. They end at: " + " ".join(sentences)


def correlated_values(deltas: Sequence[float], n_profiles: int = 600, seed: int = 0) -> Drawing:
    """Draw two agents' values at each delta, with the measured and the exact correlation."""
    picture, axes = canvas(len(deltas), columns=4)
    picture.set_size_inches(9.6, 2.8)
    words = []
    for delta, axis in zip(deltas, axes, strict=True):
        model = CorrelatedModel(2, delta)
        values = model.sample(np.random.default_rng(seed), 100 * n_profiles)[..., 0]
        measured = np.asarray(np.corrcoef(values.T))[0, 1]
        axis.plot(*values[:n_profiles].T, ".", ms=2, color=COLORS["allocation"])
        axis.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xlabel="value of agent 1")
        axis.set_title(f"δ = {delta:g}: correlation {model.correlation:.2f}", loc="left", fontsize=9)
        words.append(f"{measured:.2f} at δ = {delta:g}")
    axes[0].set_ylabel("value of agent 2")
    sns.despine(fig=picture)
    caption = (
        f"Two agents' values in {n_profiles} profiles at each δ. Correlation measured in {100 * n_profiles:,} "
        f"profiles: {', '.join(words)}; the titles give δ² / (δ² + (1 − δ)²)."
    )
    alt = "Scatter plots that narrow to the diagonal as δ grows."
    return drawing("correlated-values", picture, "Correlated values", caption, alt)
