"""Propositions 5 and 6, checked by computation.

*Proposition 5.* With independent values and welfare or revenue as the objective, agents and items left suffice
to determine an optimal policy. The optimum then solves a dynamic programme over agents left A, items left R::

    V(A, R) = max over i in A and prices p of  E[ g_i + V(A - i, R - what i buys) ],   g_i = her value or payment,

which this module solves from the agents' own lotteries and compares, on random settings, with the tree of
whole histories (:func:`spm.compendium.theory.histories.tree_value`). Where values compete (several types),
revenue is maximised in both over the same finite menu of prices (see :mod:`spm.compendium.theory.offers`).

*Proposition 6.* Policies that see only the set of agents left are static orders with static personalised
prices. One agent is visited per round, whatever she buys, so the sets of agents left that a policy meets form
one chain. Here all such policies are run on all profiles of a grid, and the set of mechanisms (maps from profiles
to allocation and payments) is compared with that of all static orders and prices. Note that static personalised
prices with an *adaptive* order (Definition 2 without Definition 3) are more than this: see Proposition 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import cache
from itertools import chain, combinations, permutations, product

import numpy as np
import pandas as pd

from spm.compendium.theory.economies import Economy, economy
from spm.compendium.theory.histories import tree_value
from spm.compendium.theory.offers import NOTHING, Vector, choose, price_menu
from spm.settings import FiniteModel, Lottery, Setting, finite_setting, model

NextVisit = tuple[int, Vector]
Deals = tuple[tuple[int, int], ...]
LARGEST_VALUE = 6


def value_from_left(setting: Setting) -> Fraction:
    """Return the optimum of the dynamic programme over agents and items left, before normalisation.

    Raises:
        ValueError: values are not independent, the objective is not a sum over agents, or see
            :func:`spm.compendium.theory.economies.economy`.

    >>> from spm.settings import prop_1
    >>> value_from_left(prop_1())
    Fraction(5, 2)
    """
    market = economy(setting)
    if not isinstance(setting.model, FiniteModel) or len(setting.model.worlds) > 1:
        raise ValueError(f"setting {setting.name!r} must have independent values: one world, not several")
    if setting.objective.name not in ("welfare", "revenue"):
        raise ValueError(f"setting {setting.name!r} must maximise welfare or revenue, not {setting.objective}")
    lotteries = [setting.model.worlds[0].lotteries[g] for g in setting.model.group_of]
    draws = [[(chance, tuple(int(x * market.ticks) for x in v)) for chance, v in row] for row in lotteries]
    revenue = setting.objective.name == "revenue"

    def gain(agent: int, prices: Vector, agents: frozenset[int], items: Vector) -> Fraction:
        total = Fraction(0)
        for chance, values in draws[agent]:
            # Her value or payment now, and the best that can follow with one copy less.
            t = choose(values, prices, items)
            got = 0 if t == NOTHING else prices[t] if revenue else values[t]
            left = tuple(copies - (s == t) for s, copies in enumerate(items))
            total += chance * (got + best(agents - {agent}, left))
        return total

    @cache
    def best(agents: frozenset[int], items: Vector) -> Fraction:
        on_sale = tuple(min(copies, 1) for copies in items)
        visits = ((i, p) for i in agents for p in price_menu(market.supports[i], on_sale, revenue))
        return max((gain(i, prices, agents, items) for i, prices in visits), default=Fraction(0))

    return best(frozenset(range(setting.n_agents)), setting.supply) / market.ticks


def random_setting(rng: np.random.Generator, objective: str) -> Setting:
    """Return a random setting with independent values: up to 4 agents, 1 or 2 types, 1 or 2 copies of each."""
    n_types = int(rng.integers(1, 3))
    n_agents = int(rng.integers(1, 6 - n_types))
    lotteries = [random_lottery(rng, n_types) for _ in range(n_agents)]
    supply = {f"type {t + 1}": int(rng.integers(1, 3)) for t in range(n_types)}
    values = model({f"agent {i + 1}": 1 for i in range(n_agents)}, [(1, lotteries)])
    return finite_setting("random", "Random", supply, values, objective=objective)


def random_lottery(rng: np.random.Generator, n_types: int) -> Lottery:
    """Return a lottery over two or three value vectors of small integers, with small rational probabilities."""
    shares = [int(share) for share in rng.integers(1, 5, size=rng.integers(2, 4))]
    draws = rng.integers(0, LARGEST_VALUE + 1, size=(len(shares), n_types))
    return tuple(
        (Fraction(share, sum(shares)), tuple(Fraction(int(x)) for x in row))
        for share, row in zip(shares, draws, strict=True)
    )


def check_proposition_5(n_settings: int = 300, seed: int = 5) -> pd.DataFrame:
    """Solve random independent settings twice: over whole histories, and over agents and items left.

    Returns:
        One row per setting: objective, agents, types, items, both optima (fractions, before normalisation), and
        whether they are equal.

    >>> bool(check_proposition_5(10)["equal"].all())
    True
    """
    rows = []
    for k, child in enumerate(np.random.SeedSequence(seed).spawn(n_settings)):
        setting = random_setting(np.random.default_rng(child), ("welfare", "revenue")[k % 2])
        market = economy(setting)
        histories, left = market.exact(tree_value(market, market.start)), value_from_left(setting)
        rows.append(
            (setting.objective.name, setting.n_agents, setting.n_types, sum(setting.supply), histories, left)
        )
    table = pd.DataFrame(
        rows, columns=["objective", "agents", "types", "items", "histories", "agents and items left"]
    )
    return table.assign(equal=table["histories"] == table["agents and items left"])


def run_rule(rule: Callable[[frozenset[int]], NextVisit], profile: Sequence[Vector], supply: Vector) -> Deals:
    """Run a rule that sees the agents left; return what each agent gets and pays, ``(type, payment)`` each.

    >>> run_rule(lambda left: (min(left), (2,)), [(1,), (3,)], (1,))  # agent 0 leaves the item, agent 1 takes it
    ((-1, 0), (0, 2))
    """
    left, items = frozenset(range(len(profile))), list(supply)
    outcome = [(NOTHING, 0)] * len(profile)
    while left and any(items):
        agent, prices = rule(left)
        t = choose(profile[agent], prices, tuple(items))
        if t != NOTHING:
            outcome[agent] = (t, prices[t])
            items[t] -= 1
        left -= {agent}
    return tuple(outcome)


def best_unseeing(setting: Setting) -> Fraction:
    """Return the best welfare of a policy that sees nothing, before normalisation, by trying them all.

    Its scores never change, so it visits agents in one order, and posts one price vector to everybody.

    Raises:
        ValueError: see :func:`spm.compendium.theory.economies.economy`.

    >>> from spm.settings import prop_1
    >>> best_unseeing(prop_1())  # price 1 earns 2, price 3 sells with probability 3/4
    Fraction(9, 4)
    """
    market = economy(setting)
    # Only the prices matter at which somebody stops buying: the values that occur, and one above them all.
    worths = [sorted({row[t] for profile in market.profiles for row in profile}) for t in range(setting.n_types)]
    menu = product(*([*column, column[-1] + 1] for column in worths))
    orders = list(permutations(range(setting.n_agents)))
    return market.exact(max(_welfare(market, order, prices) for prices in menu for order in orders))


def _welfare(market: Economy, order: Sequence[int], prices: Vector) -> int:
    """The weighted welfare of one static order at one price vector."""
    total = 0
    for weight, profile in zip(market.weights, market.profiles, strict=True):
        deals = run_rule(lambda left: (order[-len(left)], prices), profile, market.supply)
        total += weight * sum(row[t] for row, (t, _) in zip(profile, deals, strict=True) if t != NOTHING)
    return total


def agents_left_policies(n_agents: int, menu: Sequence[Vector]) -> Iterator[dict[frozenset[int], NextVisit]]:
    """Yield every map from nonempty sets of agents left to a visit of one of them at prices of ``menu``.

    >>> next(agents_left_policies(2, [(1,)]))[frozenset({0, 1})]
    (0, (1,))
    """
    agents = range(n_agents)
    sets = [frozenset(c) for c in chain.from_iterable(combinations(agents, k + 1) for k in agents)]
    for visits in product(*(list(product(sorted(left), menu)) for left in sets)):
        yield dict(zip(sets, visits, strict=True))


def static_policies(n_agents: int, menu: Sequence[Vector]) -> Iterator[dict[frozenset[int], NextVisit]]:
    """Yield every static order with static personalised prices, as visits when only later agents are left.

    >>> len(list(static_policies(2, [(1,), (3,)])))  # 2 orders, 2 prices for each agent
    8
    """
    for order in permutations(range(n_agents)):
        for prices in product(menu, repeat=n_agents):
            yield {frozenset(order[k:]): (agent, prices[agent]) for k, agent in enumerate(order)}


def mechanisms_of(
    policies: Iterator[dict[frozenset[int], NextVisit]], profiles: Sequence[Sequence[Vector]], supply: Vector
) -> tuple[int, set[tuple[Deals, ...]]]:
    """Return how many policies there are and the set of mechanisms they run, each an outcome for every profile."""
    runs = [tuple(run_rule(policy.__getitem__, profile, supply) for profile in profiles) for policy in policies]
    return len(runs), set(runs)


def check_proposition_6(
    sizes: Sequence[tuple[int, Vector, int]] = ((2, (1,), 3), (2, (2,), 3), (2, (1, 1), 2), (3, (2,), 2)),
) -> pd.DataFrame:
    """Enumerate deterministic policies that see the agents left, and static orders with personalised prices.

    Args:
        sizes: agents n, supply ``(T,)``, and L: values are 1 to L, prices 1 to L + 1 (the last sells nothing).

    Returns:
        One row per size: numbers of policies and of distinct mechanisms in both classes, and whether the sets
        agree.

    >>> check_proposition_6([(2, (1,), 2)])[["their mechanisms", "static mechanisms", "equal"]].values.tolist()
    [[9, 9, True]]
    """
    rows = []
    for n_agents, supply, levels in sizes:
        vectors = list(product(range(1, levels + 1), repeat=len(supply)))
        menu = list(product(range(1, levels + 2), repeat=len(supply)))
        profiles = list(product(vectors, repeat=n_agents))
        policies, seen = mechanisms_of(agents_left_policies(n_agents, menu), profiles, supply)
        statics, static = mechanisms_of(static_policies(n_agents, menu), profiles, supply)
        rows.append(
            (n_agents, sum(supply), len(supply), policies, len(seen), statics, len(static), seen == static)
        )
    names = ["agents", "items", "types", "policies", "their mechanisms", "static", "static mechanisms", "equal"]
    return pd.DataFrame(rows, columns=names)
