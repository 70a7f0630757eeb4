"""Theorem 1: what must be remembered, and what it costs to forget.

*Sufficiency.* A deterministic policy's history can be rebuilt from what every agent holds and who is left: the
policy says whom it visits first and at what prices, the allocation says what she took, and so on
(:func:`rebuild_history`). Hence allocation and agents left support every policy, for any objective.

*Lower bound.* In :func:`spm.settings.constructions.theorem_1` agents in N reveal one of M matchings with the
items, and the prize should go to the first of two further agents exactly if her value is above the last one's,
which depends on the matching. No two matchings allow the same optimal continuation (:func:`required_memory`
solves every one), so an optimal policy needs M states of memory, log2 M = Omega(min{n, m} log max{n, m}) bits.
Agents and items left tell only *which* items are gone, one of C(m, n) sets.

*Space.* A *holding* says of every agent that she is left, or what she took. :func:`holdings` counts them all,
:func:`holdings_of_policy` those that one deterministic policy can meet, and :func:`space` sets their bits against
the bounds of Corollaries 1 to 3. :func:`reached` lists the latter one by one, as a check on the formula.

*What forgetting costs.* Too little memory need not lose value: an adaptive order can write what was learned
into the set of agents left. :func:`cost_of_forgetting` solves for the best policy that sees agents and items left
only (:mod:`spm.compendium.theory.restricted`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import product
from math import comb, log2, perm

import numpy as np
import pandas as pd

from spm.compendium.theory.economies import UNVISITED, Economy, HistoryState, economy
from spm.compendium.theory.histories import HistorySolver, agents_left, items_left, visit
from spm.compendium.theory.offers import NOTHING, Vector
from spm.compendium.theory.restricted import Order, best_restricted
from spm.exact import History, Policy, Visit
from spm.settings import Setting, identity, kitchen_sink, prop_5, theorem_1

MATCHING_SIZES = ((1, 3), (1, 5), (2, 3), (2, 5), (2, 7), (3, 4), (3, 5))
"""Revealing agents and items of the members of Theorem 1's family that are solved."""
SPACE_SIZES = tuple((n, m) for n in (1, 4, 64, 1024) for m in (1, 4, 64, 1024))
"""Numbers of agents and items for which holdings are counted."""


def rebuild_history(policy: Policy, allocation: Sequence[Vector], left: Collection[int]) -> History:
    """Return the history in which a deterministic policy has reached ``allocation`` with the agents ``left``.

    Args:
        policy: whom to visit after a history, and at what prices.
        allocation: the 0/1 allocation matrix, one bundle per agent, ``(n, T)``.
        left: agents not yet visited.

    Raises:
        ValueError: the policy cannot have led there, since it would now visit someone who is left or was visited.

    >>> in_turn = lambda history: (len(history), (1,))
    >>> [visit.bundle for visit in rebuild_history(in_turn, [(1,), (0,), (0,)], left={2})]
    [(1,), (0,)]
    """
    history: History = ()
    open_ = set(range(len(allocation))) - set(left)
    while open_:
        agent, prices = policy(history)
        if agent not in open_:
            raise ValueError(f"the policy visits agent {agent} in round {len(history) + 1}: it did not lead here")
        open_.remove(agent)
        history += (Visit(agent, prices, allocation[agent]),)
    return history


def revealed(market: Economy, n_revealing: int) -> list[HistoryState]:
    """Return the states after the first ``n_revealing`` agents were visited at prices 0, one per matching."""
    layer = [market.start]
    for agent in range(n_revealing):
        free = (0,) * len(market.supply)
        layer = [after for state in layer for after in visit(market, state, agent, free).after.values()]
    return layer


def required_memory(sizes: Sequence[tuple[int, int]] = MATCHING_SIZES) -> pd.DataFrame:
    """Count the continuations that optimal policies must tell apart in Theorem 1's family.

    Args:
        sizes: revealing agents n and items m that they are matched to, n <= m.

    Returns:
        One row per size: matchings M; continuations, the largest number of matchings found no two of which share
        an optimal visit; bits, log2 of that; the bound min{n, m} log2 max{n, m}; and how many of the matchings
        agents and items left, and the allocation, tell apart.

    >>> required_memory([(2, 3)]).iloc[0][["matchings", "continuations", "agents and items left"]].tolist()
    [6.0, 6.0, 3.0]
    """
    rows = []
    for n, m in sizes:
        # One state per matching; each needs a visit that is optimal in no other.
        market = economy(theorem_1(n, m))
        states = revealed(market, n)
        needed = _disjoint(HistorySolver(market), states)
        seen = {(agents_left(state), items_left(market, state)) for state in states}
        held = {state.bought for state in states}
        rows.append((n, m, len(states), needed, log2(needed), min(n, m) * log2(max(n, m)), len(seen), len(held)))
    names = ["n", "m", "matchings", "continuations", "bits", "min log max", "agents and items left", "allocations"]
    return pd.DataFrame(rows, columns=names)


