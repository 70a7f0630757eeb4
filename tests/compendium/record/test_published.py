"""Results of record: equal to the runs they were made from, and refused when anything is not as it was."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hostile import NO_FILES, as_json, folder, is_one_sentence, mutations
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from of_record import N_RUNS, PANELS, TINY, make, reseal, tiny
from stable_baselines3 import PPO

from spm import files
from spm.__main__ import main
from spm.bounds import bracket
from spm.compendium.record import bracket_cache, grid, kept, policies, publish, published, replay, runs, tuning
from spm.compendium.record.belief import BELIEF
from spm.compendium.record.grid import Protocol
from spm.compendium.record.store import record_place
from spm.compendium.record.tuning import TUNING
from spm.compendium.report import curves, evidence
from spm.files import digest as files_digest
from spm.learning import HYPERPARAMETERS, Specification, evaluation_seed, ppo
from spm.mechanisms import play
from spm.settings import FIGURES, CorrelatedModel, FiniteModel, get_setting

Part = Callable[[str, Protocol], pd.DataFrame]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs and what was published from them; no test may change it."""
    return make(tmp_path_factory.mktemp("made"))


@pytest.fixture
def patch(made: Path, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    """A copy of it, and what the test changes besides."""
    with tiny(shutil.copytree(made, tmp_path / "home")) as changed:
        yield changed


def refusal(protocol: Protocol = TINY) -> str:
    """The sentence with which results of record are refused."""
    published.read_tables.cache_clear()
    with pytest.raises(ValueError, match=r"results of record|is not what was recorded") as error:
        published.results_of_record(protocol)
    return str(error.value)


@pytest.mark.parametrize("part", [evidence.curves, evidence.finals])
@pytest.mark.parametrize("figure", ["all", "figure-3"])
def test_tables_of_record_are_those_of_the_runs(part: Part, figure: str, patch: pytest.MonkeyPatch) -> None:
    of_runs = part(figure, replace(TINY, of_record=False))
    shutil.rmtree(files.home() / "_build" / "runs")
    of_record = part(figure, TINY)
    pd.testing.assert_frame_equal(of_record, of_runs[list(of_record)], check_exact=True)
    assert len(of_runs) == N_RUNS * (1 if part is evidence.finals else 3)


def test_a_figure_holds_its_own_panels_only(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(FIGURES, "figure-3", PANELS[:1])
    patch.setitem(FIGURES, "figure-4", PANELS[1:])
    assert set(evidence.finals("figure-4", TINY)["panel"]) == {"two-worlds"}


def test_the_policies_kept_are_those_of_the_best_seeds_and_play_as_recorded(patch: pytest.MonkeyPatch) -> None:
    records = grid.store_of(TINY)
    expected = set()
    for first in (run for run in grid.grid("all", TINY) if run.seed == 0):
        seeds = [replace(first, seed=seed) for seed in range(3)]
        regrets = [records.load(run).final.regret for run in seeds]
        expected |= {seeds[k] for k in np.argsort(regrets, kind="stable")[:2]}
    on_disk = {str(path.relative_to(published.folder(TINY))) for path in published.folder(TINY).rglob("*.pt")}
    assert on_disk == {f"policies/{record_place(r)}.pt" for r in expected}
    shutil.rmtree(files.home() / "_build" / "runs")
    runs = published.results_of_record(TINY)["runs"].to_dict("records")
    rows = {(row["panel"], row["variant"], row["statistic"], row["seed"]): row for row in runs}
    for run in sorted(expected, key=str)[::5]:
        outcomes = play(policies.policy(TINY, run), run.setting, 120, evaluation_seed("final"))
        row = rows[tuple(run.key.values())]
        assert outcomes.mean == row["objective"]
        assert row["kept"]


def test_what_needs_no_run_is_recorded_too(patch: pytest.MonkeyPatch) -> None:
    folder = published.folder(TINY)
    values = pd.read_csv(folder / "bounds.csv").set_index(["panel", "quantity"])["value"]
    assert values["two-worlds", "upper"] == pytest.approx(443 / 640)
    assert values["kitchen-sink", "lower"] == bracket(get_setting("kitchen-sink")).as_dict()["lower"]


@pytest.mark.parametrize("name", ["runs.csv", "curves.csv", "bounds.csv", "policies/kitchen-sink/*.pt"])
def test_a_changed_byte_is_refused_with_the_name_of_the_file(name: str, patch: pytest.MonkeyPatch) -> None:
    published.results_of_record(TINY)
    path = next(published.folder(TINY).glob(name))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    place = path.relative_to(published.folder(TINY))
    assert f"{place} is not what was recorded (checksum differs)" in refusal()


SHA = "0" * 64
MANIFESTS: tuple[Any, ...] = (
    None,
    [],
    {},
    {"sources": {}, "files": {"gone.csv": ""}},
    {"sources": []},
    {"files": None},
    {"files": []},
    {"files": {}},
    {"files": {"runs.csv": None}},
    {"files": {"runs.csv": "no digest"}},
    {"files": {"../../runs.csv": SHA, "/dev/zero": SHA}},
)
"""What may stand in a manifest's place."""


@pytest.mark.parametrize(
    "content", [None, b"", b"[" * 200_000, b'{"files": {"\xff": ""}}', *map(as_json, MANIFESTS)]
)
def test_a_manifest_that_is_missing_or_broken_is_refused(content: bytes | None, patch: pytest.MonkeyPatch) -> None:
    path = published.folder(TINY) / "manifest.json"
    path.unlink() if content is None else path.write_bytes(content)
    assert "can't be read" in refusal()
    assert is_one_sentence(refusal(), "manifest")


def listed() -> dict[str, str]:
    return dict(published.Manifest.read(published.folder(TINY)).files)


@pytest.mark.parametrize("name", [*published.TABLE_FILES, "policies/kitchen-sink/"])
def test_the_manifest_lists_every_file(name: str, patch: pytest.MonkeyPatch) -> None:
    files = listed()
    gone = next(one for one in files if one.startswith(name))
    del files[gone]
    (published.folder(TINY) / "manifest.json").write_bytes(as_json({"files": files}))
    assert f"the manifest does not list {gone}" in refusal()


def test_the_manifest_lists_no_other_file(patch: pytest.MonkeyPatch) -> None:
    (published.folder(TINY) / "more.csv").touch()
    files = listed() | {"more.csv": files_digest(b"")}
    (published.folder(TINY) / "manifest.json").write_bytes(as_json({"files": files}))
    assert "the manifest should not list more.csv" in refusal()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(data=st.data())
def test_a_mutated_manifest_is_refused_or_the_same(data: st.DataObject, patch: pytest.MonkeyPatch) -> None:
    path = published.folder(TINY) / "manifest.json"
    before = path.read_bytes()
    mutated = data.draw(mutations(json.loads(before)))
    path.write_bytes(as_json(mutated))
    try:
        if mutated != json.loads(before):
            assert is_one_sentence(refusal(), "manifest")
    finally:
        path.write_bytes(before)


def cell(column: str, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Put a value in a column's last cell."""

    def put(table: pd.DataFrame) -> pd.DataFrame:
        return table.astype({column: object}).assign(**{column: [*table[column][:-1], value]})

    return put


@pytest.mark.parametrize("name", published.TABLES)
@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.iloc[:, 1:],
        lambda table: table.iloc[:, ::-1],
        lambda table: table.assign(more=1),
        lambda table: table.rename(columns={"panel": "Panel"}),
        lambda table: table.iloc[:0],
        lambda table: table.iloc[3:],  # a whole curve
        lambda table: table.iloc[::-1],
        cell("panel", ""),
        cell("panel", "x\n" * 5000),
        lambda table: cell(table.select_dtypes("float").columns[0], "much")(table),
        lambda table: cell(table.select_dtypes("float").columns[0], "inf")(table),
        lambda table: cell(table.select_dtypes("float").columns[0], "")(table),
    ],
)
def test_a_table_of_another_form_is_refused(
    name: str, change: Callable[[pd.DataFrame], pd.DataFrame], patch: pytest.MonkeyPatch
) -> None:
    path = published.folder(TINY) / f"{name}.csv"
    change(pd.read_csv(path, float_precision="round_trip")).to_csv(path, index=False)
    reseal(published.folder(TINY))
    said = refusal()
    assert is_one_sentence(said, "data/paper")
    assert f"{name}.csv: " in said or "are stale: " in said


@pytest.mark.parametrize(
    "change",
    [
        lambda seal: seal.pop("replays"),
        lambda seal: seal.update(replays=[]),
        lambda seal: seal.update(more={}),
        lambda seal: seal["replays"]["two-worlds/none-groups-0"].update(numbers="0"),
        lambda seal: seal["replays"]["two-worlds/none-groups-0"].update(numbers=[None]),
        lambda seal: seal["replays"]["two-worlds/none-groups-0"].update(numbers=[float("nan")]),
        lambda seal: seal["replays"]["two-worlds/none-groups-0"].pop("choices"),
        lambda seal: seal["conditions"].update({"names.py": 1}),
    ],
)
def test_a_seal_of_another_form_is_refused(change: Callable[[Any], object], patch: pytest.MonkeyPatch) -> None:
    path = published.folder(TINY) / "seal.json"
    seal = json.loads(path.read_bytes())
    change(seal)
    path.write_bytes(as_json(seal))
    reseal(published.folder(TINY))
    assert is_one_sentence(refusal(), "seal.json: ")


def test_bounds_that_the_present_code_does_not_give_are_stale(patch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The results kept of the bounds are those of other sources: the bounds are computed again, and compared."""
    panels = ("two-worlds", "correlated-3-1-0.5")
    patch.setattr(published, "panels", lambda _: panels)
    patch.setattr(kept, "COMPENDIUM", tmp_path / "elsewhere")
    path = published.folder(TINY) / "bounds.csv"
    bracket_cache.benchmark.cache_clear()
    try:
        path.write_bytes(published.as_csv(pd.DataFrame(published.bounds_rows())))
        reseal(published.folder(TINY))
        assert published.check_published(TINY) == ""
        patch.setattr("spm.bounds.brackets.BRACKET_PROFILES", 4096)
        shutil.rmtree(files.home() / "_build" / "computed")
        kept._opened.cache_clear()
        bracket_cache.benchmark.cache_clear()
        assert "are stale: lower of correlated-3-1-0.5 changed" in refusal()
    finally:
        bracket_cache.benchmark.cache_clear()


def test_a_file_that_is_gone_is_refused(patch: pytest.MonkeyPatch) -> None:
    (published.folder(TINY) / "curves.csv").unlink()
    assert "curves.csv" in refusal()


def changed(patch: pytest.MonkeyPatch, **names: str) -> None:
    """Let today's modules or packages be others."""
    others = {name.replace("_py", ".py"): value for name, value in names.items()}
    patch.setattr(replay, "CONDITIONS", replay.CONDITIONS | others)
    patch.setattr(replay, "REPLAYED_BY", replay.REPLAYED_BY | others)
    published.read_tables.cache_clear()


def test_changes_that_change_no_number_leave_the_results_fresh(patch: pytest.MonkeyPatch) -> None:
    assert published.check_published(TINY) == ""
    changed(patch, names_py="other", torch="2.99.0")
    note = f"{N_RUNS // 3} curves replayed, all as recorded, though these changed: names.py, torch"
    assert published.check_published(TINY).startswith(note)
    assert publish.reseal_published(TINY).startswith(note)
    assert publish.reseal_published(TINY) == ""
    assert published.check_published(TINY) == ""


def test_a_field_of_a_setting_that_has_changed_is_found(patch: pytest.MonkeyPatch) -> None:
    plain = get_setting
    other = replace(plain("two-worlds"), supply=(2,))
    patch.setattr(
        "spm.compendium.record.grid.get_setting", lambda name: other if name == "two-worlds" else plain(name)
    )
    published.read_tables.cache_clear()
    with pytest.raises(ValueError, match="setting 'two-worlds' is no longer what the runs were made for"):
        published.results_of_record(TINY)


def ties_lose(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("spm.market.market.TIE", 0.0)


def ties_are_wide(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("spm.market.market.TIE", 1e-10)


def faster(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        "spm.learning.ppo.PPO", lambda *a, **k: PPO(*a, **k | {"learning_rate": lambda left: 2.02e-3 * left})
    )


def other_noise(patch: pytest.MonkeyPatch) -> None:
    """Fall along a square root, not a line."""
    plain = ppo._Noise._on_rollout_start

    def start(self: ppo._Noise) -> None:
        left = self.model._current_progress_remaining
        self.model._current_progress_remaining = left**0.5
        plain(self)
        self.model._current_progress_remaining = left

    patch.setattr(ppo._Noise, "_on_rollout_start", start)


def other_loss(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("spm.learning.ppo.PPO", lambda *a, **k: PPO(*a, **k | {"ent_coef": 0.01}))


def other_lottery(patch: pytest.MonkeyPatch) -> None:
    plain = CorrelatedModel.sample_latent
    patch.setattr(CorrelatedModel, "sample_latent", lambda *a: tuple(x * 0.999 for x in plain(*a)))
    rounded = FiniteModel.sample
    patch.setattr(FiniteModel, "sample", lambda *a: rounded(*a) * 0.999)


@pytest.mark.parametrize("change", [ties_lose, ties_are_wide, faster, other_noise, other_loss, other_lottery])
def test_changes_that_change_a_number_make_the_results_stale(
    change: Callable[[pytest.MonkeyPatch], None], patch: pytest.MonkeyPatch
) -> None:
    changed(patch, market_py="other")
    change(patch)
    assert "comes out otherwise in a replay" in refusal()
    assert "changed: market.py; " in refusal()


@pytest.mark.parametrize("content", [b"", b"stal", b"fresh\n", b"\x00" * 9])
def test_a_damaged_verdict_is_none(content: bytes, patch: pytest.MonkeyPatch) -> None:
    changed(patch, market_py="other")
    assert published.check_published(TINY)
    verdicts = list((files.home() / "_build" / "replays").iterdir())
    for path in verdicts:
        path.write_bytes(content)
    assert published.check_published(TINY)
    assert {path.read_bytes() for path in verdicts} == {b"fresh"}


def test_a_store_of_hostile_files_is_stale_and_done_again(
    patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    of_runs = replace(TINY, of_record=False)
    before = evidence.finals("all", of_runs)
    hit = grid.grid("all", TINY)[:: N_RUNS // len(NO_FILES)]
    for run, put in zip(hit, NO_FILES, strict=False):
        grid.store_of(TINY).path(run).unlink()
        put(grid.store_of(TINY).path(run))
    assert main(["status", "--profile", "paper"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"{N_RUNS - len(NO_FILES)} done, 0 missing, {len(NO_FILES)} stale\n")
    with pytest.raises(ValueError, match=f"damaged record \\({len(NO_FILES)} such runs\\)"):
        evidence.load(of_runs)
    grid.store_of(TINY).path(hit[NO_FILES.index(folder)]).rmdir()  # where nothing can be written
    assert runs.run_grid("all", TINY) == len(NO_FILES)
    pd.testing.assert_frame_equal(evidence.finals("all", of_runs), before, check_exact=True)


def test_a_verdict_is_kept_and_only_for_the_same_code(patch: pytest.MonkeyPatch) -> None:
    changed(patch, market_py="other")
    assert published.check_published(TINY)
    ties_lose(patch)  # unseen, as no file has changed
    assert published.check_published(TINY)
    changed(patch, market_py="another")
    assert "comes out otherwise" in refusal()


def test_one_seed_that_takes_another_course_is_no_verdict_and_two_are(patch: pytest.MonkeyPatch) -> None:
    path = published.folder(TINY) / "seal.json"
    seal = replay.Seal.read(path)
    for names in (["two-worlds/none-groups-0"], ["two-worlds/none-groups-1"]):
        replays = dict(seal.replays) | {name: replay.Replay("other", (0.0,)) for name in names}
        path.write_bytes(replace(seal, replays=replays).written)
        reseal(published.folder(TINY))
        changed(patch, market_py="other")
        assert published.check_published(TINY)
    both = {f"two-worlds/none-groups-{seed}": replay.Replay("other", (0.0,)) for seed in (0, 1)}
    path.write_bytes(replace(seal, replays=dict(seal.replays) | both).written)
    reseal(published.folder(TINY))
    assert "stale: two-worlds groups none 0 comes out otherwise in a replay, and so do 0 other" in refusal()
    path.write_bytes(replace(seal, replays={}).written)
    reseal(published.folder(TINY))
    published.read_tables.cache_clear()
    with pytest.raises(ValueError, match="the seal holds no replay of kitchen-sink/none-scores-0"):
        published.check_published(TINY)


def test_changed_settings_are_named_with_the_run(patch: pytest.MonkeyPatch) -> None:
    budget = replace(TINY, visits={"scores": 240, "groups": 241})
    assert "stale: budget of kitchen-sink groups items-agents-left 0 changed" in refusal(patched(patch, budget))
    assert "stale: final_profiles of kitchen-sink scores none 0" in refusal(
        patched(patch, replace(TINY, final_profiles=121))
    )
    assert f"{N_RUNS} runs of another grid, which has 40" in refusal(patched(patch, replace(TINY, seeds=2)))
    assert "the runs kept are not the 1 best" in refusal(patched(patch, replace(TINY, keep=1)))
    patched(patch, TINY)
    key = ("groups", False)
    patch.setitem(HYPERPARAMETERS, key, replace(HYPERPARAMETERS[key], learning_rate=0.5))
    assert "stale: learning_rate of kitchen-sink groups items-agents-left 0 changed" in refusal()


def patched(patch: pytest.MonkeyPatch, protocol: Protocol) -> Protocol:
    """Let ``paper`` be another profile."""
    patch.setitem(grid.PROTOCOLS, "paper", protocol)
    return protocol


def test_nothing_is_published_while_a_run_is_missing_or_stale(patch: pytest.MonkeyPatch) -> None:
    before = {path: path.read_bytes() for path in published.folder(TINY).rglob("*") if path.is_file()}
    path = grid.store_of(TINY).path(TINY.specification("two-worlds", "allocation", 1, "groups"))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(
        ValueError, match=r"1 runs are not done; .* two-worlds groups allocation 1: damaged record"
    ):
        publish.publish(TINY)
    path.unlink()
    with pytest.raises(ValueError, match="two-worlds groups allocation 1: never run"):
        publish.publish(TINY)
    assert before == {path: path.read_bytes() for path in published.folder(TINY).rglob("*") if path.is_file()}


def test_publishing_again_gives_the_same_bytes_and_removes_policies_no_longer_kept(
    patch: pytest.MonkeyPatch,
) -> None:
    folder = published.folder(TINY)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    publish.publish(TINY)
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    publish.publish(patched(patch, replace(TINY, keep=1)))
    listed = json.loads((folder / "manifest.json").read_bytes())["files"]
    assert {str(path.relative_to(folder)) for path in folder.rglob("*.pt")} == {n for n in listed if ".pt" in n}
    assert len(list(folder.rglob("*.pt"))) == N_RUNS / 3
    published.check_published(replace(TINY, keep=1))


def test_the_command_reproduce_publishes_and_tunes(
    patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn: list[str] = []
    patch.setattr("spm.__main__.draw", lambda names, protocol: drawn.extend(names))
    patch.setattr(tuning, "ALTERNATIVES", {("groups", True): {"chosen": {}}})
    patch.setattr(tuning, "STATIC_CURVES", (("two-worlds", "agents-left"),))
    patch.setattr(tuning, "STATIC_VISITS", 48)
    patch.setattr(tuning, "TRIAL_PROFILES", 50)
    run = TINY.specification("two-worlds", "none", 0, "scores")
    grid.store_of(TINY).path(run).unlink()
    manifest = published.folder(TINY) / "manifest.json"
    manifest.unlink()
    assert main(["run", "figure-3", "--profile", "paper", "--jobs", "1"]) == 0
    assert "1 runs done; `spm reproduce` completes them" in capsys.readouterr().out
    assert not manifest.exists()
    assert main(["reproduce", "--jobs", "1"]) == 0
    assert f"0 runs done; results of record in {manifest.parent}" in capsys.readouterr().out
    published.check_published(TINY)
    assert len(TUNING.read()) == tuning.TRIAL_SEEDS
    assert BELIEF.read()["statistic"].tolist() == ["belief"] * 2
    assert drawn == list(FIGURES)


def test_figures_are_drawn_from_the_results_of_record(patch: pytest.MonkeyPatch) -> None:
    of_runs = curves.learning_curves("figure-3", evidence.load(replace(TINY, of_record=False)), "groups")
    shutil.rmtree(files.home() / "_build" / "runs")
    of_record = curves.learning_curves("figure-3", evidence.load(TINY), "groups")
    assert of_record == of_runs
    assert "the 2 best of 3" in of_record.caption
    assert of_record.name == "figure-3-groups"
    assert of_record.svg != curves.learning_curves("figure-3", evidence.load(TINY), "scores").svg


class Code:
    """Something that runs when it is unpickled the careless way."""

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("ran"),))


def layers_with(layer: Callable[[torch.Tensor], Any]) -> Callable[[Any], Any]:
    """Put another layer in the place of a bias."""
    return lambda weights: weights | {"action_net.bias": layer(weights["action_net.bias"])}


@pytest.mark.parametrize(
    "change",
    [
        lambda weights: [],
        lambda weights: {},
        lambda weights: list(weights.values()),
        lambda weights: weights | {"more": torch.zeros(1)},
        lambda weights: {name: layer for name, layer in weights.items() if name != "action_net.bias"},
        lambda weights: dict(enumerate(weights.values())),
        layers_with(lambda bias: bias.tolist()),
        layers_with(lambda bias: bias.double()),
        layers_with(lambda bias: bias.half()),
        layers_with(lambda bias: bias[:-1]),
        layers_with(lambda bias: bias[None]),
        layers_with(lambda bias: bias * torch.nan),
        layers_with(lambda bias: bias / 0.0),
        layers_with(lambda bias: bias.to_sparse()),
        layers_with(lambda bias: bias.to("meta")),
        layers_with(lambda bias: bias.clone().requires_grad_()),
        layers_with(lambda bias: torch.zeros(1).expand(10**9, 10**9)),
        layers_with(lambda bias: torch.zeros(10**6)),
    ],
)
def test_weights_of_another_form_are_refused(change: Callable[[Any], Any], patch: pytest.MonkeyPatch) -> None:
    run = next(run for run in grid.grid("all", TINY) if _path(run).exists())
    weights = policies.weights(TINY, run)
    torch.save(change(weights), _path(run))
    with pytest.raises(ValueError, match=r"\S") as error:
        policies.policy(TINY, run)
    assert is_one_sentence(str(error.value), _path(run).name)


@pytest.mark.parametrize("put", NO_FILES)
def test_what_is_no_file_is_no_policy(put: Callable[[Path], None], patch: pytest.MonkeyPatch) -> None:
    run = next(run for run in grid.grid("all", TINY) if _path(run).exists())
    _path(run).unlink()
    put(_path(run))
    with pytest.raises(ValueError, match=r"\S") as error:
        policies.policy(TINY, run)
    assert is_one_sentence(str(error.value), _path(run).name)
    assert is_one_sentence(refusal(), _path(run).name)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(place=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_a_policy_with_another_byte_is_refused_or_can_be_played(
    place: int, byte: int, patch: pytest.MonkeyPatch
) -> None:
    run = next(run for run in grid.grid("all", TINY) if _path(run).exists())
    before = _path(run).read_bytes()
    changed = bytearray(before)
    changed[place % len(changed)] = byte
    _path(run).write_bytes(changed)
    try:
        refusal = ""
        policies.policy(TINY, run)
    except ValueError as error:
        refusal = str(error)
    finally:
        _path(run).write_bytes(before)
    assert not refusal or is_one_sentence(refusal, _path(run).name)


def test_code_in_the_place_of_weights_is_refused_and_not_run(patch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    patch.chdir(tmp_path)
    run = next(run for run in grid.grid("all", TINY) if _path(run).exists())
    torch.save({"action_net.weight": Code()}, _path(run))
    with pytest.raises(ValueError, match="does not hold the weights of a policy"):
        policies.weights(TINY, run)
    for content in (pickle.dumps(Code(), protocol=2), b"", b"PK"):
        _path(run).write_bytes(content)
        with pytest.raises(ValueError, match="does not hold the weights of a policy"):
            policies.weights(TINY, run)
    assert not (tmp_path / "ran").exists()
    _path(run).unlink()
    with pytest.raises(ValueError, match="there is no policy of record at"):
        policies.policy(TINY, run)


def _path(run: Specification) -> Path:
    return published.folder(TINY) / published.policy_name(run)


def test_provenance_counts_all_runs_and_their_hours(patch: pytest.MonkeyPatch) -> None:
    path = published.folder(TINY) / "runs.csv"
    runs = pd.read_csv(path, float_precision="round_trip").assign(seconds=30.0)
    path.write_bytes(runs.to_csv(index=False).encode())
    reseal(published.folder(TINY))
    shown = published.provenance(TINY)
    assert shown["runs"].tolist() == [N_RUNS]
    assert shown["hours"].tolist() == pytest.approx([N_RUNS / 120])
