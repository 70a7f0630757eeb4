"""Files that are written whole or not at all, digests of bytes and of code, and the project's home folder."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any


def write_atomic(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path``; a reader sees the old file or the new one, never a part of it.

    Raises:
        ValueError: the folder can't be written to.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomic(Path(folder) / "new" / "file", b"whole")
    ...     (Path(folder) / "new" / "file").read_bytes()
    b'whole'
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
    """Return the SHA-256 of ``content`` in hexadecimal.

    >>> digest(b"")[:16]
    'e3b0c44298fc1c14'
    """
    return hashlib.sha256(content).hexdigest()


def code_digest(source: str) -> str:
    """Return the fingerprint of what ``source`` does: its syntax tree without docstrings.

    >>> code_digest('x = 1  # one') == code_digest('"a module"\\nx = 1')
    True
    """
    return digest(repr(_skeleton(ast.parse(source))).encode())[:16]


def _skeleton(node: Any) -> Any:
    """The tree as nested tuples, without positions, docstrings and empty fields; stable across Python versions."""
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


def home() -> Path:
    """Return the folder of ``data`` and ``_build``: ``SPM_HOME``, else the checkout, else the current one."""
    compendium = Path(__file__).parents[1]
    fallback = compendium if (compendium / "_config.yml").exists() else Path.cwd()
    return Path(os.environ.get("SPM_HOME", fallback))
