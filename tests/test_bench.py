"""The benchmark measures what it says; how fast is not asserted."""

from __future__ import annotations

from spm.bench import bench, raw_batched


def test_ratios_are_of_the_rates() -> None:
    data = bench(seconds=0.01)
    assert min(data.values()) > 0
    assert data["raw_ratio"] == data["raw_visits_per_second"] / data["raw_visits_per_second_single"]
    assert data["learning_ratio"] == data["learning_visits_per_second"] / data["learning_visits_per_second_single"]


def test_an_episode_counts_its_visits() -> None:
    visits = raw_batched(7)()
    assert 5 * 7 <= visits <= 20 * 7
