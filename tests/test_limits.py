"""What does not fit is refused with both numbers, and progress is shown by the command line alone."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from spm import limits
from spm.limits import amount, check_memory, machine_memory, progress, showing_progress, tick

PHYSICAL = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [(0, "0 bytes"), (1023, "1,023 bytes"), (1024, "1.0 KiB"), (25e9, "23 GiB"), (32e12, "29 TiB")],
)
def test_amounts_for_people(n_bytes: float, text: str) -> None:
    assert amount(n_bytes) == text


def test_both_numbers_are_given() -> None:
    check_memory("a table", machine_memory())
    numbers = r"^a table needs about 29 TiB of memory, and this machine has \d+(\.\d)? [GT]iB$"
    with pytest.raises(ValueError, match=numbers):
        check_memory("a table", 32e12)


@pytest.mark.parametrize(
    ("content", "memory"),
    [("1048576\n", 2**20), ("max\n", PHYSICAL), ("9" * 30, PHYSICAL), (None, PHYSICAL)],
)
def test_a_containers_limit_counts(
    content: str | None, memory: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CONTAINER_LIMIT", tmp_path / "memory.max")
    if content is not None:
        (tmp_path / "memory.max").write_text(content)
    assert machine_memory() == memory


def work(steps: int) -> None:
    for _ in range(steps):
        tick()


def test_progress_is_not_shown_unless_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "QUIET_SECONDS", -1)
    with progress("solving mine", 10):
        work(10)
    assert capsys.readouterr() == ("", "")


def test_what_takes_long_is_shown_and_then_cleared(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "QUIET_SECONDS", 0.2)
    with showing_progress(), progress("bounding mine", 10, "round"):
        work(3)
        assert capsys.readouterr().err == "", "not yet"
        time.sleep(0.6)
        with progress("playing mine", 99):  # a part of it: counted with the whole
            work(1)
        assert "4.00/10.0 [00:00" in (shown := capsys.readouterr().err)
        assert "bounding mine" in shown
    assert "\n" not in capsys.readouterr().err, "the line is free again"
    with progress("bounding mine", 10):
        work(3)
    assert capsys.readouterr().err == ""
