from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import comb, log2, perm

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm.compendium.theory.economies import UNVISITED, HistoryState, economy
from spm.compendium.theory.histories import HistorySolver, Move
from spm.compendium.theory.memory import (
    MATCHING_SIZES,
    cost_of_forgetting,
    count_by_hand,
    holdings,
    holdings_of_policy,
    reached,
    rebuild_history,
    required_memory,
    space,
)
from spm.exact import History, Policy, Visit
from spm.settings import Setting, Values, theorem_1, vector


def random_policy(seed: int, n_agents: int, n_types: int) -> Policy:
    """A deterministic policy whose visits are drawn from a generator seeded by the whole history."""

    def policy(history: History) -> tuple[int, Values]:
        numbers = [(event.agent, *(int(p) for p in event.prices), *event.bundle) for event in history]
        words = [seed, *(number for row in numbers for number in row)]
        rng = np.random.default_rng(np.random.SeedSequence(words))
        left = sorted(set(range(n_agents)) - {event.agent for event in history})
        return int(rng.choice(left)), vector(rng.integers(0, 8, n_types).tolist())

    return policy


@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(1, 4))
def test_history_is_rebuilt_from_allocation_and_agents_left(seed: int, n: int, n_types: int) -> None:
    rng = np.random.default_rng(seed)
    policy = random_policy(seed, n, n_types)
    allocation = [(0,) * n_types] * n
    history: History = ()
    left = set(range(n))
    for _ in range(n):
        assert rebuild_history(policy, allocation, left) == history
        agent, prices = policy(history)
        bundle = tuple(rng.integers(0, 2, n_types).tolist())
        left.remove(agent)
        allocation[agent] = bundle
        history = (*history, Visit(agent, prices, bundle))
    assert rebuild_history(policy, allocation, left) == history


def test_an_impossible_set_of_agents_left_is_refused() -> None:
    with pytest.raises(ValueError, match="round 1"):
        rebuild_history(lambda history: (0, vector(1)), [(0,), (1,)], left={0})
    with pytest.raises(ValueError, match="round 2"):
        rebuild_history(lambda history: (0, vector(1)), [(0,), (1,)], left=set())


@pytest.mark.endurance
def test_every_matching_needs_its_own_continuation() -> None:
    table = required_memory(MATCHING_SIZES)
    for k, (n, m) in enumerate(MATCHING_SIZES):
        counts = table[["matchings", "continuations", "allocations"]].iloc[k].tolist()
        assert counts == [perm(m, n)] * 3
        assert table["agents and items left"].iloc[k] == comb(m, n)
        assert m <= 2 * n or table["bits"].iloc[k] >= n * (log2(m) - 1)


def optimal_visits(setting: Setting) -> Iterator[tuple[HistoryState, Move]]:
    """Every visit that some optimal SPM makes, with the state in which it does."""
    market = economy(setting)
    solver = HistorySolver(market)
    met, pending = {market.start}, [market.start]
    while pending:
        state = pending.pop()
        for move in solver.optimal_moves(state):
            yield state, move
            fresh = set(move.after.values()) - met
            met |= fresh
            pending.extend(fresh)


def visits_in_doubt(n_revealing: int, n_items: int) -> int:
    """How often an optimal SPM of Theorem 1's family offers the prize before all revealing agents were visited.

    With more items than they can take, 0 is what the lower bound needs: by then all optimal SPMs have seen the
    whole matching, and agents left tell nothing of it.
    """
    return sum(
        move.agent == n_revealing and UNVISITED in state.bought[:n_revealing]
        for state, move in optimal_visits(theorem_1(n_revealing, n_items))
    )


def test_optimal_mechanisms_see_the_whole_matching_first() -> None:
    assert visits_in_doubt(1, 3) == visits_in_doubt(2, 3) == 0
    assert visits_in_doubt(2, 2) > 0  # with as many items as agents the last one's is known before


def test_cost_of_forgetting() -> None:
    table = cost_of_forgetting().set_index(["setting", "order"])
    assert (table["allocation"] == table["optimum"]).all()
    assert (table["optimum"] - table["items-agents-left"] == table["loss"]).all()
    assert table.loc[("ID", "any"), "loss"] == 0
    assert table.loc[("ID", "agents 1 to 3 first"), "loss"] == Fraction(5, 4)
    assert (table.drop(index=[("ID", "any"), ("Kitchen sink", "any")])["loss"] > 0).all()


@pytest.mark.parametrize("n", range(1, 5))
@pytest.mark.parametrize("m", range(1, 5))
def test_holdings_are_counted_as_their_lists(n: int, m: int) -> None:
    assert (holdings(n, m), holdings_of_policy(n, m)) == count_by_hand(n, m)


@pytest.mark.parametrize("seed", range(5))
def test_every_policy_meets_as_many_holdings_and_none_twice(seed: int) -> None:
    found = reached(4, 3, seed)
    assert len(found) == len(set(found)) == holdings_of_policy(4, 3)


def test_holdings_with_one_item_or_one_agent_by_hand() -> None:
    # One item: nobody holds it and any set is left, or a holder and any set of the others.
    assert holdings(3, 1) == 2**3 + 3 * 2**2
    # Under one policy: 0 to n rounds without a sale, or sold in one of them.
    assert holdings_of_policy(100, 1) == 101 + 100
    # One agent: left, or visited with one of the items or none.
    assert holdings(1, 100) == holdings_of_policy(1, 100) == 102


def test_only_the_known_policy_keeps_within_the_bounds() -> None:
    table = space()
    for bound in ("n log m", "m log n", "min log max"):
        assert (table["one policy"] <= 2 * table[bound]).all()
    assert (table["any policy"] <= 2 * table["n log m"]).all()
    assert (table["any policy"] > 2 * table["m log n"]).any()
