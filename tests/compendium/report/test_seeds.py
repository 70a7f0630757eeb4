"""Selection of seeds: interquartile means, bootstrap and the table against hand-made numbers."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import evidence, unstyled

from spm.compendium.report import seeds

FINALS = {
    ("colors", "scores", "none"): [0.5, 0.7, 0.6, 0.1, 0.4, 0.8],
    ("colors", "groups", "none"): [0.75, 0.75, 0.75, 0.75, 0.75, 0.75],
}
MADE = evidence(FINALS)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=13))
def test_the_interquartile_mean_leaves_a_quarter_out_on_both_sides(values: list[float]) -> None:
    cut = len(values) // 4
    middle = sorted(values)[cut : len(values) - cut]
    found = seeds.interquartile_mean(np.array(values))
    assert found == pytest.approx(sum(middle) / len(middle), abs=1e-12)


def test_the_bootstrap_is_that_of_all_resamples() -> None:
    """All 5**5 equally likely resamples of 5 seeds, of which one is left out on each side."""
    values = np.array([0.0, 0.11, 0.23, 0.36, 0.5])
    every = [np.mean(sorted(drawn)[1:-1]) for drawn in product(values, repeat=5)]
    expected = np.quantile(every, [0.025, 0.975])
    assert seeds.bootstrap(values) == pytest.approx(expected, abs=0.012)


def test_the_bootstrap_is_numpys() -> None:
    """The percentiles of the interquartile means of 10,000 resamples, drawn by numpy."""
    values = np.random.default_rng(1).normal(size=16)
    drawn = np.random.default_rng(0).choice(values, (10_000, 16))
    expected = np.quantile(np.sort(drawn, axis=1)[:, 4:12].mean(axis=1), [0.025, 0.975])
    assert seeds.bootstrap(values) == pytest.approx(expected)
    assert seeds.bootstrap(values) == seeds.bootstrap(values) != seeds.bootstrap(values, 1)


def test_selection_is_the_mean_of_the_kept_minus_that_of_all() -> None:
    scores, groups = seeds.reliability(MADE).to_dict("records")
    assert (scores["variant"], groups["variant"]) == ("scores", "groups")
    assert scores["kept"] == pytest.approx((0.8 + 0.7 + 0.6) / 3)
    assert scores["iqm"] == pytest.approx((0.4 + 0.5 + 0.6 + 0.7) / 4)
    assert (scores["worst"], scores["best"]) == (0.1, 0.8)
    assert scores["selection"] == pytest.approx(0.7 - 3.1 / 6)
    assert 0.1 < scores["low"] < scores["iqm"] < scores["high"] < 0.8
    assert [groups[name] for name in ("kept", "iqm", "low", "high")] == pytest.approx([0.75] * 4)
    assert groups["selection"] == pytest.approx(0.0)


def test_keeping_all_seeds_selects_nothing() -> None:
    table = seeds.reliability(evidence(FINALS, keep=6))
    assert table["selection"].tolist() == pytest.approx([0.0, 0.0])


def test_the_table_as_text() -> None:
    shown = unstyled(seeds.reliability_table(MADE))
    assert shown["policy"].tolist() == ["scores (paper)", "groups"]
    assert shown["curve"].tolist() == ["ASP", "ASP"]
    assert shown["best 3 of 6"].tolist() == ["0.7000", "0.7500"]
    assert shown["95 % interval"].iloc[1] == "0.7500 to 0.7500"
    assert shown["effect of selection"].tolist() == ["+26.19 %", "+0.00 %"]  # (0.7 - 31/60) / 0.7
    assert shown["panel"].tolist() == ["Colors", "Colors"]
    assert shown["IQM of all"].tolist() == ["0.5500", "0.7500"]
    assert shown["worst seed"].tolist() == ["0.1000", "0.7500"]


@pytest.mark.parametrize(("worst", "apart"), [(0.7424, 1), (0.7426, 0)])
def test_a_seed_more_than_one_percent_below_the_kept_ones_is_apart(worst: float, apart: int) -> None:
    """The kept seeds end at 0.75, and 0.99 * 0.75 = 0.7425."""
    ends = {("id", "scores", "none"): [0.75, 0.75, worst], ("id", "scores", "allocation"): [0.75, 0.1, 0.75]}
    ends |= {("id", "groups", statistic): [0.75] * 3 for statistic in ("none", "allocation")}
    shown = seeds.seeds_apart(evidence(ends, keep=2))["curves with a seed apart"]
    assert list(shown.items()) == [("scores", 1 + apart), ("groups", 0)]
