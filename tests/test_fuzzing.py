"""The fuzzing itself: a few inputs find nothing, planted faults are found, and a seed repeats its inputs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from deleted_checks import CHECKS, without
from fuzz_inputs import COMMANDS, FAMILIES, Input, generate, resealed
from fuzzing import Seen, faults

ROOT = Path(__file__).parents[1]
INTACT = {
    "home/_build/runs/smoke/colors/none-scores-0.json": resealed(
        {"weights": {"layer": {"shape": [1], "float32": ""}}, "specification": {"statistic": {"name": "none"}}}
    ),
    "home/data/paper/manifest.json": b'{"files":{}}',
}
PLANTED = """
import json, os, subprocess, time
from pathlib import Path

import fuzzing
from fuzz_inputs import Input

fuzzing.SILENT = fuzzing.ENDING = fuzzing.WORKING = 1.0

def leaves_a_file(_): Path("../home/.record.json").write_text(""); return 0
def leaves_a_process(_): subprocess.Popen(["sleep", "60"]); return 0
def goes_too_far(_): return int(len("x" * 2**33) < 0)
def stays(_):
    while True:
        try: print("at work", flush=True); time.sleep(0.3)
        except KeyboardInterrupt: pass

planted = {
    "traceback: ZeroDivisionError": lambda _: 1 // 0,
    "traceback: MemoryError": goes_too_far,
    "silent for": lambda _: time.sleep(60),
    "alive": stays,
    "left behind by list: home/.record.json": leaves_a_file,
    "left behind by list: a process": leaves_a_process,
}
case = Input("", ("list",))
seen = {words: fuzzing.attempt(case, Path("nowhere"), command) for words, command in planted.items()}
print(json.dumps({words: fuzzing.faults(case, one) for words, one in seen.items()}))
"""


def test_a_few_inputs_find_nothing() -> None:
    command = [sys.executable, "tests/fuzzing.py", "--seed", "0", "--quick", "12"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment())
    assert done.returncode == 0, done.stdout + done.stderr


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}


def test_planted_faults_are_found(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PLANTED]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment(), check=True)
    found = json.loads(done.stdout)
    assert len(found) == 6
    assert [words for words, said in found.items() if not any(one.startswith(words) for one in said)] == []


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (Seen(1, err="Traceback (most recent call last):\nKeyError: 'x'\n"), "traceback: KeyError"),
        (Seen(1), "status 1"),
        (Seen(2, err="usage: spm\nspm: error: no\n"), "not exactly one sentence"),
        (Seen(2), "not exactly one sentence"),
        (Seen(2, err=f"spm: {'x' * 301}\n"), "a sentence of more than 300"),
        (Seen(2, err="spm: \x1b[2J is not a panel\n"), "control characters"),
        (Seen(2, err="spm: cannot reshape array of size 1\n"), "not a reader's words"),
        (Seen(2, out="0.5\n", err="spm: no\n"), "printed before"),
        (Seen(0, out="1", err="RuntimeWarning: invalid value\n"), "words on standard error"),
        (Seen(0, out='{"se": NaN}'), "not JSON"),
        (Seen(0, out="{}", left=("cwd/x",)), "left behind"),
    ],
)
def test_the_judge_sees(seen: Seen, words: str) -> None:
    assert faults(Input("", ("list", "--json")), seen)[0].startswith(words)


@pytest.mark.parametrize(
    "seen",
    [Seen(0, out="{}\n"), Seen(2, err="\r10%|#  | 1/9\nspm: unknown panel 'x'\n"), Seen(0, "{}", "\r1/9\n")],
)
def test_the_judge_lets_pass(seen: Seen) -> None:
    assert faults(Input("", ("list", "--json")), seen) == []


def test_a_seed_repeats_its_inputs_and_every_command_and_option_is_among_them() -> None:
    cases = [generate(7, number, INTACT) for number in range(600)]
    assert cases[:100] == [generate(7, number, INTACT) for number in range(100)]
    assert {case.family for case in cases} == set(FAMILIES)
    tried = {argument for case in cases for argument in case.arguments}
    options = {names[-1] for one in COMMANDS.values() for a in one._actions[1:] if (names := a.option_strings)}
    assert (COMMANDS.keys() | options) - tried == set()


@pytest.mark.parametrize(("file", "line"), CHECKS)
def test_each_check_that_is_to_be_deleted_is_there(file: str, line: str) -> None:
    source = (ROOT / file).read_text(encoding="utf-8")
    assert without(source, line) != source
