"""The twelve panels of the paper's Figures 2 to 4, and a setting with complementary items, each by name.

>>> from spm.settings import get_setting
>>> [len(panels) for panels in FIGURES.values()]
[4, 5, 3]
>>> get_setting("max-min").types
('black', 'white')
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache

from spm.names import lookup, quoted, whole_number
from spm.settings.continuous import CorrelatedModel, LicencesModel, MaxMinModel
from spm.settings.finite import chance, model, surely, uniform
from spm.settings.objective import get_objective
from spm.settings.setting import Setting, correlated, finite_setting, numbered


def colors() -> Setting:
    """Return Figure 3(a): 10 red, 10 yellow and 10 blue agents; 10 red and 10 yellow items.

    A blue agent wants red with her own probability x ~ U[0, 1], hence red or yellow with probability 1/2 each.
    """
    lotteries = [surely([1, 0]), surely([0, 1]), uniform([2, 0], [0, 2])]
    values = model({"red": 10, "yellow": 10, "blue": 10}, [(1, lotteries)])
    return finite_setting("colors", "Colors", {"red item": 10, "yellow item": 10}, values)


def two_worlds() -> Setting:
    """Return Figure 3(b): one item, ten agents whose values are all high or all low.

    >>> import numpy as np
    >>> values = two_worlds().sample(np.random.default_rng(0), 1000)
    >>> bool(((values >= 0.6).all(axis=1) | (values <= 0.4).all(axis=1)).all())
    True
    """
    values = model({"agent": 10}, [("1/2", [uniform("0.6", 1)]), ("1/2", [uniform("0.1", "0.4")])])
    return finite_setting("two-worlds", "Two worlds", {"item": 1}, values)


def inventory() -> Setting:
    """Return Figure 3(c): 20 agents with value 1/2 or 1, ten identical items."""
    return finite_setting("inventory", "Inventory", {"item": 10}, model({"agent": 20}, [(1, [uniform("1/2", 1)])]))


def kitchen_sink() -> Setting:
    """Return Figure 3(d): agent 1's purchase reveals the world; how to visit agents 2 and 3 depends on it."""
    first = [
        surely(["0.01", 0, 0]),
        surely([0, 0, 1]),
        chance("0.2", [0, 0, 5], [0, 0, "0.5"]),
    ]
    second = [
        surely([0, "0.01", 0]),
        chance("0.2", [0, 0, 2], [0, 0, 0]),
        surely([0, 0, "0.499"]),
    ]
    values = model({"agent 1": 1, "agent 2": 1, "agent 3": 1}, [("1/2", first), ("1/2", second)])
    return finite_setting("kitchen-sink", "Kitchen sink", {"A": 1, "B": 1, "C": 1}, values)


def identity() -> Setting:
    """Return Figure 3(e), ID: the buyers among agents 1 to 3 reveal whom of agents 4 to 6 to visit next."""
    worlds = []
    for k in range(8):
        rich = [i for i in range(3) if k >> i & 1]
        firsts = [surely(60 if i in rich else 0) for i in range(3)]
        thens = [uniform(0, 40) if [i] == rich else uniform(0, 21) for i in range(3)]
        worlds.append(("1/8", firsts + (thens if len(rich) == 1 else [surely(0)] * 3)))
    values = model({f"agent {i + 1}": 1 for i in range(6)}, worlds)
    return finite_setting("id", "ID", {"item": 2}, values)


def additive() -> Setting:
    """Return Figure 4(a): additive across two types, 2 units of A and 4 of B, delta = 0.5 for each type."""
    return Setting(
        name="additive",
        title="Additive across types",
        agents=numbered("agent", 10),
        types=("A", "B"),
        supply=(2, 4),
        demand="additive",
        objective=get_objective("welfare"),
        unit=Fraction(1),
        model=CorrelatedModel(10, 0.5, n_types=2),
    )


def max_min_setting() -> Setting:
    """Return Figure 4(c): max-min fairness, 9 agents, 5 black and 5 white items."""
    return Setting(
        name="max-min",
        title="Max-min fairness",
        agents=("orange", *numbered("blue", 4), *numbered("red", 4)),
        types=("black", "white"),
        supply=(5, 5),
        demand="unit",
        objective=get_objective("max-min"),
        unit=Fraction(1),
        model=MaxMinModel(),
    )


def licences() -> Setting:
    """Return a combinatorial setting with complementary items: four licences, local and national agents."""
    return Setting(
        name="licences",
        title="Complementary licences",
        agents=(*numbered("local", 4), *numbered("national", 4)),
        types=("licence 0", "licence 1", "licence 2", "licence 3"),
        supply=(1, 1, 1, 1),
        demand="combinatorial",
        objective=get_objective("welfare"),
        unit=Fraction(1),
        model=LicencesModel(),
    )


def _named(name: str, title: str, setting: Setting) -> Setting:
    """The same setting under another name and title."""
    return replace(setting, name=name, title=title)


FIGURES: dict[str, tuple[str, ...]] = {
    "figure-2": ("delta-0", "delta-0.25", "delta-0.33", "delta-0.5"),
    "figure-3": ("colors", "two-worlds", "inventory", "kitchen-sink", "id"),
    "figure-4": ("additive", "revenue", "max-min"),
}
"""The paper's result figures and their panels, in the paper's order."""

PANELS: dict[str, Callable[[], Setting]] = {
    "delta-0": lambda: _named("delta-0", "δ = 0", correlated(20, 5, 0.0)),
    "delta-0.25": lambda: _named("delta-0.25", "δ = 0.25", correlated(20, 5, 0.25)),
    "delta-0.33": lambda: _named("delta-0.33", "δ = 0.33", correlated(20, 5, 0.33)),
    "delta-0.5": lambda: _named("delta-0.5", "δ = 0.5", correlated(20, 5, 0.5)),
    "colors": colors,
    "two-worlds": two_worlds,
    "inventory": inventory,
    "kitchen-sink": kitchen_sink,
    "id": identity,
    "additive": additive,
    "revenue": lambda: _named("revenue", "Revenue", correlated(20, 5, 0.5, objective="revenue")),
    "max-min": max_min_setting,
}
"""The twelve panels by name."""

MORE_SETTINGS: dict[str, Callable[[], Setting]] = {"licences": licences}
"""Settings beyond the paper's panels."""


@cache
def get_setting(name: str) -> Setting:
    """Return a setting by name: a panel, one of :data:`MORE_SETTINGS`, or ``correlated-AGENTS-ITEMS-DELTA``.

    Raises:
        ValueError: an unknown name (the nearest ones are listed), or an impossible size or delta.

    >>> get_setting("correlated-12-3-0.4").n_agents
    12
    """
    if name.startswith("correlated-"):
        return _parse_correlated(name)
    return lookup("panel", name, PANELS | MORE_SETTINGS)()


def _parse_correlated(name: str) -> Setting:
    form = re.fullmatch("correlated-([0-9]+)-([0-9]+)-([-+.0-9a-z]+)", name)
    try:
        agents, items, delta = form.groups() if form else ()
        share = float(delta)
    except ValueError:
        raise ValueError(f"{quoted(name)} is not of the form correlated-AGENTS-ITEMS-DELTA") from None
    return correlated(whole_number(agents, "AGENTS"), whole_number(items, "ITEMS"), share)
