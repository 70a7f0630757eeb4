"""The results of record: a whole protocol as plain tables and weights-only files under ``data/``.

``data/<protocol>/`` holds ``runs.csv`` (one row per run: specification, final evaluation, provenance),
``curves.csv``, ``bounds.csv`` (each panel's bounds, :mod:`spm.compendium.record.bracket_cache`), the kept policies
as ``policies/<panel>/<statistic>-<variant>-<seed>.pt`` (torch's weights-only format), ``seal.json`` with
miniatures of two runs per curve (:mod:`spm.compendium.record.replay`), and ``manifest.json`` with the SHA-256 of
each of these files. :func:`check_published` refuses what the present code would not produce.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import numpy as np
import pandas as pd
from pydantic import StringConstraints

from spm.compendium.record.bracket_cache import benchmark, compute_brackets
from spm.compendium.record.fingerprints import PACKAGES
from spm.compendium.record.grid import Protocol, get_protocol, grid, panels
from spm.compendium.record.replay import Seal
from spm.compendium.record.schema import declared, naming, parsed, read_file, read_table
from spm.compendium.record.store import label, record_place
from spm.files import digest, home
from spm.learning import Hyperparameters, Point, Specification
from spm.names import MOST_CHARACTERS

CURVE = ["panel", "variant", "statistic"]
KEY = [*CURVE, "seed"]

RUN: dict[str, Any] = {"panel": str, "variant": str, "statistic": str, "seed": int}
"""The columns that name a run, with their types."""
EVALUATED: dict[str, Any] = dict(sorted(get_type_hints(Point).items()))
"""Those of an evaluation."""
SIZES: dict[str, Any] = dict.fromkeys(("budget", "evaluations", "evaluation_profiles", "final_profiles"), int)
"""Those of a specification besides."""
TABLES: dict[str, dict[str, Any]] = {
    "runs": RUN
    | {"kept": bool}
    | EVALUATED
    | SIZES
    | get_type_hints(Hyperparameters)
    | dict.fromkeys(("sources", "python", *sorted(PACKAGES), "processor"), str)
    | {"seconds": float},
    "curves": RUN | EVALUATED,
    "bounds": {"panel": str, "quantity": str, "value": float, "error": float, "method": str},
}
"""The columns of each table of record, with their types."""

TABLE_FILES = (*(f"{name}.csv" for name in TABLES), "seal.json")
"""What the manifest lists besides the kept policies."""

BRACKET_TOLERANCE = 1e-6
"""Relative difference between recorded and recomputed bounds that another platform may cause."""


@declared
@dataclass(frozen=True)
class Manifest:
    """The files of record, with the SHA-256 of each."""

    files: dict[str, Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]]

    @classmethod
    def read(cls, root: Path) -> Manifest:
        """Read the manifest below ``root``.

        Raises:
            ValueError: there is none, or it is damaged.
        """
        content = read_file(root / "manifest.json", "manifest")
        with naming(root / "manifest.json"):
            return parsed(cls, content)


def folder(protocol: Protocol) -> Path:
    """Return where a protocol's results of record lie."""
    return home() / "data" / protocol.name


def policy_name(specification: Specification) -> str:
    """Return where a kept policy lies below the folder of its protocol."""
    return f"policies/{record_place(specification)}.pt"


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
    return {name: read_table(root / f"{name}.csv", TABLES[name]) for name in ("runs", "curves")}


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
    root, runs = folder(protocol), grid("all", protocol)
    with _reading(protocol):
        files = Manifest.read(root).files
        _check_sums(root, files, TABLE_FILES)
        tables = {name: read_table(root / f"{name}.csv", columns) for name, columns in TABLES.items()}
        seal = Seal.read(root / "seal.json")
    compute_brackets(panels("all"), jobs)
    stale = _changed_runs(protocol, tables) or _changed_bounds(tables["bounds"])
    if stale:
        raise _refusal(protocol, f"are stale: {stale}")
    with _reading(protocol):
        kept = [policy_name(run) for run, is_kept in zip(runs, tables["runs"]["kept"], strict=True) if is_kept]
        if files.keys() != {*TABLE_FILES, *kept}:
            one = sorted(files.keys() ^ {*TABLE_FILES, *kept})[0]
            raise ValueError(f"the manifest {'should not list' if one in files else 'does not list'} {one}")
        _check_sums(root, files, kept)
    return _check_replays(protocol, seal, jobs)


