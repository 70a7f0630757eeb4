"""The correlated model on a lattice of lower ends: information that makes the latent discrete.

Write a value as v = a + w u, where the lower end a is uniform on [0, delta], w = 1 - delta and u is uniform on [0,
1]. Split [0, delta] into N cells of length h. Then a = a_j + e with the number j of the cell and the position e in
it, which is uniform on [0, h] and independent of j. Reveal e to the mechanism in advance. What it can earn is
convex in e: an SPM whose prices are fixed relative to e earns a value linear in e, and the optimum is a maximum of
such values. So its mean over e is at most the mean over e = 0 and e = h (:data:`SHIFTS`); for welfare it is
linear, since everything that can be sold is sold. Hence *every N gives an upper bound on every SPM* of the model
itself. Doubling N reveals less and tightens the bound.

A belief is now a vector b over cells, and a visit at price p multiplies it by P(v < p | a_j) or P(v >= p | a_j),
which are linear in p between the *kinks* a_j and a_j + w. With U(b) the optimal value of an unnormalised belief,
convex and homogeneous in b, the continuation between two lattice prices is therefore at most its chord, and the
reward is a parabola: the best price is bounded in closed form (:meth:`Lattice.best`), with no price left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from spm.bounds.known_latent import visit_reward
from spm.market import chance_below
from spm.settings import Array

SHIFTS = {"welfare": (0.5,), "revenue": (0.0, 1.0)}
"""Positions in the cell, in units of h, over which the bound is averaged."""
WIDEST_STEP = 1 / 16
"""Lattice prices are at most this far apart."""
LATTICE_ROUNDING = 1e-9
"""Prices and ends of supports this close count as equal, in whichever way raises the bound."""
DECIMALS = 12
"""Kinks are rounded to these, so that equal ones are one price."""


@dataclass(frozen=True, eq=False)
class Lattice:
    """Beliefs over N cells and P prices.

    Attributes:
        prices: lattice prices relative to the position in the cell, increasing, ``(P,)``.
        below: P(v < p | cell), ``(P, N)``.
        reward: a visit's expected reward, ``(P, N)``.
        bow: by how much the reward midway between two lattice prices exceeds its chord, times 4, ``(P - 1, N)``.
    """

    prices: Array
    below: Array
    reward: Array
    bow: Array

    @property
    def cells(self) -> int:
        """Number of cells, N."""
        return int(self.below.shape[1])

    def best(self, values: Array, bow: Array) -> Array:
        """Return the maximum over all prices, those between lattice prices included.

        Args:
            values: value of each lattice price, ``(..., P)``.
            bow: ``(..., P - 1)``; at a share s of the way between two lattice prices the value is at most their
                chord plus ``bow * s * (1 - s)``.

        >>> grid = make_lattice(0.5, 2)
        >>> values = np.zeros(len(grid.prices))
        >>> float(grid.best(values, np.full(len(values) - 1, 4.0)))  # chord 0 plus 4 s (1 - s), best at s = 1/2
        1.0
        """
        _, between = self._within_steps(values, bow)
        # The best within a step, or the best lattice price: they agree but for rounding, (...).
        return np.asarray(np.maximum(between.max(axis=-1), values.max(axis=-1)))

    def choose(self, values: Array, bow: Array) -> tuple[NDArray[np.int64], Array]:
        """Return the price that :meth:`best` finds: the number of its step, and its share of the way, ``(...)``.

        >>> grid = make_lattice(0.5, 2)
        >>> [float(part) for part in grid.choose(np.arange(len(grid.prices)), np.zeros(len(grid.prices) - 1))]
        [11.0, 1.0]
        """
        share, between = self._within_steps(values, bow)
        step = between.argmax(axis=-1)
        return step, np.take_along_axis(share, step[..., None], axis=-1)[..., 0]

    def _within_steps(self, values: Array, bow: Array) -> tuple[Array, Array]:
        """The best share of the way on each step, and the value there, ``(..., P - 1)`` each."""
        # On each step the value is chord + bow s (1 - s): its derivative rise + bow (1 - 2 s) vanishes at
        # s = 1/2 + rise / (2 bow), kept within the step; without a bow the better end is best, (..., P - 1).
        rise = np.diff(values, axis=-1)
        share = np.clip(0.5 + rise / np.maximum(2 * bow, 1e-300), 0.0, 1.0)
        return share, values[..., :-1] + share * (rise + bow * (1 - share))


def make_lattice(delta: float, cells: int, position: float = 0.5, objective: str = "welfare") -> Lattice:
    """Return the lattice of ``cells`` cells for one position in the cell.

    Args:
        delta: correlation, in (0, 1).
        cells: number of cells, N.
        position: e / h, in [0, 1].
        objective: ``welfare`` or ``revenue``.

    >>> make_lattice(0.5, 2).prices.tolist()[-3:]
    [0.625, 0.6875, 0.75]

    Raises:
        ValueError: delta outside (0, 1), or no cell.
    """
    if not 0 < delta < 1 or cells < 1:
        raise ValueError(f"a lattice needs delta in (0, 1) and at least 1 cell, not {delta} and {cells}")
    step, width = delta / cells, 1 - delta
    # The cells' lower ends a_j, (N,), at position 0; the position moves all ends and all prices by the same shift.
    lower: Array = np.arange(cells, dtype=np.float64) * step
    # The kinks a_j and a_j + w with prices between them, (P,); as a column, to be compared with the cells, (P, 1).
    prices = _prices(np.concatenate([lower, lower + width]))
    column, shift = prices[:, None], position * step
    # Between two lattice prices a cell has values everywhere or nowhere: the cells that have them, (P - 1, N).
    # Rounding may count a cell too many, which raises the bound, but never one too few.
    inside = (lower <= column[:-1] + LATTICE_ROUNDING) & (lower + width >= column[1:] - LATTICE_ROUNDING)
    steps = np.diff(prices)
    # There the reward is a parabola whose second derivative is -curvature; elsewhere it is linear. Over a step of
    # length L it exceeds its chord at the share s of the way by curvature L² s (1 - s) / 2.
    curvature = {"welfare": 1.0, "revenue": 2.0}[objective] / width
    return Lattice(
        # Chances and rewards at the lattice prices, (P, N).
        prices,
        chance_below(column, lower, width),
        visit_reward(objective, column + shift, lower + shift, width),
        inside * curvature * steps[:, None] ** 2 / 2,
    )


def numerical_error(n_agents: int, n_items: int, width: float) -> float:
    """Return by how much rounding may lower a bound for n agents, m items and values of the given width w.

    A kink moves by at most half of its last decimal. So at each of n visits at most a probability of 10^-12 / w is
    lost, and with it that share of what is still to come, at most m.

    >>> numerical_error(20, 5, 0.5)
    1e-09
    """
    return max(LATTICE_ROUNDING, n_agents * n_items * 10.0**-DECIMALS / width) if width > 0 else LATTICE_ROUNDING


def _prices(kinks: Array) -> Array:
    """The kinks, with further prices where they are far apart."""
    kinks = np.unique(np.round(kinks, DECIMALS))
    parts = [
        np.linspace(left, right, int(np.ceil((right - left) / WIDEST_STEP - LATTICE_ROUNDING)) + 1)[:-1]
        for left, right in pairwise(kinks)
    ]
    return np.concatenate([*parts, kinks[-1:]])
