"""What an agent buys at posted prices, in rational numbers, and which price vectors matter.

The exact twin of :mod:`spm.settings.demand`: an agent takes a utility-maximising bundle, buys when she is
indifferent, never takes an item that she values at 0, and takes the lowest of equally good types.

Prices are a continuum, but only the *choices* that they induce matter: two price vectors at which every possible
agent chooses alike lead to the same allocation and the same belief. So for welfare and max-min fairness one price
vector per induced choice suffices, and :func:`offers` lists them. There are finitely many:

* with additive demand, or when no agent has a positive value for two types, each type is a separate yes or no,
  which changes only where a price crosses a possible value (:func:`_thresholds`);
* with unit demand in general, the choice changes only where a price crosses a value, or a *difference of two
  prices* crosses a difference of two values. Each combination of choices is a system of difference constraints,
  some of them strict because of the tie rules. The systems that have a solution are found by adding one value
  vector after another (:func:`_regions`, :mod:`spm.exact.regions`). A tie that is needed is kept.

For revenue, the componentwise maximum of two price vectors that induce the same choice induces it too, so one
vector is highest in every coordinate: the *payments*. It may not be attained, because of a strict constraint; then
the payments are the least upper bound, and ``prices`` come within a millionth of the unit of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise, permutations, product
from math import perm

from spm.exact.regions import Constraint, Region, highest, inside, tighten, unconstrained
from spm.settings import Values

Left = tuple[int, ...]
MOST_OFFERS = 10_000
"""More price vectors than this are refused."""


@dataclass(frozen=True, eq=False)
class Offer:
    """A posted price vector.

    Attributes:
        prices: one per type, ``(T,)``, before normalisation.
        payments: what each type yields when revenue is computed: the least upper bound of the prices that induce
            the same choices.
    """

    prices: Values
    payments: Values


def bought(demand: str, values: Values, prices: Values, left: Left) -> tuple[int, ...]:
    """Return the bundle, ``(T,)`` of 0 and 1, that an agent takes from the copies ``left``.

    >>> bought("unit", (Fraction(2), Fraction(3)), (Fraction(0), Fraction(1)), (1, 1))
    (1, 0)
    >>> bought("additive", (Fraction(2), Fraction(0)), (Fraction(2), Fraction(0)), (1, 1))
    (1, 0)
    """
    types = [t for t, value in enumerate(values) if left[t] and value > 0 and value >= prices[t]]
    if demand == "unit" and types:
        types = [max(types, key=lambda t: (values[t] - prices[t], -t))]
    return tuple(int(t in types) for t in range(len(values)))


def offers(
    demand: str,
    vectors: Sequence[Values],
    unit: Fraction,
    left: Left | None = None,
    revenue: bool = False,
    count: Callable[[int], None] = lambda steps: None,
) -> tuple[Offer, ...]:
    """Return one offer for each choice that prices can induce.

    Args:
        demand: ``unit`` or ``additive``.
        vectors: the value vectors that can occur.
        unit: the highest value that can occur in the setting; a price of twice that withholds a type.
        left: copies left of each type: offers differ if they induce different choices among these. None: offers
            differ if they do so for any set of types that may be left, as static prices need.
        revenue: whether prices should be as high as possible.
        count: told the steps that this takes before they are done.

    Raises:
        ValueError: more than :data:`MOST_OFFERS` offers.

    >>> [offer.prices for offer in offers("unit", [(Fraction(1),), (Fraction(3),)], Fraction(3))]
    [(Fraction(0, 1),), (Fraction(2, 1),), (Fraction(6, 1),)]
    """
    types = [t for t in range(len(vectors[0])) if left is None or left[t]] if vectors else []
    alone = all(sum(vector[t] > 0 for t in types) <= 1 for vector in vectors)
    if demand == "additive" or alone:
        columns = zip(*vectors, strict=True)
        there = set(types)
        wanted = (column if t in there else () for t, column in enumerate(columns))
        found = _products([_thresholds(column, unit, revenue) for column in wanted])
        count(len(found))
        return found
    return _regions(sorted(set(vectors)), types, unit, left is None, revenue, count)


def _thresholds(values: Sequence[Fraction], unit: Fraction, revenue: bool) -> list[Fraction]:
    """One price for each set of ``values`` that buy: all of them, all but the lowest, ..., none."""
    steps = [Fraction(0), *sorted({value for value in values if value > 0})]
    if len(steps) == 1:
        return steps
    middles = [Fraction(0)] + [(low + high) / 2 for low, high in pairwise(steps[1:])]
    return [*(steps[1:] if revenue else middles), 2 * unit]


def _products(prices: list[list[Fraction]]) -> tuple[Offer, ...]:
    """Every combination of one price per type."""
    count = 1
    for column in prices:
        count *= len(column)
    _check_count(count)
    return tuple(Offer(vector, vector) for vector in product(*prices))


def _regions(
    vectors: Sequence[Values],
    types: list[int],
    unit: Fraction,
    ranked: bool,
    revenue: bool,
    count: Callable[[int], None],
) -> tuple[Offer, ...]:
    """One offer for each combination of the vectors' choices (or rankings) that some prices induce."""
    # Regions of prices with the constraints that cut them out: at first the whole box, then one vector at a time.
    found: list[tuple[Region, tuple[Constraint, ...]]] = [(unconstrained(len(vectors[0]), 2 * unit), ())]
    for vector in vectors:
        wanted = [t for t in types if vector[t] > 0]
        _check_count(sum(perm(len(wanted), k) for k in range(len(wanted) + 1)) if ranked else len(wanted) + 1)
        # Each region splits into one part per choice of this vector; the parts that are not empty remain.
        choices = list(_rankings(vector, wanted) if ranked else _favourites(vector, wanted))
        count(len(found) * sum(map(len, choices)) * len(vector))
        narrowed = ((tighten(r, choice), (*held, *choice)) for r, held in found for choice in choices)
        found = []
        for region, constraints in narrowed:
            if region is not None:
                found.append((region, constraints))
                _check_count(len(found))
    count(sum(len(constraints) for _, constraints in found) * len(vectors[0]))
    wanted_types = [any(vector[t] > 0 for vector in vectors) and t in types for t in range(len(vectors[0]))]
    return tuple(_offer(region, constraints, unit, revenue, wanted_types) for region, constraints in found)


