"""Which values a kept result can have (:mod:`spm.compendium.record.kept`): the schema of each function's, encoded.

A function whose results are kept must be listed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import GenericAlias
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import StringConstraints, create_model

from spm.bounds import Bracket
from spm.compendium.record.schema import STRICT
from spm.exact import ORDERS, PRICES

LONGEST_FRACTION = 4000
"""Digits of a fraction, fewer than Python reads."""


@dataclass(frozen=True)
class Exact:
    """A fraction in lowest terms."""

    fraction: Annotated[str, StringConstraints(pattern=r"^-?[0-9]+(/[1-9][0-9]*)?$", max_length=LONGEST_FRACTION)]


def _object(entries: Mapping[str, Any]) -> Any:
    """The type of an object with these entries, and no others."""
    fields: Any = {name: (kind, ...) for name, kind in entries.items()}
    return create_model("Object", __config__=STRICT, **fields)


def _table(columns: Mapping[str, Any]) -> Any:
    """The type of an encoded table."""
    names = GenericAlias(tuple, tuple(Literal[name] for name in columns))
    return _object({"columns": names, "rows": list[GenericAlias(tuple, tuple(columns.values()))]})  # type: ignore[misc]


def _bracket() -> Any:
    """The type of :meth:`spm.bounds.brackets.Bracket.as_dict`."""
    kinds = get_type_hints(Bracket)
    texts = {name: str for name, kind in kinds.items() if kind is str}
    values = [name for name in kinds if name not in texts]
    return _object(texts | dict.fromkeys([*values, *(f"{name}_error" for name in values)], float))


VALUES: dict[str, Any] = {
    "record": _bracket(),
    "optima": _object(dict.fromkeys(PRICES, _object(dict.fromkeys(ORDERS, Exact)))),
    "correlated_map": _table(
        {"n": int, "m": int, "delta": float, "first_best": float, "upper": float, "lower": float}
        | {"lower_error": float, "best_static": float, "adaptivity_low": float, "adaptivity_high": float}
    ),
    "small_settings": _table(
        {"n": int, "m": int, "coarse": float, "upper": float, "lower": float, "lower_error": float}
    ),
    "cost_of_forgetting": _table(
        {"setting": str, "order": str}
        | dict.fromkeys(("optimum", "allocation", "items-agents-left", "loss"), Exact)
    ),
    "required_memory": _table(
        {"n": int, "m": int, "matchings": int, "continuations": int, "bits": float, "min log max": float}
        | {"agents and items left": int, "allocations": int}
    ),
    "check_proposition_5": _table(
        {"objective": str, "agents": int, "types": int, "items": int, "histories": Exact}
        | {"agents and items left": Exact, "equal": bool}
    ),
    "check_proposition_6": _table(
        dict.fromkeys(("agents", "items", "types", "policies", "their mechanisms"), int)
        | {"static": int, "static mechanisms": int, "equal": bool}
    ),
}
"""By the function's name: the type that its encoded results have."""
