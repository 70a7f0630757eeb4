from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm.bounds import best_static
from spm.bounds.static_prices import _value_and_slope, static_value
from spm.mechanisms import StaticPrices, play
from spm.settings import correlated

OBJECTIVES = ["welfare", "revenue"]


def test_closed_forms_for_two_iid_agents_and_one_item() -> None:
    """Anonymous: (1 - p²)(1 + p)/2, best at 1/3, or p (1 - p²), best at 1/√3. Personalised: 1/2, 0; 5/8, 1/2."""
    anonymous = best_static(2, 1, 0.0, "welfare", False)
    assert anonymous.prices == pytest.approx([1 / 3, 1 / 3], abs=1e-4)
    assert anonymous.value == pytest.approx(16 / 27)
    assert best_static(2, 1, 0.0, "revenue", False).value == pytest.approx(2 / (3 * np.sqrt(3)))
    personalised = best_static(2, 1, 0.0, "welfare", True)
    assert personalised.prices == pytest.approx([1 / 2, 0], abs=1e-4)
    assert personalised.value == pytest.approx(5 / 8)
    assert best_static(2, 1, 0.0, "revenue", True).prices == pytest.approx([5 / 8, 1 / 2], abs=1e-4)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("delta", [0.0, 0.3, 0.5, 1.0])
def test_values_agree_with_playing(objective: str, delta: float) -> None:
    prices = np.linspace(0.8, 0.2, 6)
    setting = correlated(6, 2, delta, objective)
    played = play(StaticPrices(tuple((float(p),) for p in prices), order=range(6)), setting, 10_000)
    value = static_value(prices, 2, delta, objective)
    assert value == pytest.approx(played.mean, abs=4 * played.standard_error)


@given(
    st.lists(st.floats(0.05, 0.95), min_size=2, max_size=5),
    st.integers(1, 3),
    st.floats(0.05, 0.9),
    st.sampled_from(OBJECTIVES),
)
def test_no_prices_beat_the_best_ones(prices: list[float], m: int, delta: float, objective: str) -> None:
    rounded = round(delta, 1)
    best = best_static(len(prices), m, rounded, objective, True)
    assert static_value(np.array(prices), m, rounded, objective) <= best.value + 1e-4
    anonymous = best_static(len(prices), m, rounded, objective, False).value
    assert static_value(np.full(len(prices), prices[0]), m, rounded, objective) <= anonymous + 1e-4
    assert anonymous <= best.value


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_slope_agrees_with_differences(objective: str) -> None:
    prices = np.array([0.71, 0.63, 0.52, 0.41])
    _, slope = _value_and_slope(prices, 2, 0.5, objective)
    for k, nudge in enumerate(np.eye(4) * 1e-6):
        up, down = (_value_and_slope(prices + sign * nudge, 2, 0.5, objective)[0] for sign in (1, -1))
        assert slope[k] == pytest.approx((up - down) / 2e-6, abs=1e-6)


def test_one_common_value() -> None:
    """delta = 1. Welfare: sell all at 0. Revenue, 4 agents, 2 items: 2/3 twice, 1/3 twice, earns 2/3."""
    assert best_static(4, 2, 1.0, "welfare", True).value == pytest.approx(1.0)
    assert best_static(4, 2, 1.0, "revenue", True).value == pytest.approx(2 / 3)
    assert best_static(4, 2, 1.0, "revenue", False).value == pytest.approx(2 / 4)


@pytest.mark.parametrize(("n", "m"), [(3, 2), (4, 1), (5, 2), (4, 3), (2, 5)])
def test_the_revenue_of_one_common_value_is_best_down_staircases(n: int, m: int) -> None:
    """A staircase of L steps sells a copy for L / 2(L + 1); no prices on a grid and in any order earn more."""
    best = best_static(n, m, 1.0, "revenue", True).value
    steps = [(n - 1 - copy) // m + 1 for copy in range(min(n, m))]
    assert best == pytest.approx(sum(length / (2 * (length + 1)) for length in steps))
    grid = product(np.linspace(0.1, 0.9, 9 if n < 5 else 5), repeat=n)
    assert max(static_value(np.array(prices), m, 1.0, "revenue") for prices in grid) <= best + 1e-12


def test_the_numerical_error_is_reported() -> None:
    found = best_static(6, 2, 0.5, "welfare", True)
    finer = static_value(found.prices, 2, 0.5, "welfare", 50_000)
    assert abs(found.value - finer) <= found.error + 1e-9 < 1e-6
