"""The results of record: a whole protocol as plain tables and weights-only files under ``data/``.

``data/<protocol>/`` holds ``runs.csv`` (one row per run: specification, final evaluation, provenance),
``curves.csv``, ``bounds.csv`` (which needs no run; the book computes its bounds again), the kept policies as
``policies/<panel>/<statistic>-<variant>-<seed>.pt`` (torch's weights-only format), ``seal.json`` with miniatures
of two runs per curve (:mod:`spm.compendium.record.replay`), and ``manifest.json`` with the SHA-256 of each of
these files. :func:`check_published` refuses what the present code would not produce.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from spm.compendium.record.grid import Protocol, get_protocol, grid
from spm.compendium.record.replay import Seal
from spm.compendium.record.store import label, record_place
from spm.files import digest, home
from spm.learning import Specification

CURVE = ["panel", "variant", "statistic"]
KEY = [*CURVE, "seed"]


def folder(protocol: Protocol) -> Path:
    """Return where a protocol's results of record lie."""
    return home() / "data" / protocol.name


def specified(specification: Specification) -> dict[str, Any]:
    """Return a specification as one flat row; ``visits`` is called ``budget``, since a run may round it up."""
    flat = specification.as_dict()
    hyper = flat.pop("hyperparameters")
    names = {"panel": flat.pop("setting")["name"], "statistic": flat.pop("statistic")["name"]}
    return {"budget" if name == "visits" else name: value for name, value in (names | flat | hyper).items()}


def is_kept(runs: pd.DataFrame, keep: int) -> pd.Series[bool]:
    """Say which runs are among the ``keep`` best seeds of their curve, by final regret.

    The paper keeps the 3 of 6 seeds "with highest average performance"; we read this as the average over the
    profiles of the final evaluation.
    """
    return runs.groupby(CURVE)["regret"].rank(method="first") <= keep


def as_csv(table: pd.DataFrame) -> bytes:
    """Return a table as the bytes of a CSV file, the same on every platform."""
    return table.to_csv(index=False, lineterminator="\n").encode()


REPLAYED_SEEDS = 2
"""Seeds of each curve whose miniatures are kept."""


def results_of_record(protocol: Protocol) -> dict[str, pd.DataFrame]:
    """Return the tables of record of a protocol, ``runs`` and ``curves``, after :func:`check_published`.

    Raises:
        ValueError: they are damaged or stale.
    """
    return read_tables(folder(protocol), protocol.name)


@cache
def read_tables(root: Path, protocol: str) -> dict[str, pd.DataFrame]:
    """Return the tables below ``root``, read once and checked."""
    check_published(get_protocol(protocol), jobs=os.cpu_count() or 1)
    return {name: pd.read_csv(root / f"{name}.csv", float_precision="round_trip") for name in ("runs", "curves")}


def check_published(protocol: Protocol, jobs: int = 1) -> str:
    """Check that the results of record are whole, and those that the present code would produce.

    Args:
        protocol: the size of the experiments.
        jobs: how many curves are replayed at a time, where code or packages have changed since.

    Returns:
        What has changed since without changing the results; empty if nothing has.

    Raises:
        ValueError: a file is missing or damaged, the grid is another, or a replay gives something else; the
            message names it and says what to do.
    """
    root = folder(protocol)
    try:
        manifest = json.loads((root / "manifest.json").read_bytes())
        broken = [name for name, sha in manifest["files"].items() if digest((root / name).read_bytes()) != sha]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"the results of record in {root} can't be read: {error}; {_remedy(protocol)}") from None
    if broken:
        raise ValueError(f"{root / broken[0]} is not what was recorded (checksum differs); {_remedy(protocol)}")
    _check_grid(protocol, pd.read_csv(root / "runs.csv", float_precision="round_trip"))
    return _check_replays(protocol, Seal.read(root / "seal.json"), jobs)


def _check_grid(protocol: Protocol, runs: pd.DataFrame) -> None:
    """Compare the rows' specifications, and which of them are kept, with the protocol's."""
    changed = changes(runs, grid("all", protocol))
    if not changed and not runs["kept"].equals(is_kept(runs, protocol.keep)):
        changed = f"the runs kept are not the {protocol.keep} best of each curve"
    if changed:
        raise ValueError(f"the results of record in {folder(protocol)} are stale: {changed}; {_remedy(protocol)}")


def _check_replays(protocol: Protocol, seal: Seal, jobs: int) -> str:
    """Replay each curve where the conditions have changed; return what has."""
    first = [run for run in grid("all", protocol) if run.seed == 0]
    curves = [[replace(run, seed=seed) for seed in range(min(REPLAYED_SEEDS, protocol.seeds))] for run in first]
    stale = seal.stale({label(curve[0]): [(record_place(run), run) for run in curve] for curve in curves}, jobs)
    if stale:
        raise ValueError(
            f"the results of record in {folder(protocol)} are stale: {stale[0]} comes out otherwise in a "
            f"replay, and so do {len(stale) - 1} other curves; changed: {seal.changed}; {_remedy(protocol)}"
        )
    return seal.changed and f"{len(curves)} curves replayed, all as recorded, though these changed: {seal.changed}"


def changes(rows: pd.DataFrame, specifications: Sequence[Specification]) -> str:
    """Say which row first differs from its specification, and in what; empty if none does."""
    plain = pd.DataFrame([specified(specification) for specification in specifications])
    expected = pd.read_csv(io.BytesIO(as_csv(plain)), float_precision="round_trip")
    if set(expected) - set(rows) or len(expected) != len(rows):
        return f"{len(rows)} runs of another grid, which has {len(expected)}"
    found = rows[list(expected)]
    differs = (expected != found) & ~(expected.isna() & found.isna())
    if not differs.to_numpy().any():
        return ""
    row = int(differs.any(axis=1).to_numpy().argmax())
    which = " ".join(str(expected[name].iloc[row]) for name in KEY)
    return f"{', '.join(differs.columns[differs.iloc[row]])} of {which} changed"


def _remedy(protocol: Protocol) -> str:
    return f"reproduce them with `make reproduce` (protocol {protocol.name}), or look at `make book PROFILE=quick`"


def provenance(protocol: Protocol) -> pd.DataFrame:
    """Return how many runs were made by which versions on which processor, and their seconds."""
    runs = results_of_record(protocol)["runs"]
    by = ["python", "numpy", "torch", "stable-baselines3", "gymnasium", "processor"]
    return runs.groupby(by)["seconds"].agg(runs="count", hours=lambda s: s.sum() / 3600).reset_index()
