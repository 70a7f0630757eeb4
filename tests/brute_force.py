"""Brute force over all policies of tiny settings, written independently of the exact solver.

Nothing is shared with :mod:`spm.exact`: profiles are enumerated in full, policies by recursion over public
histories without memory, objectives computed from the final allocation, and prices come from a dense grid. Values
must be whole numbers: then prices that are multiples of 1/3 meet every cell, edge and vertex of the arrangement of
the lines "price = value" and "difference of prices = difference of values" (two types at most). For revenue the
grid is the whole numbers and those less an epsilon, since the best prices may be approached only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import permutations, product
from math import lcm
from typing import Any

SCALE = 3 * 10**9
"""Values and prices are whole multiples of 1 / SCALE, so that the search runs in integers."""
EPSILON = Fraction(3, SCALE)
Vector = tuple[int, ...]
Bundle = tuple[int, ...]
Value = int | Fraction
Rule = dict[tuple[Vector, Bundle], tuple[Bundle, int]]
"""What somebody with these values does when these types are there: her bundle and her payment."""
Profiles = list[tuple[int, tuple[Vector, ...]]]
Record = dict[int, tuple[Bundle, int]]


@dataclass
class Market:
    """A tiny market: every profile with its weight (its probability is weight / total), and the rules."""

    profiles: Profiles
    total: int
    supply: Bundle
    demand: str
    objective: str

    @property
    def agents(self) -> range:
        return range(len(self.profiles[0][1]))

    @property
    def types(self) -> range:
        return range(len(self.supply))


def market(setting: Any) -> Market:
    """Enumerate a finite setting's profiles."""
    drawn = []
    sizes = [group.size for group in setting.model.groups]
    for world in setting.model.worlds:
        lotteries = [lottery for lottery, size in zip(world.lotteries, sizes, strict=True) for _ in range(size)]
        for draw in product(*lotteries):
            chance = world.probability
            for p, _ in draw:
                chance *= p
            drawn.append((chance, tuple(tuple(int(v * SCALE) for v in values) for _, values in draw)))
    total = lcm(*(chance.denominator for chance, _ in drawn))
    profiles = [(int(chance * total), profile) for chance, profile in drawn]
    return Market(profiles, total, setting.supply, setting.demand, setting.objective.name)


