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

from spm import objectives, settings
from spm.demand import Array, valuations


def assignment(values: Array, supply: tuple[int, ...]) -> float:
    """Optimal welfare of one profile ``(n, T)`` under unit demand, by the Hungarian method on single copies."""
    copies = np.repeat(values, supply, axis=1)
    rows, columns = linear_sum_assignment(copies, maximize=True)
    return float(copies[rows, columns].sum())


@given(st.data(), st.integers(1, 8), st.lists(st.integers(1, 4), min_size=1, max_size=3))
def test_unit_demand_against_the_assignment_problem(data: st.DataObject, n_agents: int, supply: list[int]) -> None:
    values = data.draw(integers((3, n_agents, len(supply)), 50)) / 50
    found = objectives.first_best(setting_of("unit", n_agents, supply), valuations("unit", values))
    assert found == pytest.approx([assignment(profile, tuple(supply)) for profile in values])


@pytest.mark.parametrize(
    "name", ["colors", "kitchen-sink", "two-worlds", "inventory", "id", "delta-0.5", "revenue"]
)
def test_panels_against_the_assignment_problem(name: str) -> None:
    setting = settings.get(name)
    values = setting.sample(np.random.default_rng(0), 40)
    found = objectives.first_best(setting, valuations(setting.demand, values))
    assert found == pytest.approx([assignment(profile, setting.supply) for profile in values])


@pytest.mark.parametrize("objective", ["welfare", "revenue", "max-min"])
@given(data=st.data())
def test_all_demand_models_against_brute_force_over_allocations(objective: str, data: st.DataObject) -> None:
    case: Case = data.draw(cases(objective=objective))
    combine: Any = min if objective == "max-min" else sum
    expected = [best_by_brute_force(case.setting, profile, combine) for profile in case.tenths]
    found = objectives.first_best(case.setting, case.valuations)
    assert found * TENTHS == pytest.approx(expected)


@given(st.data())
@hypothesis.settings(max_examples=30)
def test_another_objective_takes_one_function(data: st.DataObject) -> None:
    """Nash welfare, the product of values, as in the module's own example."""

    @objectives.objective("nash", combine=np.multiply, empty=1.0)
    def nash(received: Array, payments: Array) -> Array:
        return np.asarray(received.prod(axis=1))

    try:
        case: Case = data.draw(cases(objective="nash"))
        expected = [best_by_brute_force(case.setting, profile, math.prod) for profile in case.tenths]
        found = objectives.first_best(case.setting, case.valuations)
        assert found * TENTHS**case.setting.n_agents == pytest.approx(expected)
    finally:
        del objectives.OBJECTIVES["nash"]


def test_an_objective_that_is_not_registered_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="unknown objective 'max-mim'; did you mean max-min"):
        objectives.get("max-mim")
    with pytest.raises(ValueError, match="unknown objective 'profit'; known: welfare, revenue, max-min"):
        objectives.first_best(settings.correlated(2, 1, 0.0, objective="profit"), np.zeros((1, 2, 2)))


def test_scores_by_hand() -> None:
    received, payments = np.array([[0.5, 0.0, 0.25]]), np.array([[0.125, 0.0, 0.25]])
    found = {name: objectives.get(name).score(received, payments).tolist() for name in objectives.OBJECTIVES}
    assert found == {"welfare": [0.75], "revenue": [0.375], "max-min": [0.0]}


@given(cases(objective="max-min"))
def test_max_min_counts_agents_who_were_never_visited(case: Case) -> None:
    market = played(case)
    score = objectives.get("max-min").score(market.received, market.payments)
    assert (score[market.agents_left.any(axis=1)] == 0).all()
    assert (score <= objectives.first_best(case.setting, case.valuations)).all()


@given(cases())
def test_more_copies_never_lower_the_first_best(case: Case) -> None:
    setting = case.setting
    double = setting_of(setting.demand, setting.n_agents, [2 * copies for copies in setting.supply])
    first, second = (objectives.first_best(s, case.valuations) for s in (setting, double))
    assert (second >= first - 1e-12).all()
