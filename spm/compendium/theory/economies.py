"""Finite settings written out, profile by profile, in integers.

A latent-class model becomes one list of value profiles with their probabilities, whatever made them dependent.
Values are scaled to *ticks* (:mod:`spm.compendium.theory.offers`), probabilities to a common denominator:
integers are exact and fast, and :meth:`Economy.exact` turns totals back into fractions.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product
from math import lcm, prod
from typing import NamedTuple

from spm.compendium.theory.offers import Vector, choose
from spm.settings import FiniteModel, Setting

UNVISITED = -2
MOST_WRITTEN_OUT = 20_000
TREE_OBJECTIVES = ("welfare", "revenue", "max-min")
ValueProfile = tuple[Vector, ...]


class HistoryState(NamedTuple):
    """What a history has settled.

    Attributes:
        bought: each agent's type, ``NOTHING``, or ``UNVISITED``, ``(n,)``.
        paid: sum of the payments in ticks (0 unless the objective is revenue, where alone they matter).
        possible: indices of the profiles that answer every past offer as it was answered.
    """

    bought: Vector
    paid: int
    possible: Vector


@dataclass(frozen=True, eq=False)
class Economy:
    """A finite setting written out, in integers.

    Attributes:
        supply: copies of each type, ``(T,)``.
        objective: ``welfare``, ``revenue`` or ``max-min``.
        profiles: every profile that may occur, each ``(n, T)``, in ticks.
        weights: their probabilities times a common denominator.
        scale: ticks in a unit of value, times that denominator.
        ticks: ticks in a unit of value.
    """

    supply: Vector
    objective: str
    profiles: tuple[ValueProfile, ...]
    weights: Vector
    scale: int
    ticks: int

    @property
    def start(self) -> HistoryState:
        """The state before the first visit."""
        return HistoryState((UNVISITED,) * len(self.profiles[0]), 0, tuple(range(len(self.profiles))))

    @cached_property
    def supports(self) -> tuple[tuple[Vector, ...], ...]:
        """Each agent's possible value vectors."""
        return tuple(tuple(sorted(set(column))) for column in zip(*self.profiles, strict=True))

    @cached_property
    def wanted(self) -> tuple[Vector, ...]:
        """For each agent, 1 for every type that she may value, ``(n, T)``."""
        return tuple(tuple(int(any(row)) for row in zip(*support, strict=True)) for support in self.supports)

    @cached_property
    def _answers(self) -> dict[tuple[int, Vector, Vector], Vector]:
        return {}

    def answers(self, agent: int, prices: Vector, items: Vector) -> Vector:
        """Return what ``agent`` buys in each profile at ``prices``, ``(number of profiles,)``."""
        key = agent, prices, items
        if key not in self._answers:
            self._answers[key] = tuple(choose(profile[agent], prices, items) for profile in self.profiles)
        return self._answers[key]

    def exact(self, weighted: int) -> Fraction:
        """Return a weighted total in units of value."""
        return Fraction(weighted, self.scale)


def economy(setting: Setting) -> Economy:
    """Write ``setting`` out, profile by profile.

    Raises:
        ValueError: not a finite setting with unit demand, or another objective, or more than 20,000 profiles.

    >>> from spm.settings import prop_1
    >>> market = economy(prop_1())  # each value is 1 or 3, in ticks of a third
    >>> market.ticks, market.supports[0], market.weights
    (3, ((3,), (9,)), (1, 1, 1, 1))
    """
    if not isinstance(setting.model, FiniteModel) or setting.demand != "unit":
        raise ValueError(f"setting {setting.name!r} must be finite and have unit demand for a tree of histories")
    if setting.objective.name not in TREE_OBJECTIVES:
        raise ValueError(
            f"setting {setting.name!r} must maximise one of {TREE_OBJECTIVES}, not {setting.objective.name!r}"
        )
    joint = _joint(setting.name, setting.model)
    # Values become whole multiples of T + 2 ticks, which leaves room for strict inequalities between prices.
    ticks = (setting.n_types + 2) * lcm(
        *(value.denominator for profile in joint for row in profile for value in row)
    )
    denominator = lcm(*(weight.denominator for weight in joint.values()))
    return Economy(
        setting.supply,
        setting.objective.name,
        tuple(tuple(tuple(int(value * ticks) for value in row) for row in profile) for profile in joint),
        tuple(int(weight * denominator) for weight in joint.values()),
        ticks * denominator,
        ticks,
    )


def _joint(name: str, model: FiniteModel) -> dict[tuple[tuple[Fraction, ...], ...], Fraction]:
    """The probability of each profile, ``{(n, T): probability}``."""
    size = sum(prod(len(world.lotteries[g]) for g in model.group_of) for world in model.worlds)
    if size > MOST_WRITTEN_OUT:
        raise ValueError(
            f"setting {name!r} has {size} profiles; a tree of histories takes at most {MOST_WRITTEN_OUT}"
        )
    joint: dict[tuple[tuple[Fraction, ...], ...], Fraction] = {}
    for world in model.worlds:
        for outcome in product(*(world.lotteries[g] for g in model.group_of)):
            profile = tuple(values for _, values in outcome)
            chance = world.probability * prod((p for p, _ in outcome), start=Fraction(1))
            joint[profile] = joint.get(profile, Fraction(0)) + chance
    return {profile: chance for profile, chance in joint.items() if chance}
