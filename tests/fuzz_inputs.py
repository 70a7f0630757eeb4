"""Random inputs of the command line, in four families: command lines, setting files, resealed records, stores.

A seed and a number determine an input, so that each can be made again. The options come from the parser itself:
new ones are tried without a change here.
"""

from __future__ import annotations

import argparse
import base64
import copy
import json
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from spm.__main__ import parser
from spm.exact import json_format
from spm.files import digest
from spm.learning import VARIANTS
from spm.market import STATISTICS
from spm.settings import CONSTRUCTIONS, FIGURES, MORE_SETTINGS

FOLDER, PIPE, LOOP, GONE = "folder", "pipe", "loop", "gone"
"""A named pipe, a link to itself."""
Files = Mapping[str, bytes]
"""Contents by path below the place of a run: ``cwd/...`` or ``home/...``."""


@dataclass(frozen=True)
class Input:
    """A command line with what surrounds it.

    Attributes:
        family: one of :data:`FAMILIES`.
        arguments: the command line.
        files: laid over what is there: in ``cwd``, where the command runs, and ``home``, its ``SPM_HOME``; one of
            the four words stands for what is no file.
        about: what is wrong with them.
        statuses: the right ones, as far as is known.
        stocked: whether ``home`` holds records and results of record.
        stdout: where it goes: a ``file``, a ``full`` disk, or a pipe that is ``unread``.
        encoding: of standard output.
        gently: whether long work is ended by Ctrl-C, else by SIGTERM.
    """

    family: str
    arguments: tuple[str, ...]
    files: Mapping[str, bytes | str] = field(default_factory=dict)
    about: str = ""
    statuses: tuple[int, ...] = (0, 2)
    stocked: bool = False
    stdout: str = "file"
    encoding: str = "utf-8"
    gently: bool = True


(SUBPARSERS,) = (one for one in parser()._actions if isinstance(one, argparse._SubParsersAction))
COMMANDS: Mapping[str, argparse.ArgumentParser] = SUBPARSERS.choices
HEAVY = ("run", "reproduce", "certify", "compute", "verify", "seal", "claims", "train")
"""Commands that may learn or replay."""
GOOD: dict[str, list[str]] = {
    "panel": [*chain(*FIGURES.values()), *MORE_SETTINGS, "correlated-3-2-0.5"],
    "name": list(CONSTRUCTIONS),
    "statistic": list(STATISTICS),
    "variant": list(VARIANTS),
    "profile": ["smoke"],
    "figure": list(FIGURES),
    "engine": ["local", "dask"],
    "address": ["tcp://127.0.0.1:1", "tls://localhost:1"],
    "policy": ["record.json"],
    "file": ["setting.json"],
    "setting": ["setting.json"],
    "out": ["out", "out/deeper"],
    "visits": ["1", "4000"],
    "profiles": ["2", "1000"],
    "jobs": ["1", "1", "1", "2"],
}
"""Right values by an argument's name."""
NUMBERS = ["0", "-1", "1", "1000000000", "9" * 30, "9" * 5000, "1e3", "1.5", "nan", "-inf", "", "٣", "²", "0x10"]
PATHS = ["", ".", FOLDER, PIPE, LOOP, "missing", "setting.json/x", "/dev/null", "/dev/full", "/dev/zero", "-"]
PATHS += ["/proc/self/mem", "/proc/nowhere/x", "x" * 5000, "a/" * 3000, "\udcff.json", "☃\u202e.json", "\x1b[2J"]
TEXTS = [
    "",
    " ",
    "x" * 5000,
    "\n",
    "\x1b[31m",
    "\udcff",
    "ｃolors",
    "None",
    "-",
    "--",
    "--json",
    "%s%n{0}",
    "*" * 300,
]
JSON: list[Any] = [None, True, -1, 0, 0.5, 1e308, 10**9, 10**30, float("nan"), "", "1/3", "1/0", "nan", "\x1b[31m"]
JSON += ["x" * 5000, "\ud800", "9" * 101, "1e999", [], {}, [[]], {"": 1}, "DEEP", "none", "groups", "revenue"]


