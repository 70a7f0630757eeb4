"""Bayesian pricing: an explicit SPM for correlated values, and a sharp estimate of what it earns.

It visits agents in the order of their numbers (they are exchangeable), keeps the posterior of each type's latent
(:mod:`spm.market.posterior`) and posts the price with the least expected regret against knowing that latent: the
regret of this visit plus the regret to go (:mod:`spm.bounds.compressed`). So it also pays for information.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from spm.bounds.compressed import regret_to_go
from spm.bounds.known_latent import correlated_model, known_latent, mean_known_below, visit_reward
from spm.limits import tick
from spm.market import Market, chance_below, copies_left, correlated_posterior
from spm.mechanisms import MARKETS_AT_A_TIME, Agents, Mechanism, Rule, check_profiles
from spm.settings import Array, Setting, valuations

MOST_NUMBERS = 2**25
"""Numbers in the tables of known latents that are made at a time."""


@dataclass(frozen=True)
class BayesianPricing:
    """Bayesian pricing of one or several types with correlated values.

    Attributes:
        most: agents and copies for which to prepare, so that settings can share it; None: the setting's own.

    >>> from spm.mechanisms import StaticPrices, play
    >>> from spm.settings import correlated
    >>> setting = correlated(4, 1, 0.8)
    >>> play(BayesianPricing(), setting, 500).mean > play(StaticPrices((0.6,)), setting, 500).mean
    True
    """

    most: tuple[int, int] | None = None

    def begin(self, setting: Setting, n_markets: int, rng: np.random.Generator) -> Rule:
        """Compute the regret to go of each type; nothing is drawn.

        Raises:
            ValueError: a setting that :func:`~spm.bounds.known_latent.correlated_model` refuses.
        """
        model = correlated_model(setting)
        sizes = [self.most or (setting.n_agents, copies) for copies in setting.supply]
        tables = [regret_to_go(*size, model.delta, setting.objective.name) for size in sizes]

        def rule(market: Market) -> tuple[Agents, Array]:
            # Beliefs, (B, T, NODES), and agents left, (B,). Markets with equal counts left share one computation.
            weights, agents = correlated_posterior(market), market.agents_left.sum(axis=1)
            prices = np.zeros((len(market), setting.n_types))
            for t, one in enumerate(tables):
                counts = np.stack([agents, market.items_left[:, t]], axis=1)
                for left, copies in np.unique(counts[(counts > 0).all(axis=1)], axis=0):
                    rows = np.flatnonzero((counts == (left, copies)).all(axis=1))
                    prices[rows, t] = one.prices(left, copies, weights[rows, t])
            return market.agents_left.argmax(axis=1), prices

        return rule


class Estimate(NamedTuple):
    """A mean and its standard error."""

    mean: float
    standard_error: float


def estimate(mechanism: Mechanism, setting: Setting, n_profiles: int, seed: int = 0) -> Estimate:
    """Estimate what ``mechanism`` earns in a correlated setting, more sharply than by playing it.

    Any SPM earns the mean optimum with known latents minus its expected regrets (:mod:`spm.bounds.compressed`), as
    it never knows more than the latents. Each visit's regret is averaged over what the agent might do, which
    removes most of the noise of the values drawn. The mean optimum is taken from below.

    Raises:
        ValueError: a setting that :func:`~spm.bounds.known_latent.correlated_model` refuses, or more profiles than
            there is memory for.

    >>> from spm.mechanisms import StaticPrices
    >>> from spm.settings import correlated
    >>> found = estimate(StaticPrices((0.5,)), correlated(2, 1, 0.0), 1000)
    >>> abs(found.mean - 9 / 16) < 3 * found.standard_error, round(found.standard_error, 3)  # playing it: 0.008
    (True, 0.002)
    """
    model = correlated_model(setting)
    check_profiles(setting, n_profiles)
    known = sum(mean_known_below(setting.n_agents, k, model.delta, setting.objective.name) for k in setting.supply)
    draws, choices = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2))
    parts = []
    for start in range(0, n_profiles, MARKETS_AT_A_TIME):
        z, noise = model.sample_latent(draws, min(MARKETS_AT_A_TIME, n_profiles - start))
        market = Market(setting, valuations(setting.demand, np.clip(z + noise, 0.0, 1.0)))
        rule = mechanism.begin(setting, len(market), choices)
        while not market.over.all():
            market.visit(*rule(market))
            tick()
        parts.append(regrets(market, z[:, 0] - (1 - model.delta) / 2))
    regret = np.concatenate(parts)
    return Estimate(known - float(regret.mean()), float(regret.std(ddof=1) / np.sqrt(n_profiles)))


def regrets(market: Market, lower: Array) -> Array:
    """Return the sum of the regrets of each market's visits, ``(B,)``, for lower ends ``(B, T)``."""
    # Copies left at each visit, (B, n, T), and agents left, (B, n), the one visited included.
    setting, left = market.setting, copies_left(market)
    agents = np.where(market.visited_at >= 0, setting.n_agents - market.visited_at, 1)
    total = np.zeros(len(market))
    for t, supply in enumerate(setting.supply):
        step = max(1, MOST_NUMBERS // ((setting.n_agents + 1) * (supply + 1)))
        for rows in (slice(start, start + step) for start in range(0, len(market), step)):
            total[rows] += _regrets(
                setting, supply, lower[rows, t], agents[rows], left[rows, :, t], market.posted[rows, :, t]
            )
    return total


def _regrets(setting: Setting, supply: int, lower: Array, agents: Agents, copies: Agents, prices: Array) -> Array:
    """The sum of the regrets ``(R,)`` for one type, given agents and copies left and prices, ``(R, n)`` each."""
    width, goal = 1 - correlated_model(setting).delta, setting.objective.name
    rows, end = np.arange(len(lower))[:, None], lower[:, None]
    # K(t, k, a) at each market's own a, (n + 1, m + 1, R).
    known = known_latent(setting.n_agents, supply, lower, width, goal).values
    # P(v < p | a) and, by what she does, K after the visit, (R, n).
    below = chance_below(prices, end, width)
    sold, unsold = known[agents - 1, np.maximum(copies - 1, 0), rows], known[agents - 1, copies, rows]
    after = (1 - below) * sold + below * unsold
    now = visit_reward(goal, prices, end, width)
    # The regret, (R, n), summed over visits at which a copy was left.
    return np.asarray(((known[agents, copies, rows] - now - after) * (copies > 0)).sum(axis=1))
