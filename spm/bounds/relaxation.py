"""Information relaxations: the most that an SPM could earn if values were shown to it after its decisions.

There are two upper bounds, both on the lattice of :mod:`spm.bounds.lattice`. They are proved for correlated values
with delta in (0, 1), identical items, and welfare or revenue (:func:`spm.bounds.known_latent.correlated_model`):

* *Values shown after each decision* (:class:`Relaxation`). The belief is then uniform on an interval of cells,
  those that could have given all values seen, and the bound is a dynamic programme over (agents left, items left,
  interval).
* *The first d values hidden* (:func:`hidden_bound`). The first d decisions rest on the exact public belief (who
  bought at which price), by a search of the tree of prices and purchases. Then nature reveals an interval, drawn
  such that the belief given the interval is uniform on it: a belief with one peak is a mixture of uniform beliefs
  on its superlevel intervals (:func:`peel`, its layer cake). From there on values are shown after each decision.

The optimal value U(b) of an unnormalised belief is subadditive, so revealing the interval only raises it. d = 0 is
the first bound; each further hidden value tightens it, at a cost that grows like (2 P)^d / d!.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations_with_replacement
from math import comb

import numpy as np
from numpy.typing import NDArray

from spm.bounds.known_latent import correlated_model, mean_known
from spm.bounds.lattice import SHIFTS, Lattice, make_lattice, numerical_error
from spm.limits import check_memory, tick
from spm.settings import Array, correlated

Integers = NDArray[np.int64]
MOST_BELIEFS = 400_000
"""The search hides as many values as it can with at most this many beliefs, and at most :data:`MOST_HIDDEN`."""
MOST_HIDDEN = 6
LATTICE_CELLS = 8
CHUNK_OF_STATES = 2048


@dataclass(frozen=True, eq=False)
class Relaxation:
    """The bound with values shown after each decision, solved for up to n agents and m items.

    Attributes:
        grid: the lattice.
        number: ``(N + 1, N + 1)`` number of the interval of cells [i, j); the last number is the empty one's.
        values: ``(n + 1, m + 1, I + 1)`` bound for the belief with weight 1 on each cell of an interval.
    """

    grid: Lattice
    number: Integers
    values: Array


@lru_cache(maxsize=8)
def solve_relaxation(
    n_agents: int, n_items: int, delta: float, objective: str, cells: int, position: float
) -> Relaxation:
    """Solve the dynamic programme with values shown after each decision, for up to n agents and m items.

    >>> solve_relaxation(3, 2, 0.5, "welfare", cells=4, position=0.5).values.shape  # 10 + 1 intervals
    (4, 3, 11)
    """
    grid = make_lattice(delta, cells, position, objective)
    # Every interval of cells [start, stop), (I,), and the table that finds its number; the empty one is number I.
    start, stop = np.triu_indices(cells)
    stop = stop + 1
    number = np.full((cells + 1, cells + 1), len(start))
    number[start, stop] = np.arange(len(start))
    # A value shown between lattice prices p and p + 1 leaves the cells of the interval that have values there:
    # the number of that part, (I, P - 1).
    told = number[np.maximum(start[:, None], grid.first), np.minimum(stop[:, None], grid.stop)]
    # The belief with weight 1 on each cell of the interval, (I, N); its reward, (I, P), and bow, (I, P - 1).
    inside = (np.arange(cells) >= start[:, None]) & (np.arange(cells) < stop[:, None])
    reward, bow = inside @ grid.reward.T, inside @ grid.bow.T
    # For all agents, and for one agent at each price: numbers per item and interval.
    numbers = (n_items + 1) * (len(start) + 1) * (n_agents + 1 + 8 * len(grid.prices))
    check_memory(f"the relaxation for up to {n_agents:,} agents and {n_items:,} items", 8 * numbers)
    # Zeros with no agent, no item, or the empty interval (the last number), (n + 1, m + 1, I + 1).
    values = np.zeros((n_agents + 1, n_items + 1, len(start) + 1))
    for t in range(1, n_agents + 1):
        # What is to come if nothing is sold: values below the price, summed step by step, (m + 1, I, P).
        unsold = np.zeros((n_items + 1, len(start), len(grid.prices)))
        np.cumsum(values[t - 1][:, told] * grid.density, axis=2, out=unsold[:, :, 1:])
        # The same for values above the price, which a sale leaves with one item less.
        sold = unsold[:, :, -1:] - unsold
        values[t, 1:, :-1] = grid.best(reward + unsold[1:] + sold[:-1], bow)
        tick()
    return Relaxation(grid, number, values)


def peel(beliefs: Array, number: Integers, values: Array) -> Array:
    """Return the bound of beliefs by their layer cakes: layer after layer, from the whole support to the peak.

    Args:
        beliefs: unnormalised, each with one peak, ``(X, N)``.
        number: numbers of the intervals.
        values: bound for weight 1 on each cell of each interval, ``(I + 1,)``.

    Returns:
        ``(X,)``.

    >>> number = np.array([[3, 0, 1], [3, 3, 2], [3, 3, 3]])  # intervals of two cells: {0}, {0, 1}, {1}, none
    >>> peel(np.array([[0.25, 0.75]]), number, np.array([1.0, 4.0, 2.0, 0.0])).tolist()  # 0.25 × 4 + 0.5 × 2
    [2.0]
    """
    count, cells = beliefs.shape
    # The superlevel interval [start, stop) of each belief, and the level peeled off so far, all (X,).
    rows, start, stop = np.arange(count), np.zeros(count, np.int64), np.full(count, cells)
    total, level = np.zeros(count), np.zeros(count)
    for _ in range(cells):
        # A belief with one peak is lowest at an end of the interval: the layer up to that level is uniform.
        left, right = beliefs[rows, start], beliefs[rows, stop - 1]
        lower = np.minimum(left, right)
        total += (lower - level) * values[number[start, stop]]
        # Above that level the interval lacks this end.
        level = lower
        start, stop = start + (left <= right), stop - (left > right)
    return total


def hidden_bound(relaxed: Relaxation, n_agents: int, n_items: int, hidden: int) -> float:
    """Return the bound for n agents and m items when the first ``hidden`` values are never shown.

    The belief does not depend on the order of the observations, so a node of the tree is a multiset of them:
    "bought at lattice price p" (number p) or "did not buy at p" (number P + p).
    """
    grid = relaxed.grid
    # How likely each cell makes each observation, (2 P, N): first the purchases, then the refusals.
    factors = np.concatenate([1 - grid.below, grid.below])
    # The leaves, (X, hidden), by how many items they sold: there nature reveals an interval, and values are shown
    # from then on. Leaves that sold everything earn nothing more.
    nodes = _multisets(len(factors), hidden)
    bought = (nodes < len(grid.prices)).sum(axis=1)
    values = np.zeros(len(nodes))
    for sold in range(min(hidden, n_items - 1) + 1):
        rows = bought == sold
        tail = relaxed.values[n_agents - hidden, n_items - sold]
        values[rows] = peel(_beliefs(nodes[rows], factors), relaxed.number, tail)
    # Back to the root, one observation fewer at a time.
    for depth in range(hidden - 1, -1, -1):
        values = _back_up(grid, factors, depth, values, n_items)
    return float(values[0])


def _multisets(kinds: int, size: int) -> Integers:
    """All multisets of ``size`` out of ``kinds`` numbers as increasing rows, in lexicographic order."""
    count = comb(kinds + size - 1, size)
    flat = (number for row in combinations_with_replacement(range(kinds), size) for number in row)
    return np.fromiter(flat, np.int64, count * size).reshape(count, size)


def _codes(nodes: Integers, kinds: int) -> Integers:
    """Each row as one number, such that numeric order is lexicographic order."""
    codes: Integers = nodes @ kinds ** np.arange(nodes.shape[1] - 1, -1, -1, dtype=np.int64)
    return codes


def _beliefs(nodes: Integers, factors: Array) -> Array:
    """The unnormalised beliefs after the observations ``nodes``, ``(X, N)``."""
    # The prior gives each cell 1/N; agents are independent given the cell, so observations multiply.
    beliefs = np.full((len(nodes), factors.shape[1]), 1 / factors.shape[1])
    for column in nodes.T:
        beliefs *= factors[column]
    return beliefs


def _back_up(grid: Lattice, factors: Array, depth: int, after: Array, n_items: int) -> Array:
    """The values of the nodes with ``depth`` observations, from those with one more."""
    kinds = len(factors)
    nodes, codes = _multisets(kinds, depth), _codes(_multisets(kinds, depth + 1), kinds)
    values = np.zeros(len(nodes))
    for begin in range(0, len(nodes), CHUNK_OF_STATES):
        rows = nodes[begin : begin + CHUNK_OF_STATES]
        # Each node with each further observation, (R * 2 P, depth + 1), sorted so that its code finds its value.
        more = np.tile(np.arange(kinds), len(rows))[:, None]
        longer = np.sort(np.concatenate([np.repeat(rows, kinds, axis=0), more], axis=1), axis=1)
        found = after[np.searchsorted(codes, _codes(longer, kinds))]
        # What is to come at each lattice price is the sum over purchase and refusal, (R, 2, P) -> (R, P).
        later = found.reshape(len(rows), 2, -1).sum(axis=1)
        beliefs = _beliefs(rows, factors)
        values[begin : begin + CHUNK_OF_STATES] = grid.best(beliefs @ grid.reward.T + later, beliefs @ grid.bow.T)
        tick()
    # Where everything is sold, nothing more is earned, (X,).
    return np.where((nodes < len(grid.prices)).sum(axis=1) < n_items, values, 0.0)


def affordable(n_agents: int, delta: float, cells: int = LATTICE_CELLS) -> int:
    """Return how many values the search can hide; with all of them hidden only the lattice reveals something.

    >>> affordable(2, 0.5), affordable(20, 0.5)  # of 5 out of 16 purchases or 16 refusals: 376,992 multisets
    (2, 5)
    """
    kinds = 2 * len(make_lattice(delta, cells).prices)
    depths = range(min(MOST_HIDDEN, n_agents) + 1)
    return max(d for d in depths if comb(kinds + d - 1, d) <= MOST_BELIEFS)


def relaxed_bound(
    n_agents: int,
    n_items: int,
    delta: float,
    objective: str = "welfare",
    hidden: int | None = None,
    cells: int = LATTICE_CELLS,
    most: tuple[int, int] | None = None,
) -> float:
    """Return the information relaxation's upper bound on every SPM of a correlated setting.

    Args:
        n_agents: number of agents, n.
        n_items: identical items, m.
        delta: correlation, in (0, 1).
        objective: ``welfare`` or ``revenue``.
        hidden: how many values are never shown, at most n; None: :func:`affordable`.
        cells: N, the number of cells of the lattice.
        most: agents and items for which to solve the dynamic programme, so that settings can share it; None: n, m.

    Raises:
        ValueError: an impossible size, delta, objective or number of hidden values.

    >>> bounds = [relaxed_bound(4, 2, 0.5, hidden=d) for d in (0, 1, 2)]
    >>> bounds == sorted(bounds, reverse=True)
    True
    """
    correlated_model(correlated(n_agents, n_items, delta, objective))
    depth = affordable(n_agents, delta, cells) if hidden is None else hidden
    if not 0 <= depth <= n_agents:
        raise ValueError(f"hidden must lie between 0 and the number of agents, {n_agents}, not be {depth}")
    size = most or (n_agents, n_items)
    tables = [solve_relaxation(*size, delta, objective, cells, position) for position in SHIFTS[objective]]
    return float(np.mean([hidden_bound(table, n_agents, n_items, depth) for table in tables]))


def upper_bound(
    n_agents: int,
    n_items: int,
    delta: float,
    objective: str = "welfare",
    hidden: int | None = None,
    most: tuple[int, int] | None = None,
) -> tuple[float, str]:
    """Return the tightest upper bound and the name of its method: exact, z known, or an information relaxation.

    It holds up to :func:`~spm.bounds.lattice.numerical_error`. Arguments are those of :func:`relaxed_bound`, but
    delta may be 0 or 1.

    Raises:
        ValueError: an impossible size, delta, objective or number of hidden values.

    >>> upper_bound(2, 1, 0.0)
    (0.625, 'dynamic programme for IID values')
    """
    known = mean_known(n_agents, n_items, delta, objective)
    if delta in (0, 1):
        return known, "dynamic programme for IID values" if delta == 0 else "z known"
    depth = affordable(n_agents, delta) if hidden is None else hidden
    relaxed = relaxed_bound(n_agents, n_items, delta, objective, depth, most=most)
    if known <= relaxed + numerical_error(n_agents, n_items, 1 - delta):
        return known, "z known"
    return relaxed, f"information relaxation: values shown after the decision, the first {depth} never"
