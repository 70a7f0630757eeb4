"""Records: round trip, damage, staleness."""

from __future__ import annotations

import base64
import json
import platform
import shutil
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hostile import NO_FILES, OTHERS, is_one_sentence, mutations
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spm.__main__ import main
from spm.compendium.record import replay
from spm.compendium.record.layers import Packed
from spm.compendium.record.policies import mechanism_of
from spm.compendium.record.schema import naming, parsed
from spm.compendium.record.store import Store, opened, processor, read_record, sealed
from spm.learning import Run, Specification, evaluation_seed, learn
from spm.market import get_statistic
from spm.mechanisms import play
from spm.settings import get_setting

SPECIFICATION = Specification(get_setting("kitchen-sink"), get_statistic("allocation"), 3, 1, 2, 50, 100)


@pytest.fixture(scope="module")
def run() -> Run:
    return learn(SPECIFICATION)


@pytest.fixture
def store(run: Run, tmp_path: Path) -> Store:
    made = Store(tmp_path)
    made.save(run, 1.25)
    return made


def test_a_record_brings_back_the_run(run: Run, store: Store) -> None:
    record = store.load(SPECIFICATION)
    assert asdict(record.specification) == json.loads(json.dumps(SPECIFICATION.as_dict()))
    assert (record.curve, record.final) == (run.curve, run.final)
    assert record.seconds == 1.25
    assert store.state(SPECIFICATION).status == "done"


def test_the_policy_of_a_record_plays_as_it_did(run: Run, store: Store) -> None:
    setting = get_setting("kitchen-sink")
    outcomes = play(mechanism_of(store.load(SPECIFICATION), setting), setting, 100, evaluation_seed("final"))
    assert outcomes.mean == run.final.objective


def test_a_run_not_done_is_missing(tmp_path: Path) -> None:
    assert Store(tmp_path).state(SPECIFICATION).reason == "never run"
    with pytest.raises(ValueError, match="there is no record"):
        Store(tmp_path).load(SPECIFICATION)


@pytest.mark.parametrize("keep", [0, 1, 100, -1])
def test_a_truncated_record_is_stale_and_never_read(store: Store, keep: int) -> None:
    path = store.path(SPECIFICATION)
    path.write_bytes(path.read_bytes()[:keep])
    if keep == -1:  # only the final newline is gone: nothing is lost
        assert store.state(SPECIFICATION).status == "done"
        return
    assert store.state(SPECIFICATION).reason == "damaged record"
    with pytest.raises(ValueError, match="damaged"):
        read_record(path)


def layer(record: Any, name: str = "action_net.bias") -> Any:
    return record["weights"][name]


def packed(numbers: Any, shape: list[int] | None = None) -> dict[str, Any]:
    array = np.asarray(numbers, dtype="<f4")
    return {"shape": shape or list(array.shape), "float32": base64.b64encode(array.tobytes()).decode()}


RESEALED: dict[str, Callable[[Any], object]] = {
    "no final": lambda r: r.pop("final"),
    "no replay": lambda r: r.pop("replay"),
    "no hyperparameter": lambda r: r["specification"]["hyperparameters"].pop("clip_range"),
    "another key": lambda r: r.update(comment="mine"),
    "a list for a dict": lambda r: r.update(weights=[]),
    "a dict for a list": lambda r: r.update(curve={}),
    "no curve": lambda r: r["curve"].clear(),
    "a curve backwards": lambda r: r["curve"].reverse(),
    "visits twice": lambda r: r["curve"].append(r["curve"][-1]),
    "visits that end elsewhere": lambda r: r["final"].update(visits=r["final"]["visits"] + 1),
    "a negative error": lambda r: r["final"].update(regret_se=-1.0),
    "a text for a number": lambda r: r["final"].update(regret="0.5"),
    "a number for a text": lambda r: r.update(python=3.11),
    "a truth value for a number": lambda r: r["specification"].update(seed=True),
    "a fraction of a visit": lambda r: r["specification"].update(visits=0.5),
    "an unknown variant": lambda r: r["specification"].update(variant="both"),
    "another variant": lambda r: r["specification"].update(variant="groups"),
    "another statistic": lambda r: r["specification"].update(statistic={"name": "none", "blocks": ["constant"]}),
    "an unknown statistic": lambda r: r["specification"]["statistic"].update(name="n" * 5000),
    "a setting of many words": lambda r: r["specification"]["setting"].update(name="x\n" * 5000, digest=""),
    "another width": lambda r: r["specification"]["hyperparameters"].update(width=63),
    "a module of many words": lambda r: r["conditions"].update({"m\n" * 5000: "x"}),
    "a layer less": lambda r: r["weights"].pop("action_net.bias"),
    "a layer more": lambda r: r["weights"].update(more=packed([0.0])),
    "a layer of another shape": lambda r: r["weights"].update({"action_net.bias": packed(np.zeros(7))}),
    "a layer on its side": lambda r: layer(r, "action_net.weight")["shape"].reverse(),
    "fewer numbers than its shape": lambda r: layer(r)["shape"].__setitem__(0, 10**9),
    "a layer of no numbers": lambda r: layer(r).update(shape=[0], float32=""),
    "weights not a number": lambda r: r["weights"].update({"action_net.bias": packed([np.nan] * 6)}),
    "infinite weights": lambda r: r["weights"].update({"action_net.bias": packed([np.inf] * 6)}),
    "no base64": lambda r: layer(r).update(float32="?" + layer(r)["float32"][1:]),
    "half a number": lambda r: layer(r).update(float32=layer(r)["float32"][:-4]),
}
"""What somebody may do who changes a record and its checksum."""


