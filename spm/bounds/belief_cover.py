"""Belief covers: an upper bound that shows no value, by dynamic programming over a small library of beliefs.

On the lattice of :mod:`spm.bounds.lattice` a belief is a vector b over N cells. Let U(t, k, b) be the most that
can be earned with t agents and k items left, for an unnormalised belief b. What an SPM earns is linear in b, with
coefficients of at least 0, and U is the maximum of that over SPMs: so it is convex, homogeneous and increasing,
and hence subadditive. If weights w >= 0 *cover* a posterior c by beliefs b_j, c <= sum_j w_j b_j in every cell,
then

    U(t, k, c) <= sum_j w_j U(t, k, b_j).

So with a cover of every posterior (belief of the library, lattice price, purchase or refusal), a dynamic
programme over (agents left, items left, belief of the library) bounds U from above, whatever the library and the
covers are. Between lattice prices :meth:`~spm.bounds.lattice.Lattice.best` applies, since U is convex. This is
the bound of Lovejoy (1991), "Computationally feasible bounds for partially observed Markov decision processes";
here the library grows where the best policy goes (:func:`grow`). Posteriors do not depend on the objective, on
the position in the cell or on n and m, so one cover serves them all.

*Rounding.* Beliefs and weights are whole multiples of :data:`UNIT`, rounded up. A cover may miss
:data:`MOST_MISSING` of a posterior's probability, so at each of n visits at most that is lost, and with it that
share of what is still to come, at most m: a tenth of what :func:`~spm.bounds.lattice.numerical_error` allows for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from spm.bounds.lattice import Lattice, make_lattice
from spm.limits import check_memory, tick
from spm.settings import Array

Integers = NDArray[np.int64]
UNIT = 2.0**-30
"""Beliefs and weights are multiples of this."""
MOST_MISSING = 1e-13
"""Probability of a posterior that its cover may miss."""
GROWTH = 1 / 5
"""The library grows by this share at a time, where most is lost; then the loss is judged anew."""
DISTINCT = 1e-8
"""Squared distance that a new belief keeps from the others."""
IDLE = 1e-5
"""Probability with which any belief is met at any time, besides those on the best policy's path."""
MOST_PIVOTS, PIVOT, GAIN = 80, 1e-7, 1e-9
"""Steps of the simplex method, its least pivot, and the least gain for which it makes a step."""
SPOILT = 1e-6
"""By how much rounding may shift a cover in any cell, before it is rounded up (:func:`rounded`)."""
AT_A_TIME = 2048
"""Posteriors that are covered at a time."""


@dataclass(frozen=True, eq=False)
class Cover:
    """A library of M beliefs, and a cover of each posterior by N of them.

    Attributes:
        beliefs: first the N single cells, then the prior, ``(M, N)``.
        index: the covering beliefs' numbers, ``(M, P, 2, N)``: by belief, price, and purchase (0) or refusal (1).
        weight: their weights, of the same shape.
    """

    beliefs: Array
    index: Integers
    weight: Array

    @cached_property
    def matrix(self) -> csr_array:
        """The weight of every belief in every cover, ``(M * P * 2, M)``."""
        ends = np.arange(0, self.index.size + 1, self.index.shape[-1])
        shape = (len(ends) - 1, len(self.beliefs))
        return csr_array((self.weight.ravel(), self.index.ravel(), ends), shape=shape)

    def missing(self, grid: Lattice) -> Array:
        """Return what each cover misses of its posterior, ``(M, P, 2, N)``."""
        covered = (self.weight[..., None] * self.beliefs[self.index]).sum(axis=-2)
        return np.asarray(np.maximum(posteriors(grid, self.beliefs) - covered, 0))


def posteriors(grid: Lattice, beliefs: Array) -> Array:
    """Return beliefs after a purchase (0) and a refusal (1) at each price, unnormalised, ``(M, P, 2, N)``.

    >>> grid = make_lattice(0.5, 2)
    >>> posteriors(grid, np.eye(2))[0, 4].tolist()  # the first cell has values in [0, 0.5], the price is 0.25
    [[0.5, 0.0], [0.5, 0.0]]
    """
    return np.stack([1 - grid.below, grid.below], axis=1) * beliefs[:, None, None, :]


