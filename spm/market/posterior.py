"""Bayesian posteriors of a setting's latent, given the public history of each market.

The history is whom the mechanism visited, the prices she faced and what she took. Given the latent, agents are
independent, so the posterior is proportional to the prior times one factor per visited agent: the probability that
she takes what she took, at the prices she faced, from the types that were left.

*Finite settings*: the latent is the world, and the posterior a probability for each. *Correlated settings*: each
type has a latent z, equivalently the lower end a = z - (1 - delta)/2 of the values' distribution. It is uniform on
[0, delta] and represented at :data:`NODES` equally spaced nodes. Other settings have no posterior here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spm.market.market import Market
from spm.settings import Array, CorrelatedModel, FiniteModel, Setting, valuations

NODES = 64
"""Nodes at which the posterior of a correlated setting's latent is kept."""
SMALLEST_SPREAD = 0.01
"""Standard deviations below this share of the prior's are shown as this share."""


def chance_below(prices: Array, lower: Array, width: float) -> Array:
    """Return P(v < p) for v uniform on [lower, lower + width]; broadcasts.

    >>> chance_below(np.array([0.25, 0.5, 2.0]), np.array(0.0), 1.0).tolist()
    [0.25, 0.5, 1.0]
    """
    if width == 0:
        return (lower < prices).astype(np.float64)
    return np.clip((prices - lower) / width, 0.0, 1.0)


def latent_nodes(delta: float) -> Array:
    """Return the nodes of the lower end a: midpoints of equal cells of [0, delta], ``(NODES,)``.

    >>> latent_nodes(0.5)[[0, -1]].tolist()
    [0.00390625, 0.49609375]
    """
    return delta * (np.arange(NODES) + 0.5) / NODES


def copies_left(market: Market) -> NDArray[np.int64]:
    """Return how many copies of each type were left at each agent's visit, ``(B, n, T)``; 0 before her visit.

    >>> from spm.settings import get_setting, valuations
    >>> market = Market(get_setting("correlated-3-2-0"), valuations("unit", np.array([[[0.3], [0.8], [0.5]]])))
    >>> for agent in (1, 0):
    ...     _ = market.visit(np.array([agent]), np.array([[0.5]]))
    >>> copies_left(market)[0, :, 0].tolist()
    [1, 2, 0]
    """
    # Agents in the order of their visits, (B, n, 1), those not yet visited first; what each took, (B, n, T).
    order = np.argsort(market.visited_at, axis=1)[..., None]
    taken = np.take_along_axis(market.allocation.astype(np.int64), order, axis=1)
    # Supply less what was taken up to and with her, plus what she took herself; then back to the agents' order.
    left = np.empty_like(taken)
    np.put_along_axis(left, order, market.supply - np.cumsum(taken, axis=1) + taken, axis=1)
    return left * (market.visited_at >= 0)[..., None]


def correlated_posterior(market: Market) -> Array:
    """Return the posterior weights of a correlated setting's lower ends at the nodes, ``(B, T, NODES)``.

    Where no node can explain the history (delta near 1), the weights are equal.

    Raises:
        ValueError: a setting whose values are not correlated, or whose types are not bought independently.

    >>> from spm.settings import get_setting, valuations
    >>> market = Market(get_setting("correlated-3-2-0.5"), valuations("unit", np.array([[[0.3], [0.8], [0.5]]])))
    >>> mean = lambda: round(float(correlated_posterior(market)[0, 0] @ latent_nodes(0.5)), 3)
    >>> before = mean()
    >>> _ = market.visit(np.array([1]), np.array([[0.5]]))  # she buys: good news
    >>> before, mean()
    (0.25, 0.333)
    """
    model = market.setting.model
    if not isinstance(model, CorrelatedModel) or (market.setting.demand != "additive" and model.n_types > 1):
        raise ValueError(
            f"setting {market.setting.name!r} has no posterior of z: its values are not correlated by z"
        )
    nodes, offered = latent_nodes(model.delta), copies_left(market) > 0
    # The prior is uniform, (B, T, NODES). Agents are independent given a, so each visit multiplies by its
    # likelihood.
    weights = np.full((len(market), model.n_types, NODES), 1 / NODES)
    for agent in np.flatnonzero(offered.any(axis=(0, 2))):
        # P(v < p | a) where she faced p, (B, T, 1) against (NODES,); a type that was gone reveals nothing.
        below = chance_below(market.posted[:, agent, :, None], nodes, 1 - model.delta)
        factor = np.where(market.allocation[:, agent, :, None] > 0, 1 - below, below)
        weights *= np.where(offered[:, agent, :, None], factor, 1.0)
        # Normalised at once, lest the product underflow; where it is 0 everywhere the weights start again.
        total = weights.sum(axis=2, keepdims=True)
        weights = np.where(total > 0, weights / np.where(total > 0, total, 1.0), 1 / NODES)
    return weights


@dataclass(frozen=True, eq=False)
class _Support:
    """The values that a group can have: world and probability of each, ``(S,)``, and valuation, ``(S, K)``."""

    world: NDArray[np.int64]
    probability: Array
    worth: Array