def generate(seed: int, number: int, intact: Files) -> Input:
    """Return the input of a number in a seed's series; ``intact`` are records and other files, to be damaged."""
    rng = Random(f"{seed} {number}")
    (family,) = rng.choices(list(FAMILIES), [8, 5, 4, 3])
    case = FAMILIES[family](rng, intact)
    stdout, encoding = rng.choice(["file"] * 18 + ["full", "unread"]), rng.choice(["utf-8"] * 9 + ["ascii"])
    statuses = (0, 2) if stdout == "full" else case.statuses
    return replace(
        case, family=family, statuses=statuses, stdout=stdout, encoding=encoding, gently=rng.random() < 0.5
    )


def command_line(rng: Random, intact: Files) -> Input:
    """Any command with right and wrong values, now and then with arguments dropped, doubled, added or shuffled."""
    (name,) = rng.choices(list(COMMANDS), [1 if name in HEAVY else 10 for name in COMMANDS])
    argv = arguments(rng, name, {}, rng.choice([0, 0.2, 0.5]))
    whole = {option for one in COMMANDS[name]._actions if kind(one) is int for option in one.option_strings}
    wrong = any(option in whole and not re.fullmatch("-?[0-9]+", value) for option, value in pairwise(argv))
    statuses: tuple[int, ...] = (2,) if wrong else (0, 2)
    if rng.random() < 0.2:
        k, statuses, mixed = rng.randrange(len(argv)), (0, 2), rng.sample(argv, len(argv))
        argv = rng.choice([argv[:k], argv[k:], [*argv, argv[k]], [*argv, rng.choice(TEXTS)], mixed])
    files: dict[str, bytes | str] = {f"cwd/{kind}": kind for kind in (FOLDER, PIPE, LOOP)}
    files["cwd/setting.json"], files["cwd/record.json"] = written(document(rng)), records(intact)[0][1]
    return Input("", tuple(argv), files, statuses=statuses)


def arguments(rng: Random, name: str, given: Mapping[str, str], hostile: float = 0.0) -> list[str]:
    """A command with its required arguments and some others; with given ones, no other positional ones."""
    argv = [name]
    for one in COMMANDS[name]._actions[1:]:  # the first is --help
        spared = given and not one.option_strings
        if one.dest in {*given, "visits"} or one.required or (not spared and rng.random() < 0.4):
            values = [] if one.nargs == 0 else [given.get(one.dest) or value(rng, one, hostile)]
            argv += list(one.option_strings[-1:]) + values
    return argv


def kind(action: argparse.Action) -> type:
    """What an argument's values are: ``int``, a kind of ``Path``, or ``str``."""
    return type(action.type("2")) if callable(action.type) else str


def value(rng: Random, action: argparse.Action, hostile: float) -> str:
    """A value of an argument."""
    good = rng.choice(GOOD.get(action.dest, ["1", "2"] if kind(action) is int else ["x"]))
    if rng.random() >= hostile:
        return good
    if kind(action) is not str:
        return rng.choice(NUMBERS if kind(action) is int else PATHS)
    sizes = "correlated-" + "-".join(rng.choice(["3", "40", "0.5", *NUMBERS]) for _ in range(3))
    return rng.choice([sizes, rng.choice(TEXTS), rng.choice([good[1:], good.upper(), f"{good} ", f"é{good}"])])


def setting_file(rng: Random, intact: Files) -> Input:
    """A command that reads a setting, and a setting that is damaged, huge or neither."""
    readers = [(n, one.dest) for n, p in COMMANDS.items() for one in p._actions if "SETTING" in str(one.metavar)]
    name, dest = rng.choice(readers)
    data, about = spoiled(rng, document(rng), rng.choice([0, 1, 1, 2]))
    content, about = scratched(rng, written(data)) if rng.random() < 0.2 else (written(data), about)
    argv = arguments(rng, name, {dest: "setting.json"})
    return Input("", tuple(argv), {"cwd/setting.json": content}, about)


