"""Looking up a name and checking a number, with a helpful sentence where one is wrong."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable, Mapping
from numbers import Integral
from typing import Any, TypeVar

T = TypeVar("T")


def unknown(kind: str, name: str, known: Iterable[str]) -> ValueError:
    """Return the error for an unknown ``name`` of a ``kind``, with the nearest known names.

    >>> str(unknown("panel", "color", ["colors", "id"]))
    "unknown panel 'color'; did you mean colors?"
    >>> str(unknown("profile", "x", ["paper", "quick"]))
    "unknown profile 'x'; known: paper, quick"
    """
    names = list(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(names)}"
    return ValueError(f"unknown {kind} {name!r}; {hint}")


def lookup(kind: str, name: str, table: Mapping[str, T]) -> T:
    """Return ``table[name]``.

    Raises:
        ValueError: the name is unknown; the nearest ones are listed.

    >>> lookup("animal", "cat", {"cat": 1, "dog": 2})
    1
    """
    if name not in table:
        raise unknown(kind, name, table)
    return table[name]


def is_whole(number: Any) -> bool:
    """Say whether ``number`` is a whole number, Python's or numpy's; true and false are none.

    >>> is_whole(3), is_whole(3.0), is_whole(True)
    (True, False, False)
    """
    return isinstance(number, Integral) and not isinstance(number, bool)


def check_whole(what: str, number: Any, least: int = 1) -> None:
    """Check that ``number`` is a whole number of at least ``least``.

    Raises:
        ValueError: it is not; the sentence names ``what``.

    >>> check_whole("visits", 1e5)
    Traceback (most recent call last):
    ValueError: visits must be a whole number, not 100000.0
    """
    if not is_whole(number):
        raise ValueError(f"{what} must be a whole number, not {reprlib.repr(number)}")
    if number < least:
        raise ValueError(f"{what} must be at least {least}, not {number}")
