"""Settings: who the agents are, what is for sale, how values are drawn, and what is maximised.

A :class:`Setting` is one frozen record. The twelve panels of the paper's Figures 2 to 4 are made here, with
the general :func:`correlated` family, a setting with complementary items, and :func:`from_samples` for the
reader's own market. Values are divided by the highest value that can occur (``unit``), so they lie in [0, 1].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from functools import cache

import numpy as np

from spm.demand import DEMANDS, MOST_ITEMS, Array, bundles
from spm.files import content_digest
from spm.finite import FiniteModel, chance, model, surely, uniform
from spm.models import CorrelatedModel, LicencesModel, MaxMinModel, SampleModel, ValueModel
from spm.names import lookup, unknown
from spm.objective import Objective, check_name, get_objective


@dataclass(frozen=True)
class Setting:
    """An economic setting (the paper's Preliminaries).

    Attributes:
        name: the name it is looked up by.
        title: the name it is shown by.
        agents: agents' names, ``(n,)``.
        types: item types' names, ``(T,)``.
        supply: identical copies of each type, ``(T,)``.
        demand: ``unit``, ``additive`` or ``combinatorial`` (see :mod:`spm.demand`).
        objective: what is maximised (see :mod:`spm.objective`).
        unit: the value before normalisation that is shown as 1.
        model: how value profiles are drawn.
    """

    name: str
    title: str
    agents: tuple[str, ...]
    types: tuple[str, ...]
    supply: tuple[int, ...]
    demand: str
    objective: Objective
    unit: Fraction
    model: ValueModel

    def __post_init__(self) -> None:
        """Check sizes and the demand model.

        Raises:
            ValueError: no agent, no item, other agents than the model draws, or an unknown demand model.
        """
        if not self.agents:
            raise ValueError(f"setting {self.name!r} needs at least 1 agent")
        if self.model.n_agents != len(self.agents):
            raise ValueError(
                f"setting {self.name!r} must name the {self.model.n_agents} agents that its model draws, "
                f"not {len(self.agents)}"
            )
        if not self.supply or min(self.supply) < 1 or len(self.supply) != len(self.types):
            raise ValueError(f"setting {self.name!r} needs at least 1 copy of each item type, not {self.supply}")
        bundles(self.demand, len(self.types))
        check_name(self.objective)

    @property
    def digest(self) -> str:
        """Digest of what the setting is, whatever it is called: all fields but ``name`` and ``title``.

        >>> get_setting("delta-0.5").digest == correlated(20, 5, 0.5).digest != get_setting("revenue").digest
        True
        """
        content = {field.name: getattr(self, field.name) for field in fields(self)}
        del content["name"], content["title"]
        return content_digest(content)

    @property
    def n_agents(self) -> int:
        """Number of agents, n."""
        return len(self.agents)

    @property
    def n_types(self) -> int:
        """Number of item types, T."""
        return len(self.types)

    def sample(self, rng: np.random.Generator, n_profiles: int) -> Array:
        """Draw value profiles, ``(B, n, T)`` (``(B, n, 2**T)`` for combinatorial demand), in [0, 1]."""
        return self.model.sample(rng, n_profiles)


def correlated(n_agents: int, n_items: int, delta: float, objective: str | Objective = "welfare") -> Setting:
    """Return the correlated setting of Figure 2: unit demand, identical items.

    Args:
        n_agents: at least 1.
        n_items: copies of the one item type, at least 1.
        delta: strength of correlation, from 0 (IID uniform) to 1 (one common value).
        objective: what is maximised.

    Raises:
        ValueError: an impossible size or delta.

    >>> correlated(20, 5, 0.5).supply
    (5,)
    """
    _check_sizes(n_agents, n_items, delta)
    return Setting(
        name=f"correlated-{n_agents}-{n_items}-{delta:g}",
        title=f"Correlated values, δ = {delta:g}",
        agents=numbered("agent", n_agents),
        types=("item",),
        supply=(n_items,),
        demand="unit",
        objective=get_objective(objective),
        unit=Fraction(1),
        model=CorrelatedModel(n_agents, delta),
    )


def _check_sizes(n_agents: int, n_items: int, delta: float) -> None:
    if n_agents < 1:
        raise ValueError(f"n_agents must be at least 1, not {n_agents}")
    if n_items < 1:
        raise ValueError(f"n_items must be at least 1, not {n_items}")
    if not 0 <= delta <= 1:
        raise ValueError(f"delta must lie in [0, 1], not {delta}")


def finite_setting(
    name: str,
    title: str,
    supply: Mapping[str, int],
    values: FiniteModel,
    demand: str = "unit",
    objective: str | Objective = "welfare",
) -> Setting:
    """Return the setting of a latent-class model with ``supply`` copies of each named type."""
    agents = (
        label if group.size == 1 else f"{group.name} {k + 1}"
        for group in values.groups
        for k in range(group.size)
        for label in [group.name]
    )
    return Setting(
        name,
        title,
        tuple(agents),
        tuple(supply),
        tuple(supply.values()),
        demand,
        get_objective(objective),
        values.unit,
        values,
    )


def colors() -> Setting:
    """Return Figure 3(a): 10 red, 10 yellow and 10 blue agents; 10 red and 10 yellow items.

    A blue agent's own probability x of wanting red is U[0, 1], so she wants red or yellow with probability
    1/2 each.
    """
    lotteries = [surely([1, 0]), surely([0, 1]), uniform([2, 0], [0, 2])]
    values = model({"red": 10, "yellow": 10, "blue": 10}, [(1, lotteries)])
    return finite_setting("colors", "Colors", {"red item": 10, "yellow item": 10}, values)


def two_worlds() -> Setting:
    """Return Figure 3(b): one item, ten agents whose values are all high or all low."""
    values = model({"agent": 10}, [("1/2", [uniform("0.6", 1)]), ("1/2", [uniform("0.1", "0.4")])])
    return finite_setting("two-worlds", "Two worlds", {"item": 1}, values)


def inventory() -> Setting:
    """Return Figure 3(c): 20 agents with value 1/2 or 1, ten identical items."""
    return finite_setting("inventory", "Inventory", {"item": 10}, model({"agent": 20}, [(1, [uniform("1/2", 1)])]))


def kitchen_sink() -> Setting:
    """Return Figure 3(d): agent 1 tells the world; order and prices of agents 2 and 3 hang on it."""
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
    """Return Figure 3(e), ID: who of agents 1 to 3 bought tells whom of 4 to 6 to visit next."""
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
    agents = numbered("agent", 10)
    values = CorrelatedModel(10, 0.5, n_types=2)
    return Setting(
        "additive",
        "Additive across types",
        agents,
        ("A", "B"),
        (2, 4),
        "additive",
        get_objective("welfare"),
        Fraction(1),
        values,
    )


def max_min_setting() -> Setting:
    """Return Figure 4(c): max-min fairness, 9 agents, 5 black and 5 white items."""
    agents = ("orange", *numbered("blue", 4), *numbered("red", 4))
    return Setting(
        "max-min",
        "Max-min fairness",
        agents,
        ("black", "white"),
        (5, 5),
        "unit",
        get_objective("max-min"),
        Fraction(1),
        MaxMinModel(),
    )


def licences() -> Setting:
    """Return a combinatorial setting with complementary items: four licences, local and national agents."""
    agents = (*numbered("local", 4), *numbered("national", 4))
    types = ("licence 0", "licence 1", "licence 2", "licence 3")
    return Setting(
        "licences",
        "Complementary licences",
        agents,
        types,
        (1, 1, 1, 1),
        "combinatorial",
        get_objective("welfare"),
        Fraction(1),
        LicencesModel(),
    )


def from_samples(
    name: str,
    samples: Array,
    supply: Mapping[str, int],
    demand: str = "unit",
    objective: str | Objective = "welfare",
) -> Setting:
    """Return a setting whose profiles are drawn from ``samples`` with replacement.

    Args:
        name: name of the setting.
        samples: ``(N, n, T)`` values of at least 0 (``(N, n, 2**T)`` for combinatorial demand).
        supply: copies of each named item type.
        demand: demand model.
        objective: what is maximised.

    Raises:
        ValueError: a wrong shape, or a value that is negative or not finite.

    >>> from_samples("mine", np.array([[[3.0], [6.0]]]), {"seat": 1}).unit
    Fraction(6, 1)
    """
    if demand not in DEMANDS:
        raise unknown("demand model", demand, DEMANDS)
    if demand == "combinatorial" and len(supply) > MOST_ITEMS:
        raise ValueError(f"combinatorial demand takes at most {MOST_ITEMS} items, not {len(supply)}")
    width = 2 ** len(supply) if demand == "combinatorial" else len(supply)
    if samples.ndim != 3 or samples.size < 1 or samples.shape[2] != width:
        raise ValueError(f"samples must have shape (profiles, agents, {width}), not {samples.shape}")
    if not np.isfinite(samples).all() or samples.min() < 0:
        raise ValueError("samples must be finite and at least 0")
    unit = float(samples.max()) or 1.0
    agents = numbered("agent", samples.shape[1])
    values = SampleModel(samples / unit)
    goal = get_objective(objective)
    return Setting(name, name, agents, tuple(supply), tuple(supply.values()), demand, goal, Fraction(unit), values)


def numbered(name: str, count: int) -> tuple[str, ...]:
    return tuple(f"{name} {k + 1}" for k in range(count))


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
    """Return a panel, an extra setting, or ``correlated-N-M-DELTA``, by name.

    Raises:
        ValueError: an unknown name (the nearest are listed), an impossible size or delta.

    >>> get_setting("correlated-12-3-0.4").n_agents
    12
    """
    if name.startswith("correlated-"):
        return _parse_correlated(name)
    return lookup("panel", name, PANELS | MORE_SETTINGS)()


def _parse_correlated(name: str) -> Setting:
    parts = name.removeprefix("correlated-").split("-", 2)
    try:
        n_agents, n_items, delta = int(parts[0]), int(parts[1]), float(parts[2])
    except (ValueError, IndexError):
        raise ValueError(f"{name!r} is not of the form correlated-AGENTS-ITEMS-DELTA") from None
    return correlated(n_agents, n_items, delta)