@contextmanager
def _reading(protocol: Protocol) -> Iterator[None]:
    """Refuse the results of record where something in them can't be read."""
    try:
        yield
    except ValueError as error:
        raise _refusal(protocol, f"can't be read: {error}") from None


def _refusal(protocol: Protocol, reason: str) -> ValueError:
    """The error that says what is wrong with the results of record, and what to do."""
    start = f"the results of record in data/{protocol.name} "
    remedy = "; `make reproduce` makes them anew, `make book PROFILE=quick` does without"
    room = MOST_CHARACTERS - len(start) - len(remedy)  # the end is cut, since the file's name stands first
    return ValueError(start + (reason if len(reason) <= room else f"{reason[: room - 3]}...") + remedy)


def _check_sums(root: Path, files: Mapping[str, str], names: Iterable[str]) -> None:
    """Compare the checksums of files below ``root`` with those of the manifest."""
    for name in names:
        if name not in files:
            raise ValueError(f"the manifest does not list {name}")
        if digest(read_file(root / name, "file of record")) != files[name]:
            raise ValueError(f"{name} is not what was recorded (checksum differs)")


def _changed_runs(protocol: Protocol, tables: Mapping[str, pd.DataFrame]) -> str:
    """Say in what specifications, kept runs or curves differ from the protocol's; empty if in nothing."""
    runs, curves = tables["runs"], tables["curves"]
    changed = changes(runs, grid("all", protocol))
    if not changed and not runs["kept"].equals(is_kept(runs, protocol.keep)):
        return f"the runs kept are not the {protocol.keep} best of each curve"
    if not changed and not curves[KEY].drop_duplicates(ignore_index=True).equals(runs[KEY]):
        return "the curves are not those of the runs"
    if not changed and (curves.groupby(KEY)["visits"].diff() <= 0).any():
        return "visits do not increase along every curve"
    return changed


def _changed_bounds(recorded: pd.DataFrame) -> str:
    """Say which recorded bound first differs from that of the present code; empty if none does."""
    now = pd.DataFrame(bounds_rows())
    names = ["panel", "quantity"]
    if not recorded[names].equals(now[names].astype(recorded[names].dtypes)):
        return "the bounds are not those of the panels"
    numbers = ["value", "error"]
    close = np.isclose(recorded[numbers], now[numbers], rtol=BRACKET_TOLERANCE, atol=BRACKET_TOLERANCE)
    same = (recorded["method"].fillna("") == now["method"]) & pd.DataFrame(close).all(axis=1)
    return "" if same.all() else "{} of {} changed".format(*now.loc[~same, ["quantity", "panel"]].iloc[0])


def bounds_rows() -> Iterator[dict[str, Any]]:
    """Yield each panel's first best, bracket and static optima, one row per quantity."""
    for panel in panels("all"):
        known = benchmark(panel)
        for name in sorted(name.removesuffix("_error") for name in known if name.endswith("_error")):
            row = {"panel": panel, "quantity": name, "value": known[name], "error": known[f"{name}_error"]}
            yield row | {"method": known.get(f"{name}_method", "")}


def _check_replays(protocol: Protocol, seal: Seal, jobs: int) -> str:
    """Replay each curve where the conditions have changed; return what has."""
    first = [run for run in grid("all", protocol) if run.seed == 0]
    curves = [[replace(run, seed=seed) for seed in range(min(REPLAYED_SEEDS, protocol.seeds))] for run in first]
    stale = seal.stale({label(curve[0]): [(record_place(run), run) for run in curve] for curve in curves}, jobs)
    if stale:
        others = f"in a replay, and so do {len(stale) - 1} other curves; changed: {seal.changed}"
        raise _refusal(protocol, f"are stale: {stale[0]} comes out otherwise {others}")
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


def provenance(protocol: Protocol) -> pd.DataFrame:
    """Return how many runs were made by which versions on which processor, and their seconds."""
    runs = results_of_record(protocol)["runs"]
    by = ["python", "numpy", "torch", "stable-baselines3", "gymnasium", "processor"]
    return runs.groupby(by)["seconds"].agg(runs="count", hours=lambda s: s.sum() / 3600).reset_index()
