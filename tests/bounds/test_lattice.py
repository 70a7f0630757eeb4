from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm.bounds.known_latent import visit_reward
from spm.bounds.lattice import make_lattice
from spm.market import chance_below
from spm.settings import Array

DELTAS = st.floats(0.05, 0.95)
OBJECTIVES = st.sampled_from(["welfare", "revenue"])


@given(DELTAS, st.integers(1, 9), st.floats(0, 1), OBJECTIVES, st.floats(0, 1))
def test_between_lattice_prices_chances_are_linear_and_rewards_parabolas(
    delta: float, cells: int, position: float, objective: str, share: float
) -> None:
    grid = make_lattice(delta, cells, position, objective)
    step, width = delta / cells, 1 - delta
    lower: Array = np.arange(cells, dtype=np.float64) * step
    prices = ((1 - share) * grid.prices[:-1] + share * grid.prices[1:])[:, None]
    chord = (1 - share) * grid.below[:-1] + share * grid.below[1:]
    assert chance_below(prices, lower, width) == pytest.approx(chord, abs=1e-7)
    earned = visit_reward(objective, prices + position * step, lower + position * step, width)
    bent = (1 - share) * grid.reward[:-1] + share * grid.reward[1:] + grid.bow * share * (1 - share)
    assert earned == pytest.approx(bent, abs=1e-7)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=6), st.data())
def test_the_best_price_is_found_between_lattice_prices_too(values: list[float], data: st.DataObject) -> None:
    bow = np.array([data.draw(st.floats(0, 2)) for _ in values[1:]])
    worth, shares = np.array(values), np.linspace(0, 1, 2001)[:, None]
    everywhere = worth[:-1] + shares * np.diff(worth) + bow * shares * (1 - shares)
    found = make_lattice(0.5, 2).best(worth, bow)
    assert found == pytest.approx(everywhere.max(), abs=1e-6)
    assert found >= everywhere.max() - 1e-12
    step, share = make_lattice(0.5, 2).choose(worth, bow)
    chord = (1 - share) * worth[step] + share * worth[step + 1]
    assert chord + bow[step] * share * (1 - share) == pytest.approx(found)


@pytest.mark.parametrize(("delta", "cells"), [(0.0, 4), (1.0, 4), (0.5, 0)])
def test_impossible_lattices_are_refused(delta: float, cells: int) -> None:
    with pytest.raises(ValueError, match=r"a lattice needs delta in \(0, 1\) and at least 1 cell"):
        make_lattice(delta, cells)
