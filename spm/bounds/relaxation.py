"""Information relaxations: what an SPM could earn at most if values were shown to it, some time after it decides.

Two upper bounds, both on the lattice of :mod:`spm.bounds.lattice`. They are proved for correlated values with
delta in (0, 1), identical items, and welfare or revenue (:func:`spm.bounds.known_latent.correlated_model`):

* *Values shown after each decision* (:class:`Shown`). Then the belief is uniform on an interval of cells, those
  that could have given all values seen, and the bound is a dynamic programme over (agents left, items left,
  interval).
* *The first d values hidden* (:func:`hidden_bound`). The first d decisions rest on the exact public belief (who
  bought at which price), found by searching the tree of prices and purchases. Then nature tells an interval, so
  drawn that the belief given the interval is uniform on it: a belief with one peak is a mixture of uniform ones
  on its superlevel intervals (:func:`peel`, its layer cake). From there on values are shown after each decision.

The optimal value U(b) of an unnormalised belief is subadditive, so telling such a piece of information only
raises it. d = 0 is the first bound; each further hidden value tightens it, at a cost that grows like (2 P)^d / d!.
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
from spm.settings import Array, correlated

Integers = NDArray[np.int64]
MOST_BELIEFS = 400_000
"""The search hides as many values as it can with at most this many beliefs, and at most :data:`MOST_HIDDEN`."""
MOST_HIDDEN = 6
LATTICE_CELLS = 8
CHUNK_OF_STATES = 2048


@dataclass(frozen=True, eq=False)
class Shown:
    """The bound with values shown after each decision.

    Attributes:
        grid: the lattice.
        number: ``(N + 1, N + 1)`` number of the interval of cells [i, j); the last number is the empty one.
        values: ``(n + 1, m + 1, I + 1)`` bound for the belief of weight 1 on each cell of each interval.
    """

    grid: Lattice
    number: Integers
    values: Array


@lru_cache(maxsize=8)
def solve_shown(n_agents: int, n_items: int, delta: float, objective: str, cells: int, position: float) -> Shown:
    """Solve the dynamic programme with values shown after each decision, for up to n agents and m items."""
    grid = make_lattice(delta, cells, position, objective)
    # Every interval of cells [start, stop), (I,), and the table that finds its number; the empty one is number I.
    start, stop = np.triu_indices(cells)
    stop = stop + 1
    number = np.full((cells + 1, cells + 1), len(start))
    number[start, stop] = np.arange(len(start))
    # A value shown between lattice prices p and p + 1 leaves the cells of the interval that have values there:
    # the number of that part, (I, P - 1).
    told = number[np.maximum(start[:, None], grid.first), np.minimum(stop[:, None], grid.stop)]
    # The belief of weight 1 on each cell of the interval, (I, N), and with it the reward, (I, P), and its bow.
    inside = (np.arange(cells) >= start[:, None]) & (np.arange(cells) < stop[:, None])
    reward, bow = inside @ grid.reward.T, inside @ grid.bow.T
    # Zeros with no agent, no item, or the empty interval (the last number), (n + 1, m + 1, I + 1).
    values = np.zeros((n_agents + 1, n_items + 1, len(start) + 1))
    for t in range(1, n_agents + 1):
        # What is to come if the item is not sold, values below the price added up step by step, (m + 1, I, P).
        unsold = np.zeros((n_items + 1, len(start), len(grid.prices)))
        np.cumsum(values[t - 1][:, told] * grid.density, axis=2, out=unsold[:, :, 1:])
        # The same for values above the price; if there is a sale it counts with one item less.
        sold = unsold[:, :, -1:] - unsold
        values[t, 1:, :-1] = grid.best(reward + unsold[1:] + sold[:-1], bow)
    return Shown(grid, number, values)


def peel(beliefs: Array, number: Integers, values: Array) -> Array:
    """Return the bound of beliefs by their layer cakes: layer after layer, from the whole support to the peak.

    Args:
        beliefs: unnormalised, each with one peak, ``(X, N)``.
        number: numbers of the intervals.
        values: bound for weight 1 on each cell of each interval, ``(I + 1,)``.

    Returns:
        ``(X,)``.
    """
    count, cells = beliefs.shape
    # The superlevel interval [start, stop) of each belief, and the level that was peeled off so far, all (X,).
    rows, start, stop = np.arange(count), np.zeros(count, np.int64), np.full(count, cells)
    total, level = np.zeros(count), np.zeros(count)
    for _ in range(cells):
        # A belief with one peak is lowest at an end of the interval: the layer up to there is uniform on it.
        left, right = beliefs[rows, start], beliefs[rows, stop - 1]
        lower = np.minimum(left, right)
        total += (lower - level) * values[number[start, stop]]
        # Above that level the end itself is no longer in the interval.
        level = lower
        start, stop = start + (left <= right), stop - (left > right)
    return total


def hidden_bound(relaxed: Shown, n_agents: int, n_items: int, hidden: int) -> float:
    """Return the bound for n agents and m items when the first ``hidden`` values are never shown.

    The order of the observations made does not matter to the belief: a node of the tree is a multiset of
    observations, "bought at lattice price p" (number p) or "did not buy at p" (number P + p).
    """
    grid = relaxed.grid
    # How likely each cell makes each observation, (2 P, N): first the purchases, then the refusals.
    factors = np.concatenate([1 - grid.below, grid.below])
    # The leaves, (X, hidden), by how many items they sold: there nature tells an interval, and values are shown
    # from then on. Leaves that sold everything earn nothing more.
    nodes = _multisets(len(factors), hidden)
    bought = (nodes < len(grid.prices)).sum(axis=1)
    values = np.zeros(len(nodes))
    for sold in range(min(hidden, n_items - 1) + 1):
        rows = bought == sold
        tail = relaxed.values[n_agents - hidden, n_items - sold]
        values[rows] = peel(_beliefs(nodes[rows], factors), relaxed.number, tail)
    # Back to the root, one observation less at a time.
    for depth in range(hidden - 1, -1, -1):
        values = _back_up(grid, factors, depth, values, n_items)
    return float(values[0])


def _multisets(kinds: int, size: int) -> Integers:
    """All multisets of ``size`` out of ``kinds`` numbers as increasing rows, in lexicographic order."""
    count = comb(kinds + size - 1, size)
    flat = (number for row in combinations_with_replacement(range(kinds), size) for number in row)
    return np.fromiter(flat, np.int64, count * size).reshape(count, size)


def _codes(nodes: Integers, kinds: int) -> Integers:
    """Each row as one number, so that lexicographic order is numeric order."""
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
        # Each node with each further observation, sorted again so that its code finds it: (R * 2 P, depth + 1).
        more = np.tile(np.arange(kinds), len(rows))[:, None]
        longer = np.sort(np.concatenate([np.repeat(rows, kinds, axis=0), more], axis=1), axis=1)
        found = after[np.searchsorted(codes, _codes(longer, kinds))]
        # What is to come at each lattice price is the sum over buying and refusing, (R, 2, P) -> (R, P).
        later = found.reshape(len(rows), 2, -1).sum(axis=1)
        beliefs = _beliefs(rows, factors)
        values[begin : begin + CHUNK_OF_STATES] = grid.best(beliefs @ grid.reward.T + later, beliefs @ grid.bow.T)
    # Where everything is sold nothing is earned any more, (X,).
    return np.where((nodes < len(grid.prices)).sum(axis=1) < n_items, values, 0.0)


def affordable(n_agents: int, delta: float, cells: int = LATTICE_CELLS) -> int:
    """Return how many values the search can hide, at most all of them: then only the lattice tells something."""
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
        hidden: how many values are never shown, at most n; None for as many as :func:`affordable`.
        cells: N, in how many cells of the latent the belief is kept.
        most: agents and items for which to solve the dynamic programme, to share it among settings; None for
            this one's.

    Raises:
        ValueError: an impossible size, delta, objective or number of hidden values.

    >>> bounds = [relaxed_bound(4, 2, 0.5, hidden=d) for d in (0, 1, 2)]
    >>> bounds == sorted(bounds, reverse=True)
    True
    """
    correlated_model(correlated(n_agents, n_items, delta, objective))
    depth = affordable(n_agents, delta, cells) if hidden is None else hidden
    if not 0 <= depth <= n_agents:
        raise ValueError(
            f"of {n_agents} agents' values at least 0 and at most {n_agents} can be hidden, not {depth}"
        )
    size = most or (n_agents, n_items)
    tables = [solve_shown(*size, delta, objective, cells, position) for position in SHIFTS[objective]]
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

    It holds up to :func:`~spm.bounds.lattice.numerical_error`. Arguments as in :func:`relaxed_bound`, but delta
    may be 0 or 1.

    Raises:
        ValueError: an impossible size, delta, objective or number of hidden values.
    """
    known = mean_known(n_agents, n_items, delta, objective)
    if delta in (0, 1):
        return known, "dynamic programme for IID values" if delta == 0 else "z known"
    depth = affordable(n_agents, delta) if hidden is None else hidden
    relaxed = relaxed_bound(n_agents, n_items, delta, objective, depth, most=most)
    if known <= relaxed + numerical_error(n_agents, n_items, 1 - delta):
        return known, "z known"
    return relaxed, f"information relaxation: values shown after the decision, the first {depth} never"
