"""Files that are written whole or not at all, digests of bytes and of code, and the project's home folder."""

from __future__ import annotations

import ast
import errno
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spm.names import printable, shortened

MOST_PATH = 120
"""Characters of a path that an error repeats."""

BLOCK = b"\0" * 4096
"""What is written to see whether a disk has space."""


def write_atomic(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path``; a reader sees the old file or the new one, never a part of it.

    Raises:
        ValueError: it can't be written; the sentence names the file and the reason. No part of it is left.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomic(Path(folder) / "new" / "file", b"whole")
    ...     (Path(folder) / "new" / "file").read_bytes()
    b'whole'
    """
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
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


def check_writable(paths: Iterable[Path]) -> None:
    """Check, before long work, that files could be written to ``paths``; nothing is left behind.

    Raises:
        ValueError: one can't, as :func:`write_atomic` would say.

    >>> check_writable([Path(os.devnull) / "new" / "file"])
    Traceback (most recent call last):
    ValueError: can't write /dev/null/new/file: Not a directory
    """
    for path in paths:
        with _writing(path):
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            folder = next(parent for parent in path.parents if parent.exists())
            with tempfile.TemporaryFile(dir=folder) as probe:  # without a name, where the system can do that
                probe.write(BLOCK)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Say of a file that can't be written which one and why."""
    try:
        yield
    except FileExistsError:
        raise ValueError(f"can't write {path_text(path)}: a file lies where its folder belongs") from None
    except (OSError, ValueError) as error:  # ValueError: a null in the path
        raise ValueError(f"can't write {path_text(path)}: {why(error)}") from None


def read_regular(path: Path, most: int = 2**26) -> bytes:
    """Return the content of a regular file; to read a device or a pipe might never end.

    Raises:
        OSError: no such file, or it can't be read, is something else, or has more than ``most`` bytes.
        ValueError: no path.

    >>> read_regular(Path("/dev/zero"))
    Traceback (most recent call last):
    OSError: [Errno 22] not a regular file: '/dev/zero'
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"more than {most:,} bytes", str(path))
    return content


def why(error: Exception) -> str:
    """Return why a file could not be read or written, in the system's words."""
    return str(getattr(error, "strerror", None) or error)


def path_text(path: Path) -> str:
    """Return a path for an error's sentence: printable, and without its middle if it is long."""
    return shortened(printable(str(path)), MOST_PATH)


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
