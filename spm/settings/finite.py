"""Finite settings as data: latent-class models in rational numbers.

A latent world is drawn from a prior. Given the world, agents are independent, and the agents of a group draw from
the same finite lottery over value vectors. Every construction in the paper's propositions and every exactly
solvable panel of its figures has this form. The sampler used in learning and the exact solver read the same
record, so they can't drift apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from spm.limits import check_memory
from spm.settings.demand import check_agents

Number = int | str | Fraction
Values = tuple[Fraction, ...]
Lottery = tuple[tuple[Fraction, Values], ...]


@dataclass(frozen=True)
class Group:
    """Exchangeable agents, who draw from the same lottery in every world: their name and their number."""

    name: str
    size: int


@dataclass(frozen=True)
class World:
    """A latent class: its prior probability and one lottery per group, in the order of the groups."""

    probability: Fraction
    lotteries: tuple[Lottery, ...]


@dataclass(frozen=True)
class FiniteModel:
    """A distribution over value profiles: groups of exchangeable agents and latent worlds.

    Agents are numbered group after group. Values are before normalisation. :func:`model` builds one from plain
    numbers.

    >>> rich_or_poor = model({"guest": 2}, [("1/2", [uniform(3, 4)]), ("1/2", [surely(1)])])
    >>> rich_or_poor.n_agents, rich_or_poor.unit, rich_or_poor.group_of.tolist()
    (2, Fraction(4, 1), [0, 0])
    >>> sorted({tuple(map(float, v[:, 0])) for v in rich_or_poor.sample(np.random.default_rng(0), 100)})
    [(0.25, 0.25), (0.75, 0.75), (0.75, 1.0), (1.0, 0.75), (1.0, 1.0)]
    """

    groups: tuple[Group, ...]
    worlds: tuple[World, ...]

    def __post_init__(self) -> None:
        """Check that the record is a probability model.

        Raises:
            ValueError: a negative value or probability, probabilities that do not sum to 1, vectors of unequal
                lengths, or too many agents.
        """
        check_agents(self.n_agents)
        check_probabilities("the worlds", [world.probability for world in self.worlds])
        for k, world in enumerate(self.worlds):
            if len(world.lotteries) != len(self.groups):
                raise ValueError(f"world {k} has {len(world.lotteries)} lotteries for {len(self.groups)} groups")
            for group, lottery in zip(self.groups, world.lotteries, strict=True):
                where = f"group {group.name!r} in world {k}"
                check_probabilities(where, [probability for probability, _ in lottery])
                if any(len(values) != self.width for _, values in lottery):
                    raise ValueError(f"{where} has value vectors whose length is not {self.width}")
                if any(value < 0 for _, values in lottery for value in values):
                    raise ValueError(f"{where} has a negative value; values must be at least 0")

    @property
    def n_agents(self) -> int:
        """Number of agents."""
        return sum(group.size for group in self.groups)

    @property
    def width(self) -> int:
        """Length of every value vector, T (2**T for combinatorial demand)."""
        return len(self.worlds[0].lotteries[0][0][1])

    @property
    def group_of(self) -> NDArray[np.int64]:
        """Each agent's group, ``(n,)``."""
        return np.repeat(np.arange(len(self.groups)), [group.size for group in self.groups])

    @property
    def unit(self) -> Fraction:
        """The highest value that can occur, by which values are divided."""
        highest = max(max(values) for world in self.worlds for lottery in world.lotteries for _, values in lottery)
        return highest or Fraction(1)

    def sample(self, rng: np.random.Generator, n_profiles: int) -> NDArray[np.float64]:
        """Draw ``n_profiles`` value profiles, ``(B, n, T)``, divided by :attr:`unit`.

        Raises:
            ValueError: they need more memory than there is.
        """
        chances, values = self._tables()
        # A row of cumulative chances, and whether a draw reaches them, for each agent of each profile.
        drawing = 9 * chances.shape[2] + 8 * self.width
        check_memory(f"drawing {n_profiles:,} profiles at once", n_profiles * self.n_agents * drawing)
        # The world of each profile by inverting the prior's distribution function, (B,).
        prior = np.cumsum([float(world.probability) for world in self.worlds])
        world = np.searchsorted(prior[:-1], rng.random(n_profiles), side="right")
        # The outcome of each agent's lottery likewise, (B, n): how many cumulative chances her draw reaches.
        drawn = rng.random((n_profiles, self.n_agents, 1))
        index = world[:, None], self.group_of[None, :]
        outcome = (drawn >= chances[index]).sum(axis=-1)
        profiles: NDArray[np.float64] = values[(*index, outcome)]
        return profiles

    def _tables(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Cumulative chances ``(W, G, S - 1)`` and normalised values ``(W, G, S, T)``, padded to S outcomes."""
        lotteries = [world.lotteries for world in self.worlds]
        most = max(len(lottery) for row in lotteries for lottery in row)
        entries = len(self.worlds) * len(self.groups) * most * (self.width + 1)
        check_memory(f"the table of {len(self.worlds):,} worlds and {len(self.groups):,} groups", 8 * entries)
        unit = self.unit
        chances = np.ones((len(self.worlds), len(self.groups), most))
        values = np.zeros((*chances.shape, self.width))
        for w, row in enumerate(lotteries):
            for g, lottery in enumerate(row):
                chances[w, g, : len(lottery)] = np.cumsum([float(p) for p, _ in lottery])
                values[w, g, : len(lottery)] = [[float(x / unit) for x in v] for _, v in lottery]
                # The last outcome takes what rounding left over; a draw below 1 never reaches the padding.
                chances[w, g, len(lottery) - 1 :] = 1.0
        return chances[..., :-1], values


def check_probabilities(where: str, probabilities: Sequence[Fraction]) -> None:
    """Check that ``probabilities`` are at least 0 and sum to 1.

    Raises:
        ValueError: one is negative, or their sum is not 1; ``where`` names the place.

    >>> check_probabilities("the worlds", [Fraction(1, 2), Fraction(1, 3)])
    Traceback (most recent call last):
    ValueError: the worlds: probabilities sum to 5/6, not 1
    """
    if any(p < 0 for p in probabilities):
        raise ValueError(f"{where}: a probability is negative")
    if sum(probabilities) != 1:
        raise ValueError(f"{where}: probabilities sum to {sum(probabilities)}, not 1")


def vector(values: Number | Iterable[Number]) -> Values:
    """Return one number, or several, as a value vector of fractions.

    >>> vector("1/2"), vector([1, "0.4"])
    ((Fraction(1, 2),), (Fraction(1, 1), Fraction(2, 5)))
    """
    many = [values] if isinstance(values, int | str | Fraction) else values
    return tuple(Fraction(value) for value in many)


def surely(values: Number | Iterable[Number]) -> Lottery:
    """Return the lottery that always gives ``values``.

    >>> surely([1, 0])
    ((Fraction(1, 1), (Fraction(1, 1), Fraction(0, 1))),)
    """
    return ((Fraction(1), vector(values)),)


def uniform(*outcomes: Number | Iterable[Number]) -> Lottery:
    """Return the lottery that gives each of ``outcomes`` with equal probability.

    >>> uniform(1, 3)
    ((Fraction(1, 2), (Fraction(1, 1),)), (Fraction(1, 2), (Fraction(3, 1),)))
    """
    return tuple((Fraction(1, len(outcomes)), vector(values)) for values in outcomes)


def chance(probability: Number, hit: Number | Iterable[Number], miss: Number | Iterable[Number]) -> Lottery:
    """Return the lottery that gives ``hit`` with ``probability`` and ``miss`` otherwise.

    >>> chance("0.2", 5, 0)
    ((Fraction(1, 5), (Fraction(5, 1),)), (Fraction(4, 5), (Fraction(0, 1),)))
    """
    p = Fraction(probability)
    return ((p, vector(hit)), (1 - p, vector(miss)))


def model(groups: dict[str, int], worlds: Iterable[tuple[Number, Sequence[Lottery]]]) -> FiniteModel:
    """Build a model from group sizes and, per world, its probability and one lottery per group.

    >>> two_worlds = model({"agent": 2}, [("1/2", [uniform(1, 3)]), ("1/2", [surely(0)])])
    >>> two_worlds.n_agents, len(two_worlds.worlds)
    (2, 2)
    """
    return FiniteModel(
        tuple(Group(name, size) for name, size in groups.items()),
        tuple(World(Fraction(p), tuple(lotteries)) for p, lotteries in worlds),
    )
