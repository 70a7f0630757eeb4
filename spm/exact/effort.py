"""The work of solving one finite setting: counted as it is done, shown, and refused when it is too much.

Solvers are written as recursions, but run without Python's own (:func:`unrolled`), so that any number of agents
can be visited one after another.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable
from contextlib import AbstractContextManager
from typing import TypeVar

from spm.limits import progress, tick
from spm.names import quoted

MOST_STEPS = 5_000_000
"""More steps than this are refused. They take about a minute, and at most 2 GiB of memory."""


class Effort:
    """The steps of solving one setting, whichever cell of the taxonomy they are for.

    A step is a few operations on fractions: a price vector tried at a state, a value drawn at a visit, a node of a
    search.

    Args:
        name: the setting's name.

    >>> effort = Effort("mine")
    >>> effort.add(3)
    >>> effort.steps
    3
    >>> effort.add(10**9)
    Traceback (most recent call last):
    ValueError: setting 'mine' is too large to solve exactly: more than 5,000,000 steps
    """

    def __init__(self, name: str) -> None:
        """Start at 0."""
        self.name = name
        self.steps = 0

    def add(self, steps: int = 1) -> None:
        """Count ``steps`` that are about to be done.

        Raises:
            ValueError: more than :data:`MOST_STEPS` in all.
        """
        self.steps += steps
        if self.steps > MOST_STEPS:
            raise ValueError(
                f"setting {quoted(self.name)} is too large to solve exactly: more than {MOST_STEPS:,} steps"
            )
        tick(steps)

    def shown(self) -> AbstractContextManager[None]:
        """Show the steps that are counted within."""
        return progress(f"solving {self.name[:40]}")


Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")
Unrolled = Generator[Key, None, Result]
"""A function that yields each key whose result it needs before it looks that result up."""


def unrolled(
    call: Unrolled[Key, Result], function: Callable[[Key], Unrolled[Key, Result]], known: dict[Key, Result]
) -> Result:
    """Return the result of ``call``, and add to ``known`` the results of ``function`` that it needs.

    >>> def total(n):
    ...     if n:
    ...         if n - 1 not in known:
    ...             yield n - 1
    ...         return n + known[n - 1]
    ...     return 0
    >>> known = {}
    >>> unrolled(total(10_000), total, known)
    50005000
    """
    keys: list[Key] = []  # of all calls but the first, which wait for one another
    calls = [call]
    while True:
        try:
            needed = next(calls[-1])
        except StopIteration as stop:
            if not keys:
                return stop.value
            calls.pop()
            known[keys.pop()] = stop.value
        else:
            keys.append(needed)
            calls.append(function(needed))
