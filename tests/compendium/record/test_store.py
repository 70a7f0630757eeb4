"""Records: round trip, damage, staleness."""

from __future__ import annotations

import json
import platform
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spm.compendium.record import replay
from spm.compendium.record.policies import mechanism_of, unpack
from spm.compendium.record.store import Store, opened, pack, processor, read_record, sealed
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
    assert record["specification"] == json.loads(json.dumps(SPECIFICATION.as_dict()))
    assert [point["objective"] for point in record["curve"]] == [point.objective for point in run.curve]
    assert record["seconds"] == 1.25
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


@given(place=st.integers(0, 10**6), bit=st.integers(0, 6))
def test_any_flipped_bit_is_noticed(place: int, bit: int) -> None:
    body = {"seed": 7, "curve": [0.25, 1.5], "name": "colors"}
    damaged = bytearray(sealed(body))
    damaged[place % (len(damaged) - 1)] ^= 1 << bit
    try:
        read = opened(bytes(damaged))
    except ValueError:
        return
    assert read == body  # the flip did not change the meaning, as from "e" to "E" in a number


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


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=8))
def test_tensors_survive_packing(values: list[float]) -> None:
    tensor = torch.tensor(values, dtype=torch.float32)
    assert np.array_equal(unpack(json.loads(json.dumps(pack(tensor)))).numpy(), tensor.numpy())


def test_the_processor_is_named_down_to_its_model_in_one_line() -> None:
    name = processor()
    assert name.split()[0] == platform.machine()
    assert name.split()[-1] == torch.backends.cpu.get_cpu_capability()
    assert name.isprintable()
    about = Path("/proc/cpuinfo")
    if about.exists() and "\nmodel\t" in about.read_text():
        models = {line.split(": ")[1] for line in about.read_text().splitlines() if line.startswith("model\t")}
        assert models & set(name.split())