def _disjoint(solver: HistorySolver, states: Sequence[HistoryState]) -> int:
    """How many of ``states``, taken greedily, have optimal visits none of which is optimal in another one."""
    taken: set[tuple[int, Vector]] = set()
    count = 0
    for state in states:
        optimal = {(move.agent, move.prices) for move in solver.optimal_moves(state)}
        if taken.isdisjoint(optimal):
            taken |= optimal
            count += 1
    return count


def holdings(n_agents: int, n_items: int) -> int:
    """Return the number of pairs of an allocation and a set of agents left: unit demand, different items.

    >>> holdings(1, 1)  # not visited, or visited with the item or without
    3
    """
    # k agents hold k different items; each of the others is left or went without.
    most = min(n_agents, n_items)
    return sum(comb(n_agents, k) * perm(n_items, k) * 2 ** (n_agents - k) for k in range(most + 1))


def holdings_of_policy(n_agents: int, n_items: int) -> int:
    """Return how many of these a given deterministic policy can meet, whatever agents buy.

    By :func:`rebuild_history` they are as many as its histories: in each round the agent whom the policy visits
    takes nothing or one of the items left, until no agent or no item is left.

    >>> holdings_of_policy(2, 1)  # sold in round 1 or 2; or not sold after 0, 1 or 2 rounds
    5
    """
    # k < m items sold in t rounds: C(t, k) m! / (m - k)! ways. Summed over t = 0..n, C(t, k) is C(n + 1, k + 1).
    open_ = sum(comb(n_agents + 1, k + 1) * perm(n_items, k) for k in range(min(n_agents + 1, n_items)))
    # All m sold, the last one in round t: C(t - 1, m - 1) m! ways. Summed over t this is C(n, m) m!.
    return open_ + perm(n_agents, n_items)


def reached(n_agents: int, n_items: int, seed: int = 0) -> list[Vector]:
    """Return the holding after every history of a deterministic policy that is drawn with ``seed``.

    Each is ``(n,)``: an agent's item, ``NOTHING``, or ``UNVISITED``.

    >>> sorted(reached(1, 1))
    [(-2,), (-1,), (0,)]
    """
    found, pending = [], [(UNVISITED,) * n_agents]
    while pending:
        held = pending.pop()
        found.append(held)
        free = set(range(n_items)).difference(held)
        left = [i for i, choice in enumerate(held) if choice == UNVISITED]
        if left and free:
            # The draw depends on the holding alone, so the same holding always gets the same visit.
            agent = int(np.random.default_rng([seed, *(choice + 2 for choice in held)]).choice(left))
            pending += [(*held[:agent], choice, *held[agent + 1 :]) for choice in (NOTHING, *free)]
    return found


def count_by_hand(n_agents: int, n_items: int) -> tuple[int, int]:
    """Return what :func:`holdings` and :func:`holdings_of_policy` should be, by listing every case.

    >>> count_by_hand(2, 1) == (holdings(2, 1), holdings_of_policy(2, 1))
    True
    """
    every = product((UNVISITED, NOTHING, *range(n_items)), repeat=n_agents)
    taken = ([choice for choice in held if choice >= 0] for held in every)
    return sum(len(set(items)) == len(items) for items in taken), len(set(reached(n_agents, n_items)))


def space(sizes: Sequence[tuple[int, int]] = SPACE_SIZES) -> pd.DataFrame:
    """Compare the bits that allocation and agents left take with the bounds of Corollaries 1 to 3.

    Args:
        sizes: numbers of agents n and of items m.

    Returns:
        One row per size: bits of all holdings (``any policy``) and of those that one deterministic policy meets
        (``one policy``), and the bounds. Logarithms are log2(x + 1), so that a single agent or item counts too.

    >>> space([(1, 1)]).round(2).iloc[0].tolist()  # 3 holdings, all of which one policy can meet
    [1.0, 1.0, 1.58, 1.58, 1.0, 1.0, 1.0]
    """
    rows = []
    for n, m in sizes:
        log_n, log_m = log2(n + 1), log2(m + 1)
        bits = log2(holdings(n, m)), log2(holdings_of_policy(n, m))
        rows.append((n, m, *bits, n * log_m, m * log_n, min(n, m) * max(log_n, log_m)))
    names = ["n", "m", "any policy", "one policy", "n log m", "m log n", "min log max"]
    return pd.DataFrame(rows, columns=names)


def revealing_first(n_revealing: int) -> Order:
    """Return the rule that the first ``n_revealing`` agents are visited, in some order, before the others.

    >>> from spm.settings import prop_5
    >>> revealing_first(1)(economy(prop_5()).start)
    (0,)
    """

    def order(state: HistoryState) -> Vector:
        left = agents_left(state)
        return tuple(agent for agent in left if agent < n_revealing) or left

    return order


def cost_of_forgetting() -> pd.DataFrame:
    """Compare the best deterministic policies that see agents and items left, or the allocation, with the optimum.

    Returns:
        One row per setting and rule on the order: the optimum with full memory and the exact values of
        ``allocation`` and ``items-agents-left``, before normalisation, and the loss of the latter.

    >>> table = cost_of_forgetting()
    >>> [str(loss) for loss in table["loss"]]
    ['0', '0', '5/4', '1/21', '1/24']
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
