"""Intervals of differences against scipy's tests, and what "beats" means on both sides of the threshold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from spm.compendium.report.compare import ROUNDING, Interval, compare, contrast, of_mean

SAMPLES = st.lists(st.floats(-1, 1), min_size=1, max_size=6).map(np.array)


def test_two_samples_are_compared_by_welch() -> None:
    a, b = np.array([1.0, 2.0, 4.0]), np.array([0.5, 0.6])
    found = compare(a, b)
    low, high = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    assert found == pytest.approx((a.mean() - b.mean(), low, high))


def test_a_sample_and_a_computed_number_are_compared_by_student() -> None:
    a = np.array([1.0, 2.0, 4.0])
    low, high = stats.t.interval(0.95, 2, a.mean() - 0.5, stats.sem(a))
    assert compare(a, np.array([0.5])) == pytest.approx((a.mean() - 0.5, low, high))
    assert compare(np.array([0.5]), a) == pytest.approx((0.5 - a.mean(), -high, -low))


def test_computed_numbers_are_compared_as_they_are() -> None:
    assert compare(np.array([0.75]), np.array([0.25])) == Interval(0.5, 0.5, 0.5)


def test_the_mean_of_a_sample_has_students_interval() -> None:
    a = np.array([1.0, 2.0, 4.0])
    assert of_mean(a) == pytest.approx((a.mean(), *stats.t.interval(0.95, 2, a.mean(), stats.sem(a))))


def test_a_contrast_weighs_its_terms() -> None:
    """Variances 2 * 2**2 / 2 = 4 and 8 * 3**2 / 2 = 36, one degree of freedom each: 40**2 / (4**2 + 36**2)."""
    found = contrast([(2.0, np.array([0.0, 2.0])), (-3.0, np.array([1.0, 5.0]))])
    half = stats.t.ppf(0.975, 1600 / 1312) * np.sqrt(40)
    assert found == pytest.approx((2 - 9, -7 - half, -7 + half))


@given(SAMPLES, SAMPLES)
def test_whoever_beats_is_beaten_the_other_way_round(a: np.ndarray, b: np.ndarray) -> None:
    there, back = compare(a, b), compare(b, a)
    assert (there.is_positive, there.is_negative) == (back.is_negative, back.is_positive)
    assert not (there.is_positive and there.is_negative)
    assert there.mean == -back.mean


@pytest.mark.parametrize(
    ("low", "high", "positive", "negative"),
    [(0.1, 0.2, True, False), (-0.1, 0.2, False, False), (-0.2, -0.1, False, True), (0.0, 0.0, False, False)],
)
def test_an_interval_lies_above_0_or_below_or_neither(
    low: float, high: float, positive: bool, negative: bool
) -> None:
    interval = Interval((low + high) / 2, low, high)
    assert (interval.is_positive, interval.is_negative) == (positive, negative)


def test_rounding_beats_nobody() -> None:
    """Three seeds at 0.1 + 0.2 are a rounding error above a benchmark of 0.3."""
    same = compare(np.full(3, 0.1 + 0.2), np.array([0.3]))
    assert same.mean > 0
    assert not same.is_positive
    assert not same.is_negative
    assert not Interval(0.0, ROUNDING, ROUNDING).is_positive
    assert not Interval(0.0, -ROUNDING, -ROUNDING).is_negative
    assert compare(np.full(3, 0.3 + 2e-9), np.array([0.3])).is_positive
    assert compare(np.full(3, 0.3 - 2e-9), np.array([0.3])).is_negative


def test_an_interval_as_text() -> None:
    assert Interval(0.5, -0.00004, 1.00006).bounds == "[-0.0000, +1.0001]"