@pytest.mark.parametrize("name", RESEALED)
def test_a_record_of_another_form_is_stale_and_refused_by_name(
    name: str, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    path = store.path(SPECIFICATION)
    body = opened(path.read_bytes())
    RESEALED[name](body)
    path.write_bytes(sealed(body))
    is_never_used(store, capsys)


@pytest.mark.parametrize(
    "content",
    [
        b"null",
        b"[]",
        b'"body"',
        b'{"body": {}}',
        b'{"body": NaN, "sha256": ""}',
        b'{"body": ' + b"[" * 200_000,
        b'{"body": ' + b"1" * 10_000 + b', "sha256": ""}',
        b"\xff\xfe{}",
        b"\x00" * 1000,
        *(sealed(body) for body in OTHERS),
        sealed({}).replace(b'"sha256"', b'"more":0,"sha256"'),
    ],
)
def test_what_is_no_record_is_stale_and_refused_by_name(
    content: bytes, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    store.path(SPECIFICATION).write_bytes(content)
    is_never_used(store, capsys)


@pytest.mark.parametrize("put", NO_FILES)
def test_what_is_no_file_is_stale_and_refused_by_name(
    put: Callable[[Path], None], store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    store.path(SPECIFICATION).unlink()
    put(store.path(SPECIFICATION))
    is_never_used(store, capsys)


def test_a_record_that_may_not_be_read_is_stale_and_refused_by_name(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)  # root may read everything
    is_never_used(store, capsys)


def is_never_used(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    path = store.path(SPECIFICATION)
    state = store.state(SPECIFICATION)
    assert state.status == "stale"
    assert state.reason == "damaged record" or state.reason.startswith("specification changed: ")
    assert main(["evaluate", str(path), "kitchen-sink", "--profiles", "10"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert is_one_sentence(printed.err.removeprefix("spm: ").removesuffix("\n"), path.name)


def test_weights_that_give_no_price_are_refused_by_name(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    path = store.path(SPECIFICATION)
    body = opened(path.read_bytes())
    body["weights"] |= {"action_net.bias": packed([0.0] * 6), "action_net.weight": packed(np.full((6, 64), 3e38))}
    path.write_bytes(sealed(body))
    assert main(["evaluate", str(path), "kitchen-sink", "--profiles", "10"]) == 2
    refusal = capsys.readouterr().err.removeprefix("spm: ").removesuffix("\n")
    assert is_one_sentence(refusal, path.name)
    assert "prices must be finite" in refusal


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_resealed_record_is_refused_or_can_be_played(data: st.DataObject, store: Store, run: Run) -> None:
    store.save(run, 1.25)
    path, setting = store.path(SPECIFICATION), SPECIFICATION.setting
    path.write_bytes(sealed(data.draw(mutations(opened(path.read_bytes())))))
    assert store.state(SPECIFICATION).status in ("done", "stale")
    try:
        with naming(path):
            mechanism = mechanism_of(read_record(path), setting)
    except ValueError as error:
        refusal = str(error)
    else:
        refusal = ""
        assert np.isfinite(play(mechanism, setting, 20).objective).all()
    assert not refusal or is_one_sentence(refusal, path.name)


def test_a_changed_specification_is_named(store: Store, run: Run) -> None:
    other = replace(SPECIFICATION, visits=99, evaluations=5)
    assert store.path(other) == store.path(SPECIFICATION)
    assert store.state(other).reason == "specification changed: evaluations, visits"


def test_another_setting_of_the_same_name_is_refused(run: Run, store: Store) -> None:
    other = replace(SPECIFICATION.setting, supply=(1, 1, 2))
    changed = store.state(replace(SPECIFICATION, setting=other))
    assert (changed.status, changed.reason) == ("stale", "specification changed: setting")
    with pytest.raises(ValueError, match="not learned for setting 'kitchen-sink', for another one of the name"):
        mechanism_of(store.load(SPECIFICATION), other)
    renamed = replace(SPECIFICATION.setting, name="mine", title="Mine")
    assert mechanism_of(store.load(SPECIFICATION), renamed).statistic == SPECIFICATION.statistic


def test_a_changed_module_is_named_and_the_run_replayed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPM_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(replay, "CONDITIONS", replay.CONDITIONS | {"market.market.py": "other"})
    fresh = store.state(SPECIFICATION)
    assert (fresh.status, fresh.reason) == (
        "done",
        "a replay gives the same, though these changed: market.market.py",
    )
    shutil.rmtree(tmp_path / "home")
    monkeypatch.setattr("spm.market.market.TIE", 0.0)
    stale = store.state(SPECIFICATION)
    assert (stale.status, stale.reason) == ("stale", "a replay gives something else; changed: market.market.py")


def test_two_writers_leave_one_whole_record(run: Run, tmp_path: Path) -> None:
    stores = [Store(tmp_path) for _ in range(8)]
    threads = [threading.Thread(target=store.save, args=(run, float(k))) for k, store in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stores[0].state(SPECIFICATION).status == "done"
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=8))
def test_tensors_survive_packing(values: list[float]) -> None:
    tensor = torch.tensor(values, dtype=torch.float32)
    packed = json.dumps(asdict(Packed.of(tensor.numpy()))).encode()
    assert np.array_equal(parsed(Packed, packed).array, tensor.numpy())


def test_the_processor_is_named_down_to_its_model_in_one_line() -> None:
    name = processor()
    assert name.split()[0] == platform.machine()
    assert name.split()[-1] == torch.backends.cpu.get_cpu_capability()
    assert name.isprintable()
    about = Path("/proc/cpuinfo")
    if about.exists() and "\nmodel\t" in about.read_text():
        models = {line.split(": ")[1] for line in about.read_text().splitlines() if line.startswith("model\t")}
        assert models & set(name.split())
