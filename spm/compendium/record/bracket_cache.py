"""Each panel's bounds and best static mechanisms, kept (:mod:`spm.compendium.record.kept`)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from spm.bounds import record
from spm.compendium.record.kept import Call, ensure_kept, kept


@cache
def benchmark(panel: str) -> dict[str, Any]:
    """Return a panel's bounds (:meth:`spm.bounds.brackets.Bracket.as_dict`), kept or computed now.

    Raises:
        ValueError: unknown panel.
    """
    return kept(record, panel)


def compute_brackets(panels: Iterable[str], jobs: int = 1) -> int:
    """Compute the bounds that are missing or stale, ``jobs`` at a time; return how many there were."""
    return ensure_kept([Call(record, {"name": panel}) for panel in panels], jobs)
