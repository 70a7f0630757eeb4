from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import linprog

from spm.bounds.belief_cover import (
    MOST_MISSING,
    UNIT,
    Cover,
    backwards,
    cheapest,
    grow,
    make_cover,
    posteriors,
    rounded,
)
from spm.bounds.lattice import make_lattice
from spm.settings import Array

CELLS = 4
ROWS = hnp.arrays(np.float64, st.tuples(st.integers(1, 12), st.just(CELLS)), elements=st.floats(0, 1))


def library(rows: Array) -> Array:
    """The single cells, the prior, and further beliefs."""
    total = rows.sum(axis=1, keepdims=True)
    more = np.where(total > 1e-3, rows / np.maximum(total, 1e-3), 1 / CELLS)
    beliefs = np.concatenate([np.eye(CELLS), np.full((1, CELLS), 1 / CELLS), more])
    return np.asarray(np.ceil(beliefs / UNIT) * UNIT)


SIMPLE = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 12), st.just(CELLS)), elements=st.sampled_from([0, 1, 2, 4])
)
POSITIVE = hnp.arrays(np.float64, st.tuples(st.integers(1, 12), st.just(CELLS)), elements=st.floats(0.01, 1))


@given(SIMPLE, POSITIVE)
@settings(max_examples=50)
def test_the_cheapest_covers_cost_as_much_as_a_linear_programme_says(more: Array, wanted: Array) -> None:
    beliefs = library(more)
    costs = np.sqrt((beliefs**2).sum(axis=1))
    index, weight = cheapest(beliefs, wanted, costs)
    assert (weight >= 0).all()
    assert np.einsum("rj,rjc->rc", weight, beliefs[index]) == pytest.approx(wanted, abs=1e-6)
    for row, numbers, weights in zip(wanted, index, weight, strict=True):
        best = linprog(costs, A_eq=beliefs.T, b_eq=row, method="highs")
        assert weights @ costs[numbers] == pytest.approx(best.fun, abs=1e-6)


@given(ROWS, st.floats(0.1, 0.9))
@settings(max_examples=50)
def test_after_rounding_every_posterior_is_covered(more: Array, delta: float) -> None:
    grid, beliefs = make_lattice(delta, CELLS), library(more)
    cover = rounded(make_cover(grid, beliefs, (beliefs**2).sum(axis=1)), grid)
    missing = posteriors(grid, beliefs) - (cover.weight[..., None] * beliefs[cover.index]).sum(axis=-2)
    assert np.maximum(missing, 0).sum(axis=-1).max() <= MOST_MISSING
    whole = cover.weight / UNIT
    assert (whole == np.round(whole)).all()


def brute_force(n_agents: int, n_items: int, belief: Array, prices: Array, delta: float) -> float:
    """The optimum for a known position in the cell, with a few prices, by all histories."""
    if n_agents == 0 or n_items == 0:
        return 0.0
    lower = (np.arange(CELLS) + 0.5) * delta / CELLS
    best = 0.0
    for price in prices:
        below = np.clip((price - lower) / (1 - delta), 0, 1)
        mean = (np.maximum(price, lower) + lower + 1 - delta) / 2
        earned = float(belief @ ((1 - below) * mean))
        earned += brute_force(n_agents - 1, n_items - 1, belief * (1 - below), prices, delta)
        earned += brute_force(n_agents - 1, n_items, belief * below, prices, delta)
        best = max(best, earned)
    return best


@pytest.mark.parametrize("size", [5, 8, 30])
@pytest.mark.parametrize("delta", [0.3, 0.7])
def test_the_bound_of_every_belief_lies_above_all_histories(size: int, delta: float) -> None:
    cover = grow(3, 2, delta, "welfare", CELLS, size)
    *_, bounds = backwards(cover, make_lattice(delta, CELLS), 3, 2)
    optima = [brute_force(3, 2, belief, np.linspace(0.1, 0.9, 9), delta) for belief in cover.beliefs]
    assert (bounds[2] >= np.array(optima) - 1e-9).all()
    assert size < 30 or bounds[2, CELLS] <= optima[CELLS] * 1.01


@pytest.mark.parametrize("objective", ["welfare", "revenue"])
def test_any_cover_bounds_above_and_a_better_one_from_nearer(objective: str) -> None:
    """Single cells tell the cell at once: they bound most of all."""
    cover, grid = grow(4, 2, 0.5, objective, CELLS, 40), make_lattice(0.5, CELLS, 0.5, objective)
    cells = np.broadcast_to(np.arange(CELLS), cover.index.shape)
    told = Cover(cover.beliefs, cells, posteriors(grid, cover.beliefs))
    for hidden, known in zip(backwards(cover, grid, 4, 2), backwards(told, grid, 4, 2), strict=True):
        assert (hidden <= known + 1e-8).all()
    assert hidden[2, CELLS] < known[2, CELLS] - 0.001


def test_the_library_grows_no_further_than_it_needs() -> None:
    assert len(grow(1, 1, 0.5, "welfare", CELLS, 50).beliefs) == CELLS + 1
    assert len(grow(2, 1, 0.5, "welfare", CELLS, 50).beliefs) <= 50
