from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import TENTHS, Case, cases, integers, played, rows_of, setting_of, steps, wanted, worth

from spm.market import Market, first_best
from spm.settings import valuations

STATE = (
    "agents_left",
    "items_left",
    "bought",
    "posted",
    "payments",
    "visited_at",
    "rounds",
    "allocation",
    "received",
)


def state(market: Market) -> dict[str, np.ndarray]:
    """A copy of everything that a market remembers."""
    return {name: getattr(market, name).copy() for name in STATE}


def same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
    """Whether two states are equal."""
    return all((first[name] == second[name]).all() for name in STATE)


def held(market: Market, row: int, agent: int) -> tuple[int, ...]:
    """The types that an agent holds."""
    return tuple(int(t) for t in np.flatnonzero(market.allocation[row, agent]))


@given(cases())
def test_every_purchase_is_the_best_bundle_by_brute_force(case: Case) -> None:
    for k, (market, left) in enumerate(steps(case)):
        for row in map(int, np.flatnonzero(market.rounds == k + 1)):
            agent, prices = int(case.orders[row, k]), case.price_tenths[row, k]
            values = case.tenths[row, agent]
            bundle, best = wanted(case.setting.demand, values, prices, left[row])
            assert held(market, row, agent) == bundle
            gained = market.received[row, agent] - market.payments[row, agent]
            assert gained * TENTHS == pytest.approx(best)


@given(cases())
def test_no_type_is_oversold_and_nothing_gets_lost(case: Case) -> None:
    for market, _ in steps(case):
        assert (market.items_left >= 0).all()
        assert (market.items_left + market.allocation.sum(axis=1) == case.setting.supply).all()


@given(cases())
def test_payments_are_the_posted_prices_of_what_was_bought(case: Case) -> None:
    market = played(case)
    for row in range(case.n_markets):
        for agent in range(case.setting.n_agents):
            asked = case.price_tenths[row, market.visited_at[row, agent]]
            expected = sum(asked[t] for t in held(market, row, agent)) / TENTHS
            assert market.payments[row, agent] == pytest.approx(expected)


@given(cases())
def test_what_was_received_is_the_value_of_what_is_held(case: Case) -> None:
    market = played(case)
    for row, agent in np.ndindex(market.received.shape):
        value = worth(case.setting.demand, case.tenths[row, agent], held(market, row, agent))
        assert market.received[row, agent] * TENTHS == pytest.approx(value)


@given(cases())
def test_posted_prices_are_remembered_where_there_was_an_item_to_post_them_on(case: Case) -> None:
    for k, (market, left) in enumerate(steps(case)):
        for row in map(int, np.flatnonzero(market.rounds == k + 1)):
            expected = case.prices[row, k] * (left[row] > 0)
            assert (market.posted[row, case.orders[row, k]] == expected).all()
        assert (market.posted[market.agents_left] == 0).all()


@given(cases())
def test_welfare_never_exceeds_the_first_best_and_agents_never_lose(case: Case) -> None:
    market = played(case)
    best = first_best(case.setting, case.valuations)
    assert (market.received.sum(axis=1) <= best + 1e-9).all()
    assert (market.payments <= market.received + 1e-9).all()


@given(cases(), st.randoms(use_true_random=False))
def test_relabelling_the_agents_changes_nothing(case: Case, random: np.random.Generator) -> None:
    labels = list(range(case.setting.n_agents))
    random.shuffle(labels)  # the agent called labels[i] is now called i
    relabelled = Case(case.setting, case.tenths[:, labels], np.argsort(labels)[case.orders], case.price_tenths)
    before, after = played(case), played(relabelled)
    for name in ("bought", "posted", "payments", "visited_at", "received"):
        assert (getattr(after, name) == getattr(before, name)[:, labels]).all()


@given(cases())
def test_a_batch_is_a_loop_of_single_markets(case: Case) -> None:
    together = state(played(case))
    for row in range(case.n_markets):
        alone = state(played(rows_of(case, np.array([row]))))
        assert same(alone, {name: values[[row]] for name, values in together.items()})


