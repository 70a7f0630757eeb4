"""The API page's examples for the reader's own market work as they stand."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from documents import ROOT, blocks

from spm.__main__ import main
from spm.learning import Run
from spm.market import get_statistic
from spm.market.statistics import MORE_STATISTICS
from spm.mechanisms import Outcomes, StaticPrices, play, random_serial_dictatorship
from spm.settings import Setting
from spm.settings.objective import OBJECTIVES

SAMPLES, OBJECTIVE, STATISTIC, MANY = blocks("book/api.md", "python")
(SEATS,) = blocks("book/api.md", "json")
(COMMANDS,) = blocks("book/api.md", "sh")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder without results; what is registered there is forgotten again."""
    monkeypatch.setenv("SPM_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    before = OBJECTIVES.copy(), MORE_STATISTICS.copy()
    yield tmp_path
    for table, known in zip((OBJECTIVES, MORE_STATISTICS), before, strict=True):
        for name in table.keys() - known.keys():
            del table[name]  # type: ignore[attr-defined]


def done(code: str) -> dict[str, Any]:
    """What there is after a block of code, as in a script."""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(code, names)
    return names


def learned(code: str) -> tuple[Run, Outcomes]:
    """The run and the outcomes with which an example ends."""
    names = done(code)
    run, outcomes = names["run"], names["outcomes"]
    assert isinstance(run, Run)
    assert isinstance(outcomes, Outcomes)
    return run, outcomes


def static(setting: Setting, statistic_prices: float) -> float:
    return play(StaticPrices((statistic_prices,) * setting.n_types), setting, 10_000).mean


def test_own_samples_are_learned() -> None:
    run, outcomes = learned(SAMPLES)
    setting = run.specification.setting
    free = play(random_serial_dictatorship(setting), setting, 10_000).mean
    assert free < outcomes.mean < outcomes.first_best.mean()


def test_an_own_objective_is_what_is_learned() -> None:
    run, outcomes = learned(OBJECTIVE)
    assert str(run.specification.setting.objective) == "nash"
    # Every agent must get one of the three items: E[product] = 5/32, which prices of 0 earn.
    assert 0.9 * 5 / 32 < outcomes.mean <= outcomes.first_best.mean() == pytest.approx(5 / 32, abs=0.005)
    assert outcomes.objective == pytest.approx(run_product(outcomes, run))


def run_product(outcomes: Outcomes, run: Run) -> np.ndarray:
    """Nash welfare computed anew, from the allocation of the single type."""
    setting = run.specification.setting
    draws = np.random.default_rng(np.random.SeedSequence(0).spawn(2)[0])
    values = np.concatenate([setting.sample(draws, min(4096, 10_000 - k)) for k in range(0, 10_000, 4096)])
    return (values * outcomes.allocation).sum(axis=2).prod(axis=1)


def test_an_own_statistic_is_what_the_policy_sees() -> None:
    run, outcomes = learned(STATISTIC)
    sees = run.specification.statistic
    assert [block.name for block in sees.blocks] == ["items", "agents", "spent"]
    assert sees == get_statistic("spent")
    assert run.weights["mlp_extractor.policy_net.0.weight"].shape == (64, 1 + 10 + 1)
    assert static(run.specification.setting, 0.4) < outcomes.mean < 0.6921875


def test_an_own_file_is_solved_learned_and_played(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "seats.json").write_text(SEATS)
    exact, train, evaluate = (shlex.split(line)[1:] for line in COMMANDS.splitlines())
    assert main([*exact, "--json"]) == 0
    optimum = eval(json.loads(capsys.readouterr().out)["values"]["adaptive"]["adaptive"]) / 3  # the unit
    assert main(train) == 0
    assert main([*evaluate, "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines(keepends=True).__getitem__(slice(2, None)).__str__())
    assert found["objective"] <= optimum


def test_many_runs_are_stored_and_read_again(elsewhere: Path) -> None:
    names = done(MANY)
    assert sorted(path.name for path in (elsewhere / "records" / "two-worlds").iterdir()) == [
        "highest-scores-0.json",
        "highest-scores-1.json",
    ]
    played = play(names["mechanism"], names["worlds"], 1000)
    assert 0 < played.mean < 0.7


def test_every_example_is_run() -> None:
    text = (ROOT / "book" / "api.md").read_text(encoding="utf-8")
    assert len(re.findall(r"^```(?!\{|$)", text, re.M)) == 6
