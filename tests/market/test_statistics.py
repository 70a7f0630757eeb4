from __future__ import annotations

import pickle
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from strategies import Case, cases, integers, setting_of, steps

from spm.market import BLOCKS, STATISTICS, Block, Market, Observation, Statistic, get_statistic, statistic
from spm.market.statistics import MORE_STATISTICS
from spm.mechanisms import decode
from spm.settings import get_setting, valuations

LEVELS = list(STATISTICS)


def columns(name: str, case: Case, market: Market) -> dict[str, np.ndarray]:
    """The observation cut into blocks as the layout table says."""
    table = STATISTICS[name].layout(case.setting)
    observed = STATISTICS[name].observe(market)
    ends = zip(table["block"], table["start"], table["stop"], strict=True)
    return {block: observed[:, start:stop] for block, start, stop in ends}


def test_the_statistics_are_the_papers_five() -> None:
    assert LEVELS == ["none", "agents-left", "items-agents-left", "allocation", "price-allocation"]


@pytest.mark.parametrize("name", LEVELS)
@given(case=cases())
def test_the_layout_table_describes_the_columns(name: str, case: Case) -> None:
    statistic, setting = STATISTICS[name], case.setting
    table = statistic.layout(setting)
    assert table["block"].tolist() == [block.name for block in statistic.blocks]
    assert table["start"].tolist() == [0, *table["stop"][:-1]]
    for market, _ in steps(case):
        observed = statistic.observe(market)
        assert observed.shape == (case.n_markets, statistic.width(setting))
        assert statistic.width(setting) == table["stop"].iloc[-1]
        assert observed.dtype == np.float32
        assert ((observed >= 0) & (observed <= 1)).all()


@given(case=cases())
def test_each_block_holds_what_its_row_says(case: Case) -> None:
    n_agents, n_types = case.setting.n_agents, case.setting.n_types
    for market, _ in steps(case):
        found = columns("price-allocation", case, market)
        matrix = (case.n_markets, n_agents, n_types)
        sold = market.allocation.sum(axis=1)
        assert found["items"] == pytest.approx(1 - sold / np.array(case.setting.supply))
        assert (found["agents"] == (market.visited_at < 0)).all()
        assert (found["allocation"].reshape(matrix) == market.allocation).all()
        assert (found["prices"].reshape(matrix) == market.posted.astype(np.float32)).all()


@given(case=cases())
def test_a_richer_statistic_contains_every_block_of_a_poorer_one(case: Case) -> None:
    for market, _ in steps(case):
        for poorer, richer in pairwise(LEVELS[1:]):
            less, more = columns(poorer, case, market), columns(richer, case, market)
            assert all((less[block] == more[block]).all() for block in less)


@given(case=cases(), data=st.data())
def test_hidden_history_stays_hidden(case: Case, data: st.DataObject) -> None:
    """Other values and prices, same order: a poor statistic can't tell until somebody runs out of items."""
    other = Case(
        case.setting,
        data.draw(integers(case.tenths.shape, 10)),
        case.orders,
        data.draw(integers(case.price_tenths.shape, 10)),
    )
    if case.setting.demand == "combinatorial":
        other.tenths[..., 0] = 0
    for (first, _), (second, _) in zip(steps(case), steps(other), strict=True):
        both = first.rounds == second.rounds
        assert (STATISTICS["none"].observe(first) == STATISTICS["none"].observe(second)).all()
        seen = [STATISTICS["agents-left"].observe(market)[both] for market in (first, second)]
        assert (seen[0] == seen[1]).all()


def two_agents(values: list[float], prices: list[list[float]]) -> dict[str, Observation]:
    """Every statistic after both of three agents were visited at ``prices``; two copies of one type."""
    market = Market(setting_of("unit", 3, (2,)), valuations("unit", np.array([[[v] for v in values]])))
    for agent, price in enumerate(prices):
        market.visit(np.array([agent]), np.array([price]))
    return {name: statistic.observe(market)[0] for name, statistic in STATISTICS.items()}


def differing(first: dict[str, Observation], second: dict[str, Observation]) -> list[str]:
    """Statistics that can tell two histories apart."""
    return [name for name in LEVELS if (first[name] != second[name]).any()]


def test_what_each_statistic_can_tell_apart() -> None:
    base = two_agents([0.5, 0.0, 0.9], [[0.2], [0.2]])
    another_buyer = two_agents([0.0, 0.5, 0.9], [[0.2], [0.2]])
    another_price = two_agents([0.5, 0.0, 0.9], [[0.2], [0.3]])
    nobody_bought = two_agents([0.0, 0.0, 0.9], [[0.2], [0.2]])
    one_visit = two_agents([0.5, 0.0, 0.9], [[0.2]])
    assert differing(base, another_buyer) == LEVELS[3:]
    assert differing(base, another_price) == LEVELS[4:]
    assert differing(base, nobody_bought) == LEVELS[2:]
    assert differing(base, one_visit) == LEVELS[1:]