def cheapest(beliefs: Array, wanted: Array, costs: Array) -> tuple[Integers, Array]:
    """Return covers of least cost, by the simplex method for all posteriors side by side.

    A solver that takes one linear programme after the other needs 30 times as long.

    Args:
        beliefs: the library, the single cells first, ``(M, N)``.
        wanted: the posteriors, ``(R, N)``.
        costs: of the beliefs, for all posteriors ``(M,)`` or for each ``(R, M)``.

    Returns:
        The covering beliefs' numbers and weights, ``(R, N)`` each.

    >>> library = np.array([[1, 0], [0, 1], [0.5, 0.5]])
    >>> index, weight = cheapest(library, np.array([[0.5, 0.25]]), np.array([1.0, 1.0, 0.9]))
    >>> index.tolist(), weight.tolist()
    ([[0, 2]], [[0.25, 0.5]])
    """
    parts = []
    for begin in range(0, len(wanted), AT_A_TIME):
        rows = wanted[begin : begin + AT_A_TIME]
        some = (
            costs[begin : begin + AT_A_TIME]
            if costs.ndim == 2
            else np.broadcast_to(costs, (len(rows), len(costs)))
        )
        parts.append(_simplex(beliefs, rows, some / some.max(axis=1, keepdims=True)))
        tick()
    index, weight = zip(*parts, strict=True)
    return np.concatenate(index), np.concatenate(weight)


def _simplex(beliefs: Array, wanted: Array, costs: Array, pivot: float = PIVOT) -> tuple[Integers, Array]:
    """:func:`cheapest` for costs of at most 1, ``(R, M)``, by pivots above ``pivot``."""
    count, cells = wanted.shape
    # Each row's basis is at first the single cells: numbers and weights, (R, N), and the inverse, (R, N, N).
    index, weight = np.tile(np.arange(cells), (count, 1)), wanted.copy()
    inverse, active = np.tile(np.eye(cells), (count, 1, 1)), np.arange(count)
    for _ in range(MOST_PIVOTS if pivot < 1 / cells else 0):  # a fall of at least that is always there
        # The worth of each cell in this basis, (A, N); the belief with least cost beyond its worth enters, (A, M).
        cell = (inverse[active] @ costs[active[:, None], index[active]][..., None])[..., 0]
        beyond = costs[active] - cell @ beliefs.T
        entering = beyond.argmin(axis=1)
        gains = beyond[np.arange(len(active)), entering] < -GAIN
        active, entering = active[gains], entering[gains]
        if not len(active):
            break
        # Per unit of its weight those of the basis fall by this, (A, N); the one that is first at 0 leaves.
        rows, fall = np.arange(len(active)), np.einsum("ri,rij->rj", beliefs[entering], inverse[active])
        ratio = np.where(fall > pivot, weight[active] / np.maximum(fall, pivot), np.inf)
        leaving = ratio.argmin(axis=1)
        most = ratio[rows, leaving]
        # A pivot too small to count may push a weight below 0 by rounding, which :func:`rounded` makes up for.
        weight[active] = np.maximum(weight[active] - most[:, None] * fall, 0)
        index[active, leaving], weight[active, leaving] = entering, most
        # One row of the basis has changed, and so has its inverse by a matrix of rank 1.
        column = inverse[active, :, leaving] / fall[rows, leaving][:, None]
        inverse[active] -= column[:, :, None] * fall[:, None, :]
        inverse[active, :, leaving] = column
    # Where small pivots have spoilt a cover, it is sought again with larger ones; at last single cells remain.
    spoilt = np.abs((weight[..., None] * beliefs[index]).sum(axis=1) - wanted).max(axis=1) > SPOILT
    if spoilt.any():
        index[spoilt], weight[spoilt] = _simplex(beliefs, wanted[spoilt], costs[spoilt], 100 * pivot)
    return index, weight


