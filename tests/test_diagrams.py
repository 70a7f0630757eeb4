"""Tables and trees of exact results show what the solver found."""

from __future__ import annotations

import pytest

from spm import diagrams
from spm.constructions import construction
from spm.exact import Solver


@pytest.mark.parametrize(
    ("name", "simplest"),
    [
        ("prop-1", ("personalised-static", "static")),
        ("prop-2", ("adaptive", "random")),
        ("prop-3", ("anonymous-static", "adaptive")),
        ("prop-4", ("adaptive", "adaptive")),
        ("prop-9", ("personalised-static", "adaptive")),
    ],
)
def test_the_simplest_optimal_cells_are_the_propositions_features(name: str, simplest: tuple[str, str]) -> None:
    assert simplest in diagrams.needed(Solver(construction(name)).table())


def test_prop_8_gains_nothing_from_an_adaptive_order_at_static_prices() -> None:
    table = Solver(construction("prop-8")).table()
    assert table["personalised-static"]["static"] == table["personalised-static"]["adaptive"]


def test_the_table_of_cells_frames_the_simplest_optimum() -> None:
    shown = diagrams.cells_table(Solver(construction("prop-3"))).to_html()
    assert "83/4 ≈ 20.75" in shown
    assert shown.count("outline: 2px") == 1
    assert "first best 21" in shown


def test_a_tree_is_drawn_with_all_its_visits() -> None:
    setting = construction("prop-2")
    root = Solver(setting).tree()
    drawn = diagrams.tree(setting, root, "tree")
    assert f"Decision tree of {len(root.nodes())} visits" in drawn.alt
    assert "19/4" in drawn.caption
    assert drawn.svg == diagrams.tree(setting, root, "tree").svg
