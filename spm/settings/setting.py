"""The record of an economic setting, and functions that build correlated, finite and sampled ones.

A :class:`Setting` is one frozen record. Values are divided by the highest value that can occur (``unit``), so they
lie in [0, 1]. :func:`from_samples` builds a setting from the reader's own data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from itertools import chain

import numpy as np

from spm.files import content_digest
from spm.names import unknown
from spm.settings.continuous import CorrelatedModel, SampleModel, ValueModel
from spm.settings.demand import DEMANDS, MOST_ITEMS, Array, check_agents, check_goods
from spm.settings.finite import FiniteModel
from spm.settings.objective import Objective, check_name, get_objective


@dataclass(frozen=True)
class Setting:
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
            ValueError: no agent, no item, agents that differ from the model's, or an unknown demand model.
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
        check_goods(self.demand, self.supply)
        check_name(self.objective)

    @property
    def digest(self) -> str:
        """Digest of the setting's content: every field but ``name`` and ``title``.

        >>> from spm.settings import get_setting
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
    """Return the setting of a latent-class model with ``supply`` copies of each named type.

    >>> from spm.settings import model, uniform
    >>> finite_setting("mine", "Mine", {"seat": 2}, model({"student": 3}, [(1, [uniform(1, 3)])])).agents
    ('student 1', 'student 2', 'student 3')
    """
    names = (numbered(group.name, group.size) if group.size > 1 else (group.name,) for group in values.groups)
    return Setting(
        name=name,
        title=title,
        agents=tuple(chain.from_iterable(names)),
        types=tuple(supply),
        supply=tuple(supply.values()),
        demand=demand,
        objective=get_objective(objective),
        unit=values.unit,
        model=values,
    )


def from_samples(
    name: str,
    samples: Array,
    supply: Mapping[str, int],
    demand: str = "unit",
    objective: str | Objective = "welfare",
) -> Setting:
    """Return a setting whose value profiles are drawn from ``samples`` with replacement.

    Args:
        name: name of the setting.
        samples: ``(N, n, T)`` values of at least 0 (``(N, n, 2**T)`` for combinatorial demand).
        supply: copies of each named item type.
        demand: demand model.
        objective: what is maximised.

    Raises:
        ValueError: ``samples`` of a wrong shape, or a value that is negative or not finite.

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
    return Setting(
        name=name,
        title=name,
        agents=numbered("agent", samples.shape[1]),
        types=tuple(supply),
        supply=tuple(supply.values()),
        demand=demand,
        objective=get_objective(objective),
        unit=Fraction(unit),
        model=SampleModel(samples / unit),
    )


def numbered(name: str, count: int) -> tuple[str, ...]:
    """Return ``count`` names.

    Raises:
        ValueError: more than a setting takes.

    >>> numbered("agent", 2)
    ('agent 1', 'agent 2')
    """
    check_agents(count)
    return tuple(f"{name} {k + 1}" for k in range(count))
