"""Benchmarks: kept as records, made anew when damaged or when the code behind them changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from spm import benchmarks, bounds, settings, tables
from spm.fingerprints import dependencies
from spm.optimum.adaptivity import correlated_map


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("SPM_HOME", str(tmp_path))
    benchmarks.benchmark.cache_clear()
    yield tmp_path
    benchmarks.benchmark.cache_clear()


def test_a_record_holds_the_bounds_and_is_made_once() -> None:
    assert benchmarks.benchmark("two-worlds") == bounds.bracket(settings.get("two-worlds")).as_dict()
    assert benchmarks.run(["two-worlds"]) == 0


def test_a_damaged_record_is_made_anew() -> None:
    benchmarks.compute("inventory")
    path = benchmarks.path("inventory")
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert not benchmarks.is_done("inventory")
    assert benchmarks.run(["inventory"]) == 1
    assert path.read_bytes() == whole


def test_a_change_in_the_code_makes_it_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    benchmarks.compute("two-worlds")
    monkeypatch.setattr(benchmarks, "SOURCES", benchmarks.SOURCES | {"exact.game": "other"})
    assert not benchmarks.is_done("two-worlds")


def test_the_bounds_depend_on_solver_and_relaxation_but_not_on_learning() -> None:
    needed = dependencies("bounds")
    assert {"exact.cells", "optimum.relaxation", "optimum.bayes", "market", "settings"} <= needed
    assert not {"learning", "figures", "experiments"} & needed


def test_the_map_shows_ranges_by_size() -> None:
    table = tables.adaptivity_map(correlated_map([2, 3], [1, 2], 0.0))
    assert table.loc[2, 2] == "0.0 to 0.0"  # an item for everybody: price 0
    assert [int(column) for column in table.columns] == [1, 2]
