"""The taxonomy against the containments that the paper states."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from spm.compendium.report.taxonomy_figure import figure_1
from spm.compendium.theory.taxonomy import CLASSES, containments, crossing, strict_steps
from spm.exact import ORDERS, PRICES


def test_containments_are_the_papers() -> None:
    inside = containments()
    chain = ["RSD", "SD", "ASP", "PSP", "SPM"]
    for small, large in pairwise(chain):
        assert inside.loc[large, small]
        assert not inside.loc[small, large]
    assert inside.loc["SO", "RSD"]
    assert inside.loc["SPM", "SO"]
    for name in ("SD", "ASP", "PSP"):
        assert not inside.loc["SO", name]
        assert not inside.loc[name, "SO"]


def test_the_widest_class_has_every_cell() -> None:
    assert len(CLASSES[0].cells) == len(PRICES) * len(ORDERS)


def test_figure_1_names_every_class() -> None:
    drawing = figure_1()
    for one in CLASSES:
        assert one.name in drawing.alt


def test_every_step_of_the_taxonomy_is_strict_somewhere() -> None:
    steps, inside = strict_steps(), containments()
    assert steps["strict"].tolist() == [True] * 5
    for _, small, low, large, high, _ in steps.to_numpy().tolist():
        assert inside.loc[large, small]
        assert Fraction(high) > Fraction(low)
    # Proposition 1 by hand: one price earns 3/4 of 3, two prices 3 or else 2 with equal chances.
    assert steps.iloc[2].tolist() == ["Proposition 1", "ASP", "9/4", "PSP", "5/2", True]


def test_static_prices_and_a_static_order_cross() -> None:
    (_, psp_2, so_2), (asp_3, _, so_3) = (map(Fraction, row) for row in crossing().to_numpy().tolist())
    assert so_2 > psp_2
    assert asp_3 > so_3
