"""Summaries against hand-made numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from spm import tables


@pytest.fixture
def final() -> pd.DataFrame:
    regrets = [0.3, 0.1, 0.2, 0.5, 0.4, 0.6]
    return pd.DataFrame(
        {
            "panel": "colors",
            "statistic": "none",
            "seed": range(6),
            "visits": 10,
            "regret": regrets,
            "estimate": [1 - regret for regret in regrets],
        }
    )


def test_the_best_seeds_are_kept(final: pd.DataFrame) -> None:
    assert sorted(tables.kept(final, 3)["seed"]) == [0, 1, 2]
    assert sorted(tables.kept(final, 6)["seed"]) == list(range(6))


def test_equal_seeds_are_not_kept_beyond_the_number(final: pd.DataFrame) -> None:
    assert len(tables.kept(final.assign(regret=0.5), 3)) == 3


def test_the_interval_is_students(final: pd.DataFrame) -> None:
    row = tables.summary(final).iloc[0]
    low, high = stats.t.interval(0.95, 5, final["estimate"].mean(), stats.sem(final["estimate"]))
    assert row["mean"] == pytest.approx(final["estimate"].mean())
    assert row["half_width"] == pytest.approx((high - low) / 2)


def test_a_single_seed_has_no_interval(final: pd.DataFrame) -> None:
    assert tables.summary(final.head(1))["half_width"].tolist() == [0.0]


def test_baselines_match_closed_forms() -> None:
    base = tables.baseline("delta-0")  # 20 IID uniform values: E of the 5 highest; 5 random ones
    exact = sum((21 - k) / 21 for k in range(1, 6))
    assert base["first_best"] == pytest.approx(exact, abs=4 * base["first_best_se"])
    assert base["rsd"] == pytest.approx(2.5, abs=4 * base["rsd_se"])
    assert np.isclose(tables.baseline("colors")["first_best"], 15)
