"""Models of continuous values: how a value profile is drawn, and from which latent.

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
    """What every model of values offers: it draws value profiles."""

    @property
    def n_agents(self) -> int:
        """Number of agents."""

    @property
    def group_of(self) -> NDArray[np.int64]:
        """Each agent's group, ``(n,)``, from 0; the agents of a group are exchangeable."""

    def sample(self, rng: np.random.Generator, n_profiles: int) -> Array:
        """Draw ``n_profiles`` value profiles, ``(B, n, T)`` (``(B, n, 2**T)`` for combinatorial demand)."""


@dataclass(frozen=True)
class CorrelatedModel:
    """The paper's correlated values, one independent latent z for each item type.

    z ~ U[(1 - delta)/2, (1 + delta)/2], then v_i ~ U[z - (1 - delta)/2, z + (1 - delta)/2] independently:
    delta = 0 gives IID U[0, 1], delta = 1 one common value (Part 1 of the experiments).

    >>> CorrelatedModel(n_agents=3, delta=0.5).correlation
    0.5
    >>> common = CorrelatedModel(n_agents=3, delta=1.0).sample(np.random.default_rng(0), 1)[0, :, 0]
    >>> bool((common == common[0]).all())
    True
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
        """Draw the latents z, ``(B, 1, T)``, and each value's deviation from its z, ``(B, n, T)``."""
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

    With probability 1/2 (world 0) orange values black at U[0.5, 1] and white at 0, blue is modest (black U[0.4,
    0.5], white U[0, 0.25]) and red demanding (black U[0.9, 1], white U[0.4, 0.5]). Otherwise (world 1) orange
    values white at U[0.5, 1] and black at 0, and blue and red change roles.

    >>> low, high = MaxMinModel().supports()
    >>> high[0, [0, 1, 5]].tolist()  # world 0: the highest values of orange, blue and red for black and white
    [[1.0, 0.0], [0.5, 0.25], [1.0, 0.5]]
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
        """Lower and upper ends of the uniform distributions, each ``(2, n, 2)``: world, agent, type."""
        modest = [(0.4, 0.5), (0.0, 0.25)]
        demanding = [(0.9, 1.0), (0.4, 0.5)]
        black, white = [(0.5, 1.0), (0.0, 0.0)], [(0.0, 0.0), (0.5, 1.0)]
        ends = np.array([[black] + [modest] * 4 + [demanding] * 4, [white] + [demanding] * 4 + [modest] * 4])
        return ends[..., 0], ends[..., 1]


@dataclass(frozen=True)
class LicencesModel:
    """Complementary items: four licences, two in each of two regions (combinatorial demand).

    Each of four local agents values one licence, her own, at U[0, 1/2]. Each of four national agents values both
    licences of one region together at U[0, 1] and anything less at 0: two want the pair (0, 1), two the pair (2,
    3).

    >>> table = LicencesModel().sample(np.random.default_rng(0), 1)[0]
    >>> (table[4] > 0).nonzero()[0].tolist()  # the sets, as bits, that hold licences 0 and 1
    [3, 7, 11, 15]
    """

    @property
    def n_agents(self) -> int:
        """Four local agents, then four national ones."""
        return 8

    @property
    def group_of(self) -> NDArray[np.int64]:
        """Each local agent is a group of her own; national agents who want the same pair are exchangeable."""
        return np.array([0, 1, 2, 3, 4, 4, 5, 5])

    def sample(self, rng: np.random.Generator, n_profiles: int) -> Array:
        """Draw value tables, ``(B, 8, 16)``: bit t of the last index says whether licence t is in the set."""
        wanted = np.array([1, 2, 4, 8, 3, 3, 12, 12])
        worth = rng.random((n_profiles, 8)) * np.where(np.arange(8) < 4, 0.5, 1.0)
        holds = (np.arange(16)[None, :] & wanted[:, None]) == wanted[:, None]
        return worth[:, :, None] * holds


@dataclass(frozen=True, eq=False)
class SampleModel:
    """Values drawn with replacement from given profiles, for example the reader's own data.

    Attributes:
        profiles: ``(N, n, T)``, or ``(N, n, 2**T)`` for combinatorial demand; values in [0, 1].

    >>> SampleModel(np.array([[[0.5], [1.0]]])).sample(np.random.default_rng(0), 2).tolist()
    [[[0.5], [1.0]], [[0.5], [1.0]]]
    """

    profiles: Array

    @property
    def n_agents(self) -> int:
        """Number of agents in each profile."""
        return int(self.profiles.shape[1])

    @property
    def group_of(self) -> NDArray[np.int64]:
        """Nothing says that agents are exchangeable: each is a group of her own."""
        return np.arange(self.n_agents)

    def sample(self, rng: np.random.Generator, n_profiles: int) -> Array:
        """Draw ``n_profiles`` of the given profiles."""
        return np.take(self.profiles, rng.integers(len(self.profiles), size=n_profiles), axis=0)
