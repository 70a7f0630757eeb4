"""Mechanisms, and :func:`play`, which runs any of them on sampled profiles.

A mechanism's :meth:`~Mechanism.begin` is called once per batch of markets. It may draw what the mechanism needs
(an order, say) and returns a rule: a function from the markets' public history to the agents to visit next and the
prices to post. A rule may read a market's history but never its valuations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from spm.limits import check_memory, progress, tick
from spm.market import Market, first_best, first_best_memory
from spm.names import check_whole
from spm.settings import Array, Setting, bundles, valuations

Agents = NDArray[np.int64]
Rule = Callable[[Market], tuple[Agents, Array]]

MARKETS_AT_A_TIME = 4096
"""Markets played at a time; fixed, so that results do not depend on the machine's memory."""


class Mechanism(Protocol):
    """A sequential price mechanism: anything with this method.

    This one visits agents in turn at price 1/2:

    >>> class Half:
    ...     def begin(self, setting, n_markets, rng):
    ...         prices = np.full((n_markets, setting.n_types), 0.5)
    ...         return lambda market: (market.agents_left.argmax(axis=1), prices)
    >>> from spm.settings import correlated
    >>> round(play(Half(), correlated(2, 1, 0.0), 20_000).mean, 2)
    0.56
    """

    def begin(self, setting: Setting, n_markets: int, rng: np.random.Generator) -> Rule:
        """Return the rule for ``n_markets`` new markets: history -> agents ``(B,)``, prices ``(B, T)``."""


@dataclass(frozen=True)
class Outcomes:
    """What a mechanism did in each of N markets.

    Attributes:
        objective: ``(N,)`` the setting's objective, in units of the highest value.
        first_best: ``(N,)`` the best that any allocation could have given.
        allocation: ``(N, n, T)`` copies held.
        payments: ``(N, n)`` payments.

    >>> held, paid = np.ones((2, 1, 1), np.int8), np.zeros((2, 1))
    >>> outcomes = Outcomes(np.array([0.5, 1.0]), np.array([1.0, 1.0]), held, paid)
    >>> outcomes.mean, outcomes.regret.tolist(), outcomes.standard_error
    (0.75, [0.5, 0.0], 0.25)
    """

    objective: Array
    first_best: Array
    allocation: NDArray[np.int8]
    payments: Array

    @property
    def regret(self) -> Array:
        """``(N,)`` by how much each market falls short of its first best."""
        return self.first_best - self.objective

    @property
    def mean(self) -> float:
        """Mean objective."""
        return float(self.objective.mean())

    @property
    def standard_error(self) -> float:
        """Standard error of the mean objective."""
        return float(self.objective.std(ddof=1) / np.sqrt(len(self.objective)))


def play(mechanism: Mechanism, setting: Setting, n_profiles: int, seed: int = 0) -> Outcomes:
    """Play ``mechanism`` on ``n_profiles`` profiles drawn from ``setting``.

    A seed gives every mechanism the same profiles (common random numbers), so differences between mechanisms have
    small standard errors.

    >>> from spm.mechanisms import StaticPrices
    >>> from spm import settings
    >>> round(play(StaticPrices((0.5,)), settings.correlated(2, 1, 0.0), 20_000).mean, 2)  # 3/8 + 3/16
    0.56

    Raises:
        ValueError: fewer than 1 profile, or more than there is memory for.
    """
    check_profiles(setting, n_profiles)
    draws, choices = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2))
    parts = []
    with progress(f"playing {setting.name[:40]}", n_profiles * setting.n_agents, "visit"):
        for start in range(0, n_profiles, MARKETS_AT_A_TIME):
            values = setting.sample(draws, min(MARKETS_AT_A_TIME, n_profiles - start))
            parts.append(play_values(mechanism, setting, values, choices))
    return Outcomes(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in Outcomes.__annotations__)
    )


def check_profiles(setting: Setting, n_profiles: int) -> None:
    """Check that :func:`play` can play ``n_profiles`` profiles of ``setting`` and keep what comes out.

    Raises:
        ValueError: fewer than 1 profile, or more than there is memory for.

    >>> from spm.settings import get_setting
    >>> check_profiles(get_setting("colors"), 0)
    Traceback (most recent call last):
    ValueError: n_profiles must be at least 1, not 0
    """
    check_whole("n_profiles", n_profiles)
    n, types, kinds = setting.n_agents, setting.n_types, len(bundles(setting.demand, setting.n_types))
    # Of each agent in a market: four times her valuations, while they are made, what she does, and her payment.
    market = n * 8 * (4 * kinds + 2 * types + 5) + first_best_memory(setting)
    # Of each agent in what is returned: copies held and her payment; parts and whole are there at the same time.
    kept = 16 + n * (types + 8)
    needed = min(n_profiles, MARKETS_AT_A_TIME) * market + 2 * n_profiles * kept
    check_memory(f"playing {n_profiles:,} profiles of {n:,} agents", needed)


def play_values(mechanism: Mechanism, setting: Setting, values: Array, rng: np.random.Generator) -> Outcomes:
    """Play ``mechanism`` once on each of the given profiles, ``(B, n, T)``.

    >>> from spm.mechanisms import StaticPrices
    >>> from spm.settings import correlated
    >>> values = np.array([[[0.3], [0.8]], [[0.6], [0.7]]])
    >>> half = StaticPrices((0.5,), order=(0, 1))
    >>> play_values(half, correlated(2, 1, 0.0), values, np.random.default_rng(0)).objective.tolist()
    [0.8, 0.6]
    """
    market = Market(setting, valuations(setting.demand, values))
    rule = mechanism.begin(setting, len(market), rng)
    while not market.over.all():
        market.visit(*rule(market))
        tick(len(market))
    tick(len(market) * (setting.n_agents - int(market.rounds.max())))  # the visits that no market needed
    score = setting.objective.score(market.received, market.payments)
    best = first_best(setting, market.valuations)
    return Outcomes(score, best, market.allocation, market.payments)
