"""No process of a grid outlives the one that started it, however that one ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from spm.compendium.record.processes import in_processes, unless_of_joblib

ROOT = Path(__file__).parents[3]
SLEEPERS = """
import sys, time
from spm.compendium.command_line import status_of
from spm.compendium.record.processes import in_processes

def work():
    with in_processes(time.sleep, [600] * 4, jobs=2) as results:
        list(results)

sys.exit(status_of("spm", work))
"""


def heed_signals() -> None:
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@contextmanager
def started(*arguments: str, home: Path) -> Iterator[Any]:
    """A Python process that leads a session of its own; whatever lives in it is killed at the end."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "SPM_HOME": str(home)},
        # In a shell's background or under nohup signals are ignored, and a child would inherit that.
        preexec_fn=heed_signals,
    )
    try:
        yield process
    finally:
        for pid in living(process.pid):
            os.kill(pid, signal.SIGKILL)
        process.wait()


def living(session: int) -> list[int]:
    """The processes of a session that have not ended; one that nobody has waited for has."""
    told = subprocess.run(["ps", "-A", "-o", "pid=,stat="], capture_output=True, text=True, check=True).stdout
    found = []
    for pid, state in map(str.split, told.splitlines()):
        with suppress(ProcessLookupError):
            if os.getsid(int(pid)) == session and not state.startswith("Z"):
                found.append(int(pid))
    return found


def wait_until(what: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def ends(process: Any, number: int) -> tuple[int, list[str]]:
    """Send a signal; return status and sentences of the process, after which nothing of its own may live."""
    process.send_signal(number)
    process.wait(10)
    wait_until(lambda: not living(process.pid), 5)
    told = process.communicate()[1]
    return process.returncode, [line for line in told.splitlines() if line.startswith("spm: ") or "Error" in line]


INTERRUPTED = "spm: interrupted; finished runs are kept, and the same command resumes from there"


@pytest.mark.endurance
def test_a_grid_in_its_midst(tmp_path: Path) -> None:
    with started("-m", "spm", "run", "figure-3", "--profile", "smoke", "--jobs", "2", home=tmp_path) as process:
        wait_until(lambda: any(tmp_path.rglob("*.json")), 120)
        assert len(living(process.pid)) > 2
        assert ends(process, signal.SIGTERM) == (143, [INTERRUPTED])
    assert [path for path in tmp_path.rglob(".*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (signal.SIGINT, (130, ["spm: interrupted"])),
        (signal.SIGHUP, (129, ["spm: interrupted"])),
        (signal.SIGTERM, (143, ["spm: interrupted"])),
        (signal.SIGKILL, (-signal.SIGKILL, [])),
    ],
)
def test_processes_that_have_just_been_started(
    number: int, expected: tuple[int, list[str]], tmp_path: Path
) -> None:
    with started("-c", SLEEPERS, home=tmp_path) as process:
        wait_until(lambda: len(living(process.pid)) > 2, 60)
        assert ends(process, number) == expected


def test_ctrl_c_in_a_terminal_reaches_all_processes_and_one_speaks(tmp_path: Path) -> None:
    with started("-c", SLEEPERS, home=tmp_path) as process:
        wait_until(lambda: len(living(process.pid)) > 4, 60)
        os.killpg(process.pid, signal.SIGINT)
        assert process.communicate(timeout=10)[1] == "spm: interrupted\n"
        assert process.returncode == 130


def test_of_joblibs_thread_nothing_is_said_and_of_others_all() -> None:
    told: list[str] = []
    quiet = unless_of_joblib(lambda said: told.append(said.thread.name))
    assert unless_of_joblib(quiet) is quiet
    for name in ("ExecutorManagerThread", "another"):
        quiet(SimpleNamespace(thread=threading.Thread(name=name)))
    assert told == ["another"]


def test_under_nohup_a_hangup_is_ignored(tmp_path: Path) -> None:
    code = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)" + SLEEPERS
    with started("-c", code, home=tmp_path) as process:
        wait_until(lambda: len(living(process.pid)) > 2, 60)
        process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        assert process.poll() is None


def die(status: int) -> None:
    os._exit(status)


def test_a_process_that_is_killed_is_one_sentence() -> None:
    with (
        pytest.raises(ValueError, match="a process was killed at its work, perhaps for want of memory"),
        in_processes(die, [1, 1], jobs=2) as results,
    ):
        list(results)


@pytest.mark.parametrize("jobs", [1, 2, 9])
def test_results_keep_their_order_and_leaving_early_is_silent(jobs: int, recwarn: pytest.WarningsRecorder) -> None:
    with in_processes(abs, [-3, -1, -2], jobs) as results:
        assert list(results) == [3, 1, 2]
    with in_processes(abs, [-3, -1, -2], jobs, ordered=False) as results:
        assert next(results) in (1, 2, 3)
    nothing: list[int] = []
    with in_processes(abs, nothing, jobs) as results:
        assert list(results) == []
    assert not recwarn.list
