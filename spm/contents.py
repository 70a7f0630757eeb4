"""What a record holds, as a digest that every change of its content changes.

Fields and arrays count by value, functions and classes by what they do. This package's own are known by source or
name, since records tell of the code that made them. Any other function may come from a prompt, or have travelled
to a machine where its source is missing; so it is known by its compiled code and by what that uses: defaults,
closures, and the globals of its module. What it takes from other modules is known by name.
"""

from __future__ import annotations

import dis
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from functools import cached_property
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from spm.files import canonical, code_digest, digest

FOR_PEOPLE = ("name", "title", "meaning")
"""Fields of a :class:`Digested` record that are no part of its content."""
RANDOM = (np.random.Generator, np.random.RandomState, np.random.BitGenerator, np.random.SeedSequence)
"""Known by their kind: what they will draw next is no part of a content."""


def content_digest(thing: Any) -> str:
    """Return the digest of a record's content.

    Raises:
        ValueError: it holds something whose content can't be told, such as an open file.

    >>> content_digest([Fraction(1, 2), "a"]) == content_digest([Fraction(2, 4), "a"])
    True
    >>> content_digest(lambda x: x + 1) == content_digest(lambda x: x + 2)
    False
    """
    return digest(canonical(_Reader().read(thing)))[:16]


class Digested:
    """A frozen dataclass whose digest is taken once, and travels with it to other processes and machines."""

    @cached_property
    def digest(self) -> str:
        """Digest of the content: every field but those in :data:`FOR_PEOPLE`."""
        names = [field.name for field in fields(self)]  # type: ignore[arg-type]
        return content_digest({name: getattr(self, name) for name in names if name not in FOR_PEOPLE})

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields and the digest, for pickle."""
        return vars(self) | {"digest": self.digest}


class _Reader:
    """Tells contents in JSON types. What is not plain data is told once, and later by when it was met."""

    def __init__(self) -> None:
        self._met: dict[int, tuple[int, Any]] = {}  # the things are kept, lest others get their identity

    def read(self, thing: Any) -> Any:
        """Plain data by value, records by their fields."""
        if thing is None or isinstance(thing, str | bool | int):
            return thing
        if isinstance(thing, float | Fraction):
            return str(thing)
        if isinstance(thing, np.generic) and thing.dtype.kind in "biuf":
            return str(float(thing)) if thing.dtype.kind == "f" else int(thing)
        if isinstance(thing, np.ndarray) and not thing.dtype.hasobject:
            return [list(thing.shape), str(thing.dtype), digest(np.ascontiguousarray(thing).tobytes())]
        if isinstance(thing, Mapping):
            return {str(key): self.read(value) for key, value in thing.items()}
        if isinstance(thing, tuple | list | set | frozenset):
            told = [self.read(item) for item in thing]
            return told if isinstance(thing, tuple | list) else {"set": sorted(told, key=canonical)}
        if is_dataclass(thing) and not isinstance(thing, type):
            return [
                self._class(type(thing)),
                {each.name: self.read(getattr(thing, each.name)) for each in fields(thing)},
            ]
        return self._once(thing, self._behaviour)

    def _once(self, thing: Any, tell: Callable[[Any], Any]) -> Any:
        if id(thing) in self._met:
            return ["met before", self._met[id(thing)][0]]
        self._met[id(thing)] = len(self._met), thing
        return tell(thing)

    def _behaviour(self, thing: Any) -> Any:
        if isinstance(thing, FunctionType):
            return self._function(thing)
        if isinstance(thing, MethodType):
            return [self.read(thing.__func__), self.read(thing.__self__)]
        if isinstance(thing, type):
            return self._class(thing)
        if isinstance(thing, RANDOM):
            return type(thing).__name__
        if isinstance(thing, bytes):
            return thing.hex()
        if isinstance(thing, np.ufunc | ModuleType):
            return _name(thing)
        if inspect.isbuiltin(thing):
            owner = thing.__self__
            return [thing.__qualname__, owner.__name__ if isinstance(owner, ModuleType) else self.read(owner)]
        return self.read(thing.__wrapped__) if hasattr(thing, "__wrapped__") else self._object(thing)

    def _function(self, function: FunctionType) -> Any:
        source = _source(function)
        if source:
            return code_digest(source)
        parts = list(_codes(function.__code__))
        steps = (step for part in parts for step in dis.get_instructions(part))
        names = sorted({step.argval for step in steps if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")})
        used = {name: function.__globals__[name] for name in names if name in function.__globals__}
        return [
            [self._code(part, function.__doc__) for part in parts],
            self.read([function.__defaults__, function.__kwdefaults__]),
            [self.read(value) for value in _enclosed(function)],
            {name: self._global(value, function.__module__) for name, value in used.items()},
        ]

    def _global(self, value: Any, module: str) -> Any:
        """A function's global; what was defined in another module than the function, by name."""
        name = getattr(value, "__qualname__", "<>")
        elsewhere = "<" not in name and value.__module__ != module
        return f"{value.__module__}.{name}" if elsewhere else self.read(value)

    def _code(self, code: CodeType, doc: str | None) -> Any:
        """Code but for the positions of its lines, the names of its variables, and the docstring."""
        constants = [None if value == doc else value for value in code.co_consts]
        return [
            code.co_code.hex(),
            [self.read(value) for value in constants if not isinstance(value, CodeType)],
            [*code.co_names],
            [
                code.co_argcount,
                code.co_kwonlyargcount,
                code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS),
            ],
        ]

    def _class(self, kind: type) -> Any:
        """A class of this package by name, any other by its members and bases."""
        return kind.__name__ if _is_ours(kind) else self._once(kind, self._members)

    def _members(self, kind: type) -> Any:
        told = {name: self.read(member) for name, member in _counted(kind)}
        return [kind.__name__, told, [self._class(base) for base in kind.__bases__]]

    def _object(self, thing: Any) -> Any:
        """Any other object by its class and by what pickle would keep of it."""
        try:
            kept = thing.__reduce_ex__(2)
        except TypeError:
            raise ValueError(
                f"the content of a {type(thing).__name__} can't be told, so no record can hold it"
            ) from None
        if isinstance(kept, str):
            return kept
        parts = [list(part) if isinstance(part, Iterator) else part for part in kept[1:]]
        return [self._class(type(thing)), self.read(parts)]


