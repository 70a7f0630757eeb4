"""Summaries against hand-made numbers."""

from __future__ import annotations

import pandas as pd
import pytest
from scipy import stats

from spm import experiments, tables
from spm.benchmarks import benchmark


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPM_HOME", str(tmp_path_factory.getbasetemp()))


@pytest.fixture
def final() -> pd.DataFrame:
    regrets = [0.3, 0.1, 0.2, 0.5, 0.4, 0.6]
    return pd.DataFrame(
        {
            "panel": "colors",
            "variant": "scores",
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


def test_each_variant_keeps_its_own_best_seeds(final: pd.DataFrame) -> None:
    worse = final.assign(variant="groups", regret=final["regret"].to_numpy()[::-1] + 1)
    chosen = tables.kept(pd.concat([final, worse], ignore_index=True), 2)
    assert sorted(chosen.loc[chosen["variant"] == "scores", "seed"]) == [1, 2]
    assert sorted(chosen.loc[chosen["variant"] == "groups", "seed"]) == [3, 4]


def test_the_interval_is_students(final: pd.DataFrame) -> None:
    row = tables.summary(final).iloc[0]
    low, high = stats.t.interval(0.95, 5, final["estimate"].mean(), stats.sem(final["estimate"]))
    assert row["mean"] == pytest.approx(final["estimate"].mean())
    assert row["half_width"] == pytest.approx((high - low) / 2)


def test_a_single_seed_has_no_interval(final: pd.DataFrame) -> None:
    assert tables.summary(final.head(1))["half_width"].tolist() == [0.0]


def test_baselines_match_closed_forms() -> None:
    table = tables.baselines("figure-2").set_index("panel")
    exact = sum((21 - k) / 21 for k in range(1, 6))  # the 5 highest of 20 IID uniform values
    assert table.loc["delta-0", "first_best"] == pytest.approx(exact)
    assert table.loc["delta-0", "rsd"] == pytest.approx(2.5)


def finals_of(regret: float, error: float) -> pd.DataFrame:
    """A final evaluation of Two worlds, whose optimum is 443/640."""
    estimate = benchmark("two-worlds")["first_best"] - regret
    key = {"panel": "two-worlds", "variant": "groups", "statistic": "none", "seed": 0}
    return pd.DataFrame([key | {"estimate": estimate, "regret_se": error}])


@pytest.mark.parametrize(
    ("extra", "error", "standard_errors"), [(0.0, 0.0, 0.0), (0.002, 0.001, 2.0), (-0.01, 0.01, -1.0)]
)
def test_the_distance_to_the_upper_bound_is_in_standard_errors(
    extra: float, error: float, standard_errors: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = benchmark("two-worlds")
    made = finals_of(best["first_best"] - best["upper"] - extra, error)
    monkeypatch.setattr(tables, "finals", lambda figure, of: made)
    shown = tables.above_upper(experiments.PROFILES["smoke"])
    assert shown["policy"].tolist() == ["groups"]
    assert shown["standard errors"].tolist() == pytest.approx([standard_errors])
