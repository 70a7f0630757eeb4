"""Files that somebody else may have put where ours belong."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

OTHERS: tuple[Any, ...] = (None, True, 0, -1, 1.5, 10**30, "", "x", "ü\n" * 400, [], [[[]]], {}, {"body": 1})
"""What may stand in the place of any value."""


def folder(path: Path) -> None:
    path.mkdir()


def link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def of_a_gigabyte(path: Path) -> None:
    path.touch()
    os.truncate(path, 2**30)  # takes no room on the disk


def empty(path: Path) -> None:
    path.touch()


def deep(path: Path) -> None:
    path.write_bytes(b"[" * 200_000)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


NO_FILES: tuple[Callable[[Path], None], ...] = (folder, link_to_itself, pipe, of_a_gigabyte, empty, deep, device)
"""What puts something in a file's place that can't be read as one."""


def places(data: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path to every value inside ``data``."""
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path for key, value in inside for path in [(*here, key), *places(value, (*here, key))]]


@st.composite
def mutations(draw: st.DrawFn, data: Any) -> Any:
    """Return ``data`` with a value dropped, doubled, renamed or replaced, or with a list in another order."""
    mutated = copy.deepcopy(data)
    *path, key = draw(st.sampled_from(places(data)))
    parent = mutated
    for step in path:
        parent = parent[step]
    match draw(st.sampled_from(("drop", "rename", "replace", "reorder", "double"))):
        case "drop":
            del parent[key]
        case "rename" if isinstance(parent, dict):
            parent[f"{key}x"] = parent.pop(key)
        case "reorder" if isinstance(parent[key], list):
            parent[key] = draw(st.permutations(parent[key]))
        case "double" if isinstance(parent, list):
            parent.insert(key, parent[key])
        case _:
            parent[key] = draw(st.sampled_from(OTHERS))
    return mutated


def is_one_sentence(text: str, name: str) -> bool:
    """Say whether a refusal is one printable line of at most 300 characters that names the file."""
    return text.isprintable() and len(text) <= 300 and name in text


def as_json(data: Any) -> bytes:
    """Return ``data`` as JSON, with ``NaN`` where that is what it holds."""
    return json.dumps(data).encode()
