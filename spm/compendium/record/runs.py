"""Doing the runs of a grid that are missing or stale, in parallel, one torch thread per run.

Each run is stored as it ends, so that an interrupted grid resumes where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from spm.compendium.record import engines
from spm.compendium.record.engines import Engine
from spm.compendium.record.grid import Protocol, grid, store_of
from spm.compendium.record.store import RecordState, Store, describe, label, sealed
from spm.files import canonical, check_writable, write_atomic
from spm.learning import Specification, learn

Finished = tuple[Specification, bytes]
"""A run that was done, and its sealed record."""


def status(figure: str, protocol: Protocol, jobs: int = 1) -> list[tuple[Specification, RecordState]]:
    """Return every run of a figure with the state of its record; ``jobs`` curves are replayed at a time."""
    return store_of(protocol).states(grid(figure, protocol), jobs)


def run_grid(figure: str, protocol: Protocol, jobs: int = 1, engine: Engine[Finished] | None = None) -> int:
    """Do the runs of a figure that are missing or stale; return how many there were.

    Args:
        figure: ``figure-2``, ``figure-3``, ``figure-4`` or ``all``.
        protocol: how thoroughly the figures are made.
        jobs: processes on this machine, if no engine is given.
        engine: where the runs are done (:func:`spm.compendium.record.engines.engine`).

    Raises:
        ValueError: unknown figure, fewer than 1 job, an engine that can't be used, or a record that can't be
            written; then finished runs are kept, and those under way ended.
    """
    store = store_of(protocol)
    check_writable(store.path(specification) for specification in grid(figure, protocol))
    todo = [specification for specification, state in status(figure, protocol, jobs) if state.status != "done"]
    return do_runs([(specification, store) for specification in todo], engine or local_engine(jobs))


def local_engine(jobs: int) -> Engine[Finished]:
    """Return the engine of ``jobs`` processes on this machine.

    Raises:
        ValueError: fewer than 1 job.
    """
    return engines.engine("local", jobs)


def do_runs(todo: Sequence[tuple[Specification, Store]], engine: Engine[Finished]) -> int:
    """Do runs, write each record to its store as it completes, and return how many there were."""
    # The longest first, so that no long run is left over when all others have ended.
    runs = sorted(todo, key=lambda pair: -pair[0].visits)
    paths = {canonical(specification.as_dict()): store.path(specification) for specification, store in runs}
    total = sum(specification.visits for specification, _ in runs)
    with (
        engine(run_one, [specification for specification, _ in runs]) as finished,
        tqdm(total=total, unit="visit", unit_scale=True, disable=not todo, mininterval=5) as bar,
    ):
        for done, record in finished:
            _write(paths[canonical(done.as_dict())], record)  # what has travelled is another object
            bar.set_postfix_str(f"{label(done)}", refresh=False)
            bar.update(done.visits)
    return len(todo)


def _write(path: Path, record: bytes) -> None:
    try:
        write_atomic(path, record)
    except ValueError as error:
        raise ValueError(f"{error}; finished runs are kept") from None


def run_one(specification: Specification) -> Finished:
    """Do one run and return it with its record; done again, the record is the same but for its seconds."""
    start = time.perf_counter()
    result = learn(specification)
    return specification, sealed(describe(result, time.perf_counter() - start))