def histories_by_observation(name: str, seed: int) -> dict[bytes, set[bytes]]:
    """All histories that a random deterministic policy of the ``allocation`` statistic meets, by observation."""
    rng, setting = np.random.default_rng(seed), setting_of("unit", 5, (2, 1))
    market = Market(setting, valuations("unit", rng.integers(0, 6, (3000, 5, 2)) / 5))
    statistic, sees = STATISTICS[name], STATISTICS["allocation"]
    weights = 3 * rng.normal(size=(sees.width(setting), 7))
    met: dict[bytes, set[bytes]] = {}
    while not market.over.all():
        market.visit(*decode(np.sin(sees.observe(market) @ weights + 1), market.agents_left))
        history = np.concatenate([market.visited_at, market.bought, market.posted.reshape(3000, -1)], axis=1)
        for seen, past in zip(statistic.observe(market), history, strict=True):
            met.setdefault(seen.tobytes(), set()).add(past.tobytes())
    return met


@pytest.mark.parametrize("seed", range(5))
def test_theorem_1_the_allocation_and_the_agents_left_determine_the_history(seed: int) -> None:
    for name in ("allocation", "price-allocation"):
        met = histories_by_observation(name, seed)
        assert len(met) > 20
        assert all(len(pasts) == 1 for pasts in met.values())
    poorer = histories_by_observation("items-agents-left", seed)
    assert any(len(pasts) > 1 for pasts in poorer.values())


def test_an_unknown_statistic_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="unknown statistic 'alocation'; did you mean allocation"):
        get_statistic("alocation")


def test_widths_of_a_panel() -> None:
    colors = get_setting("colors")
    widths = [STATISTICS[name].width(colors) for name in LEVELS]
    assert widths == [1, 30, 2 + 30, 2 + 30 + 60, 2 + 30 + 60 + 60]


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spm.market.statistics.MORE_STATISTICS", MORE_STATISTICS.copy())


def paid(share: float) -> Callable[[Market], NDArray[np.generic]]:
    """A block's entries as a notebook's cell defines them: a share of what all have paid."""
    return lambda market: share * market.payments.sum(axis=1, keepdims=True)


def test_an_own_statistic_has_its_entries_beside_the_blocks_named(registry: None) -> None:
    statistic("paid", beside=["items"])(paid(0.5))
    market = Market(setting_of("unit", 3, (2,)), valuations("unit", np.array([[[0.9], [0.5], [0.5]]])))
    market.visit(np.array([0]), np.array([[0.5]]))
    assert get_statistic("paid").observe(market).tolist() == [[0.5, 0.25]]
    assert get_statistic("paid").layout(market.setting)["block"].tolist() == ["items", "paid"]
    assert not get_statistic("paid").is_static


def test_a_cell_may_be_run_again_but_not_with_another_statistic(registry: None) -> None:
    statistic("paid")(paid(0.5))
    statistic("paid")(paid(0.5))
    another = "statistic 'paid' is another one already; choose a new name"
    with pytest.raises(ValueError, match=another):
        statistic("paid")(paid(0.25))
    with pytest.raises(ValueError, match=another):
        statistic("paid", beside=["items"])(paid(0.5))
    with pytest.raises(ValueError, match="unknown block 'item'; did you mean items"):
        statistic("more", beside=["item"])(paid(0.5))


@pytest.mark.parametrize("name", [*LEVELS, "belief"])
def test_a_built_in_statistic_can_be_pickled_and_is_known_by_names(name: str) -> None:
    found = pickle.loads(pickle.dumps(get_statistic(name)))
    assert found == get_statistic(name)
    assert found.as_dict()["blocks"] == [block.name for block in found.blocks]


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "name": (lambda: Statistic("", "Mine", (BLOCKS["items"],)), "name must be a text that is not empty, not ''"),
    "blocks": (lambda: Statistic("mine", "Mine", ("items",)), r"needs a tuple of Block objects, not \('items',\)"),  # type: ignore[arg-type]
    "no blocks": (lambda: Statistic("mine", "Mine", ()), r"needs a tuple of Block objects, not \(\)"),
    "type": (lambda: get_statistic(3), "a statistic is a Statistic or the name of one, not 3"),  # type: ignore[arg-type]
    "taken": (lambda: own(paid(1), name="none"), "statistic 'none' is another one already"),
    "width": (lambda: own(paid(1), 2), r"block 'paid' must have shape \(3, 2\) for 3 markets, not \(3, 1\)"),
    "row": (lambda: own(lambda m: m.payments.sum(axis=1)), r"must have shape \(3, 1\) for 3 markets, not \(3,\)"),
    "nan": (lambda: own(paid(np.nan)), "block 'paid' must hold finite numbers"),
}


def own(entries: Any, width: int = 1, name: str = "mine") -> None:
    """Check a statistic of one block."""
    Statistic(name, "Mine", (Block("paid", width, entries),)).check(get_setting("kitchen-sink"))


@pytest.mark.parametrize("what", BAD)
def test_a_bad_statistic_is_refused(what: str) -> None:
    make, message = BAD[what]
    with pytest.raises(ValueError, match=message):
        make()
