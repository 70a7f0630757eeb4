"""What fits on this machine, and the progress of what takes long.

Work that could need more memory than there is says first how much it needs (:func:`check_memory`). Work that could
take long counts its steps (:func:`tick`) within :func:`progress`; only the command line shows them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
QUIET_SECONDS = 2
"""Shorter work shows no progress."""


def check_memory(what: str, n_bytes: float) -> None:
    """Check that ``what`` needs no more memory than this machine has.

    Raises:
        ValueError: it needs more; both numbers are given.

    >>> check_memory("a table", 8e3)
    >>> check_memory("a table", 8e18)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: a table needs about 6.9 EiB of memory, and this machine has ...
    """
    memory = machine_memory()
    if n_bytes > memory:
        raise ValueError(f"{what} needs about {amount(n_bytes)} of memory, and this machine has {amount(memory)}")


def machine_memory() -> int:
    """Return the memory of this machine, or of the container that it is, in bytes."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = CONTAINER_LIMIT.read_text().strip() if CONTAINER_LIMIT.exists() else ""
    return min(memory, int(limit)) if re.fullmatch("[0-9]+", limit) else memory


def amount(n_bytes: float) -> str:
    """Return a number of bytes for people.

    >>> amount(800), amount(1.6e9), amount(3.2e13)
    ('800 bytes', '1.5 GiB', '29 TiB')
    """
    scale = 0
    while n_bytes >= 1024 and scale < len(UNITS) - 1:
        n_bytes, scale = n_bytes / 1024, scale + 1
    return f"{n_bytes:.1f} {UNITS[scale]}" if n_bytes < 10 and scale else f"{n_bytes:,.0f} {UNITS[scale]}"


class _Screen:
    """Whether progress is shown, and the bar that is open."""

    shown = False
    bar: Any = None


@contextmanager
def showing_progress() -> Iterator[None]:
    """Show the progress of all work within, on standard error."""
    _Screen.shown = True
    try:
        yield
    finally:
        _Screen.shown = False


@contextmanager
def progress(what: str, total: float | None = None, unit: str = "step") -> Iterator[None]:
    """Count the steps of ``what``, of ``total`` if that is known; work within other work is counted with that."""
    if not _Screen.shown or _Screen.bar is not None:
        yield
        return
    from tqdm import tqdm

    when: dict[str, Any] = {"delay": QUIET_SECONDS, "mininterval": 0.5, "miniters": 1}
    with tqdm(desc=what, total=total, unit=unit, unit_scale=True, leave=False, **when) as _Screen.bar:
        try:
            yield
        finally:
            _Screen.bar = None


def tick(steps: float = 1) -> None:
    """Count ``steps`` of the work that is going on."""
    if _Screen.bar is not None:
        _Screen.bar.update(steps)
