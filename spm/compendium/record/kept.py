"""Results that take seconds and never vary: computed once, and kept with what they were computed by.

::

    data/computed/FUNCTION.json            results of record, one file per function, written by :func:`refresh`
    _build/computed/FUNCTION/DIGEST.json   computed here because those of record are missing or stale

A kept result is *fresh* while the modules that its function depends on, the certificates that those read, and
the packages in :data:`KEPT_PACKAGES`, are those that it was computed by. One that is stale or damaged is never
used, but computed again when it is asked for. :func:`recomputed` says whether a change of the code, such as a
renamed module, changes the result as well.
"""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

import pandas as pd
from pydantic import JsonValue
from tqdm import tqdm

from spm.bounds.certificates import certificate_digests
from spm.compendium.record.fingerprints import dependencies, source_digests
from spm.compendium.record.processes import in_processes
from spm.compendium.record.schema import Name, declared, parsed
from spm.compendium.record.store import read_sealed, sealed
from spm.compendium.record.values import VALUES
from spm.files import canonical, check_writable, digest, home, write_atomic

P = ParamSpec("P")
T = TypeVar("T")

KEPT_PACKAGES = ("numpy", "scipy")
"""Packages whose version a kept result may depend on."""

COMPENDIUM = Path(__file__).parents[3]
"""Its results of record hold wherever ``SPM_HOME`` is, since only the code determines them."""

RELATIVE, ABSOLUTE = 1e-9, 1e-12
"""By how much a float may differ between two processors."""


class Call(NamedTuple):
    """A function of this package and its arguments: JSON types by name, as ``Call(record, {"name": "id"})``."""

    function: Callable[..., Any]
    arguments: dict[str, Any]

    @property
    def name(self) -> str:
        """The function's name, which its files bear."""
        return self.function.__name__

    @property
    def key(self) -> str:
        """The arguments, defaults included, as JSON."""
        bound = inspect.signature(self.function).bind(**self.arguments)
        bound.apply_defaults()
        return canonical(bound.arguments).decode()

    def __str__(self) -> str:
        """Return the call for a message."""
        return f"{self.name} {self.key}"


@dataclass(frozen=True)
class Result:
    """One result in a file, still encoded (:func:`encoded`)."""

    arguments: dict[str, JsonValue]
    value: JsonValue


@declared
@dataclass(frozen=True)
class Results:
    """A file of results and what they depend on (:func:`function_conditions`)."""

    sources: dict[Name, Name]
    packages: dict[Name, Name]
    results: list[Result]

    @property
    def conditions(self) -> dict[str, Any]:
        """What they depend on."""
        return {"sources": self.sources, "packages": self.packages}

    @property
    def values(self) -> dict[str, Any]:
        """The results, still encoded, by their arguments."""
        return {canonical(one.arguments).decode(): one.value for one in self.results}


class Check(NamedTuple):
    """A result of record beside the same computed from nothing: ``same``, ``differs`` or ``not kept``."""

    call: Call
    outcome: str
    new: Any


