"""Looking up a name among the known ones, with a helpful sentence when it is not there."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

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


def whole_number(text: str, what: str) -> int:
    """Return the whole number that ``text`` writes in plain digits; ``what`` names it in an error.

    Raises:
        ValueError: anything else than a sign and up to 18 ASCII digits.

    >>> whole_number("-12", "visits")
    -12
    """
    if not re.fullmatch("-?[0-9]{1,18}", text):
        raise ValueError(f"{what} must be a whole number of at most 18 digits, not {text[:60]!r}")
    return int(text)
