"""Random markets for property tests, and slow but evident computations to check the package against.

Values and prices are drawn in whole tenths, so that ties are common and brute force can work in integers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations, permutations, product
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from spm.market import Market
from spm.settings import Array, FiniteModel, Setting, get_objective, valuations
from spm.settings.continuous import SampleModel
from spm.settings.demand import DEMANDS

Integers = NDArray[np.int64]
Bundle = tuple[int, ...]
TENTHS = 10


@dataclass(frozen=True)
class Case:
    """B markets with everything that is going to happen in them.

    Attributes:
        setting: the setting.
        tenths: values ``(B, n, T)`` or ``(B, n, 2**T)``, in tenths.
        orders: ``(B, n)`` the agent to visit in each round.
        price_tenths: ``(B, n, T)`` prices posted in each round, in tenths.
    """

    setting: Setting
    tenths: Integers
    orders: Integers
    price_tenths: Integers

    @property
    def valuations(self) -> Array:
        """Bundle valuations ``(B, n, K)``."""
        return valuations(self.setting.demand, self.tenths / TENTHS)

    @property
    def prices(self) -> Array:
        """Prices ``(B, n, T)``, round by round."""
        return self.price_tenths / TENTHS

    @property
    def n_markets(self) -> int:
        """Number of markets, B."""
        return len(self.tenths)


def setting_of(demand: str, n_agents: int, supply: Sequence[int], objective: str = "welfare") -> Setting:
    """A setting of the given shape; its sampler is not used."""
    agents = tuple(f"agent {k}" for k in range(n_agents))
    types = tuple(f"type {t}" for t in range(len(supply)))
    nobody = SampleModel(np.zeros((1, n_agents, 1)))
    return Setting(
        "case", "Case", agents, types, tuple(supply), demand, get_objective(objective), Fraction(1), nobody
    )


def integers(shape: tuple[int, ...], most: int) -> st.SearchStrategy[Integers]:
    """Arrays of integers from 0 to ``most``."""
    return hnp.arrays(np.int64, shape, elements=st.integers(0, most), fill=st.nothing())


@st.composite
def cases(draw: st.DrawFn, demands: Sequence[str] = DEMANDS, objective: str = "welfare") -> Case:
    """Up to 3 markets of up to 4 agents and 3 item types, with orders and prices."""
    demand = draw(st.sampled_from(demands))
    n_markets, n_agents, n_types = draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(1, 3))
    most = 1 if demand == "combinatorial" else 2
    supply = draw(st.lists(st.integers(1, most), min_size=n_types, max_size=n_types))
    width = 2**n_types if demand == "combinatorial" else n_types
    tenths = draw(integers((n_markets, n_agents, width), TENTHS))
    if demand == "combinatorial":
        tenths[..., 0] = 0
    orders = [draw(st.permutations(range(n_agents))) for _ in range(n_markets)]
    prices = draw(integers((n_markets, n_agents, n_types), TENTHS))
    return Case(setting_of(demand, n_agents, supply, objective), tenths, np.array(orders), prices)


def steps(case: Case) -> Iterator[tuple[Market, Integers]]:
    """Play ``case``; yield the market after each visit, with what was left before it."""
    market = Market(case.setting, case.valuations)
    for k in range(case.setting.n_agents):
        left = market.items_left.copy()
        market.visit(case.orders[:, k], case.prices[:, k])
        yield market, left


def played(case: Case) -> Market:
    """Return the market after all of ``case``."""
    return [market for market, _ in steps(case)][-1]


def rows_of(case: Case, rows: Integers) -> Case:
    """The markets ``rows`` of ``case`` alone."""
    return replace(case, tenths=case.tenths[rows], orders=case.orders[rows], price_tenths=case.price_tenths[rows])


def sets(n_types: int, largest: int) -> list[Bundle]:
    """Every set of at most ``largest`` types, largest first, then lowest types first."""
    return [chosen for size in range(largest, -1, -1) for chosen in combinations(range(n_types), size)]


def allowed(demand: str, n_types: int) -> list[Bundle]:
    """Sets of types that an agent may buy."""
    return sets(n_types, 1 if demand == "unit" else n_types)


def worth(demand: str, row: Integers, bundle: Bundle) -> int:
    """An agent's value for a set of types, in tenths, from the definition of her demand."""
    return int(row[sum(1 << t for t in bundle)] if demand == "combinatorial" else sum(row[t] for t in bundle))


def useful(demand: str, row: Integers, bundle: Bundle) -> bool:
    """Whether every item of the bundle adds to its worth."""
    whole = worth(demand, row, bundle)
    return all(whole > worth(demand, row, tuple(s for s in bundle if s != t)) for t in bundle)


def wanted(demand: str, row: Integers, prices: Integers, left: Integers) -> tuple[Bundle, int]:
    """The bundle that an agent should take, and the highest utility of *any* bundle, by trying them all."""
    offers = [b for b in allowed(demand, len(prices)) if all(left[t] > 0 for t in b)]
    utility = {b: worth(demand, row, b) - int(sum(prices[t] for t in b)) for b in offers}
    best = max(utility.values())
    return next(b for b in offers if utility[b] == best and useful(demand, row, b)), best


def allocations(setting: Setting) -> Iterator[tuple[Bundle, ...]]:
    """Every way of giving each agent a bundle that does not exceed the supply."""
    for chosen in product(allowed(setting.demand, setting.n_types), repeat=setting.n_agents):
        counts = np.zeros(setting.n_types, dtype=int)
        for bundle in chosen:
            counts[list(bundle)] += 1
        if (counts <= setting.supply).all():
            yield chosen


def best_by_brute_force(setting: Setting, tenths: Integers, combine: Any) -> int:
    """Highest ``combine`` (of the agents' values, in tenths) over all allocations of one profile ``(n, T)``."""
    return max(
        combine([worth(setting.demand, row, bundle) for row, bundle in zip(tenths, chosen, strict=True)])
        for chosen in allocations(setting)
    )


def joint_profiles(model: FiniteModel) -> Iterator[tuple[Fraction, tuple[tuple[Fraction, ...], ...]]]:
    """Every joint value profile of a finite model with its probability, before normalisation."""
    for world in model.worlds:
        lotteries = [world.lotteries[g] for g in model.group_of]
        for outcomes in product(*lotteries):
            probability = world.probability
            for p, _ in outcomes:
                probability *= p
            yield probability, tuple(values for _, values in outcomes)


def exact_mean(model: FiniteModel, prices: Sequence[Any], orders: Sequence[Sequence[int]] | None) -> Fraction:
    """Exact expected welfare of anonymous static prices and unit demand, one copy of each type.

    The order is uniform on ``orders`` (None: all permutations). Written in fractions, agent by agent, without
    anything of the package but the model's record.
    """
    many = list(orders or permutations(range(model.n_agents)))
    total = Fraction(0)
    for probability, profile in joint_profiles(model):
        for order in many:
            total += probability * _welfare(profile, prices, order) / len(many)
    return total


def _welfare(profile: Sequence[Sequence[Fraction]], prices: Sequence[Any], order: Sequence[int]) -> Fraction:
    left, total = set(range(len(prices))), Fraction(0)
    for agent in order:
        gains = {t: profile[agent][t] - prices[t] for t in sorted(left) if profile[agent][t] > 0}
        best = max(gains, key=lambda t: gains[t], default=None)
        if best is not None and gains[best] >= 0:
            left.remove(best)
            total += profile[agent][best]
    return total
