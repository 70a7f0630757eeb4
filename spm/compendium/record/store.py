"""The store of finished runs, and the tidy tables made from them.

A record is one JSON file per run: ``<protocol>/<panel>/<statistic>-<variant>-<seed>.json``. It holds the
specification, the conditions of its making (fingerprints of the producing modules, package versions), the
processor, seconds, the learning curve, the final evaluation, the policy's weights and a miniature of the run, all
under one checksum. Records are written whole or not at all. A record is reused only while it is intact, its
specification is the one asked for, and the present code would produce it (:mod:`spm.compendium.record.replay`);
:meth:`Store.states` says which of these fails.
"""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field
from pydantic_core import from_json

from spm.compendium.record.fingerprints import packages
from spm.compendium.record.layers import Packed, check_layers, network_shapes
from spm.compendium.record.replay import CONDITIONS, Replay, Sealed, are_fresh, replayed
from spm.compendium.record.schema import Name, declared, naming, parsed, read_file
from spm.files import canonical, digest, write_atomic
from spm.learning import Hyperparameters, Point, Specification
from spm.market import Statistic
from spm.settings import Setting

if TYPE_CHECKING:
    from spm.learning import Run

T = TypeVar("T")

Natural = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]


@dataclass(frozen=True)
class AskedSetting:
    """A setting as a record tells it."""

    name: str
    digest: str


@dataclass(frozen=True)
class AskedStatistic:
    """A statistic as a record tells it."""

    name: str
    blocks: list[str]


def _complete(data: Any) -> Any:
    """Refuse hyperparameters that leave one to its default, which may not have been the same."""
    missing = [
        field.name for field in fields(Hyperparameters) if isinstance(data, dict) and field.name not in data
    ]
    if missing:
        raise ValueError(f"{missing[0]} is missing")
    return data


@dataclass(frozen=True)
class Asked:
    """A specification as a record tells it (:meth:`spm.learning.specification.Specification.as_dict`)."""

    setting: AskedSetting
    statistic: AskedStatistic
    seed: Natural
    visits: Positive
    evaluations: Positive
    evaluation_profiles: Positive
    final_profiles: Positive
    hyperparameters: Annotated[Hyperparameters, BeforeValidator(_complete)]
    variant: Literal["scores", "groups"]


@declared
@dataclass(frozen=True)
class Record:
    """The record of a run.

    Attributes:
        specification: everything that determined the run.
        conditions: fingerprints of the producing modules, and packages' versions.
        packages: versions of packages.
        python: version of Python.
        processor: where it was done (:func:`processor`).
        seconds: how long it took.
        curve: points of the learning curve.
        final: the final evaluation.
        weights: the network's layers, by name.
        replay: the run's miniature.
    """

    specification: Asked
    conditions: dict[Name, Name]
    packages: dict[Name, Name]
    python: Name
    processor: Name
    seconds: Annotated[float, Field(ge=0)]
    curve: Annotated[tuple[Point, ...], Field(min_length=1)]
    final: Point
    weights: dict[Name, Packed]
    replay: Replay

    def __post_init__(self) -> None:
        """Check the points.

        Raises:
            ValueError: visits do not increase along the curve and end with the final evaluation's, or an error is
                negative.
        """
        visits = [point.visits for point in self.curve]
        if visits[0] < 0 or visits != sorted(set(visits)) or visits[-1] != self.final.visits:
            raise ValueError("visits must increase along the curve, up to those of the final evaluation")
        if min(min(point.objective_se, point.regret_se) for point in (*self.curve, self.final)) < 0:
            raise ValueError("a standard error must be at least 0")

    def check_network(self, setting: Setting, statistic: Statistic) -> None:
        """Check that the weights are those of a network for a setting and a statistic.

        Raises:
            ValueError: a layer is missing, too many, or of another shape.
        """
        asked = self.specification
        expected = network_shapes(setting, statistic, asked.variant, asked.hyperparameters.width)
        check_layers({name: layer.shape for name, layer in self.weights.items()}, expected)


@dataclass(frozen=True)
class RecordState:
    """Whether a run's record can be used: ``done``, ``missing`` or ``stale``, and why."""

    status: str
    reason: str = ""


def record_place(specification: Specification) -> str:
    """Return where a run's files lie below a folder, without their suffix.

    >>> from spm.market import get_statistic
    >>> from spm.settings import get_setting
    >>> record_place(Specification(get_setting("colors"), get_statistic("none"), seed=3, visits=1))
    'colors/none-scores-3'
    """
    return "{panel}/{statistic}-{variant}-{seed}".format(
        **{key: _file_name(str(name)) for key, name in specification.key.items()}
    )


def _file_name(name: str) -> str:
    """A name of the reader's as that of a file or folder, whose place it must not change.

    >>> _file_name("delta-0.5"), _file_name("../half & half")
    ('delta-0.5', '%2E.%2Fhalf & half')
    """
    return re.sub(r"[^\w &().-]|^[.]", lambda found: f"%{ord(found[0]):02X}", name)


def label(specification: Specification) -> str:
    """Return a run's name for a message: panel, variant, statistic and seed."""
    return " ".join(map(str, specification.key.values()))


