"""Writing the results of record: a whole protocol as tables and weights-only files under ``data/``."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from spm.compendium.record.grid import Protocol, grid, store_of
from spm.compendium.record.policies import tensors
from spm.compendium.record.published import (
    REPLAYED_SEEDS,
    TABLE_FILES,
    TABLES,
    Manifest,
    as_csv,
    bounds_rows,
    check_published,
    folder,
    is_kept,
    policy_name,
    read_tables,
    specified,
)
from spm.compendium.record.replay import Seal
from spm.compendium.record.runs import status
from spm.compendium.record.store import Record, label, record_place
from spm.files import canonical, digest, write_atomic
from spm.learning import Specification


def publish(protocol: Protocol) -> Path:
    """Write the records of a whole protocol as results of record; return their folder.

    Raises:
        ValueError: a run is missing, damaged or stale.
    """
    undone = [(run, state) for run, state in status("all", protocol) if state.status != "done"]
    if undone:
        run, state = undone[0]
        raise ValueError(f"{len(undone)} runs are not done; the first is {label(run)}: {state.reason}")
    specifications = grid("all", protocol)
    records = [store_of(protocol).load(specification) for specification in specifications]
    runs = pd.DataFrame([_row(*pair) for pair in zip(specifications, records, strict=True)])
    curves = [
        specification.key | vars(point)
        for specification, record in zip(specifications, records, strict=True)
        for point in record.curve
    ]
    runs["kept"] = is_kept(runs, protocol.keep)
    tables = {"runs": runs, "curves": pd.DataFrame(curves), "bounds": pd.DataFrame(bounds_rows())}
    content = {f"{name}.csv": as_csv(table[list(TABLES[name])]) for name, table in tables.items()}
    content["seal.json"] = _seal(specifications, records).written
    for specification, record, kept in zip(specifications, records, runs["kept"], strict=True):
        if kept:
            content[policy_name(specification)] = _saved(record)
    _replace(folder(protocol), content)
    read_tables.cache_clear()
    return folder(protocol)


def seal_files(protocol: Protocol) -> list[Path]:
    """Return the files that :func:`reseal_published` writes."""
    return [folder(protocol) / name for name in ("seal.json", "manifest.json")]


def publish_files(protocol: Protocol) -> list[Path]:
    """Return the files that :func:`publish` may write."""
    names = ["manifest.json", *TABLE_FILES, *(policy_name(run) for run in grid("all", protocol))]
    return [folder(protocol) / name for name in names]


def _replace(root: Path, content: dict[str, bytes]) -> None:
    """Write all files below ``root``, the manifest last, and remove policies that are no longer kept."""
    (root / "manifest.json").unlink(missing_ok=True)
    for name, data in content.items():
        write_atomic(root / name, data)
    for path in root.glob("policies/*/*.pt"):
        if str(path.relative_to(root)) not in content:
            path.unlink()
    _write_manifest(root, content)


def _write_manifest(root: Path, names: Iterable[str]) -> None:
    """Write the checksums of the files ``names`` below ``root``."""
    files = {name: digest((root / name).read_bytes()) for name in names}
    write_atomic(root / "manifest.json", json.dumps({"files": files}, indent=1, sort_keys=True).encode() + b"\n")


def _row(specification: Specification, record: Record) -> dict[str, Any]:
    """A run's row: which run, its final evaluation, everything that determined it, and where it was done."""
    return (
        specification.key
        | vars(record.final)
        | specified(specification)
        | {"sources": digest(canonical(record.conditions))[:16], "python": record.python}
        | record.packages
        | {"processor": record.processor, "seconds": record.seconds}
    )


def _seal(specifications: Sequence[Specification], records: Sequence[Record]) -> Seal:
    """The miniatures of each curve's first seeds."""
    pairs = zip(specifications, records, strict=True)
    replays = {record_place(run): record.replay for run, record in pairs if run.seed < REPLAYED_SEEDS}
    return Seal.of_today(specifications, replays)


def _saved(record: Record) -> bytes:
    buffer = io.BytesIO()
    torch.save(tensors(record), buffer)
    return buffer.getvalue()


def reseal_published(protocol: Protocol, jobs: int = 1) -> str:
    """Check the results of record and note that today's conditions produce them; return what had changed.

    Raises:
        ValueError: as :func:`spm.compendium.record.published.check_published`.
    """
    found, root = check_published(protocol, jobs), folder(protocol)
    if found:
        write_atomic(
            root / "seal.json",
            Seal.of_today(grid("all", protocol), Seal.read(root / "seal.json").replays).written,
        )
        _write_manifest(root, Manifest.read(root).files)
        read_tables.cache_clear()
    return found
