"""Bayesian pricing: an explicit SPM for correlated values, and how much exactly it earns.

It visits agents in the order of their numbers (they are exchangeable), keeps the posterior of each type's latent
(:mod:`spm.market.posterior`) and posts the price with the least expected regret against knowing it: this visit's,
and what the belief will cost later (:mod:`spm.bounds.compressed`), so it also pays for information.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from spm.bounds.compressed import guide
from spm.bounds.known_latent import correlated_model, known_latent, mean_known_below, visit_reward
from spm.market import Market, chance_below, copies_left, correlated_posterior
from spm.mechanisms import MARKETS_AT_A_TIME, Agents, Mechanism, Rule
from spm.settings import Array, Setting, valuations


@dataclass(frozen=True)
class BayesianPricing:
    """Bayesian pricing of one or several types with correlated values.

    Attributes:
        most: agents and copies for which to prepare, to share it among settings; None for the setting's own.
    """

    most: tuple[int, int] | None = None

    def begin(self, setting: Setting, n_markets: int, rng: np.random.Generator) -> Rule:
        """Prepare the guides; nothing is drawn.

        Raises:
            ValueError: a setting that :func:`~spm.bounds.known_latent.correlated_model` refuses.
        """
        model = correlated_model(setting)
        sizes = [self.most or (setting.n_agents, copies) for copies in setting.supply]
        guides = [guide(*size, model.delta, setting.objective.name) for size in sizes]

        def rule(market: Market) -> tuple[Agents, Array]:
            weights, agents = correlated_posterior(market), market.agents_left.sum(axis=1)
            prices = np.zeros((len(market), setting.n_types))
            for t, one in enumerate(guides):
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

    Its value is the mean optimum with known latents minus its expected regrets (:mod:`spm.bounds.compressed`),
    whichever SPM it is: it never knows more than the latents. Regrets are averaged over what the agent might do,
    so the luck of the draw of values largely drops out. The first mean is taken from below.

    Raises:
        ValueError: a setting that :func:`~spm.bounds.known_latent.correlated_model` refuses.
    """
    model = correlated_model(setting)
    known = sum(mean_known_below(setting.n_agents, k, model.delta, setting.objective.name) for k in setting.supply)
    draws, choices = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2))
    parts = []
    for start in range(0, n_profiles, MARKETS_AT_A_TIME):
        z, noise = model.sample_latent(draws, min(MARKETS_AT_A_TIME, n_profiles - start))
        market = Market(setting, valuations(setting.demand, np.clip(z + noise, 0.0, 1.0)))
        rule = mechanism.begin(setting, len(market), choices)
        while not market.over.all():
            market.visit(*rule(market))
        parts.append(regrets(market, z[:, 0] - (1 - model.delta) / 2))
    regret = np.concatenate(parts)
    return Estimate(known - float(regret.mean()), float(regret.std(ddof=1) / np.sqrt(n_profiles)))


def regrets(market: Market, lower: Array) -> Array:
    """Return the summed regrets of each market's visits, ``(B,)``, for lower ends ``(B, T)``."""
    setting, model = market.setting, correlated_model(market.setting)
    left, rows = copies_left(market), np.arange(len(market))[:, None]
    agents = np.where(market.visited_at >= 0, setting.n_agents - market.visited_at, 1)
    total = np.zeros(len(market))
    for t, supply in enumerate(setting.supply):
        known = known_latent(setting.n_agents, supply, lower[:, t], 1 - model.delta, setting.objective.name).values
        prices, copies, end = market.posted[..., t], left[..., t], lower[:, t, None]
        below = chance_below(prices, end, 1 - model.delta)
        after = (1 - below) * known[agents - 1, np.maximum(copies - 1, 0), rows] + below * known[
            agents - 1, copies, rows
        ]
        now = visit_reward(setting.objective.name, prices, end, 1 - model.delta)
        total += ((known[agents, copies, rows] - now - after) * (copies > 0)).sum(axis=1)
    return total
