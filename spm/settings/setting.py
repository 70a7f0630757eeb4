"""The record of an economic setting, and functions that build correlated, finite and sampled ones.

A :class:`Setting` is one frozen record. Values are divided by the highest value that can occur (``unit``), so they
lie in [0, 1]. :func:`from_samples` builds a setting from the reader's own data.

A setting holds all that it is, down to its objective, so it can be learned, played and sent to other processes
wherever it was made. Its digest tells it from others of the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from spm.contents import Digested
from spm.names import check_whole, is_whole, quoted, unknown
from spm.settings.continuous import CorrelatedModel, SampleModel, ValueModel
from spm.settings.demand import DEMANDS, MOST_ITEMS, Array, check_agents, check_goods
from spm.settings.finite import FiniteModel
from spm.settings.objective import Objective, check_name, get_objective

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Setting(Digested):
    """An economic setting (the paper's Preliminaries).

    Attributes:
        name: the name it is looked up by.
        title: the name it is shown by.
        agents: agents' names, ``(n,)``.
        types: item types' names, ``(T,)``.
        supply: identical copies of each type, ``(T,)``.
        demand: ``unit``, ``additive`` or ``combinatorial`` (see :mod:`spm.settings.demand`).
        objective: what is maximised (see :mod:`spm.settings.objective`).
        unit: the value before normalisation that becomes 1.
        model: how value profiles are drawn.

    >>> from spm.settings import get_setting
    >>> setting = get_setting("two-worlds")
    >>> setting.n_agents, setting.n_types, setting.supply, str(setting.objective)
    (10, 1, (1,), 'welfare')
    >>> setting.sample(np.random.default_rng(0), 3).shape
    (3, 10, 1)
    >>> get_setting("delta-0.5").digest == correlated(20, 5, 0.5).digest != get_setting("revenue").digest
    True
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
        """Check types, sizes, the demand model and the objective.

        Raises:
            ValueError: a field of another type, no agent, no item, agents that differ from the model's, an unknown
                demand model, or an objective that is not one number per market.
        """
        self._check_fields()
        where = f"setting {quoted(self.name)}"
        if not self.agents:
            raise ValueError(f"{where} needs at least 1 agent")
        if self.model.n_agents != len(self.agents):
            raise ValueError(
                f"{where} must name the {self.model.n_agents} agents that its model draws, not {len(self.agents)}"
            )
        if not self.supply or min(self.supply) < 1 or len(self.supply) != len(self.types):
            raise ValueError(f"{where} needs at least 1 copy of each item type, not {quoted(self.supply)}")
        check_goods(self.demand, self.supply)
        check_name(self.objective)
        self.objective.check(len(self.agents))

    def _check_fields(self) -> None:
        """Check each field's type."""
        model = all(hasattr(self.model, name) for name in ("n_agents", "group_of", "sample"))
        for field, right, is_right in (
            ("name", "a text that is not empty", isinstance(self.name, str) and self.name != ""),
            ("agents", "a tuple of names", _all_of(self.agents, lambda name: isinstance(name, str))),
            ("types", "a tuple of names", _all_of(self.types, lambda name: isinstance(name, str))),
            ("supply", "a tuple of whole numbers", _all_of(self.supply, is_whole)),
            ("demand", "a text", isinstance(self.demand, str)),
            ("objective", "an Objective (get_objective finds it by name)", isinstance(self.objective, Objective)),
            ("unit", "a Fraction above 0", isinstance(self.unit, Fraction) and self.unit > 0),
            ("model", "a model of values, with n_agents, group_of and sample", model),
        ):
            if not is_right:
                found = quoted(getattr(self, field))
                raise ValueError(f"setting {quoted(self.name)}: {field} must be {right}, not {found}")

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
    check_whole("n_agents", n_agents)
    check_whole("n_items", n_items)
    if not _is_number(delta) or not 0 <= delta <= 1:
        raise ValueError(f"delta must lie in [0, 1], not {quoted(delta)}")
    return Setting(
        name=f"correlated-{n_agents}-{n_items}-{delta:g}",
        title=f"Correlated values, δ = {delta:g}",
        agents=numbered("agent", n_agents),
        types=("item",),
        supply=(n_items,),
        demand="unit",
        objective=get_objective(objective),
        unit=Fraction(1),
        model=CorrelatedModel(int(n_agents), float(delta)),
    )


def finite_setting(
    name: str,
    title: str,
    supply: Mapping[str, int],
    values: FiniteModel,
    demand: str = "unit",
    objective: str | Objective = "welfare",
) -> Setting:
    """Return the setting of a latent-class model with ``supply`` copies of each named type.

    Raises:
        ValueError: an argument of another type, an unknown name, or no copy of a type.

    >>> from spm.settings import model, uniform
    >>> finite_setting("mine", "Mine", {"seat": 2}, model({"student": 3}, [(1, [uniform(1, 3)])])).agents
    ('student 1', 'student 2', 'student 3')
    """
    if not isinstance(values, FiniteModel):
        raise ValueError(f"values must be a FiniteModel (spm.settings.model makes one), not {quoted(values)}")
    types, copies = _supplied(supply)
    names = (numbered(group.name, group.size) if group.size > 1 else (group.name,) for group in values.groups)
    return Setting(
        name=name,
        title=title,
        agents=tuple(chain.from_iterable(names)),
        types=types,
        supply=copies,
        demand=demand,
        objective=get_objective(objective),
        unit=values.unit,
        model=values,
    )


def from_samples(
    name: str,
    samples: ArrayLike | pd.DataFrame,
    supply: Mapping[str, int],
    demand: str = "unit",
    objective: str | Objective = "welfare",
) -> Setting:
    """Return a setting whose value profiles are drawn from ``samples`` with replacement.

    Args:
        name: name of the setting.
        samples: ``(N, n, T)`` values of at least 0 (``(N, n, 2**T)`` for combinatorial demand), as an array,
            nested lists, or a data frame. A frame has one row per profile. For one item type it has one column
            per agent; for several, one per pair (agent, type), a ``MultiIndex`` (for combinatorial demand, one per
            pair (agent, set), sets from 0 to 2**T - 1). Its labels become the agents' names.
        supply: copies of each named item type.
        demand: demand model.
        objective: what is maximised.

    Raises:
        ValueError: an argument of another type or shape, a negative or infinite value, or an unknown name.

    >>> from_samples("mine", [[[3.0], [6.0]]], {"seat": 1}).unit
    Fraction(6, 1)
    >>> import pandas as pd
    >>> columns = pd.MultiIndex.from_product([["Ann", "Bob"], ["stalls", "balcony"]])
    >>> bids = pd.DataFrame([[5, 2, 4, 3]], columns=columns)
    >>> theatre = from_samples("theatre", bids, {"balcony": 2, "stalls": 1})
    >>> theatre.agents, theatre.sample(np.random.default_rng(0), 1).tolist()  # in the order of the supply
    (('Ann', 'Bob'), [[[0.4, 1.0], [0.6, 0.8]]])
    """
    if demand not in DEMANDS:
        raise unknown("demand model", str(demand), DEMANDS)
    types, copies = _supplied(supply)
    if demand == "combinatorial" and len(types) > MOST_ITEMS:
        raise ValueError(f"combinatorial demand takes at most {MOST_ITEMS} items, not {len(types)}")
    labels = range(2 ** len(types)) if demand == "combinatorial" else types
    agents, values = _from_frame(samples, labels) if hasattr(samples, "columns") else ((), _numbers(samples))
    if values.ndim != 3 or values.size < 1 or values.shape[2] != len(labels):
        raise ValueError(f"samples must have shape (profiles, agents, {len(labels)}), not {values.shape}")
    if not np.isfinite(values).all() or values.min() < 0:
        raise ValueError("samples must be finite and at least 0")
    unit = float(values.max()) or 1.0
    return Setting(
        name=name,
        title=name,
        agents=agents or numbered("agent", values.shape[1]),
        types=types,
        supply=copies,
        demand=demand,
        objective=get_objective(objective),
        unit=Fraction(unit),
        model=SampleModel(values / unit),
    )


def _from_frame(frame: Any, labels: Sequence[Any]) -> tuple[tuple[str, ...], Array]:
    """The agents that a frame's columns name, and its values, ``(N, n, len(labels))``."""
    named = list(frame.columns)
    if len(labels) > 1 and not all(isinstance(column, tuple) for column in named):
        raise ValueError(f"samples need columns (agent, type), a MultiIndex, for the types {quoted(labels)}")
    columns = [column if isinstance(column, tuple) else (column, labels[0]) for column in named]
    agents = list(dict.fromkeys(column[0] for column in columns))
    wanted = [(agent, label) for agent in agents for label in labels]
    for column in columns + wanted:
        if columns.count(column) != wanted.count(column):
            raise ValueError(
                f"samples need exactly one column for each agent and type, which fails for {quoted(column)}"
            )
    values = _numbers(frame)[:, [columns.index(pair) for pair in wanted]]
    return tuple(map(str, agents)), values.reshape(len(values), len(agents), len(labels))


def _numbers(samples: Any) -> Array:
    """``samples`` as an array of floats, if they are numbers."""
    listed = isinstance(samples, list | tuple)
    try:
        table = np.asanyarray(samples, dtype=object if listed else None)  # numpy would convert mixed lists
    except ValueError:
        raise ValueError("samples must be a full array, but its parts have unequal shapes") from None
    for item in table.flat if table.dtype == object else ():
        if isinstance(item, list | tuple | np.ndarray):
            raise ValueError("samples must be a full array, but its parts have unequal shapes")
        if not _is_number(item):
            raise ValueError(f"samples must be numbers, not {quoted(item)}")
    if table.dtype.kind not in "iufO":
        raise ValueError(f"samples must be numbers, not of type {table.dtype}")
    try:
        return np.ma.filled(table.astype(np.float64), np.nan)
    except OverflowError:
        raise ValueError("samples must be finite and at least 0") from None


def _is_number(thing: Any) -> bool:
    return isinstance(thing, Real) and not isinstance(thing, bool | np.bool_)


def _supplied(supply: Mapping[str, int]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Names of the item types, and copies of each."""
    if not isinstance(supply, Mapping) or not supply:
        raise ValueError(
            f'supply must say how many copies of each type there are, as {{"seat": 2}}, not {quoted(supply)}'
        )
    for kind, copies in supply.items():
        if not is_whole(copies):
            raise ValueError(f"supply of {quoted(kind)} must be a whole number, not {quoted(copies)}")
    return tuple(supply), tuple(map(int, supply.values()))


def _all_of(things: Any, is_right: Callable[[Any], bool]) -> bool:
    return isinstance(things, tuple) and all(map(is_right, things))


def numbered(name: str, count: int) -> tuple[str, ...]:
    """Return ``count`` names.

    Raises:
        ValueError: more than a setting takes.

    >>> numbered("agent", 2)
    ('agent 1', 'agent 2')
    """
    check_agents(count)
    return tuple(f"{name} {k + 1}" for k in range(count))
