"""The command line: what it prints, and one sentence with exit status 2 for every kind of bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spm.__main__ import main
from spm.learning import Specification


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPM_HOME", str(tmp_path))
    return tmp_path


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that must fail; return its one sentence."""
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    return printed.err


@pytest.fixture
def record(home: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    out = home / "mine"
    assert main(["train", "kitchen-sink", "--statistic", "none", "--visits", "1", "--out", str(out)]) == 0
    capsys.readouterr()
    return out / "kitchen-sink" / "none-scores-0.json"


def test_list_names_all_panels(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert sum(len(panels) for panels in data["figures"].values()) == 12
    assert len(data["statistics"]) == 5
    assert data["profiles"]["paper"]["of_record"]


def test_train_then_evaluate(record: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(record), "kitchen-sink", "--profiles", "10000", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    stored = json.loads(record.read_text())["body"]["final"]
    assert data["objective"] == stored["objective"]  # the same final profiles
    assert data["profiles"] == 10_000


def test_status_counts_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--profile", "smoke", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["counts"] == {"done": 0, "missing": 240, "stale": 0}
    assert {row["reason"] for row in data["runs"]} == {"never run"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("train", "colour", "--statistic", "none"), "unknown panel 'colour'; did you mean colors?"),
        (("train", "colors", "--statistic", "alocation"), "did you mean allocation or price-allocation?"),
        (("train", "colors", "--statistic", "none", "--visits", "0"), "visits must be at least 1, not 0"),
        (("train", "colors", "--statistic", "none", "--seed", "-1"), "seed must be at least 0, not -1"),
        (("train", "correlated-0-5-0.5", "--statistic", "none"), "n_agents must be at least 1, not 0"),
        (("train", "correlated-5-0-0.5", "--statistic", "none"), "n_items must be at least 1, not 0"),
        (("train", "correlated-20-5-1.5", "--statistic", "none"), "delta must lie in [0, 1], not 1.5"),
        (("train", "correlated-20-5", "--statistic", "none"), "correlated-AGENTS-ITEMS-DELTA"),
        (("train", "colors", "--statistic", "none", "--variant", "group"), "did you mean groups?"),
        (("run", "figure-9"), "unknown figure 'figure-9'"),
        (("run", "all", "--profile", "papr"), "did you mean paper?"),
        (("run", "all", "--jobs", "0"), "jobs must be at least 1, not 0"),
        (("verify",), "the results of record in"),
        (("verify", "--sample", "1", "--json"), "can't be read"),
        (("compute", "--jobs", "0"), "jobs must be at least 1, not 0"),
        (("reproduce", "--jobs", "0"), "jobs must be at least 1, not 0"),
        (("reproduce", "--engine", "slurm"), "unknown engine 'slurm'"),
        (("status", "--profile", "fast"), "unknown profile 'fast'"),
        (("evaluate", "nothing.json", "colors"), "there is no record at nothing.json"),
        (("exact", "prop-10"), "unknown construction 'prop-10'; did you mean"),
        (("exact",), "either a NAME or --file"),
        (("exact", "prop-1", "--file", "x.json"), "either a NAME or --file"),
        (("exact", "--file", "nothing.json"), "can't read the setting 'nothing.json'"),
        (("bounds", "colour"), "did you mean colors?"),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: tuple[str, ...], sentence: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sentence in fails(capsys, *arguments)
    assert list(home.iterdir()) == []


def test_exact_values_are_fractions_before_normalisation(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exact", "prop-1", "--json"]) == 0
    first = capsys.readouterr().out
    data = json.loads(first)
    assert (data["name"], data["objective"], data["unit"], data["first_best"]) == ("prop-1", "welfare", "3", "5/2")
    assert data["values"]["personalised-static"]["static"] == "5/2"
    assert data["values"]["anonymous-static"]["adaptive"] == "9/4"
    assert main(["exact", "prop-1", "--json"]) == 0
    assert capsys.readouterr().out == first


def test_exact_prints_a_tree_and_reads_a_file(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exact", "prop-1", "--tree"]) == 0
    assert "[1] visit agent 1, price 2" in capsys.readouterr().out
    lottery = [{"probability": "1/3", "values": [1]}, {"probability": "1/3", "values": [3]}]
    world = {"probability": 1, "lotteries": {"agent": lottery}}
    mine = {"name": "mine", "objective": "welfare", "demand": "unit", "types": {"item": 1}, "groups": {"agent": 2}}
    (home / "mine.json").write_text(json.dumps(mine | {"worlds": [world]}))
    assert "probabilities sum to 2/3, not 1" in fails(capsys, "exact", "--file", str(home / "mine.json"))


def test_bounds_of_an_exact_panel_meet(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bounds", "two-worlds", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["upper"] == data["lower"]
    assert data["rsd"] < data["anonymous_static"] <= data["personalised_static"] <= data["upper"]
    assert data["upper"] <= data["first_best"]


def test_a_policy_of_another_setting(record: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "was not learned for setting 'colors' but for 'kitchen-sink'" in fails(
        capsys, "evaluate", str(record), "colors"
    )


def test_a_damaged_policy(record: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record.write_bytes(record.read_bytes().replace(b'"seed":0', b'"seed":1'))
    assert "checksum" in fails(capsys, "evaluate", str(record), "kitchen-sink")


def test_an_unwritable_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    arguments = ("train", "colors", "--statistic", "none", "--out", str(tmp_path / "file" / "x"))
    assert "can't write" in fails(capsys, *arguments)


@pytest.mark.parametrize("arguments", [[], ["trian"], ["train"], ["run", "all", "--jobs", "two"]])
def test_bad_usage_exits_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(arguments)
    assert exit_info.value.code == 2


def test_an_interrupt_says_that_nothing_is_lost(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: Specification) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("spm.learning.ppo.learn", interrupted)
    assert main(["train", "colors", "--statistic", "none"]) == 130
    assert "finished runs are kept" in capsys.readouterr().err
