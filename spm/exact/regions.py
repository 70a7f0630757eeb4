"""Sets of price vectors given by difference constraints, some of them strict, in rational numbers.

A region is a difference-bound matrix, ``(T + 1, T + 1)``: ``region[i][j]`` is the tight upper bound of price j
minus price i, where node 0 is the price 0 and node t + 1 the price of type t. A bound is a pair (w, k) that stands
for w plus k infinitesimals; k < 0 makes it strict.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import count
from typing import NamedTuple

from spm.settings import Values

Bound = tuple[Fraction, int]
Region = tuple[tuple[Bound, ...], ...]
HALVINGS = 12
MILLIONTH = Fraction(1, 10**6)


class Constraint(NamedTuple):
    """Price ``to`` minus price ``source`` is at most ``bound``, or below it if ``strict``; both are nodes."""

    source: int
    to: int
    bound: Fraction
    strict: bool


def unconstrained(n_types: int, cap: Fraction) -> Region:
    """Return the region of all prices between 0 and ``cap``, ``(T + 1, T + 1)``."""
    zero, top = (Fraction(0), 0), (cap, 0)
    nodes = range(n_types + 1)
    return tuple(tuple(zero if j == i or j == 0 else top for j in nodes) for i in nodes)


def tighten(region: Region, constraints: Iterable[Constraint]) -> Region | None:
    """Return the part of ``region`` where ``constraints`` hold, or None if it is empty.

    >>> below = tighten(unconstrained(2, Fraction(4)), [Constraint(1, 2, Fraction(-1), False)])
    >>> highest(below)  # the second price is at least 1 below the first
    (Fraction(4, 1), Fraction(3, 1))
    >>> tighten(below, [Constraint(2, 1, Fraction(1), True)]) is None  # less than 1 above the second: impossible
    True
    """
    for source, to, bound, strict in constraints:
        # A cycle of negative length, this edge and the tight path back, contradicts the region.
        new = (bound, -int(strict))
        if _plus(new, region[to][source]) < (0, 0):
            return None
        if new < region[source][to]:
            region = _through(region, source, to, new)
    return region


def highest(region: Region) -> Values:
    """Return the least upper bound of each price, ``(T,)``, which all prices approach together."""
    return tuple(bound for bound, _ in region[0][1:])


def inside(constraints: Iterable[Constraint], n_types: int, unit: Fraction, high: bool) -> Values:
    """Return prices that meet ``constraints``, some of which must exist.

    Zero prices if these do; otherwise prices in the middle, with a margin of ``unit`` / 2, / 4, ... to ties, the
    largest that is possible, so that rounding to floats does not change a choice. With ``high``, the highest
    prices, within a millionth of the unit where a constraint is strict.

    >>> below_three = [Constraint(0, 1, Fraction(3), True)]
    >>> inside(below_three, 1, Fraction(3), high=False), inside(below_three, 1, Fraction(3), high=True)
    ((Fraction(0, 1),), (Fraction(2999997, 1000000),))
    """
    constraints = tuple(constraints)
    if high:
        return highest(_widest(constraints, n_types, unit, unit * MILLIONTH))
    if tighten(unconstrained(n_types, Fraction(0)), constraints):
        return (Fraction(0),) * n_types
    return _middle(_widest(constraints, n_types, unit, unit / 2, also_weak=True))


def _widest(
    constraints: tuple[Constraint, ...], n_types: int, unit: Fraction, margin: Fraction, also_weak: bool = False
) -> Region:
    """The first region that is not empty as margins are halved; weak constraints lose theirs in the end."""
    for halving in count():
        weak_too = also_weak and halving < HALVINGS
        region = _with_margin(constraints, n_types, unit, margin / 2**halving, weak_too)
        if region is not None:
            return region
    raise AssertionError("the constraints can't be met")


def _with_margin(
    constraints: tuple[Constraint, ...], n_types: int, unit: Fraction, margin: Fraction, also_weak: bool
) -> Region | None:
    """The region in which strict constraints (or all) hold with at least ``margin`` to spare."""
    spared = (
        Constraint(source, to, bound - margin if strict or also_weak else bound, False)
        for source, to, bound, strict in constraints
    )
    return tighten(unconstrained(n_types, 2 * unit), spared)


def _middle(region: Region) -> Values:
    """Halfway between the highest and the lowest prices: a region is convex."""
    lowest = (-row[0][0] for row in region[1:])
    return tuple((low + top) / 2 for low, top in zip(lowest, highest(region), strict=True))


def _through(region: Region, source: int, to: int, new: Bound) -> Region:
    """Shorten every path that the new edge from ``source`` to ``to`` makes shorter."""
    nodes = range(len(region))
    return tuple(
        tuple(min(region[i][j], _plus(_plus(region[i][source], new), region[to][j])) for j in nodes) for i in nodes
    )


def _plus(one: Bound, other: Bound) -> Bound:
    return one[0] + other[0], one[1] + other[1]
