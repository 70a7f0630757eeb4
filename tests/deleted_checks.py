"""Does the fuzzing find a check of input that is not there? It deletes one at a time, in a copy of the package.

``python tests/deleted_checks.py --minutes 5 --seed 1`` says for each check of :data:`CHECKS` which input found its
loss: one that is no fault in the package as it is.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
CHECKS = [
    ("spm/exact/json_format.py", "if key not in data:"),
    ("spm/exact/json_format.py", "if not isinstance(data, dict) or not data:"),
    ("spm/exact/json_format.py", "if not isinstance(count, int) or isinstance(count, bool) or count < 1:"),
    ("spm/exact/json_format.py", "if not isinstance(values, list) or len(values) != len(types):"),
    ("spm/compendium/record/store.py", "if not intact:"),
    ("spm/files.py", "if not stat.S_ISREG(path.stat().st_mode):"),
]
"""File and line of each check; the line occurs once. Most checks that are not listed have a second one
behind them, so that without them nothing goes wrong."""
FOUND = re.compile(r"^(.+) \(.+; make fuzz SEED=\d+ ONLY=(\d+)\)$")


def found(package: Path, seed: int, *options: str) -> Iterator[tuple[str, str]]:
    """Yield the faults of a copy of the package as they are found, each with the number of its input."""
    command = [sys.executable, str(ROOT / "tests" / "fuzzing.py"), "--seed", str(seed), *options]
    environment = os.environ | {"PYTHONPATH": str(package)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield from ((told[1], told[2]) for line in process.stdout or () if (told := FOUND.match(line)))
        finally:
            process.terminate()
            process.communicate()


def loss(folder: Path, seed: int, minutes: float) -> str:
    """Return the first fault of a copy whose input is none in the package as it is; empty if there is none."""
    for kind, number in found(folder, seed, "--minutes", str(minutes)):
        if not list(found(ROOT, seed, "--only", number)):
            return f"found by input {number}: {kind}"
    return ""


def without(text: str, line: str) -> str:
    """Return a source in which the condition of one line never holds.

    >>> without("if x < 1:\\n    raise ValueError", "if x < 1:")
    'if False:\\n    raise ValueError'
    """
    if text.count(line) != 1:
        raise ValueError(f"{line!r} occurs {text.count(line)} times, not once")
    return text.replace(line, "if False:")


def main() -> int:
    """Delete every check; return 1 if the loss of one is not found."""
    options = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    options.add_argument("--minutes", type=float, default=5.0, help="for each check")
    options.add_argument("--seed", type=int, default=1, help="of the inputs")
    asked = options.parse_args()
    missed = 0
    for file, line in CHECKS:
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(ROOT / "spm", Path(folder) / "spm")
            (Path(folder) / "data").symlink_to(ROOT / "data")
            (Path(folder) / file).write_text(without((ROOT / file).read_text(encoding="utf-8"), line))
            told = loss(Path(folder), asked.seed, asked.minutes)
        missed += not told
        print(f"{file}, {line[:-1]}: {told or 'NOT FOUND'}", flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
