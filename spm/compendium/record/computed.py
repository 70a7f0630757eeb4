"""What is kept under ``data/computed``: what the book shows, takes seconds to compute, and is the same under every
protocol.

``spm compute`` computes it from nothing, says what differs from before, and writes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spm.bounds import correlated_map, record, small_settings
from spm.compendium.record.grid import panels
from spm.compendium.record.kept import Call
from spm.compendium.theory import memory, propositions
from spm.compendium.theory.described import optima
from spm.settings import CONSTRUCTIONS

TOO_LARGE = ("theorem-1",)
"""Constructions that no chapter solves for every cell."""


def calls() -> list[Call]:
    """Return all calls whose results are kept.

    >>> str(calls()[0])
    'record {"name":"delta-0"}'
    """
    sizes: list[tuple[list[int], list[int], float]] = [
        ([2, 5, 10, 20, 30], [1, 2, 5, 10, 20, 30], 0.5),  # the map of the chapter on bounds
        *(([20], [2, 5, 10], delta) for delta in (0.0, 0.25, 0.5, 0.75)),
        ([10, 30], [3, 5, 10], 0.5),  # the claim on other sizes
        *(([20], [1, 19, 20], delta) for delta in (0.0, 0.5)),  # footnote 6
    ]
    tables: list[Callable[..., Any]] = [
        memory.cost_of_forgetting,
        memory.required_memory,
        propositions.check_proposition_5,
        propositions.check_proposition_6,
    ]
    return [
        *(Call(record, {"name": panel}) for panel in panels("all")),
        *(Call(optima, {"name": name}) for name in CONSTRUCTIONS if name not in TOO_LARGE),
        *(Call(correlated_map, {"agents": n, "items": m, "delta": delta}) for n, m, delta in sizes),
        Call(small_settings, {}),
        *(Call(table, {}) for table in tables),
    ]