def make_cover(grid: Lattice, beliefs: Array, costs: Array) -> Cover:
    """Return the cover of least cost, not rounded yet; costs as in :func:`cheapest`."""
    wanted = posteriors(grid, beliefs)
    index, weight = cheapest(beliefs, wanted.reshape(-1, grid.cells), costs)
    return Cover(beliefs, index.reshape(wanted.shape), weight.reshape(wanted.shape))


def rounded(cover: Cover, grid: Lattice) -> Cover:
    """Return the cover with weights rounded up; where it still misses something, the prior replaces the least one.

    The prior covers all cells alike, so N times the greatest shortfall of a cell is enough of it.
    """
    up = Cover(cover.beliefs, cover.index.copy(), np.ceil(cover.weight / UNIT) * UNIT)
    fails, least = up.missing(grid).sum(axis=-1) > MOST_MISSING, up.weight.argmin(axis=-1)
    rows = (*np.nonzero(fails), least[fails])
    up.index[rows], up.weight[rows] = grid.cells, 0
    up.weight[rows] = np.ceil(grid.cells * up.missing(grid)[fails].max(axis=-1) / UNIT) * UNIT
    return up


def price_values(cover: Cover, grid: Lattice, later: Array) -> Array:
    """Return what each price earns at most, ``(m, M, P)``, given the values ``(m + 1, M)`` of one agent fewer."""
    # What is to come after each posterior, (M, P, 2, m + 1); a purchase leaves one item less.
    after = (cover.matrix @ later.T).reshape(*cover.index.shape[:3], -1)
    to_come = after[:, :, 0, :-1] + after[:, :, 1, 1:]
    return np.asarray(cover.beliefs @ grid.reward.T + np.moveaxis(to_come, 2, 0))


def backwards(cover: Cover, grid: Lattice, n_agents: int, n_items: int) -> Iterator[Array]:
    """Yield the bound by items left and belief, ``(m + 1, M)``, with 0, 1, ..., n agents left.

    >>> cover = grow(3, 2, 0.5, "welfare", cells=4, size=20)
    >>> *_, last = backwards(cover, make_lattice(0.5, 4), 3, 2)
    >>> last[:, 4].round(2).tolist()  # belief 4 is the prior
    [0.0, 0.57, 1.07]
    """
    what = f"the bound for up to {n_agents:,} agents and {n_items:,} items"
    check_memory(what, 8 * (n_items + 1) * cover.index[..., 0].size * 4)
    values, bow = np.zeros((n_items + 1, len(cover.beliefs))), cover.beliefs @ grid.bow.T
    yield values
    for _ in range(n_agents):
        best = grid.best(price_values(cover, grid, values), bow)
        values = np.concatenate([np.zeros((1, len(cover.beliefs))), best])
        tick()
        yield values


@lru_cache(maxsize=8)
def grow(n_agents: int, n_items: int, delta: float, objective: str, cells: int, size: int) -> Cover:
    """Return a cover whose library, of at most ``size`` beliefs, suits n agents and m items.

    >>> grow(3, 2, 0.5, "welfare", cells=4, size=20).beliefs.shape
    (20, 4)
    """
    grid = make_lattice(delta, cells, 0.5, objective)
    beliefs = np.concatenate([np.eye(cells), np.full((1, cells), np.ceil(1 / cells / UNIT) * UNIT)])
    cover = make_cover(grid, beliefs, _said(beliefs))
    while True:
        cover, values, uses = _tightened(cover, grid, n_agents, n_items)
        more = _new_beliefs(cover, grid, uses, size)
        if not len(more):
            return rounded(cover, grid)
        # A new belief costs what covers it; then the path is looked for again, so the mean over (t, k) will do.
        mean = values.mean(axis=(0, 1))
        index, weight = cheapest(cover.beliefs, more, mean)
        costs = np.concatenate([mean, (weight * mean[index]).sum(axis=1)])
        cover = make_cover(grid, np.concatenate([cover.beliefs, more]), costs)


def _said(beliefs: Array) -> Array:
    """How much beliefs say about the cell: a strictly convex function of them, ``(...)``."""
    return np.asarray((np.cumsum(beliefs, axis=-1) ** 2).sum(axis=-1))


