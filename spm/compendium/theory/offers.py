"""Offers that differ: the finite set of price vectors that a unit-demand agent can tell apart.

Prices matter to welfare and to fairness only through the *choice map*, what each possible value vector buys.
A choice map is a system of difference constraints on the prices p (ground price p_0 = 0)::

    v buys t:        p_t <= v_t,   p_t - p_s <= v_t - v_s  for s > t,   p_t - p_s < v_t - v_s  for s < t
    v buys nothing:  p_s > v_s     for every type s that v values

so it can be reached if and only if its constraint graph has no negative cycle (Bellman-Ford). The maps are
listed by assigning one value vector after the other and dropping what is infeasible: every reachable map,
ties included, is found once, with the highest prices that reach it. Strictness costs nothing: values are
integer multiples of T + 2 *ticks*, "<" means "at least one tick less", and as a simple cycle has at most
T + 1 edges, strict terms add up to less than the smallest step between integer sums.

Revenue depends on the prices themselves. With one type the highest price of each map is optimal, and that is
a value; with several the supremum over real prices need not be attained (an agent who must be undercut
strictly), so revenue is maximised over the finite menu of values that occur.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product

NOTHING = -1
Vector = tuple[int, ...]
Edges = dict[tuple[int, int], int]


@cache
def choose(values: Vector, prices: Vector, items: Vector) -> int:
    """Return the type that a visited agent buys, or ``NOTHING``.

    She buys the available type of highest surplus that she values above 0, at surplus 0 too; among equally
    good types the lowest (see :mod:`spm.settings.demand`).

    Args:
        values: her value for each type, ``(T,)``.
        prices: posted prices, ``(T,)``, in the same unit.
        items: copies left of each type, ``(T,)``.

    >>> choose((5, 5), (5, 5), (1, 1)), choose((5, 6), (5, 5), (1, 1)), choose((5, 0), (6, 0), (1, 1))
    (0, 1, -1)
    """
    wanted = [t for t, value in enumerate(values) if value > 0 and items[t] > 0 and prices[t] <= value]
    return max(wanted, key=lambda t: (values[t] - prices[t], -t), default=NOTHING)


@cache
def price_menu(support: tuple[Vector, ...], items: Vector, revenue: bool) -> tuple[Vector, ...]:
    """Return price vectors that suffice for an agent with this support of value vectors.

    Args:
        support: value vectors that she may have, each ``(T,)``, integer multiples of ``T + 2`` ticks.
        items: copies left of each type, ``(T,)``.
        revenue: list the menu of occurring values instead of one price vector per choice map.

    >>> price_menu(((3,), (9,)), (1,), False)  # sell to both, to the second only, to nobody
    ((3,), (9,), (10,))
    """
    no_sale = 1 + max(max(values) for values in support)
    if revenue:
        levels = [sorted({v[t] for v in support if v[t] > 0} | {no_sale}) for t in range(len(items))]
        return tuple(product(*(row if left else [no_sale] for row, left in zip(levels, items, strict=True))))
    # 0 <= p_t <= no_sale bounds the search; above no_sale nothing changes.
    ceiling = {(0, t + 1): no_sale for t in range(len(items))}
    floor = {(t + 1, 0): 0 for t in range(len(items))}
    return tuple(_assign(support, items, ceiling | floor))


def _assign(support: tuple[Vector, ...], items: Vector, edges: Edges) -> Iterator[Vector]:
    """Yield the highest prices of each reachable choice map that satisfies ``edges``."""
    prices = highest_prices(edges, len(items))
    if prices is None:
        return
    if not support:
        yield prices
        return
    wanted = [t for t, value in enumerate(support[0]) if value > 0 and items[t] > 0]
    for t in [*wanted, NOTHING]:
        narrowed = dict(edges)
        for arc, most in _constraints(support[0], t, wanted).items():
            narrowed[arc] = min(most, narrowed.get(arc, most))
        yield from _assign(support[1:], items, narrowed)


def _constraints(values: Vector, choice: int, wanted: list[int]) -> Edges:
    """Return ``{(i, j): w}`` for "p_j - p_i <= w" that make ``values`` take ``choice``; node 0 is the ground."""
    if choice == NOTHING:
        return {(s + 1, 0): -values[s] - 1 for s in wanted}
    others = {
        (s + 1, choice + 1): values[choice] - values[s] - (1 if s < choice else 0) for s in wanted if s != choice
    }
    return {(0, choice + 1): values[choice]} | others


def highest_prices(edges: Edges, n_types: int) -> Vector | None:
    """Return the highest prices with p_j - p_i <= w for every edge (i, j): w, or None if there are none.

    >>> highest_prices({(0, 1): 4, (1, 2): -1, (0, 2): 9}, 2)
    (4, 3)
    """
    # Bellman-Ford from the ground: every price starts too high, and each pass lowers it along all edges.
    price = [0] + [max(edges.values())] * n_types
    for _ in range(n_types + 2):
        before = tuple(price)
        for (i, j), most in edges.items():
            price[j] = min(price[j], price[i] + most)
        if tuple(price) == before:
            return tuple(price[1:])
    return None
