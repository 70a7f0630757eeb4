"""Kept results: used while fresh, computed again when not; those of record are the same computed from nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hostile import NO_FILES, mutations
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spm.__main__ import main
from spm.bounds import correlated_map, record
from spm.compendium.claims.ledger import CLAIMS, check_claims
from spm.compendium.record import computed, kept
from spm.compendium.record.kept import Call
from spm.compendium.record.store import opened, sealed
from spm.compendium.theory import memory, propositions
from spm.compendium.theory.described import optima
from spm.exact import CELLS

ONE = Call(optima, {"name": "prop-1"})
SLOW = ("delta-0.25", "delta-0.33", "delta-0.5", "additive", "revenue", "max-min", "colors", "id", "prop-5")
"""Names whose results take a second or more; ``verify`` computes them again, as it does all others."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home where nothing is kept, nor is anything in the compendium."""
    monkeypatch.setenv("SPM_HOME", str(tmp_path))
    monkeypatch.setattr(kept, "COMPENDIUM", tmp_path / "elsewhere")
    return tmp_path


@pytest.fixture
def computations(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """The calls that are computed."""
    seen: list[Call] = []
    compute = kept._compute

    def counted(call: Call) -> Any:
        seen.append(call)
        return compute(call)

    monkeypatch.setattr(kept, "_compute", counted)
    return seen


def is_quick(call: Call) -> bool:
    if call.name in ("record", "optima"):
        return call.arguments["name"] not in SLOW
    return call.name == "cost_of_forgetting" or call.arguments.get("delta") == 0.0


def test_the_results_of_record_are_those_computed_from_nothing() -> None:
    """Whatever their seals say: neither a stale result nor a forged one is the same."""
    checks = list(kept.recomputed(call for call in computed.calls() if is_quick(call)))
    assert {one.call.name for one in checks} == {"record", "optima", "correlated_map", "cost_of_forgetting"}
    assert [str(one.call) for one in checks if one.outcome != "same"] == []


def test_the_results_of_record_are_all_there_and_intact() -> None:
    for call in computed.calls():
        assert call.key in kept._opened(kept.of_record(call.name), call.name).values, call


def test_a_result_is_computed_once_and_kept(home: Path, computations: list[Call]) -> None:
    first = kept.kept(optima, "prop-1")
    assert first == optima("prop-1")
    assert isinstance(first["zero"]["static"], Fraction)
    assert kept.kept(optima, name="prop-1") == first
    assert kept.ensure_kept([ONE, Call(optima, {"name": "prop-2"})]) == 1
    assert [call.arguments["name"] for call in computations] == ["prop-1", "prop-2"]


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (correlated_map, {"agents": [2, 3], "items": [1, 2], "delta": 0.5}),
        (propositions.check_proposition_5, {"n_settings": 6}),
        (memory.required_memory, {"sizes": [[1, 3]]}),
    ],
)
def test_a_table_comes_back_as_it_was(
    function: Callable[..., pd.DataFrame], arguments: dict[str, Any], home: Path
) -> None:
    for _ in range(2):
        pd.testing.assert_frame_equal(kept.kept(function, **arguments), function(**arguments), check_exact=True)


def test_defaults_are_arguments_too(home: Path) -> None:
    assert Call(propositions.check_proposition_5, {}).key == '{"n_settings":300,"seed":5}'
    assert Call(correlated_map, {"agents": (2,), "items": [1], "delta": 0.5}).key == (
        '{"agents":[2],"delta":0.5,"items":[1],"objective":"welfare"}'
    )


def damaged(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def altered(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"5/2", b"7/2"))