def document(rng: Random) -> Any:
    """A setting as JSON: the documented example, or one of random size."""
    if rng.random() < 0.3:
        (text,) = re.findall(r"::\n\n(.+?)\n\n\*", str(json_format.__doc__), re.DOTALL)
        return json.loads(textwrap.dedent(text))

    def size(most: int, huge: int) -> int:
        return huge if rng.random() < 0.05 else rng.randint(1, most)

    types, groups = ({f"{kind} {k}": size(3, 10**9) for k in range(size(2, 24))} for kind in ("type", "group"))
    n_worlds, n_outcomes, most = size(3, 50), size(3, 200), size(5, 1000)

    def lottery() -> Any:
        rows = [[rng.randint(0, most) for _ in types] for _ in range(n_outcomes)]
        return [{"probability": f"1/{n_outcomes}", "values": row} for row in rows]

    words = {
        "objective": rng.choice(["welfare", "revenue", "max-min"]),
        "demand": rng.choice(["unit", "additive"]),
    }
    worlds = [
        {"probability": f"1/{n_worlds}", "lotteries": {g: lottery() for g in groups}} for _ in range(n_worlds)
    ]
    return {"name": "mine", **words, "types": types, "groups": groups, "worlds": worlds}


def resealed_record(rng: Random, intact: Files) -> Input:
    """``evaluate`` with a record whose content was changed and sealed again, or whose seal is false."""
    panel, content = rng.choice(records(intact))
    body = json.loads(content)["body"]
    change, about = rng.choice(["node"] * 4 + ["layer", "word", "seal", "bytes"]), ""
    if change == "node":
        body, about = spoiled(rng, body, rng.choice([1, 1, 2]))
    elif change == "layer":
        layer = rng.choice(list(body["weights"].values()))
        shape, fill = layer["shape"], rng.choice([np.nan, np.inf, 1e38])
        layer["shape"] = rng.choice([shape, shape[::-1], [*shape, 1], [-1], []])
        layer["float32"] = base64.b64encode(
            np.full(abs(int(np.prod(layer["shape"]))), fill, "<f4").tobytes()
        ).decode()
        about = f"a layer of shape {layer['shape']} filled with {fill}"
    elif change == "word":
        asked = body["specification"]
        asked["variant"], asked["statistic"]["name"] = rng.choice(list(VARIANTS)), rng.choice(list(STATISTICS))
        about = f"{asked['variant']} {asked['statistic']['name']}"
    content = resealed(body)
    if change == "seal":
        content, about = content.replace(b'"sha256":"', b'"sha256":"0'), "other checksum"
    elif change == "bytes":
        content, about = scratched(rng, content)
    argv = arguments(rng, "evaluate", {"policy": "record.json", "panel": panel})
    return Input("", tuple(argv), {"cwd/record.json": content}, about, (2,) if change == "seal" else (0, 2))


