"""Value models with continuous values: how a profile of values is drawn, and from which latent.

Each model is a frozen record with ``n_agents``, ``group_of`` and ``sample(rng, B) -> (B, n, T)``, like
:class:`spm.settings.finite.FiniteModel`. Values lie in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from spm.settings.demand import Array


class ValueModel(Protocol):
    """Anything that draws value profiles."""

    @property
    def n_agents(self) -> int:
        """Number of agents."""

    @property
    def group_of(self) -> NDArray[np.int64]:
        """Each agent's group, ``(n,)``, from 0; exchanging agents of a group changes nothing."""

    def sample(self, rng: np.random.Generator, n_profiles: int) -> Array:
        """Draw ``n_profiles`` value profiles, ``(B, n, T)`` (``(B, n, 2**T)`` for combinatorial demand)."""


@dataclass(frozen=True)
class CorrelatedModel:
    """The paper's correlated values, one independent latent z for each item type.

    z ~ U[(1 - delta)/2, (1 + delta)/2], then v_i ~ U[z - (1 - delta)/2, z + (1 - delta)/2] independently:
    delta = 0 gives IID U[0, 1], delta = 1 one common value (Part 1 of the experiments).
    """

    n_agents: int
    delta: float
    n_types: int = 1

    @property
    def group_of(self) -> NDArray[np.int64]:
        """All agents are exchangeable."""
        return np.zeros(self.n_agents, dtype=np.int64)

    def sample(self, rng: np.random.Generator, n_profiles: int) -> Array:
        """Draw ``(B, n, T)`` values."""
        z, noise = self.sample_latent(rng, n_profiles)
        return np.clip(z + noise, 0.0, 1.0)

    def sample_latent(self, rng: np.random.Generator, n_profiles: int) -> tuple[Array, Array]:
        """Draw the latents z ``(B, 1, T)`` and the agents' deviations from them ``(B, n, T)``."""
        half = (1 - self.delta) / 2
        z = 0.5 + self.delta * (rng.random((n_profiles, 1, self.n_types)) - 0.5)
        noise = half * (2 * rng.random((n_profiles, self.n_agents, self.n_types)) - 1)
        return z, noise

    @property
    def correlation(self) -> float:
        """Corr(v_i, v_j) = delta^2 / (delta^2 + (1 - delta)^2) for two agents."""
        return self.delta**2 / (self.delta**2 + (1 - self.delta) ** 2)


@dataclass(frozen=True)
class MaxMinModel:
    """The max-min setting of Figure 4(c): 1 orange, 4 blue and 4 red agents; types black and white.

    With probability 1/2 (world 0) orange values black; blue is content with little of black, red with much of
    it. Otherwise (world 1) orange values white, and blue and red change roles.
    """

    @property
    def n_agents(self) -> int:
        """One orange agent, then four blue, then four red ones."""
        return 9

    @property
    def group_of(self) -> NDArray[np.int64]:
        """Orange, blue and red."""
        return np.repeat(np.arange(3), [1, 4, 4])

    def sample(self, rng: np.random.Generator, n_profiles: int) -> Array:
        """Draw ``(B, n, 2)`` values for (black, white)."""
        low, high = self.supports()
        world = rng.integers(2, size=n_profiles)
        return low[world] + (high - low)[world] * rng.random((n_profiles, self.n_agents, 2))

    def supports(self) -> tuple[Array, Array]:
        """Lower and upper ends of each value's uniform distribution, each ``(2, n, 2)``: world, agent, type."""
        modest = [(0.4, 0.5), (0.0, 0.25)]
        demanding = [(0.9, 1.0), (0.4, 0.5)]
        black, white = [(0.5, 1.0), (0.0, 0.0)], [(0.0, 0.0), (0.5, 1.0)]
        ends = np.array([[black] + [modest] * 4 + [demanding] * 4, [white] + [demanding] * 4 + [modest] * 4])
        return ends[..., 0], ends[..., 1]


@dataclass(frozen=True)
class LicencesModel:
    """Complementary items: four licences, two in each of two regions (combinatorial demand).

    Each of four local agents values one licence, her own, at U[0, 1/2]. Each of four national agents values
    only both licences of a region together, at U[0, 1]: two of them the pair (0, 1), two the pair (2, 3).
    """

    @property
    def n_agents(self) -> int:
        """Four local agents, then four national ones."""
        return 8

    @property
    def group_of(self) -> NDArray[np.int64]:
        """Each local agent is alone; the national agents who want the same pair are exchangeable."""
        return np.array([0, 1, 2, 3, 4, 4, 5, 5])

    def sample(self, rng: np.random.Generator, n_profiles: int) -> Array:
        """Draw value tables ``(B, 8, 16)``: the index is the set of licences, bit by bit."""
        wanted = np.array([1, 2, 4, 8, 3, 3, 12, 12])
        worth = rng.random((n_profiles, 8)) * np.where(np.arange(8) < 4, 0.5, 1.0)
        holds = (np.arange(16)[None, :] & wanted[:, None]) == wanted[:, None]
        return worth[:, :, None] * holds


@dataclass(frozen=True, eq=False)
class SampleModel:
    """Values drawn with replacement from given profiles, e.g. the reader's own data.

    Attributes:
        profiles: ``(N, n, T)``, or ``(N, n, 2**T)`` for combinatorial demand; values in [0, 1].
    """

    profiles: Array

    @property
    def n_agents(self) -> int:
        """Number of agents in each profile."""
        return int(self.profiles.shape[1])

    @property
    def group_of(self) -> NDArray[np.int64]:
        """Nothing is known of the agents: each is a group of her own."""
        return np.arange(self.n_agents)

    def sample(self, rng: np.random.Generator, n_profiles: int) -> Array:
        """Draw ``n_profiles`` of the given profiles."""
        return np.take(self.profiles, rng.integers(len(self.profiles), size=n_profiles), axis=0)
