"""95% intervals of sums of means: Student's t, with Welch's degrees of freedom where samples differ."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

LEVEL = 0.975
"""The quantile of a 95% interval."""

Sample = NDArray[np.float64]


class Interval(NamedTuple):
    """A mean and its 95% interval."""

    mean: float
    low: float
    high: float

    @property
    def bounds(self) -> str:
        """The interval as text."""
        return f"[{self.low:+.4f}, {self.high:+.4f}]"


def contrast(terms: Iterable[tuple[float, Sample]]) -> Interval:
    """Return the weighted sum of the samples' means with its 95% interval.

    A sample of one number is taken to be known exactly.

    Args:
        terms: weight and sample ``(k,)`` of each term; samples are independent of each other.

    >>> contrast([(1.0, np.array([3.0])), (-1.0, np.array([1.0]))])
    Interval(mean=2.0, low=2.0, high=2.0)
    """
    listed = [(weight, np.asarray(sample, dtype=np.float64)) for weight, sample in terms]
    mean = float(sum(weight * sample.mean() for weight, sample in listed))
    parts = [(w**2 * s.var(ddof=1) / len(s), len(s) - 1) for w, s in listed if len(s) > 1]
    variance = float(sum(part for part, _ in parts))
    if variance == 0:
        return Interval(mean, mean, mean)
    freedom = variance**2 / sum(part**2 / k for part, k in parts)
    half = float(stats.t.ppf(LEVEL, freedom)) * variance**0.5
    return Interval(mean, mean - half, mean + half)


def of_mean(sample: Sample) -> Interval:
    """Return a sample's mean with its 95% interval."""
    return contrast([(1.0, sample)])
