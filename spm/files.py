"""Writing files whole or not at all, and fingerprints of sources and contents."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def write_atomic(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` so that a reader sees the old file or the new one, never a part.

    Raises:
        ValueError: the folder can't be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise ValueError(f"can't write {path}: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def canonical(data: Any) -> bytes:
    """Return ``data`` as JSON with sorted keys, the same bytes for equal data.

    >>> canonical({"b": 1, "a": [0.5]})
    b'{"a":[0.5],"b":1}'
    """
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def digest(content: bytes) -> str:
    """Return the SHA-256 of ``content`` in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def dependencies(module: str) -> set[str]:
    """Return a module of this package and all others of it that it imports, directly or through others.

    >>> sorted(dependencies("settings"))
    ['demand', 'finite', 'models', 'names', 'settings']
    """
    found, waiting = set[str](), [module]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _imports(ast.parse(_file(name).read_text(encoding="utf-8")))
    return found


def _file(module: str) -> Path:
    """Where a module of this package lies; packages are represented by their ``__init__.py``."""
    base = Path(__file__).parent.joinpath(*module.split("."))
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


def _imports(tree: ast.Module) -> list[str]:
    """Names of this package's modules that a module imports."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "spm":
            inside = node.module.removeprefix("spm").removeprefix(".")
            whole = [f"{inside}.{alias.name}".removeprefix(".") for alias in node.names]
            names += [name for name in whole if _file(name).exists()] or [inside]
            names += [inside] if inside else []
    return names


def source_digests(modules: Iterable[str]) -> dict[str, str]:
    """Return a fingerprint of each named module of this package that ignores comments and docstrings.

    >>> sorted(source_digests(["market", "demand"]))
    ['demand', 'market']
    """
    return {name: code_digest(_file(name).read_text(encoding="utf-8")) for name in sorted(modules)}


def code_digest(source: str) -> str:
    """Return the fingerprint of what ``source`` does: its syntax tree without docstrings.

    >>> code_digest('x = 1  # one') == code_digest('"a module"\\nx = 1')
    True
    """
    return digest(repr(_skeleton(ast.parse(source))).encode())[:16]


def _skeleton(node: Any) -> Any:
    """The tree as nested tuples, without positions, docstrings and empty fields (stable across Pythons)."""
    if isinstance(node, list):
        return tuple(_skeleton(item) for item in node if not _is_text(item))
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = ((name, value) for name, value in ast.iter_fields(node) if value not in (None, []))
    return (type(node).__name__, *((name, _skeleton(value)) for name, value in fields))


def _is_text(node: Any) -> bool:
    """True for a statement that is only a string: a docstring."""
    return (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    )
