from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from spm.compendium.theory.economies import economy
from spm.compendium.theory.histories import HistorySolver, history_optimum, is_over, tree_value
from spm.settings import (
    Lottery,
    Setting,
    finite_setting,
    get_setting,
    model,
    prop_1,
    prop_7,
    surely,
    theorem_1,
    uniform,
)
from spm.settings.constructions import prop_2

OBJECTIVES = ("welfare", "revenue", "max-min")


def correlated_setting(rng: np.random.Generator, objective: str) -> Setting:
    """Two worlds with agents' own lotteries over small values: 2 agents and 2 types, or 3 agents and 1 type."""
    n_types = int(rng.integers(1, 3))
    n_agents = 4 - n_types

    def lottery() -> Lottery:
        return uniform(*rng.integers(0, 5, size=(2, n_types)).tolist())

    worlds = [("1/3", [lottery() for _ in range(n_agents)]), ("2/3", [lottery() for _ in range(n_agents)])]
    supply = {f"type {t}": int(rng.integers(1, 3)) for t in range(n_types)}
    values = model({f"agent {i}": 1 for i in range(n_agents)}, worlds)
    return finite_setting("random", "Random", supply, values, objective=objective)


def iid_one_item(n_agents: int, objective: str) -> Setting:
    values = model({"agent": n_agents}, [(1, [uniform(1, 3)])])
    return finite_setting("iid", "IID", {"item": 1}, values, objective=objective)


@pytest.mark.parametrize("n_agents", [1, 2, 3])
def test_one_item_iid_has_a_closed_form(n_agents: int) -> None:
    # Offer it above 1 to all but the last. She is left with it with probability 2^-(n-1).
    missed = Fraction(1, 2 ** (n_agents - 1))
    assert history_optimum(iid_one_item(n_agents, "welfare")) == 3 * (1 - missed) + 2 * missed
    assert history_optimum(iid_one_item(n_agents, "revenue")) == 3 * (1 - missed) + Fraction(3, 2) * missed


def test_max_min_shares_two_items_as_values_tell() -> None:
    worlds = [("1/2", [surely([4, 1]), surely([3, 3])]), ("1/2", [surely([1, 5]), surely([2, 9])])]
    values = model({"a": 1, "b": 1}, worlds)
    fair = finite_setting("fair", "Fair", {"x": 1, "y": 1}, values, objective="max-min")
    assert history_optimum(fair) == Fraction(3, 2) + Fraction(2, 2)


def test_known_optima() -> None:
    id_optimum = 60 * (Fraction(3, 8) + 2 * Fraction(1, 2)) + Fraction(3, 8) * (20 + 21 * Fraction(3, 8))
    for setting, value in [
        (get_setting("id"), id_optimum),
        (get_setting("kitchen-sink"), Fraction(1637, 1250)),
        (prop_1(), Fraction(5, 2)),
        (prop_2(), Fraction(19, 4)),
        (prop_7(), 10 + Fraction(11, 2)),
    ]:
        market = economy(setting)
        assert market.exact(HistorySolver(market).value(market.start)) == value


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_merging_equal_states_changes_nothing(objective: str) -> None:
    for child in np.random.SeedSequence(1).spawn(12):
        market = economy(correlated_setting(np.random.default_rng(child), objective))
        assert HistorySolver(market).value(market.start) == tree_value(market, market.start)


def test_optimal_moves_keep_the_optimum_and_end_with_it() -> None:
    market = economy(theorem_1(1, 2))
    solver = HistorySolver(market)
    pending = [market.start]
    while pending:
        state = pending.pop()
        found = solver.optimal_moves(state)
        assert bool(found) != is_over(market, state)
        assert all(solver.promise(move) == solver.value(state) for move in found)
        assert all(sum(len(s.possible) for s in move.after.values()) == len(state.possible) for move in found)
        pending.extend(after for move in found[:2] for after in move.after.values())


def test_theorem_1_attains_the_first_best() -> None:
    market = economy(theorem_1(2, 3))
    prizes = [max(profile[2][3], profile[3][3]) for profile in market.profiles]
    best = sum(w * (2 * market.ticks + prize) for w, prize in zip(market.weights, prizes, strict=True))
    assert HistorySolver(market).value(market.start) == best
