"""A policy that maps observations to scores and prices, as a mechanism."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spm.market import Market, Observation, Statistic
from spm.mechanisms.playing import Agents, Rule
from spm.settings import Array, Setting


def decode(actions: NDArray[np.floating[Any]], agents_left: NDArray[np.bool_]) -> tuple[NDArray[np.int64], Array]:
    """Turn actions ``(B, n + T)`` into the agents to visit, ``(B,)``, and the prices to post, ``(B, T)``.

    The agent left with the highest score is visited; the lowest index breaks ties.

    >>> decode(np.array([[0.9, 0.1, 0.0]]), np.array([[False, True]]))
    (array([1]), array([[0.]]))
    """
    n_agents = agents_left.shape[1]
    scores = np.where(agents_left, np.clip(actions[:, :n_agents], -1.0, 1.0), -np.inf)
    prices = np.clip(actions[:, n_agents:].astype(np.float64), 0.0, 1.0)
    return scores.argmax(axis=1), prices


@dataclass(frozen=True)
class Learned:
    """A policy that maps observations to actions, played without noise.

    Attributes:
        statistic: what the policy sees.
        act: observations ``(B, width)`` -> actions ``(B, n + T)`` as in :mod:`spm.learning.environment`.

    >>> from spm.market import get_statistic
    >>> from spm.mechanisms import play
    >>> from spm.settings import get_setting
    >>> always = Learned(get_statistic("none"), lambda seen: np.tile([0.0, 0.0, 0.5], (len(seen), 1)))
    >>> round(play(always, get_setting("correlated-2-1-0"), 20_000).mean, 2)  # agents in turn at price 1/2
    0.56
    """

    statistic: Statistic
    act: Callable[[Observation], NDArray[np.floating[Any]]] = field(repr=False)

    def begin(self, setting: Setting, n_markets: int, rng: np.random.Generator) -> Rule:
        """Return the policy as a rule; it is deterministic, so nothing is drawn."""

        def rule(market: Market) -> tuple[Agents, Array]:
            return decode(self.act(self.statistic.observe(market)), market.agents_left)

        return rule
