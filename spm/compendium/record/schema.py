"""How files are read: whole, of a sane size, and held to a declared schema; or refused with one sentence.

A schema is a dataclass marked with :data:`declared`. Its annotations are the schema: no other keys, no missing
ones, no type taken for another, no number that is not finite. For a table it is a mapping from the columns' names
to their types. Each schema stands beside the code that writes the file.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

import numpy as np
import pandas as pd
from pydantic import ConfigDict, StringConstraints, TypeAdapter, ValidationError, with_config

from spm.files import MOST_PATH, path_text, read_regular, why
from spm.names import MOST_CHARACTERS, printable, shortened

T = TypeVar("T")

STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
declared = with_config(STRICT)
"""Decorator of a dataclass that is a schema."""

Name = Annotated[str, StringConstraints(pattern=r"^[!-~]([ -~]{0,98}[!-~])?$")]
"""A name that can be printed in a sentence: that of a module, a package, a version, a file."""

MOST_BYTES = 2**26
"""No file of ours is larger; one that is larger is not read."""


def read_file(path: Path, what: str, most: int = MOST_BYTES) -> bytes:
    """Return the content of a file.

    Args:
        path: where it lies.
        what: what the file is, for an error's sentence.
        most: bytes that it can have.

    Raises:
        ValueError: no file is there, or one that is too large or can't be read.
    """
    try:
        return read_regular(path, most)
    except FileNotFoundError:
        raise ValueError(f"there is no {what} at {path_text(path)}") from None
    except OSError as error:
        raise ValueError(f"can't read the {what} {path_text(path)}: {why(error)}") from None


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let every ``ValueError`` that is raised inside name the file, in one line of bounded length.

    >>> with naming(Path("a.json")):
    ...     raise ValueError("no JSON")
    Traceback (most recent call last):
    ValueError: a.json: no JSON
    """
    try:
        yield
    except ValueError as error:
        name = f"{path_text(path)}: "
        raise ValueError(name + shortened(printable(str(error)), MOST_CHARACTERS - len(name))) from None


def parsed(kind: type[T], content: bytes) -> T:
    """Return what a JSON text holds, as an instance of its schema.

    Raises:
        ValueError: the text is not JSON, or not of this schema.

    >>> parsed(dict[str, int], b'{"a": 1}')
    {'a': 1}
    >>> parsed(dict[str, int], b'{"a": [0.5]}')
    Traceback (most recent call last):
    ValueError: a: Input should be a valid integer
    """
    try:
        found: T = _adapter(kind).validate_json(content)  # type: ignore[arg-type]  # classes can be hashed
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))[:MOST_PATH]
        reason = first["msg"].removeprefix("Value error, ")
        raise ValueError(f"{where}: {reason}" if where else reason) from None
    return found


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    is_marked = hasattr(kind, "__pydantic_config__") or hasattr(kind, "model_config")
    return TypeAdapter(kind) if is_marked else TypeAdapter(kind, config=STRICT)


def read_table(path: Path, columns: Mapping[str, Any], what: str = "table") -> pd.DataFrame:
    """Return a CSV file as a table.

    Args:
        path: where it lies.
        columns: each column's type, in their order: ``str``, ``bool``, ``int``, ``float``, or ``float | None``
            where a cell may be empty.
        what: what the file is, for an error's sentence.

    Raises:
        ValueError: it can't be read, or a column is missing, too many, out of order, or not of its type.
    """
    content = read_file(path, what)
    with naming(path):
        types = {name: {str: str, bool: str, int: int}.get(kind, float) for name, kind in columns.items()}
        if content.partition(b"\n")[0].decode().strip().split(",") != list(columns):
            raise ValueError(f"the columns of this {what} must be {', '.join(columns)}")
        rows = pd.read_csv(io.BytesIO(content), float_precision="round_trip", dtype=types, index_col=False)
        for name, kind in columns.items():
            if kind is bool:
                if not rows[name].isin(["True", "False"]).all():
                    raise ValueError(f"{name} must be True or False in every row")
                rows[name] = rows[name] == "True"
            if kind is float and not np.isfinite(rows[name]).all():
                raise ValueError(f"{name} must be a finite number in every row")
            if kind == float | None and np.isinf(rows[name]).any():
                raise ValueError(f"{name} must be a finite number or empty")
        return rows
