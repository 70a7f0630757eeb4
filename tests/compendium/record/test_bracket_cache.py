"""Benchmarks are the bounds, kept; what they depend on; and the map of the adaptivity gap."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from spm.bounds import bracket, correlated_map
from spm.compendium.record import bracket_cache, kept
from spm.compendium.record.fingerprints import dependencies
from spm.compendium.report import tables
from spm.settings import get_setting


@pytest.fixture(autouse=True)
def nothing_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Neither here nor in the compendium."""
    monkeypatch.setenv("SPM_HOME", str(tmp_path))
    monkeypatch.setattr(kept, "COMPENDIUM", tmp_path)
    bracket_cache.benchmark.cache_clear()
    yield
    bracket_cache.benchmark.cache_clear()


def test_a_benchmark_holds_the_bounds_and_is_computed_once() -> None:
    assert bracket_cache.benchmark("two-worlds") == bracket(get_setting("two-worlds")).as_dict()
    assert bracket_cache.compute_brackets(["two-worlds", "inventory"]) == 1
    assert bracket_cache.compute_brackets(["two-worlds", "inventory"]) == 0


def test_the_bounds_depend_on_solver_and_covers_but_not_on_learning() -> None:
    needed = dependencies("bounds.brackets")
    assert {
        "exact.solver",
        "bounds.belief_cover",
        "bounds.bayesian_pricing",
        "market.market",
        "settings.setting",
    } <= needed
    assert not {"learning.ppo", "compendium.record.grid", "compendium.record.kept"} & needed


def test_the_map_shows_ranges_by_size() -> None:
    table = tables.adaptivity_map(correlated_map([2, 3], [1, 2], 0.0))
    assert table.loc[2, 2] == "0.0 to 0.0"  # an item for everybody: price 0
    assert [int(column) for column in table.columns] == [1, 2]
