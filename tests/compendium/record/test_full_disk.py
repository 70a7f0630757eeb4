"""A disk that fills up in the middle of a grid: one sentence, what is done is kept, and the grid goes on later."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "spm", "run", "figure-3", "--profile", "smoke", "--jobs", "2"]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 400 kB, where a test may mount one."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", tmp_path], capture_output=True)
    if mounted.returncode:
        pytest.skip("this needs the right to mount a disk")
    yield tmp_path
    subprocess.run(["umount", "--lazy", tmp_path], check=True)


def files(disk: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in disk.rglob("*") if path.is_file()}


@pytest.mark.endurance
def test_a_grid_on_a_full_disk_keeps_what_is_done_and_goes_on_when_there_is_space(disk: Path) -> None:
    environment = os.environ | {"SPM_HOME": str(disk)}
    full = subprocess.run(COMMAND, env=environment, capture_output=True, text=True)
    sentence = full.stderr.splitlines()[-1]
    assert full.returncode == 2, full.stderr
    assert sentence.startswith("spm: can't write ")
    assert sentence.endswith(": No space left on device; finished runs are kept")
    assert "Traceback" not in full.stderr
    kept = files(disk)
    assert kept
    assert {path.suffix for path in kept} == {".json"}  # no part of a file
    subprocess.run(["mount", "-o", "remount,size=40m", disk], check=True)
    resumed = subprocess.run(COMMAND, env=environment, capture_output=True, text=True)
    assert resumed.returncode == 0, resumed.stderr
    assert f"{len(kept)} found done" in resumed.stdout
    assert all(files(disk)[path] == content for path, content in kept.items())
