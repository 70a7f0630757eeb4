"""The results of record: a whole profile as plain tables and weights-only files under ``data/``.

``data/<profile>/`` holds ``runs.csv`` (a row a run: specification, final evaluation, provenance), ``curves.csv``,
``mechanisms.csv`` and ``bounds.csv`` (what no run is needed for; the book computes its bounds anew), the kept
policies as ``policies/<panel>/<statistic>-<variant>-<seed>.pt`` (torch's weights-only format), ``seal.json`` with
miniatures of two runs of each curve (:mod:`spm.replay`), and ``manifest.json`` with the SHA-256 of each of these
files. :func:`check_published` refuses what the present code would not have made.
"""

from __future__ import annotations

import io
import json
import os
import pickle
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import torch

from spm import benchmarks, experiments
from spm.bounds import explicit_mechanism
from spm.experiments import Protocol
from spm.files import canonical, digest, home, write_atomic
from spm.learning import Specification, Weights, evaluation_seed, learned_mechanism, point
from spm.mechanisms import Learned, play, random_serial_dictatorship
from spm.replay import Replay, Seal
from spm.results import label, record_place, unpack
from spm.settings import get_setting

CURVE = ["panel", "variant", "statistic"]
KEY = [*CURVE, "seed"]
EXPLICIT_PROFILES = 20_000
"""Profiles for explicit mechanisms: a posterior kept for each market makes them slower than networks."""


def folder(of: Protocol) -> Path:
    """Return where a profile's results of record lie."""
    return home() / "data" / of.name


def ensure_results(figure: str, of: Protocol, jobs: int = 1) -> None:
    """See that a figure's results are there: check those of record, or do the runs that are missing.

    Raises:
        ValueError: the results of record are missing, damaged or stale.
    """
    if of.of_record:
        results_of_record(of)
    else:
        experiments.run_grid(figure, of, jobs)


def publish(of: Protocol, jobs: int = 1) -> Path:
    """Write the records of a whole profile as results of record; return their folder.

    Explicit mechanisms are played ``jobs`` at a time.

    Raises:
        ValueError: a run is missing, damaged or stale.
    """
    undone = [(run, state) for run, state in experiments.status("all", of) if state.status != "done"]
    if undone:
        run, state = undone[0]
        raise ValueError(f"{len(undone)} runs are not done; the first is {label(run)}: {state.reason}")
    specifications = experiments.grid("all", of)
    records = [experiments.store_of(of).load(specification) for specification in specifications]
    runs = pd.DataFrame([_row(*pair) for pair in zip(specifications, records, strict=True)])
    runs.insert(len(KEY), "kept", is_kept(runs, of.keep))
    curves = [
        specification.key | point
        for specification, record in zip(specifications, records, strict=True)
        for point in record["curve"]
    ]
    content = {"runs.csv": as_csv(runs), "curves.csv": as_csv(pd.DataFrame(curves))}
    content["mechanisms.csv"] = as_csv(pd.DataFrame(explicit_mechanisms(of, jobs)))
    content["bounds.csv"] = as_csv(pd.DataFrame(bounds_rows()))
    content["seal.json"] = _seal(specifications, records).written
    for specification, record, kept in zip(specifications, records, runs["kept"], strict=True):
        if kept:
            content[policy_name(specification)] = _saved(record["weights"])
    _replace(folder(of), content)
    read_tables.cache_clear()
    return folder(of)


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


def _row(specification: Specification, record: dict[str, Any]) -> dict[str, Any]:
    """A run's row: which run, its final evaluation, everything that determined it, and where it was done."""
    return (
        specification.key
        | record["final"]
        | {name: value for name, value in specified(specification).items() if name not in KEY}
        | {"sources": digest(canonical(record["conditions"]))[:16], "python": record["python"]}
        | record["packages"]
        | {"processor": record["processor"], "seconds": record["seconds"]}
    )


def specified(specification: Specification) -> dict[str, Any]:
    """Return a specification as one flat row; ``visits`` is called ``budget``, for a run may round it up."""
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


def _seal(specifications: Sequence[Specification], records: Sequence[dict[str, Any]]) -> Seal:
    """The miniatures of each curve's first seeds."""
    pairs = zip(specifications, records, strict=True)
    replays = {
        record_place(run): Replay.read(record["replay"]) for run, record in pairs if run.seed < REPLAYED_SEEDS
    }
    return Seal.of_today(specifications, replays)


def policy_name(specification: Specification) -> str:
    """Return where a kept policy lies below the folder of its protocol."""
    return f"policies/{record_place(specification)}.pt"


