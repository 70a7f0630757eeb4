"""The API page's examples for the reader's own market work as they stand."""

from __future__ import annotations

import json
import re
import shlex
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from documents import ROOT, blocks

from spm.__main__ import main
from spm.learning import Run
from spm.market.statistics import MORE_STATISTICS
from spm.mechanisms import Outcomes, StaticPrices, play, random_serial_dictatorship
from spm.settings.objective import OBJECTIVES

SAMPLES, OBJECTIVE, STATISTIC, MANY = blocks("book/api.md", "python")
(SEATS,) = blocks("book/api.md", "json")
(COMMANDS,) = blocks("book/api.md", "sh")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without results; what is registered there is forgotten again."""
    monkeypatch.setenv("SPM_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("spm.settings.objective.OBJECTIVES", OBJECTIVES.copy())
    monkeypatch.setattr("spm.market.statistics.MORE_STATISTICS", MORE_STATISTICS.copy())
    return tmp_path


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


def test_own_samples_are_learned() -> None:
    run, outcomes = learned(SAMPLES)
    theatre = run.specification.setting
    free = play(random_serial_dictatorship(theatre), theatre, 10_000).mean
    assert free + 0.02 < outcomes.mean < outcomes.first_best.mean()


def test_an_own_objective_is_what_is_learned() -> None:
    run, outcomes = learned(OBJECTIVE)
    assert str(run.specification.setting.objective) == "nash"
    # As many items as agents: the first best gives one to each, E[product] = 5/32, and so do prices of 0.
    assert outcomes.first_best.mean() == pytest.approx(5 / 32, abs=0.005)
    assert run.curve[0].objective + 0.05 < outcomes.mean <= outcomes.first_best.mean()


def test_an_own_statistic_is_what_the_policy_sees() -> None:
    run, outcomes = learned(STATISTIC)
    assert [block.name for block in run.specification.statistic.blocks] == ["items", "agents", "spent"]
    assert run.weights["mlp_extractor.policy_net.0.weight"].shape == (64, 1 + 10 + 1)
    fixed = play(StaticPrices((0.4,)), run.specification.setting, 10_000)
    assert fixed.mean + 0.02 < outcomes.mean < Fraction(443, 640)


def test_an_own_file_is_solved_learned_and_played(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "seats.json").write_text(SEATS)
    exact, train, evaluate = (shlex.split(line)[1:] for line in COMMANDS.splitlines())
    assert main(train) == 0
    capsys.readouterr()
    solved, played = (printed(capsys, *command, "--json") for command in (exact, evaluate))
    optimum = Fraction(solved["values"]["adaptive"]["adaptive"]) / Fraction(solved["unit"])
    assert played["objective"] == pytest.approx(float(optimum), abs=0.02)


def printed(capsys: pytest.CaptureFixture[str], *command: str) -> dict[str, Any]:
    """What a command prints as JSON."""
    assert main(command) == 0
    data: dict[str, Any] = json.loads(capsys.readouterr().out)
    return data


def test_a_setting_comes_by_name_or_from_a_file(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "seats.json").write_text(SEATS)
    either = "spm: give either a PANEL (`spm list` names them) or --setting SETTING.json\n"
    for command in (["train", "--statistic", "none"], ["evaluate", "x.json"]):
        for given in ([], ["colors", "--setting", "seats.json"]):
            assert refusal(capsys, *command, *given) == either
        assert "can't read the setting 'no.json'" in refusal(capsys, *command, "--setting", "no.json")
    assert not (elsewhere / "_build").exists()


def test_a_file_of_the_same_name_with_another_setting_is_refused(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (elsewhere / "seats.json").write_text(SEATS)
    (elsewhere / "other.json").write_text(SEATS.replace('"objective": "welfare"', '"objective": "revenue"'))
    tiny = ("--setting", "seats.json", "--statistic", "none", "--visits", "1", "--out", "here")
    assert main(["train", *tiny]) == 0
    capsys.readouterr()
    sentence = "the policy was not learned for setting 'two seats', for another one of the name 'two seats'"
    record = "here/two seats/none-scores-0.json"
    assert refusal(capsys, "evaluate", record, "--setting", "other.json") == f"spm: {record}: {sentence}\n"


def test_a_name_leads_nowhere_else(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "odd.json").write_text(SEATS.replace("two seats", "../../odd/seats"))
    tiny = ("--setting", "odd.json", "--statistic", "none", "--visits", "1", "--out", "deep/here")
    assert main(["train", *tiny]) == 0
    found = [path.relative_to(elsewhere) for path in elsewhere.rglob("none-*.json")]
    assert [str(path) for path in found] == ["deep/here/%2E.%2F..%2Fodd%2Fseats/none-scores-0.json"]


def refusal(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    """The sentence with which a command fails."""
    assert main(command) == 2
    said = capsys.readouterr()
    assert said.out == ""
    return said.err


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
