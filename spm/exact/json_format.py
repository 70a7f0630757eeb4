"""A reader's own finite setting as a JSON file, and exact results as JSON.

The file describes a latent-class model (:mod:`spm.settings.finite`)::

    {
      "name": "two seats",
      "objective": "welfare",
      "demand": "unit",
      "types": {"seat": 2},
      "groups": {"student": 2, "guest": 1},
      "worlds": [
        {"probability": "1/2",
         "lotteries": {"student": [{"probability": "1/2", "values": [1]}, {"probability": 0.5, "values": [3]}],
                       "guest": [{"probability": 1, "values": ["2.5"]}]}},
        {"probability": "1/2",
         "lotteries": {"student": [{"probability": 1, "values": [2]}],
                       "guest": [{"probability": 1, "values": [0]}]}}
      ]
    }

* ``objective``: ``welfare``, ``revenue`` or ``max-min``; ``demand``: ``unit`` or ``additive``.
* ``types``: copies of each item type; ``groups``: agents in each group, who draw from the same lottery,
  independently given the world.
* ``worlds``: the latent classes; each has a probability and, for every group, a lottery over value vectors
  with one value per type, in the order of ``types``.
* Numbers are integers, decimals (read exactly as written: 0.1 is 1/10) or strings such as ``"1/3"``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from spm.exact.game import SOLVED_DEMANDS, SOLVED_OBJECTIVES
from spm.exact.solver import PRICES, Solver
from spm.files import MOST_PATH, path_text, read_regular, why
from spm.names import lookup, quoted, unknown
from spm.settings import FiniteModel, Group, Lottery, Setting, World, finite_setting

KEYS = ("name", "objective", "demand", "types", "groups", "worlds")
MOST_DIGITS, MOST_EXPONENT_DIGITS = 100, 3
"""Longer numbers are refused."""


def read_setting(path: str | Path) -> Setting:
    """Read a finite setting from a JSON file.

    Raises:
        ValueError: the file can't be read, is not JSON, or does not describe a finite setting.
    """
    try:
        text = read_regular(Path(path)).decode()
    except (OSError, ValueError) as error:
        raise ValueError(f"can't read the setting {quoted(str(path), MOST_PATH)}: {why(error)}") from None
    try:
        return parse_setting(text)
    except ValueError as error:
        raise ValueError(f"{path_text(Path(path))}: {error}") from None


def parse_setting(text: str) -> Setting:
    """Return the finite setting that a JSON text describes.

    Raises:
        ValueError: it is not JSON or does not describe a finite setting.

    >>> lotteries = '{"guest": [{"probability": 1, "values": ["1/3"]}]}'
    >>> parse_setting(
    ...     '{"name": "seat", "objective": "welfare", "demand": "unit", "types": {"seat": 1},'
    ...     ' "groups": {"guest": 2}, "worlds": [{"probability": 1, "lotteries": ' + lotteries + "}]}"
    ... ).unit
    Fraction(1, 3)
    """
    try:
        data = json.loads(text, parse_float=str, parse_constant=str, object_pairs_hook=_unique)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"not valid JSON: {error}") from None
    _check_keys("the setting", data, KEYS)
    for kind, known in (("objective", SOLVED_OBJECTIVES), ("demand", SOLVED_DEMANDS)):
        if data[kind] not in known:
            raise unknown(kind, str(data[kind]), known)
    if not isinstance(data["name"], str) or not data["name"]:
        raise ValueError("name must be a text that is not empty")
    types, groups = _counts("types", data["types"]), _counts("groups", data["groups"])
    return finite_setting(
        data["name"],
        data["name"],
        types,
        _model(data["worlds"], types, groups),
        data["demand"],
        data["objective"],
    )


def result(solver: Solver) -> dict[str, Any]:
    """Return the exact optimum of every cell, ready for JSON; values are before normalisation, in lowest terms.

    >>> from spm.settings import prop_1
    >>> result(Solver(prop_1()))["values"]["adaptive"]
    {'random': '5/2', 'static': '5/2', 'adaptive': '5/2'}

    Raises:
        ValueError: the setting is too large.
    """
    table, setting = solver.table(), solver.game.setting
    return {
        "name": setting.name,
        "objective": setting.objective.name,
        "unit": str(setting.unit),
        "first_best": str(solver.first_best),
        "values": {prices: {order: str(value) for order, value in table[prices].items()} for prices in PRICES},
    }


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of ``pairs``; no key may occur twice."""
    for key, count in Counter(key for key, _ in pairs).items():
        if count > 1:
            raise ValueError(f"{quoted(key)} occurs twice in the same object")
    return dict(pairs)


