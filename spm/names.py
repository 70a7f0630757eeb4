"""Names and numbers that people type: looked up or read, with one helpful sentence when they are not right."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from numbers import Integral
from typing import Any, TypeVar

T = TypeVar("T")

MOST_CHARACTERS = 300
"""Characters of a sentence about a failure."""
MOST_QUOTED = 60
"""Characters of an input that an error repeats."""


def quoted(given: object, most: int = MOST_QUOTED) -> str:
    """Return what was given, for an error's sentence: a text in quotes; at most ``most`` printable characters.

    >>> print(quoted("a" * 1000 + "\\n", most=20))
    'aaaaaaaa...aaaaa\\n'
    """
    return shortened(repr(given), most)


def printable(text: str) -> str:
    """Return ``text`` in one line, with escapes for control characters and for those that turn the direction.

    >>> print(printable("two \\n lines\\0"))
    two lines\\x00
    """
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in " ".join(text.split()))


def shortened(text: str, most: int) -> str:
    """Return ``text``, or its beginning and its end, ``most`` characters in all.

    >>> shortened("unknown panel, a very long one; did you mean colors?", 40)
    'unknown panel, a ve...d you mean colors?'
    """
    end = (most - 3) // 2
    return text if len(text) <= most else f"{text[: most - 3 - end]}...{text[-end:]}"


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
    return ValueError(f"unknown {kind} {quoted(name)}; {hint}")


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


def whole_number(text: str, what: str, least: float = -math.inf, most: float = math.inf) -> int:
    """Return the whole number that ``text`` writes in plain digits; ``what`` names it in an error.

    Raises:
        ValueError: anything but up to 18 ASCII digits, with or without a minus, or a number out of bounds.

    >>> whole_number("-12", "visits")
    -12
    >>> whole_number("1_000", "visits")
    Traceback (most recent call last):
    ValueError: visits must be a whole number of at most 18 digits, not '1_000'
    """
    if not re.fullmatch("-?[0-9]{1,18}", text):
        raise ValueError(f"{what} must be a whole number of at most 18 digits, not {quoted(text)}")
    check_whole(what, int(text), least, most)
    return int(text)


def decimal_number(text: str, what: str) -> float:
    """Return the finite number that ``text`` writes in plain digits; ``what`` names it in an error.

    Raises:
        ValueError: anything else than a decimal such as 2, 0.5 or 1e-3, or one too large for a double.

    >>> decimal_number(".5", "delta")
    0.5
    >>> decimal_number("nan", "delta")
    Traceback (most recent call last):
    ValueError: delta must be a number such as 2, 0.5 or 1e-3, not 'nan'
    """
    plain = re.fullmatch(r"-?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?", text)
    if not plain or not math.isfinite(float(text)):
        raise ValueError(f"{what} must be a number such as 2, 0.5 or 1e-3, not {quoted(text)}")
    return float(text)


def is_whole(number: Any) -> bool:
    """Say whether ``number`` is a whole number, Python's or numpy's; true and false are none.

    >>> is_whole(3), is_whole(3.0), is_whole(True)
    (True, False, False)
    """
    return isinstance(number, Integral) and not isinstance(number, bool)


def check_whole(what: str, number: Any, least: float = 1, most: float = math.inf) -> None:
    """Check that ``number`` is a whole number from ``least`` to ``most``.

    Raises:
        ValueError: it is not; the sentence names ``what``.

    >>> check_whole("visits", 1e5)
    Traceback (most recent call last):
    ValueError: visits must be a whole number, not 100000.0
    """
    if not is_whole(number):
        raise ValueError(f"{what} must be a whole number, not {quoted(number)}")
    if number < least:
        raise ValueError(f"{what} must be at least {least}, not {number}")
    if number > most:
        raise ValueError(f"{what} must be at most {most}, not {number}")
