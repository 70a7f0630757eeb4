"""The relaxations against a history-tree search that shares nothing with them, and their own properties."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spm.bounds import relaxed_bound, upper_bound
from spm.bounds.known_latent import mean_known
from spm.bounds.relaxation import affordable, peel, solve_relaxation
from spm.mechanisms import StaticPrices, play
from spm.settings import Array, correlated

PRICES = np.linspace(0.0, 1.0, 41)
NODES = 200


def tree_optimum(n_agents: int, n_items: int, delta: float, objective: str) -> float:
    """The best SPM whose prices are multiples of 1/40: every price after every history."""
    width, lower = 1 - delta, delta * (np.arange(NODES) + 0.5) / NODES
    below = np.clip((PRICES[:, None] - lower) / width, 0, 1)
    kept = np.maximum(PRICES[:, None], lower)
    gain = np.where(PRICES[:, None] < lower + width, (kept + lower + width) / 2, 0.0)
    rewards = (1 - below) * (gain if objective == "welfare" else PRICES[:, None])

    def value(weights: Array, agents: int, items: int) -> float:
        if agents == 0 or items == 0:
            return 0.0
        if agents == 1:
            return float((rewards @ weights).max())
        return max(
            float(rewards[j] @ weights)
            + value(weights * (1 - below[j]), agents - 1, items - 1)
            + value(weights * below[j], agents - 1, items)
            for j in range(len(PRICES))
        )

    return value(np.full(NODES, 1 / NODES), n_agents, n_items)


SMALL = [(2, 1, 0.5), (3, 1, 0.5), (3, 2, 0.5), (3, 1, 0.25), (3, 1, 0.8)]
tree = lru_cache(tree_optimum)


@pytest.mark.parametrize("objective", ["welfare", "revenue"])
@pytest.mark.parametrize(("n_agents", "n_items", "delta"), SMALL)
def test_bounds_lie_above_the_optimum_of_small_settings(
    n_agents: int, n_items: int, delta: float, objective: str
) -> None:
    optimum = tree(n_agents, n_items, delta, objective)
    for hidden in range(n_agents + 1):
        assert relaxed_bound(n_agents, n_items, delta, objective, hidden) >= optimum - 1e-6
    assert mean_known(n_agents, n_items, delta, objective) >= optimum - 1e-6


@pytest.mark.parametrize("objective", ["welfare", "revenue"])
@pytest.mark.parametrize(("n_agents", "n_items", "delta"), SMALL)
def test_with_all_values_hidden_the_bound_is_nearly_the_optimum(
    n_agents: int, n_items: int, delta: float, objective: str
) -> None:
    """What is left is the position in the cell, told in advance, and the tree's coarse prices."""
    optimum = tree(n_agents, n_items, delta, objective)
    assert relaxed_bound(n_agents, n_items, delta, objective, n_agents, cells=16) <= optimum * 1.002


@pytest.mark.parametrize("objective", ["welfare", "revenue"])
def test_more_hidden_values_and_more_cells_tighten_the_bound(objective: str) -> None:
    hidden = [relaxed_bound(8, 3, 0.5, objective, depth) for depth in range(4)]
    assert hidden == sorted(hidden, reverse=True)
    assert hidden[0] - hidden[-1] > 0.003
    cells = [relaxed_bound(8, 3, 0.5, objective, 1, count) for count in (2, 4, 8, 16, 32)]
    assert cells == sorted(cells, reverse=True)
    steps = -np.diff(cells)
    assert (steps[1:] < steps[:-1] / 2).all(), "the grid converges faster than linearly, from above"


@given(st.integers(2, 7), st.integers(1, 4), st.floats(0.1, 0.9))
def test_bounds_grow_with_supply_and_stay_below_the_first_best(n: int, m: int, delta: float) -> None:
    bounds = [relaxed_bound(n, k, delta, hidden=1) for k in range(1, m + 1)]
    assert (np.diff(bounds) >= -1e-9).all()
    top = sum((n - j) / (n + 1) for j in range(min(n, m)))
    assert bounds[-1] <= min(n, m) * delta / 2 + (1 - delta) * top + 1e-9


@pytest.mark.parametrize("delta", [0.25, 0.5, 0.8])
def test_no_mechanism_earns_more(delta: float) -> None:
    setting = correlated(8, 3, delta)
    bound, _ = upper_bound(8, 3, delta)
    for price in (0.0, 0.3, 0.5, 0.7):
        played = play(StaticPrices((price,)), setting, 10_000)
        assert played.mean - 3 * played.standard_error <= bound


def test_sizes_may_share_one_programme() -> None:
    alone = relaxed_bound(5, 2, 0.5, hidden=2)
    assert relaxed_bound(5, 2, 0.5, hidden=2, most=(9, 4)) == pytest.approx(alone, abs=1e-12)


@given(hnp.arrays(np.float64, 7, elements=st.floats(0, 1)), st.integers(0, 7), st.data())
def test_layer_cakes_are_mixtures_of_intervals(heights: Array, peak: int, data: st.DataObject) -> None:
    """Against the layer cake written out: for each level the interval on which the belief is at least that."""
    belief = np.concatenate([np.sort(heights[:peak]), np.sort(heights[peak:])[::-1]])
    relaxed = solve_relaxation(3, 2, 0.5, "welfare", 7, 0.5)
    values = data.draw(hnp.arrays(np.float64, relaxed.values.shape[2], elements=st.floats(0, 1)))
    levels, total = [0.0, *np.unique(belief[belief > 0])], 0.0
    for before, level in pairwise(levels):
        inside = np.flatnonzero(belief >= level)
        total += (level - before) * values[relaxed.number[inside[0], inside[-1] + 1]]
    assert peel(belief[None], relaxed.number, values)[0] == pytest.approx(total)


def test_the_extremes_of_correlation_need_no_relaxation() -> None:
    assert upper_bound(6, 2, 0.0)[1] == "dynamic programme for IID values"
    value, method = upper_bound(6, 2, 1.0)
    assert value == pytest.approx(1.0)
    assert method == "z known"
    assert "first 5 never" in upper_bound(6, 2, 0.5)[1]


def test_the_search_is_kept_affordable() -> None:
    assert affordable(2, 0.5) == 2
    assert affordable(20, 0.5, cells=32) < affordable(20, 0.5, cells=8)
