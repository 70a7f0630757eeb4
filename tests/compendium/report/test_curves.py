"""Figures: labels apart, same bytes, words for those who don't see the picture."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import evidence

from spm.compendium.report import curves, drawing, tables
from spm.compendium.report.evidence import Evidence
from spm.compendium.report.tables import LABELS
from spm.learning import VARIANTS
from spm.settings import FIGURES


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0.01, 0.2))
def test_labels_are_apart_in_order_and_moved_only_when_needed(places: list[float], gap: float) -> None:
    targets = np.sort(np.array(places))
    moved = drawing.apart(targets, gap)
    assert (np.diff(moved) >= gap - 1e-9).all()
    assert np.isclose(moved.mean(), targets.mean())
    if (np.diff(targets) >= gap).all():
        assert np.allclose(moved, targets)


def test_limits_hold_all_values() -> None:
    low, high = drawing.limits([0.2, 0.9, 0.5])
    assert low < 0.2
    assert high > 0.9
    assert drawing.limits([1.0, 1.0])[0] < 1.0


def test_a_drawing_is_the_same_twice_and_carries_its_words() -> None:
    one, other = (curves.correlated_values([0.0, 0.5], n_profiles=20) for _ in range(2))
    assert one.svg == other.svg
    shown = one._repr_html_()
    assert 'alt="Scatter plots' in shown
    assert "<figcaption>" in shown
    assert "http" not in shown.split("base64,")[0]


def made() -> Evidence:
    """ID and Colors; scores end at 0.50 to 0.54 in ID and 0.05 higher in Colors, groups 0.2 higher than scores."""
    return evidence(
        {
            (panel, variant, statistic): [base + gain + 0.01 * k] * 3
            for panel, base in (("id", 0.5), ("colors", 0.55))
            for variant, gain in (("scores", 0.0), ("groups", 0.2))
            for k, statistic in enumerate(LABELS)
        }
    )


def test_learning_curves_tell_where_they_end() -> None:
    drawn = curves.learning_curves("figure-3", made(), "groups")
    assert drawn.name == "figure-3-groups"
    benchmarks = "random serial dictatorship 0.300, first best 0.900, optimum between 0.800 and 0.800."
    ends = "ASP 0.{}, PSP 0.{}, Items/agents left 0.{}, Allocation 0.{}, Price-allocation 0.{}; "
    assert drawn.alt == (
        f"Learning curves. They end at: ID: {ends.format(*range(700, 750, 10))}{benchmarks} "
        f"Colors: {ends.format(*range(750, 800, 10))}{benchmarks}"
    )
    assert "Mean of all 3 seeds" in drawn.caption
    assert "from 2,200,000" in drawn.caption
    paper = curves.learning_curves("figure-3", made())
    assert paper.name == "figure-3"
    assert "ASP 0.500" in paper.alt
    assert "from 1,000,000" in paper.caption
    assert paper.svg != drawn.svg
    assert paper.caption.startswith("<b>Figure 3.</b> ")
    assert drawn.caption.startswith("<b>Figure 3 (groups).</b> ")


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_captions_hold_a_hundred_words_at_most(figure: str, variant: str) -> None:
    assert len(re.sub("<.*?>", "", curves.learning_curves(figure, made(), variant).caption).split()) <= 100


def test_a_panel_draws_each_curve_in_its_colour_and_every_benchmark() -> None:
    known = made()
    points, ends = tables.kept_curves(known), tables.learned_finals(known)
    points, ends = (t[(t["panel"] == "id") & (t["variant"] == "scores")] for t in (points, ends))
    _, (axis,) = drawing.canvas(1)
    curves.draw_panel(axis, points, ends, known.benchmark("id"))
    drawn = {(line.get_color(), *np.ravel(line.get_ydata())) for line in axis.lines}
    for k, statistic in enumerate(LABELS):
        assert (drawing.COLORS[statistic], 0.0, 0.5 + 0.01 * k) in drawn  # from 0 to where it ends
    across = [line for line in axis.lines if np.ravel(line.get_xdata()).tolist() == [0, 1]]
    assert {(line.get_color(), np.ravel(line.get_ydata())[0]) for line in across} == {
        (drawing.INK, 0.9),
        (drawing.MUTED, 0.3),
        (drawing.COLORS["none"], 0.5),
        (drawing.COLORS["agents-left"], 0.6),
    }
    labels = {text.get_text() for text in axis.texts}
    assert {*LABELS.values(), "First best", "Optimum"} <= labels