def kept(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return ``function(*args, **kwargs)``: the kept result, or one computed now and kept in ``_build``.

    Args:
        function: returns JSON types, fractions, or a table without an index of its own.
        args: its arguments, JSON types.
        kwargs: those by name.

    >>> from spm import bounds
    >>> kept(bounds.record, "two-worlds") == bounds.record("two-worlds")
    True
    """
    call = Call(function, inspect.signature(function).bind(*args, **kwargs).arguments)
    found: T = decoded(_read(call))
    return found


def ensure_kept(calls: Iterable[Call], jobs: int = 1) -> int:
    """Compute what is missing or stale, ``jobs`` at a time; return how much that was."""
    todo = [call for call in calls if _find(call) is None]
    with in_processes(_keep, todo, jobs) as kept_now:
        for _ in tqdm(kept_now, "computing", len(todo), mininterval=2, disable=not todo):
            pass
    return len(todo)


def recomputed(calls: Iterable[Call], jobs: int = 1) -> Iterator[Check]:
    """Compute results from nothing and compare each with that of record, fresh or not.

    Fractions must be equal, floats to :data:`RELATIVE`.
    """
    calls = list(calls)
    with in_processes(_compute, calls, jobs) as values:
        bar = tqdm(values, "computing", len(calls), mininterval=2)
        for call, new in zip(calls, bar, strict=True):
            old = _opened(of_record(call.name), call.name).values.get(call.key)
            yield Check(call, "not kept" if old is None else "same" if equal(old, new) else "differs", new)


def refresh(calls: Iterable[Call], jobs: int = 1) -> list[Check]:
    """Compute results from nothing and write them to ``data/computed`` as those of the present code.

    A result that is the same as before stays as it is, digit for digit.

    Returns:
        What was compared; the outcomes say what changed.

    Raises:
        ValueError: they can't be written, which is found out before they are computed.
    """
    calls = list(calls)
    check_writable(files_of_record(calls))
    checks = list(recomputed(calls, jobs))
    for name in dict.fromkeys(check.call.name for check in checks):
        mine = [check for check in checks if check.call.name == name]
        old = _opened(of_record(name), name).values
        results = [
            {"arguments": json.loads(c.call.key), "value": old[c.call.key] if c.outcome == "same" else c.new}
            for c in mine
        ]
        body = function_conditions(mine[0].call.function) | {"results": results}
        readable = json.dumps(json.loads(sealed(body)), indent=1, sort_keys=True)
        write_atomic(_written(name), readable.encode() + b"\n")
    _opened.cache_clear()
    return checks


def files_of_record(calls: Iterable[Call]) -> list[Path]:
    """Return the files that :func:`refresh` writes."""
    return [_written(name) for name in dict.fromkeys(call.name for call in calls)]


def _written(name: str, root: Path | None = None) -> Path:
    return (root or home()) / "data" / "computed" / f"{name}.json"


def of_record(name: str) -> Path:
    """Return where a function's results of record lie: in ``SPM_HOME`` if any do, else in the compendium."""
    mine = _written(name)
    return mine if mine.exists() else _written(name, COMPENDIUM)


def function_conditions(function: Callable[..., Any]) -> dict[str, Any]:
    """Return what a function's results depend on: ``sources``, a digest per module and certificate, and
    ``packages``, their versions.
    """
    return _fingerprint(function.__module__.removeprefix("spm."))


@cache
def _fingerprint(module: str) -> dict[str, Any]:
    needed = dependencies(module)
    files = certificate_digests() if "bounds.certificates" in needed else {}
    return {
        "sources": source_digests(needed) | files,
        "packages": {name: version(name) for name in KEPT_PACKAGES},
    }


def _read(call: Call) -> Any:
    found = _find(call)
    return _keep(call) if found is None else found


def _find(call: Call) -> Any:
    """A call's fresh result, still encoded, or None."""
    for path in (of_record(call.name), _own(call)):
        found = _opened(path, call.name)
        if found.conditions == function_conditions(call.function) and call.key in (values := found.values):
            return values[call.key]
    return None


def _keep(call: Call) -> Any:
    """Compute a call, keep the result in ``_build``, and return it."""
    check_writable([_own(call)])
    value = _compute(call)
    results = [{"arguments": json.loads(call.key), "value": value}]
    write_atomic(_own(call), sealed(function_conditions(call.function) | {"results": results}))
    _opened.cache_clear()
    return value


def _compute(call: Call) -> Any:
    return encoded(call.function(**call.arguments))


def _own(call: Call) -> Path:
    return home() / "_build" / "computed" / call.name / f"{digest(call.key.encode())[:16]}.json"


@cache
def _opened(path: Path, name: str) -> Results:
    """The results of the function ``name`` in a file; none if it is missing or damaged."""
    try:
        found = read_sealed(path, Results, "result")
        for one in found.results:
            parsed(VALUES[name], canonical(one.value))
    except ValueError:
        return Results({}, {}, [])
    return found


def encoded(value: Any) -> Any:
    """Return a result as JSON types; a fraction and a table are marked as such.

    >>> encoded({"value": Fraction(1, 3)})
    {'value': {'fraction': '1/3'}}
    """
    if isinstance(value, Fraction):
        return {"fraction": str(value)}
    if isinstance(value, pd.DataFrame):
        return {"columns": list(value.columns), "rows": encoded(value.astype(object).to_numpy().tolist())}
    if isinstance(value, dict):
        return {name: encoded(one) for name, one in value.items()}
    return [encoded(one) for one in value] if isinstance(value, list | tuple) else value


def decoded(value: Any) -> Any:
    """Return the result that :func:`encoded` wrote; tuples come back as lists.

    >>> decoded({"columns": ["n"], "rows": [[{"fraction": "1/3"}]]}).loc[0, "n"]
    Fraction(1, 3)
    """
    if isinstance(value, dict):
        if value.keys() == {"fraction"}:
            return Fraction(value["fraction"])
        if value.keys() == {"columns", "rows"}:
            return pd.DataFrame(decoded(value["rows"]), columns=value["columns"])
        return {name: decoded(one) for name, one in value.items()}
    return [decoded(one) for one in value] if isinstance(value, list) else value


def equal(one: Any, other: Any) -> bool:
    """Say whether two encoded results are the same, floats up to rounding.

    >>> equal([0.1 + 0.2, "a"], [0.3, "a"]), equal({"fraction": "1/3"}, {"fraction": "1/2"})
    (True, False)
    """
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return type(one) is type(other) and bool(one == other)
