"""Random inputs of the command line (:mod:`fuzz_inputs`), each tried in a process of its own, and judged.

One process imports the package and forks a child per input. Whatever the input, the command ends with status 0, or
with 2 and one sentence; it is never silent for long, and leaves no file and no process behind. ``make fuzz
MINUTES=10`` tries new inputs, ``make fuzz SEED=7`` the same ones again, ``make fuzz SEED=7 ONLY=12`` one of them.
"""

from __future__ import annotations

import argparse
import atexit
import faulthandler
import gc
import importlib
import json
import math
import os
import pkgutil
import re
import resource
import secrets
import shlex
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count, pairwise
from pathlib import Path

from fuzz_inputs import FAMILIES, FOLDER, HEAVY, LOOP, PIPE, Input, generate

import spm
from spm import bounds
from spm.__main__ import main as spm_main
from spm.compendium.record import grid, kept
from spm.learning import learn

ROOT = Path(__file__).parents[1]
SILENT, WORKING, ENDING = 20.0, 10.0, 5.0
"""Seconds without output until it is a fault, of work with progress until a signal, from a signal to the end."""
MEMORY, FILE_SIZE, SENTENCE = 3 << 30, 64 << 20, 300
OUTPUTS = ("stdout", "stderr")
FOREIGN = "NoneType|ndarray|reshape|broadcast|concatenate|dtype|size mismatch|literal|attribute|codec can't encode"
"""Words of Python and numpy that say nothing to a reader."""


@dataclass(frozen=True)
class Seen:
    """What a command did: status as a shell tells it, what it printed, why it had to be ended, what it left."""

    status: int
    out: str = ""
    err: str = ""
    stuck: str = ""
    left: tuple[str, ...] = ()
    seconds: float = 0.0


def faults(case: Input, seen: Seen) -> list[str]:
    """Return what is wrong with what a command did, the worst first; the same cause has the same words."""
    command = case.arguments[0][:20] if case.arguments else ""
    frames = re.findall(r'File ".*?/(spm/[^"]+)", line (\d+)', seen.err) or [("?", "?")]
    error = seen.err.strip().rpartition("\n")[2].partition(":")[0]
    said = [line for line in seen.err.split("\n") if line and not line.startswith("\r")]  # \r: progress
    topic = f"{command!a}: {' '.join(''.join(said).split()[:4])[:60]!a}"
    right = (*case.statuses, 130, 141, 143)  # the last of Ctrl-C, of a pipe that nobody reads, of SIGTERM
    is_bad_json = "--json" in case.arguments and case.stdout == "file" and not is_json(seen.out)
    found = {
        f"{seen.stuck}: {command} in {frames[0][0]}": bool(seen.stuck),
        f"traceback: {error} in {':'.join(frames[-1])}": "Traceback" in seen.err,
        f"status {seen.status}, not {case.statuses}: {topic}": seen.status not in right,
        f"not exactly one sentence: {' '.join(said)[:6]!a}": seen.status == 2
        and not (len(said) == 1 and re.fullmatch(r"spm: .+", said[0])),
        f"words on standard error, but status 0: {topic}": seen.status == 0 and len(said) > 0,
        f"a sentence of more than {SENTENCE} characters: {topic}": max(map(len, said), default=0) > SENTENCE + 5,
        f"control characters are printed: {topic}": not "".join([*said, *seen.out.split("\n")]).isprintable(),
        f"not a reader's words: {topic}": re.search(FOREIGN, "".join(said)) is not None,
        f"printed before it was refused: {topic}": seen.status == 2 and seen.out != "" and command != "verify",
        f"not JSON: {command}": seen.status == 0 and is_bad_json,
        f"left behind by {command}: {' '.join(seen.left[:1])}": len(seen.left) > 0,
    }
    return [words for words, holds in found.items() if holds]


def is_json(text: str) -> bool:
    """Whether a text is JSON as its standard has it, without NaN, or help."""
    with suppress(ValueError):
        json.loads(text, parse_constant=lambda name: json.loads(name.lower()))
        return True
    return text.startswith("usage: ")