def _is_ours(thing: Any) -> bool:
    """Whether a function or class belongs to this package."""
    return str(thing.__module__).partition(".")[0] == __name__.partition(".")[0]


def _source(function: FunctionType) -> str:
    """The source of a function of this package that depends on nothing else; empty for others."""
    if not _is_ours(function) or function.__closure__ or function.__name__ == "<lambda>":
        return ""
    try:
        return textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        return ""


def _codes(code: CodeType) -> Iterator[CodeType]:
    """A code object and those inside, from the outermost."""
    yield code
    for value in code.co_consts:
        if isinstance(value, CodeType):
            yield from _codes(value)


def _enclosed(function: FunctionType) -> Iterator[Any]:
    """What the function's closure holds by now."""
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not yet filled
            yield None


def _counted(kind: type) -> Iterator[tuple[str, Any]]:
    """What a class defines in Python: methods, properties and data."""
    for name, member in sorted(vars(kind).items()):
        for inner in ("__func__", "fget", "func"):
            member = getattr(member, inner, member)
        hidden = name == "_abc_impl" or (name.startswith("__") and name != "__call__")
        if not hidden and (isinstance(member, FunctionType) or not hasattr(member, "__get__")):
            yield name, member


def _name(thing: np.ufunc | ModuleType) -> str:
    """The name of what is known by it."""
    if thing.__name__.endswith(" (vectorized)"):
        raise ValueError("numpy.frompyfunc hides what its function does; use numpy.vectorize")
    return str(thing.__name__)