class Store:
    """Records below one folder."""

    def __init__(self, root: Path) -> None:
        """Use the folder ``root``; it is made when the first record is written."""
        self.root = Path(root)

    def path(self, specification: Specification) -> Path:
        """Return where the record of a run lies."""
        return self.root / f"{record_place(specification)}.json"

    def save(self, run: Run, seconds: float) -> Path:
        """Write the record of a run that took ``seconds``.

        Raises:
            ValueError: the folder can't be written to.
        """
        path = self.path(run.specification)
        write_atomic(path, sealed(describe(run, seconds)))
        return path

    def load(self, specification: Specification) -> Record:
        """Return the record of a run.

        Raises:
            ValueError: it is missing or damaged.
        """
        return read_record(self.path(specification))

    def states(self, runs: Sequence[Specification], jobs: int = 1) -> list[tuple[Specification, RecordState]]:
        """Say for each run whether its record can be used; ``jobs`` curves are replayed at a time."""
        told = {run: self._read(run) for run in runs}
        curves = _curves({run: record for run, record in told.items() if not isinstance(record, RecordState)})
        for curve, fresh in zip(curves, are_fresh(curves, jobs), strict=True):
            told |= dict.fromkeys((run for run, _ in curve.runs), _judged(curve, fresh))
        return [(run, state) for run, state in told.items() if isinstance(state, RecordState)]

    def state(self, specification: Specification) -> RecordState:
        """Say whether the record of one run can be used."""
        return self.states([specification])[0][1]

    def _read(self, specification: Specification) -> RecordState | Record:
        """A record, or its state where it can't be used whatever a replay would say."""
        path = self.path(specification)
        if not os.path.lexists(path):
            return RecordState("missing", "never run")
        try:
            record = read_record(path)
            changed = _changes(asdict(record.specification), _plain(specification))
            if changed:
                return RecordState("stale", "specification changed: " + ", ".join(changed))
            record.check_network(specification.setting, specification.statistic)
        except ValueError:
            return RecordState("stale", "damaged record")
        return record


def _curves(records: dict[Specification, Record]) -> list[Sealed]:
    """Records by curve and by the conditions under which they were made."""
    curves: dict[Any, list[tuple[Specification, Replay]]] = {}
    for run, record in records.items():
        key = (run.setting.name, run.statistic.name, run.variant, canonical(record.conditions))
        curves.setdefault(key, []).append((run, record.replay))
    return [Sealed(curve, records[curve[0][0]].conditions) for curve in curves.values()]


def _judged(curve: Sealed, fresh: bool) -> RecordState:
    """The state of a curve's runs after their replay."""
    if not curve.changed:
        return RecordState("done")
    if fresh:
        return RecordState("done", f"a replay gives the same, though these changed: {curve.changed}")
    return RecordState("stale", f"a replay gives something else; changed: {curve.changed}")


def _plain(specification: Specification) -> dict[str, Any]:
    """The specification as it comes back from JSON."""
    plain: dict[str, Any] = json.loads(canonical(specification.as_dict()))
    return plain


def _changes(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Names whose entries differ."""
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


@cache
def processor() -> str:
    """Return architecture, maker, family, model and the vector instructions that torch uses.

    The model is part of it: on a processor of another maker or generation torch may sum matrix products in another
    order, even with the same instruction set.
    """
    try:
        told = Path("/proc/cpuinfo").read_text()
    except OSError:  # not on Linux
        told = f"model: {platform.processor()}"
    import torch  # here, since records are read where nothing is learned

    about = dict(re.findall(r"^(.*?)[ \t]*:[ \t]*(.*)$", told, flags=re.MULTILINE))
    model = [about[name] for name in ("vendor_id", "cpu family", "model") if name in about]
    return " ".join([platform.machine(), *model, torch.backends.cpu.get_cpu_capability()])


def describe(run: Run, seconds: float) -> dict[str, Any]:
    """Return the body of a run's record."""
    return {
        "specification": _plain(run.specification),
        "conditions": CONDITIONS,
        "packages": packages(),
        "python": platform.python_version(),
        "processor": processor(),
        "seconds": round(seconds, 2),
        "curve": [asdict(point) for point in run.curve],
        "final": asdict(run.final),
        "weights": {name: asdict(Packed.of(tensor.numpy())) for name, tensor in run.weights.items()},
        "replay": asdict(replayed(run.specification)),
    }


def sealed(body: Any) -> bytes:
    """Return ``body`` as a record: JSON with the checksum of its content."""
    return canonical({"body": body, "sha256": digest(canonical(body))}) + b"\n"


def opened(content: bytes) -> Any:
    """Return the body of a record that :func:`sealed` made.

    Raises:
        ValueError: the content is not what was written.
    """
    try:
        record = from_json(content, allow_inf_nan=False)
        intact = record.keys() == {"body", "sha256"} and digest(canonical(record["body"])) == record["sha256"]
    except (ValueError, AttributeError):
        raise ValueError("not a record, or a damaged one") from None
    if not intact:
        raise ValueError("damaged: the checksum does not match the content")
    return record["body"]


def read_sealed(path: Path, kind: type[T], what: str) -> T:
    """Return the body of what :func:`sealed` made, as an instance of its schema.

    Raises:
        ValueError: no such file, or its content is not what was written, or not of this schema.
    """
    content = read_file(path, what)
    with naming(path):
        return parsed(kind, canonical(opened(content)))


def read_record(path: Path) -> Record:
    """Return the record at ``path``.

    Raises:
        ValueError: as :func:`read_sealed`.
    """
    return read_sealed(path, Record, "record")