def attempt(case: Input, stock: Path, command: Callable[[Sequence[str]], int] = spm_main) -> Seen:
    """Run a command in a child process with folders of its own; ``stock`` is the home of inputs that need it."""
    place = Path(tempfile.mkdtemp(prefix="spm-fuzz-"))
    try:
        shutil.copytree(stock, place / "home", True, copy_function=os.link) if case.stocked else None
        for name in ("home", "cwd", "tmp"):
            (place / name).mkdir(exist_ok=True)
        for path, content in case.files.items():
            _lay(place / path, content)
        before, start = _files(place), time.monotonic()
        child = os.fork()
        if not child:
            _be_child(case, place, command)
        try:
            status, stuck = _watch(child, place, case.gently)
        finally:
            seconds, left = time.monotonic() - start, _rest(child)
        after = _files(place)
        left += [
            name for name, *_ in sorted(after - before) if not stuck and not is_declared(name, case.arguments)
        ]
        left += [f"no {name}" for name, *_ in sorted(before - after) if not os.path.lexists(place / name)]
        out, err = ((place / name).read_bytes().decode(errors="replace") for name in OUTPUTS)
        return Seen(status, out, err, stuck, tuple(left), seconds)
    finally:
        shutil.rmtree(place)


def _lay(path: Path, content: bytes | str) -> None:
    path.unlink(missing_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == FOLDER:
        path.mkdir()
    elif content == PIPE:
        os.mkfifo(path)
    elif content == LOOP:
        path.symlink_to(path)


def _files(place: Path) -> set[tuple[str, int, int]]:
    """Every file in the folders of a place, with inode and time."""
    found = [path for path in place.glob("*/**/*") if path.is_symlink() or not path.is_dir()]
    return {(str(one.relative_to(place)), one.lstat().st_ino, one.lstat().st_mtime_ns) for one in found}


def is_declared(path: str, arguments: Sequence[str]) -> bool:
    """Whether a command may write a file: a whole one in ``_build``, in ``data`` or in the folder it was given."""
    folders = [os.path.normpath(f"cwd/{folder}") for option, folder in pairwise(arguments) if option == "--out"]
    folders += ["home/_build"] + ["home/data"] * (arguments[:1] in (("reproduce",), ("compute",), ("seal",)))
    return "/." not in path and any(path.startswith(f"{folder}/") for folder in folders)


def _be_child(case: Input, place: Path, command: Callable[[Sequence[str]], int]) -> None:
    """Run the command as the interpreter would, in this process; never return."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.chdir(place / "cwd")
    os.environ |= {"SPM_HOME": str(place / "home"), "TMPDIR": str(place / "tmp")}
    tempfile.tempdir = None
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_SIZE, FILE_SIZE))
    files = [os.open(place / name, os.O_WRONLY | os.O_CREAT) for name in OUTPUTS]
    unread, pipe = os.pipe()
    os.close(unread)
    files[0] = {"file": files[0], "unread": pipe, "full": os.open("/dev/full", os.O_WRONLY)}[case.stdout]
    for target, handle in enumerate([os.open(os.devnull, os.O_RDONLY), *files]):
        os.dup2(handle, target)
    sys.stdout = open(1, "w", encoding=case.encoding, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    faulthandler.register(signal.SIGUSR1, file=2, all_threads=False)
    status = 1
    try:
        try:
            status = command(case.arguments)
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
        status = 1
    os._exit(status)


def _watch(child: int, place: Path, gently: bool) -> tuple[int, str]:
    """Wait for a child's end; return its status, and why it was ended, if it was: silent, or deaf to a signal."""
    start = heard = time.monotonic()
    size, signalled = 0, math.inf
    while True:
        now = time.monotonic() - _queued(child)
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            code = os.waitstatus_to_exitcode(status)
            return (code if code >= 0 else 128 - code), ""
        size, before = sum((place / name).stat().st_size for name in OUTPUTS if (place / name).exists()), size
        heard = now if size != before else heard
        if now - heard > SILENT or now - signalled > ENDING:
            os.kill(child, signal.SIGUSR1)  # it prints where it is
            time.sleep(0.3)
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return 137, f"silent for {SILENT} s" if now - heard > SILENT else f"alive {ENDING} s after a signal"
        if size and now - start > WORKING and signalled == math.inf:
            signalled = now
            os.killpg(child, signal.SIGINT) if gently else os.kill(child, signal.SIGTERM)
        time.sleep(0.005)


def _queued(child: int) -> float:
    """Seconds for which a process waited for a processor, where the system tells: a busy machine is no fault."""
    with suppress(OSError):
        return int(Path(f"/proc/{child}/schedstat").read_text().split()[1]) / 1e9
    return 0.0


def _rest(child: int) -> list[str]:
    """Wait for the processes that a child has started; end those that outlive it for long, and tell."""
    deadline = time.monotonic() + ENDING
    with suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(child, 0)
            time.sleep(0.02)
        os.killpg(child, signal.SIGKILL)
        return ["a process"]
    return []


def stock_up(home: Path) -> dict[str, bytes]:
    """Fill a home with records, a kept result and the results of record; return what is to be damaged, by path."""
    shutil.copytree(ROOT / "data", home / "data", ignore=shutil.ignore_patterns("policies", "README.md"))
    policies = shutil.copytree(ROOT / "data" / "paper" / "policies", home.parent / "policies")
    (home / "data" / "paper" / "policies").symlink_to(policies)
    child = os.fork()
    if not child:  # learning starts threads, which no process that forks should have
        os.environ["SPM_HOME"] = str(home)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        smoke = grid.get_protocol("smoke")
        for statistic, variant in (("none", "scores"), ("price-allocation", "groups")):
            grid.store_of(smoke).save(learn(smoke.specification("kitchen-sink", statistic, 0, variant)), 0.0)
        os._exit(spm_main(["bounds", "correlated-2-1-0.5"]))
    os.waitpid(child, 0)
    files = sorted(path for path in home.rglob("*") if path.is_file() and path.name != "curves.csv")
    return {f"home/{path.relative_to(home)}": path.read_bytes() for path in files}


def shrunk(case: Input, home: Path, kind: str) -> Input:
    """Drop arguments, one at a time, while the fault stays."""
    for k in reversed(range(1, len(case.arguments))):
        less = replace(case, arguments=case.arguments[:k] + case.arguments[k + 1 :])
        if faults(less, attempt(less, home))[:1] == [kind]:
            case = less
    return case


def told(case: Input) -> str:
    """Return a command line with what surrounds it, for a reader."""
    files = {p: c for p, c in case.files.items() if Path(p).name in case.arguments and len(c) < 1000}
    lines = [f"spm {shlex.join(case.arguments)!a}", case.about, *(f"{p}: {c!r}" for p, c in files.items())]
    return "\n".join(f"  {line[:1000]}" for line in [*lines, f"printed to {case.stdout}, {case.encoding}"] if line)


def fuzz(seed: int, numbers: Iterable[int], seconds: float, quick: bool = False) -> int:
    """Try inputs until time is up; print each kind of fault once, and return how many kinds there are."""
    start, found, ends = time.monotonic(), Counter[str](), Counter[tuple[str, int]]()
    folder = Path(tempfile.mkdtemp(prefix="spm-fuzz-stock-"))
    try:
        home = folder / "home"
        intact = stock_up(home)
        gc.freeze()  # less to copy per child
        for number in numbers:
            if time.monotonic() - start > seconds:
                break
            case = generate(seed, number, intact)
            if quick and set(case.arguments) & set(HEAVY):
                continue
            seen = attempt(case, home)
            ends[case.family, seen.status] += 1
            for kind in faults(case, seen)[:1]:
                found[kind] += 1
                if found[kind] == 1:
                    least = shrunk(case, home, kind) if seen.seconds < 2 else case
                    print(
                        f"{kind} ({case.family}; make fuzz SEED={seed} ONLY={number})\n{told(least)}", flush=True
                    )
    except KeyboardInterrupt:
        print("interrupted")
    finally:
        shutil.rmtree(folder)
    for family in FAMILIES:
        counts = {status: n for (name, status), n in sorted(ends.items()) if name == family}
        print(f"{family}: " + ", ".join(f"{n} with status {status}" for status, n in counts.items()))
    took = time.monotonic() - start
    print(f"seed {seed}: {ends.total()} inputs in {took:.0f} s, {found.total()} faults of {len(found)} kinds")
    return len(found)


def main() -> int:
    """Try inputs as the command line says; return 1 if there is a fault."""
    options = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    options.add_argument("--minutes", type=float, default=10.0)
    options.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="of the series of inputs")
    options.add_argument("--only", type=int, help="try the input of this number alone")
    options.add_argument("--quick", type=int, metavar="N", help="the first N inputs, without those that may learn")
    asked = options.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that it tidies up
    numbers: Iterable[int] = range(asked.quick) if asked.quick else count()
    for module in pkgutil.walk_packages(spm.__path__, "spm."):
        if not module.name.startswith("spm.compendium.site"):
            importlib.import_module(module.name)
    kept.function_conditions(bounds.record)  # cached here, so that no child need fingerprint the sources
    numbers = numbers if asked.only is None else [asked.only]
    return int(fuzz(asked.seed, numbers, asked.minutes * 60, bool(asked.quick)) > 0)


if __name__ == "__main__":
    sys.exit(main())
