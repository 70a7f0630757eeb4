from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest

from spm.compendium.theory.histories import history_optimum
from spm.compendium.theory.offers import NOTHING
from spm.compendium.theory.propositions import (
    agents_left_policies,
    best_unseeing,
    check_proposition_5,
    check_proposition_6,
    mechanisms_of,
    static_policies,
    value_from_left,
)
from spm.exact import Solver
from spm.settings import Setting, finite_setting, model, prop_5, uniform
from spm.settings.constructions import prop_2, prop_3, prop_4, prop_8, prop_9


@pytest.mark.parametrize("count", [50, pytest.param(300, marks=pytest.mark.endurance)])
def test_agents_and_items_left_suffice_in_random_settings(count: int) -> None:
    table = check_proposition_5(count)
    assert len(table) == count
    assert table["equal"].all()
    assert set(table["objective"]) == {"welfare", "revenue"}
    assert (table["histories"] > 0).mean() > 0.9


def test_agents_and_items_left_suffice_in_the_constructions() -> None:
    for setting in (prop_4(), prop_8()):
        assert value_from_left(setting) == history_optimum(setting)


def test_the_dynamic_programme_has_its_closed_form() -> None:
    setting = finite_setting("iid", "IID", {"item": 1}, model({"agent": 6}, [(1, [uniform(1, 3)])]))
    assert value_from_left(setting) == 3 - Fraction(1, 2**5)


def test_the_dynamic_programme_refuses_what_it_cannot_claim() -> None:
    with pytest.raises(ValueError, match="independent"):
        value_from_left(prop_3())
    with pytest.raises(ValueError, match="max-min"):
        value_from_left(prop_5())


def test_agents_left_are_static_orders_and_prices() -> None:
    table = check_proposition_6()
    assert table["equal"].all()
    assert (table["static mechanisms"] > 1).all()


def test_numbers_of_policies() -> None:
    menu = [(1,), (2,)]
    assert sum(1 for _ in agents_left_policies(2, menu)) == (2 * 2) * 2 * 2
    assert sum(1 for _ in static_policies(3, menu)) == 6 * 2**3


def test_a_price_that_hangs_on_a_purchase_is_no_static_mechanism() -> None:
    values, menu = [(1,), (2,)], [(1,), (2,), (3,)]
    profiles = list(product(values, repeat=2))
    _, static = mechanisms_of(static_policies(2, menu), profiles, (2,))
    adaptive = []
    for (first,), (second,) in profiles:
        bought = first >= 2
        price = 1 if bought else 2
        adaptive.append(((0, 2) if bought else (NOTHING, 0), (0, price) if second >= price else (NOTHING, 0)))
    assert tuple(adaptive) not in static


@pytest.mark.parametrize("setting", [prop_2(), prop_3(), prop_4(), prop_9()])
def test_policies_that_see_nothing_are_one_price_in_a_static_order(setting: Setting) -> None:
    assert best_unseeing(setting) == Solver(setting).value("anonymous-static", "static")
