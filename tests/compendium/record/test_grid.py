"""The grid: what it contains, resuming, and independence of the number of jobs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from spm.__main__ import main
from spm.compendium.record import grid
from spm.compendium.record.grid import PROTOCOLS, Protocol
from spm.compendium.record.runs import run_grid, status
from spm.compendium.report import tables
from spm.learning import VARIANTS
from spm.market import STATISTICS
from spm.settings import FIGURES, PANELS

TINY = Protocol("tiny", 2, 1, 600, dict.fromkeys(VARIANTS, 600), 2, 50, 100)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPM_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def two_panels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FIGURES, "figure-3", ("kitchen-sink", "id"))


def test_the_paper_profile_is_the_papers_protocol() -> None:
    runs = grid.grid("all", PROTOCOLS["paper"])
    assert len(runs) == 12 * len(VARIANTS) * 5 * 6 == 720
    assert len(set(runs)) == len(runs)
    assert {run.statistic.name for run in runs} == set(STATISTICS)
    assert PROTOCOLS["paper"].keep == 3


def test_every_panel_has_a_figure() -> None:
    assert set(grid.panels("all")) == set(PANELS)


def test_unknown_names_are_met_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean paper"):
        grid.get_protocol("papr")
    with pytest.raises(ValueError, match="did you mean"):
        grid.panels("figure-5")


def test_jobs_must_be_positive(home: Path) -> None:
    with pytest.raises(ValueError, match="jobs must be at least 1, not 0"):
        run_grid("figure-3", TINY, jobs=0)


@pytest.mark.endurance
def test_tables_do_not_depend_on_jobs_and_a_second_run_does_nothing(
    home: Path, two_panels: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_grid("figure-3", TINY, jobs=1) == 40
    tables.write_tables("figure-3", TINY)
    assert run_grid("figure-3", TINY, jobs=1) == 0
    monkeypatch.setenv("SPM_HOME", str(home / "again"))
    run_grid("figure-3", TINY, jobs=2)
    tables.write_tables("figure-3", TINY)
    first, second = (sorted((root / "_build" / "tables").rglob("*.csv")) for root in (home, home / "again"))
    assert len(first) == 3
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_only_stale_and_missing_runs_are_done_again(home: Path, two_panels: None) -> None:
    run_grid("figure-3", TINY)
    records = grid.store_of(TINY)
    runs = grid.grid("figure-3", TINY)
    records.path(runs[0]).unlink()
    records.path(runs[1]).write_bytes(b"{}")
    states = [state.status for _, state in status("figure-3", TINY)]
    assert (states.count("missing"), states.count("stale"), states.count("done")) == (1, 1, 38)
    untouched = records.path(runs[2]).stat().st_mtime_ns
    assert run_grid("figure-3", TINY) == 2
    assert records.path(runs[2]).stat().st_mtime_ns == untouched
    assert run_grid("figure-3", replace(TINY, visits={"scores": 600, "groups": 2_000})) == 12


ONE_PANEL = """
import sys
from spm import settings
from spm.__main__ import main
settings.FIGURES["figure-3"] = ("kitchen-sink",)
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.endurance
def test_a_killed_grid_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """kill -9 of the whole process group half-way; then the same tables as without the kill."""
    monkeypatch.setitem(FIGURES, "figure-3", ("kitchen-sink",))
    command = ["run", "figure-3", "--profile", "smoke", "--jobs"]
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    records = killed / "_build" / "runs"
    victim = subprocess.Popen(
        [sys.executable, "-c", ONE_PANEL, *command, "2"],
        env=os.environ | {"SPM_HOME": str(killed)},
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while len(list(records.rglob("*.json"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(victim.pid, signal.SIGKILL)
    victim.wait()
    done = {path: path.stat().st_mtime_ns for path in records.rglob("*.json")}
    assert 3 <= len(done) < 20
    for home, said in (
        (killed, f"{20 - len(done)} runs done, {len(done)} found done"),
        (whole, "20 runs done, 0"),
    ):
        monkeypatch.setenv("SPM_HOME", str(home))
        assert main([*command, "1"]) == 0
        assert said in capsys.readouterr().out
    assert all(path.stat().st_mtime_ns == when for path, when in done.items())
    written = [sorted((home / "_build" / "tables").rglob("*.csv")) for home in (killed, whole)]
    assert len(written[1]) == 3
    assert [path.read_bytes() for path in written[0]] == [path.read_bytes() for path in written[1]]
