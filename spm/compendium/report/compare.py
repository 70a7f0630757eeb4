"""Comparing means: the 95% interval of a difference, and what "beats" means in every table and claim.

Student's t, with Welch's degrees of freedom where both samples vary.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

BEATS = (
    "A beats B if the 95% interval of the difference of their means (Welch; Student where one is computed) lies "
    "above 0."
)
AT_LEAST = "A is at least as good as B (A ≥ B) unless B beats A."

LEVEL = 0.975
"""The quantile of a 95% interval."""
ROUNDING = 1e-9
"""What is not farther than this from 0 is 0."""

Sample = NDArray[np.float64]


class Interval(NamedTuple):
    """A mean and its 95% interval."""

    mean: float
    low: float
    high: float

    @property
    def is_positive(self) -> bool:
        """Whether the interval lies above 0. Of a difference A - B: whether A beats B."""
        return self.low > ROUNDING

    @property
    def is_negative(self) -> bool:
        """Whether the interval lies below 0. Of a difference A - B: whether B beats A."""
        return self.high < -ROUNDING

    @property
    def bounds(self) -> str:
        """The interval as text."""
        return f"[{self.low:+.4f}, {self.high:+.4f}]"


def compare(a: Sample, b: Sample) -> Interval:
    """Return the difference of the means of two independent samples, with its 95% interval.

    A computed number is a sample of one, taken to be known exactly.

    Args:
        a: shape ``(k,)``.
        b: shape ``(l,)``.

    >>> compare(np.array([2.0, 4.0]), np.array([1.0])).mean
    2.0
    >>> compare(np.array([2.0]), np.array([1.0])).is_positive
    True
    """
    return contrast([(1.0, a), (-1.0, b)])


def of_mean(sample: Sample) -> Interval:
    """Return a sample's mean with its 95% interval."""
    return contrast([(1.0, sample)])


def contrast(terms: Iterable[tuple[float, Sample]]) -> Interval:
    """Return the weighted sum of the means of independent samples, with its 95% interval.

    A sample of one number is taken to be known exactly.

    Args:
        terms: weight and sample ``(k,)`` of each term.

    >>> contrast([(1.0, np.array([3.0])), (-2.0, np.array([1.0]))])
    Interval(mean=1.0, low=1.0, high=1.0)
    """
    listed = [(weight, np.asarray(sample, dtype=np.float64)) for weight, sample in terms]
    mean = float(sum(weight * sample.mean() for weight, sample in listed))
    # Each varying sample adds its squared standard error; computed ones add nothing.
    parts = [(w**2 * s.var(ddof=1) / len(s), len(s) - 1) for w, s in listed if len(s) > 1]
    variance = float(sum(part for part, _ in parts))
    if variance == 0:
        return Interval(mean, mean, mean)
    freedom = variance**2 / sum(part**2 / k for part, k in parts)
    half = float(stats.t.ppf(LEVEL, freedom)) * variance**0.5
    return Interval(mean, mean - half, mean + half)
