"""Each panel's bounds and best static mechanisms, computed once and kept as records.

The numbers come from :mod:`spm.bounds`; a record is reused while every module that they depend on is unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import joblib

from spm import bounds, experiments, files, fingerprints, results, settings

SOURCES = fingerprints.source_digests(fingerprints.dependencies("bounds"))
"""Fingerprints of the modules that determine the bounds."""


def path(panel: str) -> Path:
    """Return where a panel's record lies."""
    return experiments.home() / "_build" / "bounds" / f"{panel}.json"


def is_done(panel: str) -> bool:
    """Say whether a panel has an intact record made by the present code."""
    try:
        return bool(results.read_record(path(panel))["sources"] == SOURCES)
    except ValueError:
        return False


@cache
def benchmark(panel: str) -> dict[str, Any]:
    """Return a panel's bounds (:meth:`spm.bounds.Bracket.as_dict`), from its record or computed now.

    Raises:
        ValueError: unknown panel.
    """
    if not is_done(panel):
        compute(panel)
    bracket: dict[str, Any] = results.read_record(path(panel))["bounds"]
    return bracket


def compute(panel: str) -> str:
    """Compute a panel's bounds, store their record, and return the panel's name."""
    body = {"panel": panel, "sources": SOURCES, "bounds": bounds.bracket(settings.get(panel)).as_dict()}
    files.write_atomic(path(panel), results.sealed(body))
    return panel


def run(panels: Iterable[str], jobs: int = 1) -> int:
    """Compute the bounds that are missing or stale, ``jobs`` at a time; return how many there were."""
    todo = [panel for panel in panels if not is_done(panel)]
    joblib.Parallel(n_jobs=jobs)(joblib.delayed(compute)(panel) for panel in todo)
    return len(todo)