def _support(setting: Setting, model: FiniteModel, group: int) -> _Support:
    rows = [(w, float(p), v) for w, world in enumerate(model.worlds) for p, v in world.lotteries[group]]
    values = np.array([[float(x / setting.unit) for x in v] for _, _, v in rows])
    worth = valuations(setting.demand, values[None])[0]
    return _Support(np.array([w for w, _, _ in rows]), np.array([p for _, p, _ in rows]), worth)


def _would_take(market: Market, agent: int, left: NDArray[np.int64], worth: Array) -> NDArray[np.int64]:
    """What the agent would have taken at her visit with each of the valuations ``(S, K)``, ``(B, S)``."""
    # One market of a single agent per pair (market, valuation), (B S, 1, K), with the items and prices she faced.
    count, kinds = len(market), len(worth)
    twin = Market(market.setting, np.tile(worth, (count, 1))[:, None])
    twin.items_left[:] = np.repeat(left, kinds, axis=0)
    prices = np.repeat(market.posted[:, agent], kinds, axis=0)
    return twin.visit(np.zeros(count * kinds, dtype=np.int64), prices).reshape(count, kinds)


def finite_posterior(market: Market) -> Array:
    """Return the posterior probability of each world of a finite setting, ``(B, W)``.

    Raises:
        ValueError: the setting is not finite.

    >>> from spm.settings import get_setting, valuations
    >>> setting = get_setting("two-worlds")  # in units of the highest value: 0.6 or 1, else 0.1 or 0.4
    >>> market = Market(setting, valuations("unit", np.full((1, 10, 1), 0.4)))
    >>> _ = market.visit(np.array([0]), np.array([[0.8]]))  # she declines, as three of four do
    >>> finite_posterior(market).round(3).tolist()
    [[0.333, 0.667]]
    """
    model = market.setting.model
    if not isinstance(model, FiniteModel):
        raise ValueError(f"setting {market.setting.name!r} has no posterior over worlds: it is not finite")
    weights = np.tile([float(world.probability) for world in model.worlds], (len(market), 1))
    for factor in _factors(market, model, copies_left(market)):
        weights *= factor
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _factors(market: Market, model: FiniteModel, left: NDArray[np.int64]) -> Iterator[Array]:
    """For each agent visited in any market, the probability in each world of what she took, ``(B, W)``."""
    supports = [_support(market.setting, model, group) for group in range(len(model.groups))]
    for agent in map(int, np.flatnonzero((market.visited_at >= 0).any(axis=0))):
        support = supports[model.group_of[agent]]
        # What she would take with each possible value, (B, S): the values that agree with what she took, weighted.
        taken = _would_take(market, agent, left[:, agent], support.worth)
        agrees = (taken == market.bought[:, agent, None]) * support.probability
        # Summed within each world, (B, S) @ (S, W); a market in which she was not visited learns nothing.
        worlds = np.arange(len(model.worlds))
        yield np.where(market.agents_left[:, agent, None], 1.0, agrees @ (support.world[:, None] == worlds))


def belief_width(setting: Setting) -> int:
    """Return the number of entries of :func:`belief`.

    Raises:
        ValueError: a setting that is neither finite nor correlated with delta > 0.

    >>> from spm import settings
    >>> belief_width(settings.get_setting("two-worlds")), belief_width(settings.get_setting("additive"))
    (2, 6)
    """
    model = setting.model
    if isinstance(model, FiniteModel):
        return len(model.worlds)
    if isinstance(model, CorrelatedModel) and model.delta > 0:
        return 3 * model.n_types
    raise ValueError(
        f"no belief is known for setting {setting.name!r}; "
        "finite settings and correlated ones with delta > 0 have one"
    )


def belief(market: Market) -> Array:
    """Return the belief as entries in [0, 1], ``(B, belief_width)``.

    Finite settings: each world's probability. Correlated ones, per type: the posterior's mean, standard deviation
    and the logarithm of that, each scaled so that the prior's entries are 1/2, 1 and 1.

    Raises:
        ValueError: a setting that is neither finite nor correlated with delta > 0.

    >>> from spm.settings import get_setting, valuations
    >>> market = Market(get_setting("correlated-3-2-0.5"), valuations("unit", np.array([[[0.3], [0.8], [0.5]]])))
    >>> belief(market).round(3).tolist()
    [[0.5, 1.0, 1.0]]
    """
    belief_width(market.setting)
    model = market.setting.model
    if isinstance(model, FiniteModel):
        return finite_posterior(market)
    # Moments over the nodes in units of delta, (B, T, NODES) @ (NODES,) -> (B, T); a uniform prior has variance
    # 1/12.
    weights, nodes = correlated_posterior(market), latent_nodes(1.0)
    mean = weights @ nodes
    spread = np.sqrt(12 * np.maximum(weights @ nodes**2 - mean**2, 0.0))
    spread = np.clip(spread, SMALLEST_SPREAD, 1.0)
    entries = np.stack([mean, spread, 1 - np.log(spread) / np.log(SMALLEST_SPREAD)], axis=2)
    return entries.reshape(len(market), -1)
