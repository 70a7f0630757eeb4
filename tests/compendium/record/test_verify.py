"""Verification: fresh records pass, altered ones fail, and elsewhere an interval stands in for identity."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from of_record import N_RUNS, TINY, make, reseal, tiny

from spm.__main__ import main
from spm.compendium.record import grid as grid_module
from spm.compendium.record import published, verify
from spm.compendium.record.grid import get_protocol
from spm.compendium.record.verify import Verification
from spm.learning import Point

RUN = ("two-worlds", "allocation", 1, "groups")
KEPT = N_RUNS * TINY.keep // TINY.seeds


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of record without the runs; no test may change them."""
    home = make(tmp_path_factory.mktemp("made"))
    shutil.rmtree(home / "_build" / "runs")
    return home


@pytest.fixture
def patch(made: Path, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    """A copy of them, of which the run to be retrained is :data:`RUN`."""
    with tiny(shutil.copytree(made, tmp_path / "home")) as changed:
        changed.setattr(verify, "sampled", lambda *_: [TINY.specification(*RUN)])
        yield changed


@pytest.fixture
def elsewhere(patch: pytest.MonkeyPatch) -> None:
    """Another processor than that of the records."""
    here = verify.platform_now()
    patch.setattr(verify, "platform_now", lambda: here | {"processor": "abacus"})


def alter(table: str, column: str, by: float, seeds: tuple[int, ...] = (0, 1, 2)) -> None:
    """Add ``by`` to a number of the curve of :data:`RUN`, in the last of each seed's rows, and hide it."""
    path = published.folder(TINY) / f"{table}.csv"
    rows = pd.read_csv(path, float_precision="round_trip")
    curve = rows[(rows[published.KEY[:-1]] == ["two-worlds", "groups", "allocation"]).all(axis=1)]
    last = curve[curve["seed"].isin(seeds)].groupby("seed").tail(1).index
    rows.loc[last, column] += by
    path.write_bytes(rows.to_csv(index=False).encode())
    reseal(published.folder(TINY))


def findings(profiles: int = TINY.final_profiles) -> tuple[Verification, list[Verification]]:
    """The finding about the retrained run, and those about its curve's policies played again."""
    first, *others = verify.verify(TINY, 1, 0, profiles, 1)
    assert (first.check, first.run) == ("retrained", "two-worlds groups allocation 1")
    assert {one.check for one in others} == {"played again"}
    assert len({one.run for one in others}) == len(others) == KEPT
    mine = [one for one in others if one.run.startswith("two-worlds groups allocation ")]
    assert all(one.passed for one in others if one not in mine)
    return first, mine


def test_fresh_records_are_identical(patch: pytest.MonkeyPatch) -> None:
    first, mine = findings()
    assert {(one.passed, one.detail) for one in (first, *mine)} == {(True, "identical")}


def test_fewer_profiles_come_near(patch: pytest.MonkeyPatch) -> None:
    first, mine = findings(60)
    assert first.detail == "identical"
    assert all(one.passed and one.detail.startswith("regret differs by") for one in mine)


@pytest.mark.parametrize("column", ["regret", "objective", "regret_se", "visits"])
def test_an_altered_final_evaluation_is_found(column: str, patch: pytest.MonkeyPatch) -> None:
    alter("runs", column, 1 if column == "visits" else 1e-9)
    first, mine = findings()
    assert not first.passed
    assert first.detail.startswith("not identical on the same platform")
    # That of visits is not played: the number is only copied.
    assert [one.passed for one in mine] == [column == "visits"] * TINY.keep


@pytest.mark.parametrize("column", ["objective", "visits"])
def test_an_altered_point_of_a_curve_is_found_by_retraining(column: str, patch: pytest.MonkeyPatch) -> None:
    alter("curves", column, 1)
    first, mine = findings()
    assert not first.passed
    assert all(one.passed for one in mine)


def test_a_dropped_point_of_a_curve_is_found(patch: pytest.MonkeyPatch) -> None:
    path = published.folder(TINY) / "curves.csv"
    rows = pd.read_csv(path, float_precision="round_trip")
    gone = (rows["statistic"] == "allocation") & (rows["visits"] == 0)
    path.write_bytes(rows[~gone].to_csv(index=False).encode())
    reseal(published.folder(TINY))
    assert not findings()[0].passed


def test_elsewhere_last_digits_may_differ_and_no_more(elsewhere: None) -> None:
    alter("runs", "regret", 1e-9)
    first, mine = findings()
    assert first.passed
    assert first.detail.startswith("final regret")
    assert all(one.passed for one in mine)
    alter("runs", "regret", 0.5)
    first, mine = findings()
    assert not first.passed
    assert not any(one.passed for one in mine)


def test_a_policy_of_another_run_is_found(patch: pytest.MonkeyPatch) -> None:
    path = published.folder(TINY) / "policies" / "two-worlds"
    first, other = sorted(path.glob("allocation-scores-*.pt"))
    first.write_bytes(other.read_bytes())
    reseal(published.folder(TINY))
    failed = [one.run for one in verify.verify(TINY, 1, 0, 120, 1) if not one.passed]
    assert failed == [f"two-worlds scores allocation {first.stem[-1]}"]


def test_an_altered_bound_is_found(patch: pytest.MonkeyPatch) -> None:
    path = published.folder(TINY) / "bounds.csv"
    rows = pd.read_csv(path, float_precision="round_trip")
    rows.loc[(rows["panel"] == "two-worlds") & (rows["quantity"] == "upper"), "value"] += 0.001
    path.write_bytes(rows.to_csv(index=False).encode())
    reseal(published.folder(TINY))
    with pytest.raises(ValueError, match="stale: upper of two-worlds changed"):
        next(verify.verify(TINY, 1, 0, 120, 1))


def test_records_that_are_not_whole_are_not_verified(patch: pytest.MonkeyPatch) -> None:
    (published.folder(TINY) / "runs.csv").write_bytes(b"")
    with pytest.raises(ValueError, match=r"runs\.csv is not what was recorded"):
        next(verify.verify(TINY, 1, 0, 60, 1))


def test_numbers_out_of_range_are_refused(patch: pytest.MonkeyPatch) -> None:
    for profiles in (1, 121):
        with pytest.raises(ValueError, match=f"--profiles must lie between 2 and 120, not {profiles}"):
            next(verify.verify(TINY, 1, 0, profiles, 1))
    with pytest.raises(ValueError, match="--jobs must be at least 1, not 0"):
        next(verify.verify(TINY, 1, 0, 60, 0))


def test_the_command_says_what_failed(patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["verify", "--sample", "1", "--seed", "5", "--profiles", "120", "--jobs", "1"]
    assert main([*command, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["seed"], data["failed"], len(data["checks"])) == (5, 0, 1 + KEPT)
    assert main(command) == 0
    ok = "retrained: two-worlds groups allocation 1: ok, identical\n"
    assert capsys.readouterr().out == f"{ok}{1 + KEPT} checks, 0 failed (--seed 5)\n"
    alter("runs", "objective", 0.01, seeds=(1,))
    assert main(command) == 2
    printed = capsys.readouterr()
    assert "retrained: two-worlds groups allocation 1: FAILED, not identical" in printed.out
    assert "checks failed, the first: two-worlds groups allocation 1" in printed.err


def test_the_sample_is_drawn_without_replacement_and_told_by_its_seed() -> None:
    grid = grid_module.grid("all", TINY)
    everything = verify.sampled(TINY, len(grid), 3)
    assert everything != grid
    assert set(everything) == set(grid)
    assert verify.sampled(TINY, 9, 3) == verify.sampled(TINY, 9, 3) != verify.sampled(TINY, 9, 4)
    assert verify.sampled(TINY, 0, 3) == []
    for count in (-1, len(grid) + 1):
        with pytest.raises(ValueError, match=f"--sample must lie between 0 and {len(grid)}, not {count}"):
            verify.sampled(TINY, count, 3)
    with pytest.raises(ValueError, match="--seed must be at least 0, not -1"):
        verify.sampled(TINY, 1, -1)


OLD = Point(10, 0.5, 0.01, 0.2, 0.003)


@pytest.mark.parametrize(
    ("regret", "passes"), [(0.2, True), (0.549, True), (0.551, False), (-0.149, True), (-0.151, False)]
)
def test_the_interval_of_a_retrained_run(regret: float, passes: bool) -> None:
    """Seeds from 0.1 to 0.3, widened by 0.2, by 4 times hypot(0.003, 0.004) = 0.005, and by 5% of 0.6."""
    seeds = [replace(OLD, regret=seed, objective=0.3 + seed) for seed in (0.3, 0.1, 0.2)]
    new = replace(OLD, regret=regret, regret_se=0.004)
    assert verify.retrained([OLD, new], [OLD, OLD], seeds, same_platform=False)[0] == passes
    assert not verify.retrained([OLD, new], [OLD, OLD], seeds, same_platform=True)[0]
    assert verify.retrained([OLD, OLD], [OLD, OLD], seeds, same_platform=True) == (True, "identical")


@pytest.mark.parametrize(
    ("share", "regret", "passes"),
    [
        (1, 0.2199, True),
        (1, 0.1801, True),
        (1, 0.2201, False),
        (1, 0.1799, False),
        (9 / 256, 0.2659, True),
        (9 / 256, 0.2661, False),
    ],
)
def test_the_interval_of_a_policy_played_again(share: float, regret: float, passes: bool) -> None:
    """4 times hypot(0.003, 0.004) = 0.005; with 9 of 256 profiles the record's error of 0.003 becomes 0.016."""
    new = replace(OLD, regret=regret, regret_se=0.004)
    assert verify.played(new, OLD, share, must_equal=False)[0] == passes
    assert not verify.played(new, OLD, share, must_equal=True)[0]


@pytest.mark.parametrize("count", [2, 50])
def test_few_profiles_without_the_rare_losses_are_near_enough(count: int) -> None:
    """Only 100 of 10,000 profiles lose anything; the first ones have no spread of their own."""
    losses = np.zeros(10_000)
    losses[-100:] = 1.0
    old = Point(10, 0.5, 0.01, losses.mean(), losses.std(ddof=1) / 100)
    few = replace(old, regret=losses[:count].mean(), regret_se=0.0)
    assert verify.played(few, old, count / len(losses), must_equal=False)[0]


def test_nearly_every_run_of_record_lies_in_the_interval_of_its_curves_other_seeds() -> None:
    runs = pd.read_csv(published.folder(get_protocol("paper")) / "runs.csv", float_precision="round_trip")
    outside = 0
    for _, curve in runs.groupby(published.KEY[:-1]):
        seeds = verify._points(curve)
        for k, left_out in enumerate(seeds):
            others = seeds[:k] + seeds[k + 1 :]
            outside += not verify.retrained([left_out], [others[0]], others, same_platform=False)[0]
    assert 0 < outside < len(runs) / 100
