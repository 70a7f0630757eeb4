"""The command line: what it prints, and one sentence with exit status 2 for every kind of bad input."""

from __future__ import annotations

import argparse
import json
import math
import os
from pathlib import Path

import pytest

from spm.__main__ import emit, main
from spm.compendium.command_line import JOBS_PER_PROCESSOR
from spm.learning import Specification

MOST_JOBS = JOBS_PER_PROCESSOR * (os.cpu_count() or 1)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPM_HOME", str(tmp_path))
    return tmp_path


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that must fail; return its one sentence."""
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    sentence = printed.err.removesuffix("\n")
    assert sentence.startswith("spm: ")
    assert sentence.isprintable()
    assert len(sentence) <= 300
    return sentence


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
        (("exact", ""), "unknown construction ''; known: prop-1, "),
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


LONG = "x" * 5_000
HOSTILE = "\x1b[2J\u202ecolors\n\0\ud800"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            (),
            "name a command: list, exact, bounds, train, evaluate, run, status, claims, reproduce, certify",
        ),
        (("",), "unknown command ''; known: list, exact"),
        (("trian",), "unknown command 'trian'; did you mean train"),
        (("evalute", "x", "y"), "did you mean evaluate"),
        ((LONG,), "unknown command 'xxxxxxx"),
        ((HOSTILE,), r"unknown command '\x1b[2J\u202ecolors\n\x00\ud800'"),
        (("--version",), "unrecognized arguments: --version (see spm --help)"),
        (("list", "--colour"), "unrecognized arguments: --colour (see spm --help)"),
        (("list", LONG), "unrecognized arguments: xxxxxx"),
        (("list", HOSTILE), r"unrecognized arguments: \x1b[2J\u202ecolors \x00\ud800 (see spm --help)"),
        (("list", "--json=" + LONG), "ignored explicit argument"),
        (("train",), "the following arguments are required: --statistic (see spm train --help)"),
        (("train", "colors", "--statistic"), "--statistic: expected one argument"),
        (("verify", "--s", "1"), "ambiguous option: --s could match --sample, --seed"),
        # numbers
        (("run", "all", "--jobs", "two"), "--jobs must be a whole number of at most 18 digits, not 'two'"),
        (("run", "all", "--jobs", "-1"), "--jobs must be at least 1, not -1"),
        (("run", "all", "--jobs", ""), "--jobs must be a whole number of at most 18 digits, not ''"),
        (("run", "all", "--jobs", "1000000000"), f"--jobs must be at most {MOST_JOBS}, not 1000000000"),
        (("reproduce", "--jobs", "1000000000"), f"--jobs must be at most {MOST_JOBS}, not 1000000000"),
        (("compute", "--jobs", "1.0"), "--jobs must be a whole number"),
        (("seal", "--jobs", "0"), "--jobs must be at least 1, not 0"),
        (("seal", "--jobs", str(MOST_JOBS + 1)), f"--jobs must be at most {MOST_JOBS}"),
        (("verify", "--jobs", "nan"), "--jobs must be a whole number"),
        (("verify", "--jobs", "9" * 5_000), "--jobs must be a whole number of at most 18 digits"),
        (("verify", "--sample", "-1"), "--sample must be at least 0, not -1"),
        (("verify", "--sample", "all"), "--sample must be a whole number"),
        (("verify", "--seed", "-1"), "--seed must be at least 0, not -1"),
        (("verify", "--seed", "9" * 30), "--seed must be a whole number of at most 18 digits"),
        (("verify", "--profiles", "1"), "--profiles must be at least 2, not 1"),
        (("verify", "--profiles", "1_000"), "--profiles must be a whole number"),
        (("evaluate", "x", "colors", "--profiles", "1"), "--profiles must be at least 2, not 1"),
        (("evaluate", "x", "colors", "--profiles", "0"), "--profiles must be at least 2, not 0"),
        (("evaluate", "x", "colors", "--profiles", "-1"), "--profiles must be at least 2, not -1"),
        (("evaluate", "x", "colors", "--profiles", "1e5"), "--profiles must be a whole number"),
        (("train", "colors", "--statistic", "none", "--visits", "-1"), "--visits must be at least 1, not -1"),
        (("train", "colors", "--statistic", "none", "--visits", "٣"), "--visits must be a whole number"),
        (("train", "colors", "--statistic", "none", "--visits", " 3"), "not ' 3'"),
        (("train", "colors", "--statistic", "none", "--visits", "9" * 19), "at most 18 digits"),
        (("train", "colors", "--statistic", "none", "--seed", "4294967296"), "--seed must be at most 4294967295"),
        (("train", "colors", "--statistic", "none", "--seed", "0x1"), "--seed must be a whole number"),
        (("train", "colors", "--statistic", "none", "--seed", HOSTILE), "--seed must be a whole number"),
        # names
        (("train", LONG, "--statistic", "none"), "unknown panel 'xxxxxx"),
        (("train", HOSTILE, "--statistic", "none"), r"unknown panel '\x1b[2J\u202ecolors\n\x00\ud800'"),
        (("train", "", "--statistic", "none"), "unknown panel ''"),
        (("train", "colors", "--statistic", LONG), "unknown statistic 'xxxxxx"),
        (("train", "colors", "--statistic", ""), "unknown statistic ''"),
        (("train", "colors", "--statistic", "none", "--variant", LONG), "unknown variant 'xxxxxx"),
        (("train", "correlated-nan-5-0.5", "--statistic", "none"), "correlated-AGENTS-ITEMS-DELTA"),
        (("bounds", ""), "unknown panel ''"),
        (("bounds", LONG), "unknown panel 'xxxxxx"),
        (("bounds", HOSTILE), r"unknown panel '\x1b[2J\u202ecolors\n\x00\ud800'"),
        (("bounds", "correlated-" + "1-" * 3_000), "is not of the form correlated-AGENTS-ITEMS-DELTA"),
        (("run", ""), "unknown figure ''"),
        (("run", LONG), "unknown figure 'xxxxxx"),
        (("run", HOSTILE), r"unknown figure '\x1b[2J"),
        (("run", "all", "--engine", HOSTILE), r"unknown engine '\x1b[2J"),
        (("run", "all", "--engine", LONG), "unknown engine 'xxxxxx"),
        (("run", "all", "--engine", ""), "unknown engine ''"),
        (("status", "--profile", LONG), "unknown profile 'xxxxxx"),
        (("status", "--profile", HOSTILE), r"unknown profile '\x1b[2J"),
        (("status", "--profile", ""), "unknown profile ''; known: smoke, quick, paper"),
        (("claims", "--profile", "papre"), "unknown profile 'papre'; did you mean paper?"),
        (("claims", "--profile", "paper"), "the results of record in"),
        (("exact", LONG), "unknown construction 'xxxxxx"),
        (("exact", HOSTILE), r"unknown construction '\x1b[2J"),
        (("exact", "prop-1", "prop-2"), "unrecognized arguments: prop-2"),
        # paths
        (("exact", "--file", ""), "--file must be a path, not ''"),
        (("exact", "--file", "a\0b"), r"--file must be a path, not 'a\x00b'"),
        (("exact", "--file", "."), "can't read the setting '.': not a regular file"),
        (("exact", "--file", "/dev/zero"), "can't read the setting '/dev/zero': not a regular file"),
        (("exact", "--file", "/dev/null"), "can't read the setting '/dev/null': not a regular file"),
        (("exact", "--file", "/dev/null/x"), "can't read the setting '/dev/null/x': Not a directory"),
        (("exact", "--file", "~nobody/x"), "can't read the setting '~nobody/x': No such file or directory"),
        (("exact", "--file", LONG), "File name too long"),
        (("exact", "--file", "\ud800\x1b[2J"), r"can't read the setting '\ud800\x1b[2J"),
        (("exact", "--file", "prop-1", "--tree"), "can't read the setting 'prop-1'"),
        (("evaluate", "", "colors"), "POLICY must be a path, not ''"),
        (("evaluate", "a\0b", "colors"), r"POLICY must be a path, not 'a\x00b'"),
        (("evaluate", ".", "colors"), "can't read"),
        (("evaluate", "/dev/zero", "colors"), "/dev/zero"),
        (("evaluate", "/dev/null/x", "colors"), "can't read"),
        (("evaluate", LONG, "colors"), "File name too long"),
        (("evaluate", "~/" + HOSTILE[:-2] + "x", "colors"), r"there is no record at ~/\x1b[2J\u202ecolors x"),
        (("train", "colors", "--statistic", "none", "--out", ""), "--out must be a path, not ''"),
        (("train", "colors", "--statistic", "none", "--out", "a\0b"), r"--out must be a path, not 'a\x00b'"),
        (("train", "colors", "--statistic", "none", "--out", "/dev/null"), "can't write /dev/null/"),
        (("train", "colors", "--statistic", "none", "--out", "/dev/null/x"), "Not a directory"),
        (("train", "colors", "--statistic", "none", "--out", "/proc/x"), "can't write /proc/x/"),
        (("train", "colors", "--statistic", "none", "--out", LONG), "File name too long"),
    ],
)
def test_every_bad_argument_is_one_sentence(
    arguments: tuple[str, ...], sentence: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sentence in fails(capsys, *arguments)
    assert list(home.iterdir()) == []


def test_a_pipe_is_not_waited_for(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipe = str(home / "pipe")
    os.mkfifo(pipe)
    assert "not a regular file" in fails(capsys, "exact", "--file", pipe)
    assert "pipe" in fails(capsys, "evaluate", pipe, "colors")


def test_a_large_file_is_not_read(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (home / "large.json").open("wb") as file:
        file.truncate(10**12)
    assert "more than 67,108,864 bytes" in fails(capsys, "exact", "--file", str(home / "large.json"))


def test_what_a_file_says_is_not_repeated_whole(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = LONG + "\x1b[2J\u202e"
    mine = {"name": name, "objective": "welfare", "demand": "unit", "types": {"item": 1}, "groups": {name: 2}}
    for about in (
        {"worlds": [{"probability": 1, "lotteries": {}}]},
        {"worlds": [], name: 1},
        {"worlds": [], "groups": {name: name}},
    ):
        (home / "mine.json").write_text(json.dumps(mine | about))
        assert "xxx..." in fails(capsys, "exact", "--file", str(home / "mine.json"))


def test_a_folder_where_the_record_belongs(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "out" / "kitchen-sink" / "none-scores-0.json").mkdir(parents=True)
    arguments = ("train", "kitchen-sink", "--statistic", "none", "--visits", "1", "--out", str(home / "out"))
    assert "none-scores-0.json: Is a directory" in fails(capsys, *arguments)
    assert len(list((home / "out").rglob("*"))) == 2, "no temporary file"


def test_json_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    for value in (math.nan, math.inf):
        with pytest.raises(ValueError, match="a result is not a finite number, which JSON can't say"):
            emit(argparse.Namespace(json=True), {"regret": [value]}, [])
    assert capsys.readouterr().out == ""


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


def test_an_interrupt_says_that_nothing_is_lost(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: Specification) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("spm.learning.ppo.learn", interrupted)
    assert main(["train", "colors", "--statistic", "none"]) == 130
    assert "finished runs are kept" in capsys.readouterr().err
