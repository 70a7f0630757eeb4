from __future__ import annotations

from fractions import Fraction

import pytest

from spm.compendium.theory.economies import economy
from spm.compendium.theory.linear import (
    certificate_table,
    check_linear,
    other_items_alone,
    play_linear,
)
from spm.compendium.theory.scores import linear_features, with_interaction
from spm.settings import prop_1, prop_7


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0)])
def test_no_linear_scores_implement_an_optimal_spm(order: tuple[int, ...]) -> None:
    check = check_linear(prop_7(), order=order)
    assert check.infeasible == check.systems == len(check.certificates) > 0
    assert check.solved == 0
    assert check.value is None


def test_the_certificate_is_the_exclusive_or() -> None:
    table = certificate_table(prop_7(), check_linear(prop_7()).certificates[0])
    assert set(table["multiplier"]) == {Fraction(1, 2)}
    assert sorted(table["inequality"]) == ["Carl ≥ Dan", "Carl ≥ Dan", "Dan > Carl", "Dan > Carl"]
    assert table["history"].str.count("nothing").tolist().count(1) == 2


def test_one_interaction_is_enough() -> None:
    check = check_linear(prop_7(), with_interaction)
    assert check.infeasible == 0
    assert check.solved == check.systems
    assert check.value == check.optimum == Fraction(31, 2)


def test_the_four_outcomes_are_not_enough_if_the_items_tell_them_apart() -> None:
    check = check_linear(other_items_alone())
    assert check.infeasible == 0
    assert check.value == check.optimum


def test_played_values_are_those_of_the_rules() -> None:
    # Equal scores: agent 1 goes first at two ticks and takes the item, worth 2 on average.
    market = economy(prop_1())
    nought = ((Fraction(0),) * 5,) * 2
    assert play_linear(market, nought, linear_features, (0, 1)) == 2