def _offer(
    region: Region, constraints: tuple[Constraint, ...], unit: Fraction, revenue: bool, wanted_types: list[bool]
) -> Offer:
    """The offer of a region; a type that nobody wants costs 0."""
    prices = inside(constraints, len(region) - 1, unit, high=revenue)
    payments = highest(region) if revenue else prices
    return Offer(
        tuple(price * one for price, one in zip(prices, wanted_types, strict=True)),
        tuple(price * one for price, one in zip(payments, wanted_types, strict=True)),
    )


def _favourites(vector: Values, wanted: list[int]) -> Iterator[list[Constraint]]:
    """For each choice among the types ``wanted``, the constraints that induce it; node 0 is the price 0."""
    for t in wanted:
        yield [Constraint(0, t + 1, vector[t], False), *(_prefers(vector, t, s) for s in wanted if s != t)]
    yield [_refuses(vector, t) for t in wanted]


def _rankings(vector: Values, wanted: list[int]) -> Iterator[list[Constraint]]:
    """For each ranking of the types that an agent would buy, the constraints that induce it."""
    for size in range(len(wanted), -1, -1):
        for ranking in permutations(wanted, size):
            accepted = [Constraint(0, t + 1, vector[t], False) for t in ranking]
            refused = [_refuses(vector, t) for t in wanted if t not in ranking]
            ordered = [_prefers(vector, t, s) for t, s in pairwise(ranking)]
            yield accepted + refused + ordered


def _refuses(vector: Values, t: int) -> Constraint:
    """Price t > value t."""
    return Constraint(t + 1, 0, -vector[t], True)


def _prefers(vector: Values, t: int, s: int) -> Constraint:
    """Value t - price t >= value s - price s; strictly so where the tie rule favours s."""
    return Constraint(s + 1, t + 1, vector[t] - vector[s], s < t)


def _check_count(count: int) -> None:
    if count > MOST_OFFERS:
        raise ValueError(
            f"too large a setting: {count} price vectors or more matter at one visit; at most {MOST_OFFERS} may"
        )
