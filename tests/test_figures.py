"""Figures: labels apart, same bytes, words for those who don't see the picture."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spm import figures


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0.01, 0.2))
def test_labels_are_apart_in_order_and_moved_only_when_needed(places: list[float], gap: float) -> None:
    targets = np.sort(np.array(places))
    moved = figures.apart(targets, gap)
    assert (np.diff(moved) >= gap - 1e-9).all()
    assert np.isclose(moved.mean(), targets.mean())
    if (np.diff(targets) >= gap).all():
        assert np.allclose(moved, targets)


def test_limits_hold_all_values() -> None:
    low, high = figures.limits([0.2, 0.9, 0.5])
    assert low < 0.2
    assert high > 0.9
    assert figures.limits([1.0, 1.0])[0] < 1.0


def test_a_drawing_is_the_same_twice_and_carries_its_words() -> None:
    one, other = (figures.correlated_values([0.0, 0.5], n_profiles=20) for _ in range(2))
    assert one.svg == other.svg
    shown = one._repr_html_()
    assert 'alt="Scatter plots' in shown
    assert "<figcaption>" in shown
    assert "http" not in shown.split("base64,")[0]