def grid(m: Market) -> list[Vector]:
    """Every price vector to try."""
    top = max(v for _, profile in m.profiles for vector in profile for v in vector) + SCALE
    column = list(range(0, top + 1, SCALE // 3))
    if m.objective == "revenue":
        column = sorted({0} | {k - e for k in range(SCALE, top + 1, SCALE) for e in (0, 3)})
    return list(product(column, repeat=len(m.supply)))


def purchase(m: Market, values: Vector, prices: Vector, there: Bundle) -> tuple[Bundle, int]:
    """Try every bundle; keep the first best, larger bundles and lower types first."""
    options = [b for b in product((1, 0), repeat=len(there)) if all(x <= y for x, y in zip(b, there, strict=True))]
    options = [b for b in options if all(values[t] > 0 for t in m.types if b[t])]
    if m.demand == "unit":
        options = [b for b in options if sum(b) <= 1]
    options.sort(key=lambda b: -sum(b))  # stable: (1, 0) stays before (0, 1)
    best = max(options, key=lambda b: sum(values[t] - prices[t] for t in m.types if b[t]))
    return best, sum(prices[t] for t in m.types if best[t])


def rules(m: Market, agents: Sequence[int], theres: Sequence[Bundle], prices: list[Vector]) -> list[Rule]:
    """What price vectors make the agents do: each combination of choices once.

    For revenue, with every combination of payments for it that no other is at least as high as everywhere.
    """
    vectors = sorted({profile[i] for _, profile in m.profiles for i in agents})
    found: dict[tuple[Bundle, ...], dict[Vector, Rule]] = {}
    for p in prices:
        rule = {(v, there): purchase(m, v, p, there) for v in vectors for there in theres}
        paid = tuple(paid for _, paid in rule.values()) if m.objective == "revenue" else ()
        found.setdefault(tuple(bundle for bundle, _ in rule.values()), {}).setdefault(paid, rule)
    return [rule for same in found.values() for paid, rule in same.items() if not _dominated(paid, same)]


def _dominated(paid: Vector, others: Iterable[Vector]) -> bool:
    return any(other != paid and all(x <= y for x, y in zip(paid, other, strict=True)) for other in others)


def outcome(m: Market, profile: tuple[Vector, ...], record: Record) -> int:
    """The objective of a final allocation; who was not visited has nothing."""
    if m.objective == "revenue":
        return sum(paid for _, paid in record.values())
    worth = {i: worth_of(profile[i], b) for i, (b, _) in record.items()}
    if m.objective == "max-min":
        return min(worth.get(i, 0) for i in m.agents)
    return sum(worth.values())


@cache
def worth_of(values: Vector, bundle: Bundle) -> int:
    """What a bundle is worth."""
    return sum(v for v, one in zip(values, bundle, strict=True) if one)


class BruteForce:
    """The optimum of every cell by exhaustive search."""

    def __init__(self, setting: Any) -> None:
        self.m = m = market(setting)
        self.prices = grid(m)
        self.theres = [there for there in product((1, 0), repeat=len(m.supply)) if any(there)]
        self.free = {(i, there): rules(m, [i], [there], self.prices) for i in m.agents for there in self.theres}

    def table(self) -> dict[str, dict[str, Fraction]]:
        m, zero = self.m, [(0,) * len(self.m.supply)]
        everyone = list(m.agents)
        fixed: dict[str, Iterable[Sequence[Rule]]] = {
            "zero": [[rule] * len(everyone) for rule in rules(m, everyone, self.theres, zero)],
            "anonymous-static": [[rule] * len(everyone) for rule in rules(m, everyone, self.theres, self.prices)],
            "personalised-static": list(product(*(rules(m, [i], self.theres, self.prices) for i in m.agents))),
        }
        cells = {name: self.static(list(assignments)) for name, assignments in fixed.items()}
        cells["adaptive"] = self.adaptive()
        return cells

    def static(self, assignments: list[Sequence[Rule]]) -> dict[str, Fraction]:
        best: dict[str, Fraction] = {}
        for assigned in assignments:
            values = [self.played(assigned, order) for order in permutations(self.m.agents)]
            adaptive = self.search(lambda i, there, a=assigned: [a[i]], max)  # type: ignore[misc]
            now = {"random": sum(values, Fraction(0)) / len(values), "static": max(values), "adaptive": adaptive}
            best = {order: max(now[order], best.get(order, now[order])) for order in now}
        return best

    def adaptive(self) -> dict[str, Fraction]:
        def free(i: int, there: Bundle) -> list[Rule]:
            return self.free[i, there]

        return {
            "random": self.search(free, lambda values: sum(values) / Fraction(len(values))),
            "static": max(self.search(free, max, order) for order in permutations(self.m.agents)),
            "adaptive": self.search(free, max),
        }

    def played(self, assigned: Sequence[Rule], order: Sequence[int]) -> Fraction:
        """Play every profile through, with fixed rules and order."""
        total = 0
        for chance, profile in self.m.profiles:
            record: Record = {}
            left = list(self.m.supply)
            for i in order:
                if any(left):
                    there = tuple(min(copies, 1) for copies in left)
                    record[i] = assigned[i][profile[i], there]
                    left = [copies - one for copies, one in zip(left, record[i][0], strict=True)]
            total += chance * outcome(self.m, profile, record)
        return Fraction(total, SCALE * self.m.total)

    def search(
        self,
        allowed: Callable[[int, Bundle], list[Rule]],
        combine: Callable[[list[Value]], Value],
        order: Sequence[int] = (),
    ) -> Fraction:
        """Combine over the next agent, maximise over her rules, average over what she does."""
        m = self.m

        def value(profiles: Profiles, record: Record, left: Bundle) -> Value:
            if len(record) == len(m.agents) or not any(left):
                return sum(p * outcome(m, profile, record) for p, profile in profiles)
            agents = [order[len(record)]] if order else [i for i in m.agents if i not in record]
            there = tuple(min(copies, 1) for copies in left)
            return combine([max(after(profiles, record, left, i, r) for r in allowed(i, there)) for i in agents])

        def after(profiles: Profiles, record: Record, left: Bundle, i: int, rule: Rule) -> Value:
            there = tuple(min(copies, 1) for copies in left)
            parts: dict[Bundle, tuple[int, Profiles]] = {}
            for p, profile in profiles:
                bundle, paid = rule[profile[i], there]
                parts.setdefault(bundle, (paid, []))[1].append((p, profile))
            total: Value = 0
            for bundle, (paid, part) in parts.items():
                rest = tuple(x - y for x, y in zip(left, bundle, strict=True))
                total += value(part, {**record, i: (bundle, paid)}, rest)
            return total

        return Fraction(value(m.profiles, {}, m.supply)) / (SCALE * m.total)


def agree(objective: str, exact: Fraction, brute: Fraction) -> bool:
    """Equality; for revenue, the brute force falls short by a few epsilons where the best is not attained."""
    return 0 <= exact - brute <= (100 * EPSILON if objective == "revenue" else 0)


def all_cells(setting: Any) -> Iterator[tuple[str, str, Fraction]]:
    for prices, row in BruteForce(setting).table().items():
        for order, value in row.items():
            yield prices, order, value
