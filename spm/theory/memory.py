"""Theorem 1: what must be remembered, and what it costs to forget.

*Sufficiency.* A deterministic policy's history can be rebuilt from what every agent holds and who is left: the
policy says whom it visits first and at what prices, the allocation says what she took, and so on
(:func:`rebuild_history`). Hence allocation and agents left support every policy, for any objective.

*Lower bound.* In :func:`spm.constructions.theorem_1` agents in N reveal one of M matchings with the items, and the
prize should go to the first of two further agents exactly if her value is above the last one's, which
depends on the matching. No two matchings allow the same optimal continuation (:func:`required_memory` solves every
one), so an optimal policy needs M states of memory, log2 M = Omega(min{n, m} log max{n, m}) bits. Agents and items
left tell only *which* items are gone, one of C(m, n) sets.

*What forgetting costs.* Insufficient memory need not lose value: an adaptive order can write what was learned
into the set of agents left. :func:`cost_of_forgetting` solves for the best policy that sees agents and items left
only (:mod:`spm.theory.restricted`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from math import log2
from typing import NamedTuple

import pandas as pd

from spm.constructions import prop_5, theorem_1
from spm.settings import Setting, identity, kitchen_sink
from spm.theory.economies import UNVISITED, Economy, State, economy
from spm.theory.histories import Move, Solver, agents_left, items_left, visit
from spm.theory.offers import Vector
from spm.theory.restricted import Order, best_restricted

SIZES = ((1, 3), (1, 5), (2, 3), (2, 5), (2, 7), (3, 4), (3, 5))
Prices = tuple[float, ...]
Bundle = tuple[int, ...]


class Event(NamedTuple):
    """A round of a history: the agent visited, the posted prices, and the 0/1 bundle she took, both ``(T,)``."""

    agent: int
    prices: Prices
    bundle: Bundle


History = tuple[Event, ...]
Policy = Callable[[History], tuple[int, Prices]]


def rebuild_history(policy: Policy, allocation: Sequence[Bundle], left: Collection[int]) -> History:
    """Return the history in which a deterministic policy has reached ``allocation`` with the agents ``left``.

    Args:
        policy: whom to visit after a history, and at what prices.
        allocation: the 0/1 allocation matrix, one bundle an agent, ``(n, T)``.
        left: agents not yet visited.

    Raises:
        ValueError: the policy cannot have led there, since it would now visit someone who is left or was visited.

    >>> in_turn = lambda history: (len(history), (0.5,))
    >>> rebuild_history(in_turn, [(1,), (0,), (0,)], left={2})
    (Event(agent=0, prices=(0.5,), bundle=(1,)), Event(agent=1, prices=(0.5,), bundle=(0,)))
    """
    history: History = ()
    open_ = set(range(len(allocation))) - set(left)
    while open_:
        agent, prices = policy(history)
        if agent not in open_:
            raise ValueError(f"the policy visits agent {agent} in round {len(history) + 1}: it did not lead here")
        open_.remove(agent)
        history += (Event(agent, prices, allocation[agent]),)
    return history


def revealed(market: Economy, n_revealing: int) -> list[State]:
    """Return the states after the first ``n_revealing`` agents were visited at prices 0, one a matching."""
    layer = [market.start]
    for agent in range(n_revealing):
        free = (0,) * len(market.supply)
        layer = [after for state in layer for after in visit(market, state, agent, free).after.values()]
    return layer


def required_memory(sizes: Sequence[tuple[int, int]] = SIZES) -> pd.DataFrame:
    """Count the continuations that optimal policies must tell apart in Theorem 1's family.

    Args:
        sizes: revealing agents n and items m that they are matched to, n <= m.

    Returns:
        One row a size: matchings M; continuations (the largest number of matchings found no two of which share an
        optimal visit); bits, log2 of that; the bound min{n, m} log2 max{n, m}; and how many
        observations agents and items left, and the allocation, make of the matchings.
    """
    rows = []
    for n, m in sizes:
        market = economy(theorem_1(n, m))
        states = revealed(market, n)
        needed = _disjoint(Solver(market), states)
        seen = {(agents_left(state), items_left(market, state)) for state in states}
        held = {state.bought for state in states}
        rows.append((n, m, len(states), needed, log2(needed), min(n, m) * log2(max(n, m)), len(seen), len(held)))
    names = ["n", "m", "matchings", "continuations", "bits", "min log max", "agents and items left", "allocations"]
    return pd.DataFrame(rows, columns=names)


def _disjoint(solver: Solver, states: Sequence[State]) -> int:
    """How many of ``states``, taken greedily, have optimal visits none of which is optimal in another one."""
    taken: set[tuple[int, Vector]] = set()
    count = 0
    for state in states:
        optimal = {(move.agent, move.prices) for move in solver.optimal_moves(state)}
        if taken.isdisjoint(optimal):
            taken |= optimal
            count += 1
    return count


def optimal_visits(setting: Setting) -> list[tuple[State, Move]]:
    """Return every visit that some optimal SPM of ``setting`` makes, with the state in which it does.

    Raises:
        ValueError: see :func:`spm.theory.economies.economy`.
    """
    market = economy(setting)
    solver = Solver(market)
    reached, pending = {market.start}, [market.start]
    visits = []
    while pending:
        state = pending.pop()
        for move in solver.optimal_moves(state):
            visits.append((state, move))
            fresh = set(move.after.values()) - reached
            reached |= fresh
            pending.extend(fresh)
    return visits


def visits_in_doubt(n_revealing: int, n_items: int) -> int:
    """Return how often an optimal SPM of Theorem 1's family offers the prize to the first agent too early.

    That is, before every revealing agent was visited. If there are more items than they can take, 0 is what the
    lower bound needs: by then all optimal SPMs have seen the whole matching, and agents left tell nothing of it.
    """
    return sum(
        move.agent == n_revealing and UNVISITED in state.bought[:n_revealing]
        for state, move in optimal_visits(theorem_1(n_revealing, n_items))
    )


def revealing_first(n_revealing: int) -> Order:
    """Return the rule that the first ``n_revealing`` agents are visited, in some order, before the others."""

    def order(state: State) -> Vector:
        left = agents_left(state)
        return tuple(agent for agent in left if agent < n_revealing) or left

    return order


def cost_of_forgetting() -> pd.DataFrame:
    """Compare the best deterministic policies that see agents and items left, or the allocation, with the optimum.

    Returns:
        One row a setting and rule on the order: the optimum with full memory and the exact values of
        ``allocation`` and ``items-agents-left``, before normalisation, and the loss of the latter.
    """
    cases: list[tuple[str, Setting, str, Order]] = [
        ("Kitchen sink", kitchen_sink(), "any", agents_left),
        ("ID", identity(), "any", agents_left),
        ("ID", identity(), "agents 1 to 3 first", revealing_first(3)),
        ("Theorem 1, n = 2, m = 3", theorem_1(2, 3), "any", agents_left),
        ("Max-min (footnote 3)", prop_5(), "any", agents_left),
    ]
    rows = []
    for name, setting, rule, order in cases:
        left = best_restricted(setting, "items-agents-left", order)
        allocation = best_restricted(setting, "allocation", order)
        rows.append((name, rule, left.optimum, allocation.value, left.value, left.loss))
    return pd.DataFrame(rows, columns=["setting", "order", "optimum", "allocation", "items-agents-left", "loss"])