def _check_keys(where: str, data: Any, keys: Collection[str]) -> None:
    if not isinstance(data, dict):
        raise ValueError(f"{where} must be an object with {', '.join(keys)}")
    for key in keys:
        if key not in data:
            raise ValueError(f"{where} lacks {key!r}; it must have {', '.join(keys)}")
    for key in data:
        if key not in keys:
            raise unknown(f"key in {where}", key, keys)


def _counts(kind: str, data: Any) -> dict[str, int]:
    if not isinstance(data, dict) or not data:
        raise ValueError(f"{kind} must be an object of at least one name with its count")
    for name, count in data.items():
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise ValueError(f"{kind}: {quoted(name)} must be a whole number of at least 1, not {quoted(count)}")
    return data


def _model(data: Any, types: Mapping[str, int], groups: Mapping[str, int]) -> FiniteModel:
    if not isinstance(data, list) or not data:
        raise ValueError("worlds must be a list of at least one world")
    worlds = tuple(_world(f"world {k}", world, types, groups) for k, world in enumerate(data))
    return FiniteModel(tuple(Group(name, size) for name, size in groups.items()), worlds)


def _world(where: str, data: Any, types: Mapping[str, int], groups: Mapping[str, int]) -> World:
    _check_keys(where, data, ("probability", "lotteries"))
    lotteries = data["lotteries"]
    if not isinstance(lotteries, dict):
        raise ValueError(f"{where}: lotteries must be an object with a lottery for each group")
    for name in lotteries:
        lookup(f"group in {where}", name, groups)
    for name in groups:
        if name not in lotteries:
            raise ValueError(f"{where} has no lottery for group {quoted(name)}")
    return World(
        _number(f"{where}: probability", data["probability"]),
        tuple(_lottery(f"group {quoted(name)} in {where}", lotteries[name], types) for name in groups),
    )


def _lottery(where: str, data: Any, types: Mapping[str, int]) -> Lottery:
    if not isinstance(data, list) or not data:
        raise ValueError(f"{where} must have a list of at least one outcome")
    outcomes = []
    for outcome in data:
        _check_keys(f"an outcome of {where}", outcome, ("probability", "values"))
        values = outcome["values"]
        if not isinstance(values, list) or len(values) != len(types):
            raise ValueError(f"{where}: values must be a list of {len(types)} numbers, not {quoted(values)}")
        probability = _number(f"{where}: probability", outcome["probability"])
        outcomes.append((probability, tuple(_number(f"{where}: a value", value) for value in values)))
    return tuple(outcomes)


def _number(where: str, data: Any) -> Fraction:
    """The exact number in ``data``, at least 0."""
    try:
        if isinstance(data, bool) or not isinstance(data, int | str) or len(str(data)) > MOST_DIGITS:
            raise ValueError
        exponent = str(data).lower().partition("e")[2]
        if len(exponent) > MOST_EXPONENT_DIGITS or not str(data).isascii():
            raise ValueError
        number = Fraction(data)
    except (ValueError, ZeroDivisionError):
        raise ValueError(f'{where} must be a number such as 2, 0.5 or "1/3", not {quoted(str(data))}') from None
    if number < 0:
        raise ValueError(f"{where} must be at least 0, not {number}")
    return number