def damaged_store(rng: Random, intact: Files) -> Input:
    """A command that reads the store or the results of record, of which some files are damaged."""
    files: dict[str, bytes | str] = {}
    about = []
    for path in rng.sample(list(intact), rng.choice([1, 1, 1, 2])):
        change = rng.choice(["node"] * 5 + ["bytes"] * 2 + [FOLDER, PIPE, LOOP, GONE])
        if change == "node" and path.endswith(".json"):
            data = json.loads(intact[path])
            is_sealed = set(data) == {"body", "sha256"}
            data, change = spoiled(rng, data["body"] if is_sealed else data, 1)
            files[path] = resealed(data) if is_sealed else written(data)
        elif change in ("node", "bytes"):
            files[path], change = scratched(rng, intact[path])
        else:
            files[path] = change
        about.append(f"{path}: {change}")
    manifest = "home/data/paper/manifest.json"
    if manifest not in files and rng.random() < 0.5:  # checksums that agree with what was damaged
        told = json.loads(intact[manifest])
        told["files"] |= {
            Path(p).name: digest(c) for p, c in files.items() if isinstance(c, bytes) and "paper" in p
        }
        files[manifest] = written(told)
    (name,) = rng.choices(["status", "bounds", "exact", "claims", "run", "verify", "seal"], [9, 9, 3, 1, 1, 1, 1])
    given = {
        "panel": rng.choice(["kitchen-sink", "two-worlds"]),
        "profile": rng.choice(["smoke", "smoke", "paper"]),
    }
    argv = [*arguments(rng, name, given), *["prop-1"] * (name == "exact")]
    statuses = (0,) if name in ("status", "bounds") else (0, 2)  # what is damaged is stale, and no more than that
    return Input("", tuple(argv), files, "; ".join(about), statuses, stocked=True)


FAMILIES: dict[str, Callable[[Random, Files], Input]] = {
    "command lines": command_line,
    "setting files": setting_file,
    "resealed records": resealed_record,
    "stores": damaged_store,
}


def records(intact: Files) -> list[tuple[str, bytes]]:
    """Panels and contents of the runs' records."""
    return [(path.split("/")[-2], content) for path, content in intact.items() if "/runs/" in path]


def spoiled(rng: Random, data: Any, changes: int) -> tuple[Any, str]:
    """A copy of JSON data with some nodes changed, and which."""
    root, about = {"": copy.deepcopy(data)}, []
    for _ in range(changes):
        path, holder, key = node(rng, root)
        old, way = holder[key], rng.choice(["=", "=", "=", "=", "deleted", "renamed"])
        new = rng.choice([*JSON, [old], {"": old}, f"{old}0", node(rng, root)[1]])
        if way == "=" or holder is root:
            holder[key] = copy.deepcopy(new)
            way = f"= {str(new)[:40]!r}"
        else:
            del holder[key]
            if way == "renamed" and isinstance(holder, dict):
                holder[f"{key}s"] = old
        about.append(f"{path} {way}")
    return root[""], ", ".join(about)


def node(rng: Random, root: dict[str, Any]) -> tuple[str, Any, Any]:
    """A random node: its path, what holds it, and under which key; each level is as likely as the one below it."""
    path: str = ""
    holder: Any = root
    key: Any = ""
    while isinstance(holder[key], dict | list) and holder[key] and rng.random() < 0.7:
        holder = holder[key]
        key = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        path = f"{path}/{key}"
    return path, holder, key


def written(data: Any) -> bytes:
    """Return data as JSON, deep where it says so."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return text.replace('"DEEP"', "[" * 100_000 + "]" * 100_000).encode()


def resealed(body: Any) -> bytes:
    """Return the body of a record with its checksum, whatever it holds."""
    content = written(body)
    return b'{"body":' + content + b',"sha256":"' + digest(content).encode() + b'"}\n'


def scratched(rng: Random, content: bytes) -> tuple[bytes, str]:
    """Damage a file without regard to what it says; say how."""
    k = rng.randrange(len(content))
    ways = {
        "cut off": content[:k],
        "flipped bit": content[:k] + bytes([content[k] ^ 1 << rng.randrange(8)]) + content[k + 1 :],
        "bad UTF-8": content[:k] + b"\xff" + content[k:],
        "UTF-16": content.decode(errors="replace").encode("utf-16"),
        "key twice": re.sub(rb'"(\w+)":', rb'"\1":1,"\1":', content, count=1),
        "deep": b"[" * 200_000,
        "long number": b"9" * 5000,
        "empty": b"",
        "no object": rng.choice([b"[]", b"null", b"0", b'""', b"NaN"]),
    }
    way = rng.choice(list(ways))
    return ways[way], f"{way} at {k}"
