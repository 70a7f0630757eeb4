"""Tables and trees of exact results show what the solver found."""

from __future__ import annotations

from fractions import Fraction

import pytest

from spm.compendium.report import cells, trees
from spm.exact import Node, Solver
from spm.settings import construction


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
    assert simplest in cells.needed(Solver(construction(name)).table())


def test_prop_8_gains_nothing_from_an_adaptive_order_at_static_prices() -> None:
    table = Solver(construction("prop-8")).table()
    assert table["personalised-static"]["static"] == table["personalised-static"]["adaptive"]


def test_the_table_of_cells_frames_the_simplest_optimum() -> None:
    shown = cells.cells_table(Solver(construction("prop-3"))).to_html()
    assert "83/4 ≈ 20.75" in shown
    assert shown.count("outline: 2px") == 1
    assert "first best 21" in shown


def test_a_tree_is_drawn_with_all_its_visits() -> None:
    setting = construction("prop-2")
    root = Solver(setting).tree()
    drawn = trees.draw_tree(setting, root, "tree")
    assert f"Decision tree of {len(root.nodes())} visits" in drawn.alt
    assert "19/4" in drawn.caption
    assert drawn.svg == trees.draw_tree(setting, root, "tree").svg


@pytest.mark.parametrize("name", ["prop-2", "prop-3", "kitchen-sink"])
def test_a_drawn_tree_is_worth_what_its_root_says(name: str) -> None:
    """The chances on the arrows and the values at the ends give the optimum."""
    setting = construction(name)
    root = Solver(setting).tree()

    def worth(box: trees._Box) -> Fraction:
        if not box.arrows:
            return Fraction(box.text)
        chances = [Fraction(arrow.text.rsplit("(", 1)[1].rstrip(")")) for arrow in box.arrows]
        assert sum(chances) == 1
        return sum((p * worth(arrow.to) for p, arrow in zip(chances, box.arrows, strict=True)), Fraction(0))

    assert worth(trees._Layout(setting).place(root)) == root.value


def visits(node: Node | None) -> int:
    """How many visits a tree has, those that stand in it more than once counted each time."""
    return 0 if node is None else 1 + sum(visits(branch.node) for branch in node.branches)


def test_leaves_stand_one_below_the_other_and_visits_in_the_middle_of_what_follows() -> None:
    setting = construction("prop-3")
    root = Solver(setting).tree()
    boxes = trees._Layout(setting).place(root).all()
    assert [box.y for box in boxes if not box.arrows] == list(range(sum(not box.arrows for box in boxes)))
    assert sum(bool(box.arrows) for box in boxes) == visits(root)
    for box in boxes:
        for arrow in box.arrows:
            assert arrow.to.x == box.x + 1
        if box.arrows:
            assert box.y == (box.arrows[0].to.y + box.arrows[-1].to.y) / 2


def test_a_tree_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    setting = construction("prop-2")
    monkeypatch.setattr(trees, "MOST_LEAVES", 2)
    with pytest.raises(ValueError, match="leaves is too large to be drawn; the most is 2"):
        trees.draw_tree(setting, Solver(setting).tree(), "tree")