def _tightened(cover: Cover, grid: Lattice, n_agents: int, n_items: int) -> tuple[Cover, Array, csr_array]:
    """The cover made as cheap as can be where the best policy needs it; then its values and :func:`_uses`."""
    values = np.stack(list(backwards(cover, grid, n_agents, n_items)))
    uses = _uses(cover, grid, values)
    rows = np.flatnonzero(uses.sum(axis=1))
    index, weight = cover.index.reshape(-1, grid.cells).copy(), cover.weight.reshape(-1, grid.cells).copy()
    wanted, flat = posteriors(grid, cover.beliefs).reshape(-1, grid.cells), values.reshape(-1, len(cover.beliefs))
    for begin in range(0, len(rows), AT_A_TIME):
        some = rows[begin : begin + AT_A_TIME]
        # A cover adds its cost to the bound as often as it is used; a little of the mean decides between equals.
        index[some], weight[some] = cheapest(
            cover.beliefs, wanted[some], uses[some] @ flat + IDLE * flat.mean(axis=0)
        )
    cover = Cover(cover.beliefs, index.reshape(cover.index.shape), weight.reshape(cover.index.shape))
    values = np.stack(list(backwards(cover, grid, n_agents, n_items)))
    return cover, values, _uses(cover, grid, values)


def _uses(cover: Cover, grid: Lattice, values: Array) -> csr_array:
    """How often the best policy meets each posterior, by agents and items left, ``(M P 2, (n + 1) (m + 1))``."""
    agents, items, size = values.shape[0] - 1, values.shape[1] - 1, len(cover.beliefs)
    matrix, bow, prices = cover.matrix, cover.beliefs @ grid.bow.T, len(grid.prices)
    # With which probability each belief is met, by items left, (m + 1, M): first the prior, which is number N.
    met = np.full((items + 1, size), IDLE)
    met[items, grid.cells] = 1
    rows, columns, chances = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
    for t in range(agents - 1, 0, -1):
        # The best price by items left and belief: a share of the way between two lattice prices, (m, M).
        step, share = grid.choose(price_values(cover, grid, values[t]), bow)
        before, met = met, np.full((items + 1, size), IDLE)
        for price, part in ((step, 1 - share), (step + 1, share)):
            for sold in (1, 0):
                # By items left after the visit and belief, (m - sold, M): the posterior's number, and its chance.
                left = np.arange(1, items + 1 - sold)
                row = (np.arange(size) * prices + price[left + sold - 1]) * 2 + 1 - sold
                chance = (before[left + sold] * part[left + sold - 1]).ravel()
                where = (np.repeat(left, size), row.ravel())
                met += (csr_array((chance, where), shape=(items + 1, len(matrix.indptr) - 1)) @ matrix).toarray()
                rows.append(where[1])
                columns.append(t * (items + 1) + where[0])
                chances.append(chance)
    place = (np.concatenate(rows), np.concatenate(columns))
    return csr_array((np.concatenate(chances), place), shape=(len(matrix.indptr) - 1, (agents + 1) * (items + 1)))


def _new_beliefs(cover: Cover, grid: Lattice, uses: csr_array, size: int) -> Array:
    """Posteriors whose covers say most that they do not say themselves, as often as they are met, ``(X, N)``."""
    wanted = posteriors(grid, cover.beliefs).reshape(-1, grid.cells)
    mass = wanted.sum(axis=1)
    beliefs = np.ceil(wanted / np.maximum(mass, UNIT)[:, None] / UNIT) * UNIT
    said = cover.matrix @ _said(cover.beliefs) - mass * _said(beliefs)
    loss = uses.sum(axis=1) * said
    most, found = min(size, int(len(cover.beliefs) * (1 + GROWTH)) + 1), cover.beliefs
    for row in np.argsort(-loss):
        if len(found) >= most or loss[row] <= 0:
            break
        if ((found - beliefs[row]) ** 2).sum(axis=1).min() > DISTINCT:
            found = np.concatenate([found, beliefs[row : row + 1]])
    return found[len(cover.beliefs) :]
