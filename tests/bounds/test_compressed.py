from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from spm.bounds.compressed import CONCENTRATIONS, MEAN_GRID, PRICE_GRID, place_in_grid, regret_to_go
from spm.market import NODES, latent_nodes


@given(st.floats(0.02, 0.98), st.floats(2.0, 600.0), st.floats(-1, 1), st.floats(-1, 1))
def test_interpolation_is_exact_for_planes(mean: float, size: float, tilt: float, slope: float) -> None:
    """In the coordinates of the grid, the mean and the logarithm of the concentration."""
    means = (np.arange(MEAN_GRID) + 0.5) / MEAN_GRID
    table = (tilt * means[:, None] + slope * np.log(CONCENTRATIONS)).ravel()
    here = np.array([mean])
    found = place_in_grid(here, here**2 + here * (1 - here) / (size + 1)).interpolate(table)
    inside = np.clip(mean, means[0], means[-1])
    assert found[0] == pytest.approx(tilt * inside + slope * np.log(size), abs=1e-6)


@pytest.mark.parametrize("objective", ["welfare", "revenue"])
@pytest.mark.parametrize("delta", [0.25, 0.5, 1.0])
def test_regrets_are_never_negative_and_vanish_at_the_best_price(objective: str, delta: float) -> None:
    found = regret_to_go(5, 3, delta, objective)
    regret = np.array([found.regret(agents, copies) for agents in range(1, 6) for copies in range(1, 4)])
    assert regret.min() > -1e-12
    assert regret.min(axis=1).max() < 1e-2


def test_with_as_many_items_as_agents_nothing_is_lost() -> None:
    """Then price 0 is right whatever the latent."""
    later = regret_to_go(5, 3, 0.5).later
    for agents in range(1, 6):
        for copies in range(agents, 4):
            assert later[agents, copies].max() < 1e-12
    assert regret_to_go(5, 3, 0.5).prices(3, 3, np.full((1, NODES), 1 / NODES)) == [0.0]


def test_what_the_belief_will_cost_grows_with_the_spread() -> None:
    later = regret_to_go(6, 2, 0.5).later[6, 2].reshape(MEAN_GRID, -1)[MEAN_GRID // 2]
    assert (np.diff(later) < 0).all()


def test_the_myopic_price_minimises_the_mean_squared_error_of_the_best_one() -> None:
    """Two agents, one item: regret is (p - best(a))²/2w inside, so the price is the posterior mean of best(a)."""
    nodes = latent_nodes(0.2)
    weights = np.diff(beta.cdf(np.linspace(0, 1, NODES + 1), 3, 2))[None]
    best = weights @ (nodes + 0.8 / 2)
    whole = regret_to_go(2, 1, 0.2)
    myopic = replace(whole, later=np.zeros_like(whole.later))
    assert myopic.prices(2, 1, weights) == pytest.approx(best, abs=PRICE_GRID[1])
