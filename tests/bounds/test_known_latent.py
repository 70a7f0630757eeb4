from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm.bounds import upper_bound
from spm.bounds.known_latent import CountPrices, iid_optimum, known_latent, mean_known, visit_reward
from spm.mechanisms import StaticPrices, play
from spm.settings import correlated

ZERO = np.zeros(1)


def test_the_known_value_for_twenty_agents_and_five_items() -> None:
    assert known_latent(20, 5, ZERO, 1.0).values[20, 5, 0] == pytest.approx(4.12928, abs=5e-6)
    assert upper_bound(20, 5, 0.0)[0] == pytest.approx(4.12928, abs=5e-6)


@pytest.mark.parametrize(
    ("objective", "values"),
    [("welfare", [1 / 2, 5 / 8, 89 / 128]), ("revenue", [1 / 4, 25 / 64, (1 + 25 / 64) ** 2 / 4])],
)
def test_closed_forms_for_one_item(objective: str, values: list[float]) -> None:
    """One item: V = (1 + V²)/2 for welfare, ((1 + V)/2)² for revenue."""
    known = known_latent(3, 1, ZERO, 1.0, objective).values[:, 1, 0]
    assert known[1:] == pytest.approx(values)


def discretised(n_agents: int, n_items: int, support: list[float], objective: str) -> float:
    """The optimum for values IID uniform on ``support``, price by price and agent by agent."""
    if n_agents == 0 or n_items == 0:
        return 0.0
    sold = discretised(n_agents - 1, n_items - 1, support, objective)
    unsold = discretised(n_agents - 1, n_items, support, objective)
    totals = [
        sum((v if objective == "welfare" else price) + sold if v >= price else unsold for v in support)
        for price in support
    ]
    return max(totals) / len(support)


@pytest.mark.parametrize("objective", ["welfare", "revenue"])
@pytest.mark.parametrize(("n_agents", "n_items"), [(2, 1), (4, 1), (4, 2), (5, 3)])
def test_agrees_with_brute_force_on_a_discretised_market(objective: str, n_agents: int, n_items: int) -> None:
    support = [0.2 + 0.6 * (k + 0.5) / 60 for k in range(60)]
    exact = known_latent(n_agents, n_items, np.array([0.2]), 0.6, objective).values[n_agents, n_items, 0]
    assert exact == pytest.approx(discretised(n_agents, n_items, support, objective), abs=n_items * 0.6 / 60)


@given(st.integers(1, 12), st.integers(1, 8), st.floats(0, 1), st.sampled_from(["welfare", "revenue"]))
def test_more_agents_items_or_value_never_hurt(n: int, m: int, lower: float, objective: str) -> None:
    values = known_latent(n, m, np.array([lower, lower + 0.1]), 0.5, objective).values
    for axis in range(3):
        assert (np.diff(values, axis=axis) >= -1e-12).all()


@pytest.mark.parametrize("objective", ["welfare", "revenue"])
def test_the_mechanism_earns_its_value_and_more_than_its_neighbours(objective: str) -> None:
    setting = correlated(6, 2, 0.0, objective)
    best = iid_optimum(6, (2,), objective)
    value = known_latent(6, 2, ZERO, 1.0, objective).values[6, 2, 0]
    played = play(best, setting, 20_000)
    assert played.mean == pytest.approx(value, abs=4 * played.standard_error)
    moved = play(CountPrices((np.clip(best.tables[0] + 0.15, 0, 1),)), setting, 20_000)
    assert (played.objective - moved.objective).mean() > 0


def test_tables_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"price tables must have shapes \(\(5, 2\),\), not \(\(5, 3\),\)"):
        play(iid_optimum(4, (2,)), correlated(4, 1, 0.0), 10)


def test_only_sums_over_visits_have_rewards() -> None:
    with pytest.raises(ValueError, match="unknown objective that sums over visits 'max-min'"):
        visit_reward("max-min", ZERO, ZERO, 1.0)


def test_the_mean_over_the_latent_is_bounded_from_above() -> None:
    """The trapezoid rule comes down to the mean of a convex function; welfare is linear: 1/4 m + 1/2 V."""
    revenue = [mean_known(8, 3, 0.5, "revenue", nodes) for nodes in (5, 9, 17, 1001)]
    assert revenue == sorted(revenue, reverse=True)
    iid = known_latent(8, 3, ZERO, 1.0).values[8, 3, 0]
    assert mean_known(8, 3, 0.5) == pytest.approx(0.25 * 3 + 0.5 * iid)


@pytest.mark.parametrize(("n", "m", "delta"), [(8, 3, 0.5), (20, 5, 0.25), (3, 7, 0.9), (6, 2, 1.0)])
def test_two_nodes_are_exact_for_welfare(n: int, m: int, delta: float) -> None:
    assert mean_known(n, m, delta) == pytest.approx(mean_known(n, m, delta, nodes=1001), abs=1e-12)


def test_tables_that_do_not_fit_in_memory_are_refused_with_both_numbers() -> None:
    with pytest.raises(ValueError, match=r"needs about .*iB of memory, and this machine has .*iB"):
        known_latent(10**6, 10**9, ZERO, 1.0)


def test_knowing_the_latent_is_worth_at_least_any_mechanism() -> None:
    setting = correlated(8, 3, 0.5)
    played = play(StaticPrices((0.45,)), setting, 20_000)
    assert played.mean - 4 * played.standard_error < mean_known(8, 3, 0.5)