def _saved(weights: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    torch.save({name: unpack(data) for name, data in weights.items()}, buffer)
    return buffer.getvalue()


def explicit_mechanisms(of: Protocol, jobs: int = 1) -> Iterator[dict[str, Any]]:
    """Yield a row for each explicit mechanism, played on the first profiles of the final evaluation."""
    count = min(of.final_profiles, EXPLICIT_PROFILES)
    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator")
    for rows in parallel(joblib.delayed(_explicit)(panel, count) for panel in experiments.panels("all")):
        yield from rows


def _explicit(panel: str, count: int) -> list[dict[str, Any]]:
    setting = get_setting(panel)
    explicit = {"rsd": random_serial_dictatorship(setting), "lower": explicit_mechanism(setting)}
    rows = []
    for name, one in explicit.items():
        found = asdict(point(play(one, setting, count, evaluation_seed("final")), visits=0))
        del found["visits"]
        rows.append({"panel": panel, "mechanism": name} | found | {"profiles": count})
    return rows


def bounds_rows() -> Iterator[dict[str, Any]]:
    """Yield each panel's first best, bracket and static optima, one row a quantity."""
    for panel in experiments.panels("all"):
        known = benchmarks.benchmark(panel)
        for name in (name.removesuffix("_error") for name in known if name.endswith("_error")):
            row = {"panel": panel, "quantity": name, "value": known[name], "error": known[f"{name}_error"]}
            yield row | {"method": known.get(f"{name}_method", "")}


def results_of_record(of: Protocol) -> dict[str, pd.DataFrame]:
    """Return the tables of record of a profile, ``runs`` and ``curves``, after :func:`check_published`.

    Raises:
        ValueError: they are damaged or stale.
    """
    return read_tables(folder(of), of.name)


@cache
def read_tables(root: Path, of: str) -> dict[str, pd.DataFrame]:
    """Return the tables below ``root``, read once and checked."""
    check_published(experiments.get_protocol(of), jobs=os.cpu_count() or 1)
    return {name: pd.read_csv(root / f"{name}.csv", float_precision="round_trip") for name in ("runs", "curves")}


def check_published(of: Protocol, jobs: int = 1) -> str:
    """Check that the results of record are whole, and those that the present code would produce.

    Args:
        of: the profile.
        jobs: how many curves are replayed at a time, where code or packages have changed since.

    Returns:
        What has changed since without changing the results; empty if nothing has.

    Raises:
        ValueError: a file is missing or damaged, the grid is another, or a replay gives something else; the
            message names it and says what to do.
    """
    root = folder(of)
    try:
        manifest = json.loads((root / "manifest.json").read_bytes())
        broken = [name for name, sha in manifest["files"].items() if digest((root / name).read_bytes()) != sha]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"the results of record in {root} can't be read: {error}; {_remedy(of)}") from None
    if broken:
        raise ValueError(f"{root / broken[0]} is not what was recorded (checksum differs); {_remedy(of)}")
    _check_grid(of, pd.read_csv(root / "runs.csv", float_precision="round_trip"))
    return _check_replays(of, Seal.read(root / "seal.json"), jobs)


def _check_grid(of: Protocol, runs: pd.DataFrame) -> None:
    """Compare the rows' specifications, and which of them are kept, with the profile's."""
    changed = changes(runs, experiments.grid("all", of))
    if not changed and not runs["kept"].equals(is_kept(runs, of.keep)):
        changed = f"the runs kept are not the {of.keep} best of each curve"
    if changed:
        raise ValueError(f"the results of record in {folder(of)} are stale: {changed}; {_remedy(of)}")


def _check_replays(of: Protocol, seal: Seal, jobs: int) -> str:
    """Replay each curve where the conditions have changed; return what has."""
    first = [run for run in experiments.grid("all", of) if run.seed == 0]
    curves = [[replace(run, seed=seed) for seed in range(min(REPLAYED_SEEDS, of.seeds))] for run in first]
    stale = seal.stale({label(curve[0]): [(record_place(run), run) for run in curve] for curve in curves}, jobs)
    if stale:
        raise ValueError(
            f"the results of record in {folder(of)} are stale: {stale[0]} comes out otherwise in a "
            f"replay, and so do {len(stale) - 1} other curves; changed: {seal.changed}; {_remedy(of)}"
        )
    return seal.changed and f"{len(curves)} curves replayed, all as recorded, though these changed: {seal.changed}"


def reseal_published(of: Protocol, jobs: int = 1) -> str:
    """Check the results of record and note that today's conditions produce them; return what had changed.

    Raises:
        ValueError: as :func:`check_published`.
    """
    found, root = check_published(of, jobs), folder(of)
    if found:
        write_atomic(
            root / "seal.json",
            Seal.of_today(experiments.grid("all", of), Seal.read(root / "seal.json").replays).written,
        )
        _write_manifest(root, json.loads((root / "manifest.json").read_bytes())["files"])
        read_tables.cache_clear()
    return found


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


def _remedy(of: Protocol) -> str:
    return f"make them anew with `make reproduce` (profile {of.name}), or look at `make book PROFILE=quick`"


def weights(of: Protocol, specification: Specification) -> Weights:
    """Return the weights of a kept policy.

    Raises:
        ValueError: it is not among the policies of record, or it is damaged.
    """
    path = folder(of) / policy_name(specification)
    try:
        loaded: Weights = torch.load(path, weights_only=True)
    except OSError:
        raise ValueError(f"there is no policy of record at {path}") from None
    except (pickle.UnpicklingError, EOFError, RuntimeError):
        raise ValueError(f"{path} does not hold the weights of a policy") from None
    return loaded


def policy(of: Protocol, specification: Specification) -> Learned:
    """Return the mechanism of a kept policy.

    Raises:
        ValueError: it is not among the policies of record, or it is damaged.
    """
    asked = specification
    return learned_mechanism(asked.setting, asked.statistic, asked.variant, weights(of, specification))


def provenance(of: Protocol) -> pd.DataFrame:
    """Return how many runs were made by which versions on which processor, and their seconds."""
    runs = results_of_record(of)["runs"]
    by = ["python", "numpy", "torch", "stable-baselines3", "gymnasium", "processor"]
    return runs.groupby(by)["seconds"].agg(runs="count", hours=lambda s: s.sum() / 3600).reset_index()