@given(cases(), st.data())
def test_markets_that_are_over_are_left_untouched(case: Case, data: st.DataObject) -> None:
    market = played(case)
    assert market.over.all()
    before = state(market)
    agents = data.draw(integers((len(market),), case.setting.n_agents - 1))
    outcome = market.visit(agents, np.full((len(market), case.setting.n_types), -1.0))
    assert same(state(market), before)
    assert (outcome == len(market.bundles) - 1).all()


@given(cases())
def test_an_episode_ends_when_no_agent_or_no_item_is_left(case: Case) -> None:
    for k, (market, _) in enumerate(steps(case)):
        ended = ~market.agents_left.any(axis=1) | (market.items_left.sum(axis=1) == 0)
        assert (market.over == ended).all()
        assert (market.over | (market.rounds == k + 1)).all()
    assert (market.rounds == (market.visited_at >= 0).sum(axis=1)).all()


@given(cases())
def test_reopened_rows_are_new_and_the_others_are_untouched(case: Case) -> None:
    market, new = played(case), Market(case.setting, case.valuations[:1])
    before = state(market)
    market.open(np.array([0]), case.valuations[:1])
    assert same({name: values[:1] for name, values in state(market).items()}, state(new))
    rest = slice(1, None)
    assert same({n: v[rest] for n, v in state(market).items()}, {n: v[rest] for n, v in before.items()})


def one(demand: str, supply: tuple[int, ...], values: list[float]) -> Market:
    """One market with two agents of the same values."""
    return Market(setting_of(demand, 2, supply), valuations(demand, np.array([[values, values]])))


@pytest.mark.parametrize(
    ("values", "prices", "taken"),
    [
        ([0.5], [0.5], [1]),  # indifferent: buys
        ([0.3], [0.1 + 0.2], [1]),  # indifferent but for rounding: buys
        ([0.0], [0.0], [0]),  # worthless: never taken, not even for nothing
        ([0.5], [0.6], [0]),  # too dear
        ([0.5, 0.7], [0.3, 0.5], [1, 0]),  # equally good types: the lowest
        ([0.0, 0.2], [0.0, 0.2], [0, 1]),  # a worthless type is no tie
    ],
)
def test_ties_with_unit_demand(values: list[float], prices: list[float], taken: list[int]) -> None:
    market = one("unit", (1,) * len(values), values)
    market.visit(np.array([0]), np.array([prices]))
    assert market.allocation[0, 0].tolist() == taken


@pytest.mark.parametrize(
    ("demand", "values"), [("additive", [0.1, 0.2, 0.0]), ("combinatorial", [0, 0.1, 0.2, 0.3] * 2)]
)
def test_ties_between_bundles_go_to_the_largest_useful_one(demand: str, values: list[float]) -> None:
    """0.1 + 0.2 is not 0.3 in floating point: rounding must not decide whether she buys."""
    market = one(demand, (1, 1, 1), values)
    market.visit(np.array([0]), np.array([[0.1, 0.2, 0.0]]))
    assert market.allocation[0, 0].tolist() == [1, 1, 0]


def test_an_agent_can_be_visited_only_once() -> None:
    market = one("unit", (2,), [0.5])
    market.visit(np.array([1]), np.array([[0.0]]))
    with pytest.raises(ValueError, match="an agent can be visited only once"):
        market.visit(np.array([1]), np.array([[0.0]]))


@pytest.mark.parametrize("price", [-0.1, np.nan, np.inf])
def test_prices_must_be_finite_and_at_least_0(price: float) -> None:
    market = one("unit", (1, 1), [0.5, 0.5])
    before = state(market)
    with pytest.raises(ValueError, match="posted prices must be finite numbers of at least 0"):
        market.visit(np.array([0]), np.array([[0.2, price]]))
    assert same(state(market), before)
