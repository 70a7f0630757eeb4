"""Whatever goes wrong is told once, in one short sentence, with a status; whatever is printed can be printed."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from spm.compendium.command_line import JOBS_PER_PROCESSOR, Parser, decimal, jobs, place, status_of, whole

ROOT = Path(__file__).parents[1]
UNPRINTABLE = "two\nlines, a \x1b[2Jclear screen, a \u202ereversal, a \ud800surrogate and a null\0"


def raising(error: BaseException) -> Callable[[], None]:
    """Work that fails."""

    def work() -> None:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ValueError("no such panel"), "no such panel"),
        (
            UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
            "'utf-8' codec can't decode byte 0xff in position 0: bad",
        ),
        (MemoryError(), "not enough memory"),
        (MemoryError("29 TiB"), "not enough memory: 29 TiB"),
        (RecursionError("maximum depth"), "the input is nested too deeply"),
        (OverflowError("int too large"), "a number is too large: int too large"),
        (PermissionError(errno.EACCES, "Permission denied", "a\nb"), r"'a\nb' failed: Permission denied"),
        (OSError(errno.ENOSPC, "No space left on device"), "reading or writing failed: No space left on device"),
        (ConnectionError("lost"), "reading or writing failed: lost"),
        (
            ValueError(UNPRINTABLE),
            r"two lines, a \x1b[2Jclear screen, a \u202ereversal, a \ud800surrogate and a null\x00",
        ),
    ],
)
def test_a_failure_is_one_sentence(error: Exception, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("spm", raising(error)) == 2
    assert capsys.readouterr() == ("", f"spm: {sentence}\n")


def test_a_long_sentence_loses_its_middle(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("spm", raising(ValueError("start " + "\0" * 5_000 + " advice at the end"))) == 2
    line = capsys.readouterr().err
    assert len(line) == 301
    assert line.startswith("spm: start ")
    assert line.endswith(" advice at the end\n")


def test_an_error_of_the_program_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        status_of("spm", raising(ZeroDivisionError()))


@pytest.mark.parametrize(
    ("interrupt", "status"), [(KeyboardInterrupt(), 130), (KeyboardInterrupt(signal.SIGTERM), 143)]
)
def test_an_interrupt_has_the_status_of_its_signal(
    interrupt: KeyboardInterrupt, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of("spm", raising(interrupt), "stopped; all is kept") == status
    assert capsys.readouterr().err == "spm: stopped; all is kept\n"


def test_nobody_reads_any_more(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("spm", raising(BrokenPipeError(errno.EPIPE, "Broken pipe"))) == 141
    assert capsys.readouterr() == ("", "")


def test_arguments_have_kinds() -> None:
    parser = Parser(prog="spm")
    parser.add_argument("--visits", type=whole("--visits", 1, 9))
    parser.add_argument("--seconds", type=decimal("--seconds"))
    parser.add_argument("--out", type=place("--out"))
    parser.add_argument("--jobs", type=jobs())
    options = parser.parse_args(["--visits", "9", "--seconds", "1e-3", "--out", "a b", "--jobs", "1"])
    assert (options.visits, options.seconds, options.out, options.jobs) == (9, 0.001, Path("a b"), 1)
    most = JOBS_PER_PROCESSOR * (os.cpu_count() or 1)
    for wrong, sentence in [
        (["--visits", "10"], "--visits must be at most 9, not 10 (see spm --help)"),
        (["--seconds", "inf"], "--seconds must be a number such as 2, 0.5 or 1e-3, not 'inf' (see spm --help)"),
        (["--out", ""], "--out must be a path, not '' (see spm --help)"),
        (["--jobs", "99999"], f"--jobs must be at most {most}, not 99999 (see spm --help)"),
        (["--job"], "argument --jobs: expected one argument (see spm --help)"),
    ]:
        with pytest.raises(ValueError, match=r"\(see spm --help\)$") as error:
            parser.parse_args(wrong)
        assert str(error.value) == sentence


FULL = "spm: reading or writing failed: No space left on device\n"


def shell(line: str, home: Path, **variables: str) -> tuple[int, str, str]:
    """Run a line of shell, in which ``$spm`` is the program; return its status and both outputs."""
    program = f"{sys.executable} -m spm"
    own = {"SPM_HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "", "spm": program}
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, env=os.environ | own | variables, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("$spm list | true; exit ${PIPESTATUS[0]}", (141, "", "")),
        ("PYTHONUNBUFFERED=1 $spm status --json --profile smoke | true; exit ${PIPESTATUS[0]}", (141, "", "")),
        ("$spm lst 2>&1 | true; exit ${PIPESTATUS[0]}", (2, "", "")),
        ("$spm list > /dev/full", (2, "", FULL)),
        ("$spm status --json --profile smoke > /dev/full", (2, "", FULL)),
        ("PYTHONUNBUFFERED=1 $spm --help > /dev/full", (2, "", FULL)),
        ("$spm lst 2> /dev/full", (2, "", "")),
        ("$spm list >&-", (0, "", "")),
        ("$spm lst <&- >&- 2>&-", (2, "", "")),
    ],
)
def test_outputs_that_take_nothing(line: str, expected: tuple[int, str, str], tmp_path: Path) -> None:
    if "/dev/full" in line and not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    assert shell(line, tmp_path) == expected


def test_in_ascii_nothing_is_lost(tmp_path: Path) -> None:
    train = "$spm train kitchen-sink --statistic none --visits 1"
    status, out, err = shell(train, tmp_path, PYTHONIOENCODING="ascii")
    assert (status, err) == (0, "")
    assert r"\xb1" in out
    assert "record in" in out
    status, _, err = shell(f"$spm bounds {'δ' * 500}", tmp_path, PYTHONIOENCODING="ascii")
    assert status == 2
    assert len(err) <= 301
    assert r"\u03b4" in err