def resealed(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    """What somebody does who changes a file and its checksum."""

    def spoil(path: Path) -> None:
        body = opened(path.read_bytes())
        change(body)
        path.write_bytes(sealed(body))

    return spoil


def put_there(put: Callable[[Path], None]) -> Callable[[Path], None]:
    """Put something else in the file's place."""

    def spoil(path: Path) -> None:
        path.unlink()
        put(path)

    return spoil


@pytest.mark.parametrize("place", ["data", "_build"])
@pytest.mark.parametrize(
    "spoil",
    [
        damaged,
        altered,
        resealed(lambda body: body["sources"].update({"exact.game": "another"})),
        resealed(lambda body: body["sources"].pop("exact.game")),
        resealed(lambda body: body["packages"].update(numpy="1.0")),
        resealed(lambda body: body["results"].clear()),
        resealed(lambda body: body.pop("sources")),
        resealed(lambda body: body.pop("results")),
        resealed(lambda body: body.update(results={})),
        resealed(lambda body: body.update(more=1)),
        resealed(lambda body: body["sources"].update({"exact.game": None})),
        resealed(lambda body: body["results"][0].pop("value")),
        resealed(lambda body: body["results"][0].update(arguments=[])),
        resealed(lambda body: body["results"][0].update(value=[])),
        resealed(lambda body: body["results"][0]["value"]["zero"].update(static={"fraction": "1/0"})),
        *(put_there(put) for put in NO_FILES),
    ],
)
def test_what_is_damaged_or_stale_is_computed_again(
    spoil: Callable[[Path], None], place: str, home: Path, computations: list[Call]
) -> None:
    if place == "data":
        kept.refresh([ONE])
    else:
        kept.ensure_kept([ONE])
    assert kept.ensure_kept([ONE]) == 0
    (path,) = (home / place / "computed").rglob("*.json")
    spoil(path)
    if place == "_build" and path.is_dir():
        path.rmdir()  # nothing could be written there
    kept._opened.cache_clear()
    computations.clear()
    assert kept.kept(optima, "prop-1") == optima("prop-1")
    assert computations == [ONE]
    assert kept.ensure_kept([ONE]) == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_mutated_result_is_computed_again_or_of_the_right_form(data: st.DataObject, home: Path) -> None:
    if not (home / "data").exists():
        kept.refresh([ONE])
    path = kept.of_record("optima")
    before = path.read_bytes()
    path.write_bytes(sealed(data.draw(mutations(opened(before)))))
    kept._opened.cache_clear()
    try:
        found = kept.kept(optima, "prop-1")
        assert [type(found[prices][order]) for prices, order in CELLS] == [Fraction] * len(CELLS)
        assert next(one.outcome for one in kept.recomputed([ONE])) in ("same", "differs", "not kept")
    finally:
        path.write_bytes(before)
        kept._opened.cache_clear()


def forged(home: Path, old: str, new: str, name: str = "optima") -> None:
    """Change a result of record, and its checksum with it."""
    path = home / "data" / "computed" / f"{name}.json"
    body = json.loads(json.dumps(opened(path.read_bytes())).replace(old, new))
    path.write_bytes(sealed(body))
    kept._opened.cache_clear()


def test_a_forged_result_is_found_and_replaced(home: Path) -> None:
    kept.refresh([ONE])
    forged(home, "5/2", "7/2")
    assert kept.kept(optima, "prop-1")["adaptive"]["adaptive"] == Fraction(7, 2), "its seal is right"
    assert [one.outcome for one in kept.recomputed([ONE])] == ["differs"]
    assert [one.outcome for one in kept.refresh([ONE])] == ["differs"]
    assert kept.kept(optima, "prop-1")["adaptive"]["adaptive"] == Fraction(5, 2)


def test_a_float_may_differ_by_rounding_and_then_stays_as_it_is(home: Path) -> None:
    call = Call(record, {"name": "two-worlds"})
    kept.refresh([call])
    path = kept.of_record("record")
    exact = record("two-worlds")["upper"]
    forged(home, repr(exact), repr(float(np.nextafter(exact, 1))), "record")
    before = opened(path.read_bytes())
    assert [one.outcome for one in kept.refresh([call])] == ["same"]
    assert opened(path.read_bytes()) == before
    forged(home, repr(float(np.nextafter(exact, 1))), repr(exact + 2e-9), "record")
    assert [one.outcome for one in kept.refresh([call])] == ["differs"]


def test_after_a_module_was_moved_the_same_results_are_sealed_again(home: Path, computations: list[Call]) -> None:
    """Renaming modules changes sources; the results are computed again, found the same, and fresh from then on."""
    kept.refresh([ONE])
    path = kept.of_record("optima")
    whole = path.read_bytes()
    resealed(lambda body: body.update(sources={"other.name": "of the same code"}))(path)
    kept._opened.cache_clear()
    assert [one.outcome for one in kept.refresh([ONE])] == ["same"]
    assert path.read_bytes() == whole
    computations.clear()
    assert kept.ensure_kept([ONE]) == 0
    assert computations == []


@pytest.mark.endurance
def test_nothing_that_the_ledger_needs_is_computed_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, computations: list[Call]
) -> None:
    """The list in :mod:`spm.compendium.record.computed` holds the calls that the claims make."""
    monkeypatch.setenv("SPM_HOME", str(tmp_path))
    ids = {"static-falls-short", "other-sizes", "footnote-6", "prop-5", "prop-6", "theorem-1-bound", "id-form"}
    needed = [claim for claim in CLAIMS if claim.id in ids]
    assert len(needed) == len(ids)
    stale = [str(call) for call in computed.calls() if kept._find(call) is None]
    check_claims(None, needed)  # type: ignore[arg-type]  # none of them looks at the records
    assert {str(call) for call in computations} <= set(stale)


def test_the_command_says_what_changed(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(computed, "calls", lambda: [ONE, Call(optima, {"name": "prop-2"})])
    assert main(["compute", "--jobs", "1"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        'not kept: optima {"name":"prop-1"}',
        'not kept: optima {"name":"prop-2"}',
        "0 of 2 results are the same as before",
    ]
    assert main(["compute", "--jobs", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"same": 2, "changed": {}}
    forged(home, "5/2", "7/2")
    assert main(["compute", "--jobs", "1"]) == 0
    assert 'differs: optima {"name":"prop-1"}' in capsys.readouterr().out
