"""The store of finished runs, and the tidy tables made from them.

A record is one JSON file per run: ``<protocol>/<panel>/<statistic>-<variant>-<seed>.json``. It holds the
specification, the conditions of its making (fingerprints of the producing modules, package versions), the
processor, seconds, the learning curve, the final evaluation, the policy's weights and a miniature of the run, all
under one checksum. Records are written whole or not at all. A record is reused only while it is intact, its
specification is the one asked for, and the present code would produce it (:mod:`spm.compendium.record.replay`);
:meth:`Store.states` says which of these fails.
"""

from __future__ import annotations

import base64
import json
import platform
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spm.compendium.record.fingerprints import packages
from spm.compendium.record.replay import CONDITIONS, Replay, Sealed, are_fresh, replayed
from spm.files import canonical, digest, write_atomic
from spm.learning import Specification

if TYPE_CHECKING:
    import torch

    from spm.learning import Run


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

    def load(self, specification: Specification) -> dict[str, Any]:
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

    def _read(self, specification: Specification) -> RecordState | dict[str, Any]:
        """The body of a record, or its state where it can't be used whatever a replay would say."""
        path = self.path(specification)
        if not path.exists():
            return RecordState("missing", "never run")
        try:
            record = read_record(path)
        except ValueError:
            return RecordState("stale", "damaged record")
        changed = _changes(record["specification"], _plain(specification))
        if changed:
            return RecordState("stale", "specification changed: " + ", ".join(changed))
        return record


def _curves(records: dict[Specification, dict[str, Any]]) -> list[Sealed]:
    """Records by curve and by the conditions under which they were made."""
    curves: dict[Any, list[tuple[Specification, Replay]]] = {}
    for run, record in records.items():
        key = (run.setting.name, run.statistic.name, run.variant, canonical(record["conditions"]))
        curves.setdefault(key, []).append((run, Replay.read(record["replay"])))
    return [Sealed(curve, records[curve[0][0]]["conditions"]) for curve in curves.values()]


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
        "weights": {name: pack(tensor) for name, tensor in run.weights.items()},
        "replay": asdict(replayed(run.specification)),
    }


def sealed(body: dict[str, Any]) -> bytes:
    """Return ``body`` as a record: JSON with the checksum of its content."""
    return canonical({"body": body, "sha256": digest(canonical(body))}) + b"\n"


def opened(content: bytes) -> dict[str, Any]:
    """Return the body of a record that :func:`sealed` made.

    Raises:
        ValueError: the content is not what was written.
    """
    try:
        record = json.loads(content)
        body: dict[str, Any] = record["body"]
        intact = digest(canonical(body)) == record["sha256"]
    except (ValueError, KeyError, TypeError):
        raise ValueError("not a record, or a damaged one") from None
    if not intact:
        raise ValueError("damaged: the checksum does not match the content")
    return body


def read_record(path: Path) -> dict[str, Any]:
    """Return the body of the record at ``path``.

    Raises:
        ValueError: no such file, or its content is not what was written.
    """
    try:
        return opened(path.read_bytes())
    except FileNotFoundError:
        raise ValueError(f"there is no record at {path}") from None
    except OSError as error:
        raise ValueError(f"can't read {path}: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"{path} is {error}") from None


def pack(tensor: torch.Tensor) -> dict[str, Any]:
    """Return a tensor of float32 as plain data: its shape and its little-endian bytes in base64."""
    array = tensor.detach().numpy().astype("<f4")
    return {"shape": list(array.shape), "float32": base64.b64encode(array.tobytes()).decode()}


def check_writable(folder: Path) -> None:
    """Check, before a long run, that a record can be written below ``folder``.

    Raises:
        ValueError: it can't.
    """
    probe = folder / ".probe"
    write_atomic(probe, b"")
    probe.unlink()
