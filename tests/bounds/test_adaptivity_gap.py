from __future__ import annotations

import pytest

from spm.bounds import bracket, correlated_map
from spm.settings import correlated


@pytest.mark.parametrize(("delta", "objective"), [(0.0, "welfare"), (0.5, "welfare"), (0.5, "revenue")])
def test_the_map_brackets_the_value_of_adaptivity(delta: float, objective: str) -> None:
    table = correlated_map([3, 6], [1, 3, 9], delta, objective)
    assert list(zip(table.n, table.m, strict=True)) == [(3, 1), (3, 3), (6, 1), (6, 3)]
    assert (table.upper + 1e-9 >= table.lower - 3 * table.lower_error).all()
    assert (table.adaptivity_low >= -1e-9).all()
    assert (table.adaptivity_high >= table.adaptivity_low - 1).all()
    if objective == "welfare":
        even = table[table.n == table.m]
        assert even.adaptivity_high.to_numpy() == pytest.approx([0.0], abs=1e-6)


def test_the_map_agrees_with_single_brackets() -> None:
    row = correlated_map([6], [2], 0.3).iloc[0]
    found = bracket(correlated(6, 2, 0.3))
    assert row.upper == pytest.approx(found.upper.value, rel=0.005)
    assert row.upper >= found.upper.value - 1e-9
    assert row.lower == pytest.approx(found.lower.value, abs=4 * row.lower_error)


def test_one_item_needs_no_adaptivity() -> None:
    """Until it is sold the history is always the same, so personalised static prices are the optimum."""
    row = correlated_map([4], [1], 0.5).iloc[0]
    assert row.lower <= row.best_static + 3 * row.lower_error
    assert row.adaptivity_high < 0.3
