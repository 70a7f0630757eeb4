"""What every command line here shares: strict arguments, and one sentence and a status for whatever goes wrong.

A command is done by :func:`status_of`, the one place where a failure becomes a sentence.
"""

from __future__ import annotations

import argparse
import math
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TextIO, TypeVar

from spm.files import why
from spm.names import MOST_CHARACTERS, decimal_number, printable, quoted, shortened, unknown, whole_number

T = TypeVar("T")


JOBS_PER_PROCESSOR = 8
"""More processes than this are refused: each would need memory, and none would be faster."""

FAILURES = (ValueError, OSError, MemoryError, RecursionError, OverflowError)
"""What the input, the machine or its disk can be the reason of; anything else is an error of the program."""


def status_of(program: str, work: Callable[[], None], interrupted: str = "interrupted") -> int:
    """Do a program's ``work`` and return its exit status; a failure is told on standard error.

    Args:
        program: its name, the first word of the sentence.
        work: what it does.
        interrupted: what is said when the reader stops it.

    Returns:
        0; 2 after a failure; 141, in silence, when nobody reads the output any more; 130 after Ctrl-C, 143 after
        SIGTERM, 129 after SIGHUP.

    >>> status_of("spm", lambda: None)
    0
    """
    _open_outputs()
    try:
        try:
            with ended_by_signals():
                work()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        status = 128 + signal.SIGPIPE
    except KeyboardInterrupt as interrupt:
        _tell(program, interrupted)
        status = 128 + int((interrupt.args or (signal.SIGINT,))[0])
    except FAILURES as error:
        _tell(program, _sentence(error))
        status = 2
    else:
        status = 0
    _drop_unwritten(sys.stdout)
    _drop_unwritten(sys.stderr)
    return status


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP interrupt as Ctrl-C does.

    Raises:
        KeyboardInterrupt: with the number of the signal that came.
    """
    if threading.current_thread() is not threading.main_thread():  # which alone hears of signals
        yield
        return
    received: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)  # the second one ends the process at once
        received.append(number)
        raise KeyboardInterrupt

    # Those that would end it: under nohup, SIGHUP does not.
    fatal = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_DFL]
    for number in fatal:
        signal.signal(number, interrupt)
    try:
        yield
    except KeyboardInterrupt as error:  # which may have come through code that made another one of it
        raise KeyboardInterrupt(*(received or error.args)) from None
    finally:
        for number in fatal:
            signal.signal(number, signal.SIG_DFL)


def _open_outputs() -> None:
    """Let both outputs take any text: a closed one drops it, and what an encoding lacks is escaped."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        if reconfigure := getattr(getattr(sys, name), "reconfigure", None):
            reconfigure(errors="backslashreplace")


def _drop_unwritten(output: TextIO) -> None:
    """Send what ``output`` can't write nowhere, or Python would try again at its end, and complain."""
    try:
        output.flush()
    except OSError:
        with suppress(OSError):  # no file of the system
            os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())


def _sentence(error: BaseException) -> str:
    """What one of :data:`FAILURES` says to the reader."""
    match error:
        case ValueError():
            return str(error)
        case MemoryError():
            return f"not enough memory: {error}" if str(error) else "not enough memory"
        case RecursionError():
            return "the input is nested too deeply"
        case OverflowError():
            return f"a number is too large: {error}"
        case OSError():
            where = quoted(str(error.filename)) if error.filename else "reading or writing"
            return f"{where} failed: {why(error)}"
    raise TypeError(type(error))


def _tell(program: str, text: str) -> None:
    """Print a sentence of at most :data:`MOST_CHARACTERS` printable characters; a long one loses its middle."""
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    line = printable(f"{program}: {text}").encode(encoding, "backslashreplace").decode(encoding)
    with suppress(OSError):
        print(shortened(line, MOST_CHARACTERS), file=sys.stderr, flush=True)


class Parser(argparse.ArgumentParser):
    """A parser that raises ``ValueError`` with one sentence for arguments that it can't take."""

    def error(self, message: str) -> NoReturn:
        """Raise the error.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"{message} (see {self.prog} --help)")

    def print_help(self, file: Any = None) -> None:
        """Print what ``--help`` says; unlike the parser's own method, not silent when it can't."""
        print(self.format_help(), end="", file=file)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse a command that isn't there, with the nearest ones."""
        if action.choices is not None and value not in action.choices:
            raise argparse.ArgumentError(None, str(unknown("command", value, action.choices)))


def whole(name: str, least: float = -math.inf, most: float = math.inf) -> Callable[[str], int]:
    """Return the type of the argument ``name``: a whole number (:func:`spm.names.whole_number`).

    >>> whole("--jobs", least=1)("2")
    2
    """
    return _kind(partial(whole_number, what=name, least=least, most=most))


def decimal(name: str) -> Callable[[str], float]:
    """Return the type of the argument ``name``: a finite number (:func:`spm.names.decimal_number`)."""
    return _kind(partial(decimal_number, what=name))


def place(name: str) -> Callable[[str], Path]:
    """Return the type of the argument ``name``: the path of a file or folder, which may not be there."""

    def path(text: str) -> Path:
        if not text or "\0" in text:
            raise ValueError(f"{name} must be a path, not {quoted(text)}")
        return Path(text)

    return _kind(path)


def jobs() -> Callable[[str], int]:
    """Return the type of the argument ``--jobs``: how many processes work side by side on this machine."""
    return whole("--jobs", 1, JOBS_PER_PROCESSOR * (os.cpu_count() or 1))


def _kind(read: Callable[[str], T]) -> Callable[[str], T]:
    """The type of an argument that ``read`` makes of a text; its sentence is told as it is."""

    def kind(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentError(None, str(error)) from None

    return kind
