"""The taxonomy against the containments that the paper states."""

from __future__ import annotations

from itertools import pairwise

from spm.exact import ORDERS, PRICES
from spm.taxonomy import CLASSES, containments, figure_1


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
