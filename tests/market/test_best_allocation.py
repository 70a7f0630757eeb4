from __future__ import annotations

import math
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from strategies import TENTHS, Case, best_by_brute_force, cases, integers, played, setting_of

from spm.market import first_best
from spm.mechanisms import StaticPrices, play
from spm.settings import Array, Objective, correlated, get_objective, get_setting, valuations
from spm.settings.objective import OBJECTIVES, objective


def assignment(values: Array, supply: tuple[int, ...]) -> float:
    """Optimal welfare of one profile ``(n, T)`` under unit demand, by the Hungarian method on single copies."""
    copies = np.repeat(values, supply, axis=1)
    rows, columns = linear_sum_assignment(copies, maximize=True)
    return float(copies[rows, columns].sum())


@given(st.data(), st.integers(1, 8), st.lists(st.integers(1, 4), min_size=1, max_size=3))
def test_unit_demand_against_the_assignment_problem(data: st.DataObject, n_agents: int, supply: list[int]) -> None:
    values = data.draw(integers((3, n_agents, len(supply)), 50)) / 50
    found = first_best(setting_of("unit", n_agents, supply), valuations("unit", values))
    assert found == pytest.approx([assignment(profile, tuple(supply)) for profile in values])


@pytest.mark.parametrize(
    "name", ["colors", "kitchen-sink", "two-worlds", "inventory", "id", "delta-0.5", "revenue"]
)
def test_panels_against_the_assignment_problem(name: str) -> None:
    setting = get_setting(name)
    values = setting.sample(np.random.default_rng(0), 40)
    found = first_best(setting, valuations(setting.demand, values))
    assert found == pytest.approx([assignment(profile, setting.supply) for profile in values])


@pytest.mark.parametrize("goal", ["welfare", "revenue", "max-min"])
@given(data=st.data())
def test_all_demand_models_against_brute_force_over_allocations(goal: str, data: st.DataObject) -> None:
    case: Case = data.draw(cases(objective=goal))
    combine: Any = min if goal == "max-min" else sum
    expected = [best_by_brute_force(case.setting, profile, combine) for profile in case.tenths]
    found = first_best(case.setting, case.valuations)
    assert found * TENTHS == pytest.approx(expected)


@given(st.data())
@hypothesis.settings(max_examples=30)
def test_another_objective_takes_one_function(data: st.DataObject) -> None:
    """Nash welfare, the product of values, as in the module's own example."""

    @objective("nash", combine=np.multiply, empty=1.0)
    def nash(received: Array, payments: Array) -> Array:
        return np.asarray(received.prod(axis=1))

    try:
        case: Case = data.draw(cases(objective="nash"))
        expected = [best_by_brute_force(case.setting, profile, math.prod) for profile in case.tenths]
        found = first_best(case.setting, case.valuations)
        assert found * TENTHS**case.setting.n_agents == pytest.approx(expected)
    finally:
        del OBJECTIVES["nash"]


def test_an_objective_that_is_not_registered_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="unknown objective 'max-mim'; did you mean max-min"):
        get_objective("max-mim")
    with pytest.raises(ValueError, match="unknown objective 'profit'; known: welfare, revenue, max-min"):
        correlated(2, 1, 0.0, objective="profit")


def test_a_name_stands_for_one_objective() -> None:
    """Neither registering nor a setting may let another objective pass for a known one."""
    with pytest.raises(ValueError, match="objective 'welfare' is another one already"):
        objective("welfare", empty=1.0)(lambda received, payments: received[:, 0])
    own = Objective("welfare", lambda received, payments: received[:, 0])
    with pytest.raises(ValueError, match="objective 'welfare' is another one already"):
        correlated(2, 1, 0.0, objective=own)


def test_a_setting_carries_its_own_objective() -> None:
    own = Objective("first agent", lambda received, payments: received[:, 0])
    setting = correlated(2, 1, 0.0, objective=own)
    assert play(StaticPrices((0.0,), (0, 1)), setting, 1000).mean == pytest.approx(0.5, abs=0.05)


def test_scores_by_hand() -> None:
    received, payments = np.array([[0.5, 0.0, 0.25]]), np.array([[0.125, 0.0, 0.25]])
    found = {name: get_objective(name).score(received, payments).tolist() for name in OBJECTIVES}
    assert found == {"welfare": [0.75], "revenue": [0.375], "max-min": [0.0]}


@given(cases(objective="max-min"))
def test_max_min_counts_agents_who_were_never_visited(case: Case) -> None:
    market = played(case)
    score = get_objective("max-min").score(market.received, market.payments)
    assert (score[market.agents_left.any(axis=1)] == 0).all()
    assert (score <= first_best(case.setting, case.valuations)).all()


@given(cases())
def test_more_copies_never_lower_the_first_best(case: Case) -> None:
    setting = case.setting
    double = setting_of(setting.demand, setting.n_agents, [2 * copies for copies in setting.supply])
    first, second = (first_best(s, case.valuations) for s in (setting, double))
    assert (second >= first - 1e-12).all()
