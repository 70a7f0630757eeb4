"""The dynamic programme for independent values: the optimum when the latent is known.

Given the latent, the values of the correlated model are independent and uniform on [a, a + w], with a lower end
a in [0, delta] and width w = 1 - delta. With t agents and k identical items left, an optimal SPM earns

    V(t, k) = max over p of  reward(p) + P(v >= p) V(t - 1, k - 1) + P(v < p) V(t - 1, k),

whoever is visited. For welfare reward(p) = E[v; v >= p] and the best price is V(t - 1, k) - V(t - 1, k - 1);
for revenue reward(p) = p P(v >= p) and the best price is halfway between that and the highest value; both are kept
within [a, a + w]. For delta = 0, IID values on [0, 1], this is the optimum itself (Proposition 5: agents and items
left suffice). For delta > 0 its mean over a bounds every SPM, since more information never hurts.

Everything about correlated values, here and in the modules built on this one, is proved for the settings that
:func:`correlated_model` accepts and for no others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from spm.limits import check_memory, tick
from spm.market import Market, chance_below
from spm.mechanisms import Agents, Rule
from spm.names import unknown
from spm.settings import Array, CorrelatedModel, Setting, correlated

SUMMED_OBJECTIVES = ("welfare", "revenue")


def correlated_model(setting: Setting) -> CorrelatedModel:
    """Return a setting's correlated model, provided that the proofs for correlated values cover the setting.

    They cover values drawn by :class:`~spm.settings.continuous.CorrelatedModel` itself with delta in [0, 1], one
    item type or additive demand, and welfare or revenue: then agents are exchangeable and each type is a market
    of its own.

    Raises:
        ValueError: any other setting.

    >>> from spm.settings import get_setting
    >>> correlated_model(get_setting("delta-0.5"))
    CorrelatedModel(n_agents=20, delta=0.5, n_types=1)
    """
    model, name = setting.model, f"setting {setting.name!r}"
    if type(model) is not CorrelatedModel:
        raise ValueError(f"{name} does not have correlated values: they are drawn by {type(model).__name__}")
    if not 0 <= model.delta <= 1:
        raise ValueError(f"{name} must have delta in [0, 1], not {model.delta}")
    if model.n_types != setting.n_types:
        raise ValueError(f"{name} has {setting.n_types} item types, its model {model.n_types}")
    if setting.demand != "additive" and (setting.demand != "unit" or setting.n_types > 1):
        raise ValueError(
            f"{name} must have additive demand, or unit demand and one type, "
            f"not {setting.demand} demand and {setting.n_types}"
        )
    if setting.objective.name not in SUMMED_OBJECTIVES:
        raise unknown("objective that sums over visits", setting.objective.name, SUMMED_OBJECTIVES)
    return model


class Known(NamedTuple):
    """The dynamic programme for each of A lower ends: ``values`` and ``prices``, ``(n + 1, m + 1, A)``."""

    values: Array
    prices: Array


def visit_reward(objective: str, prices: Array, lower: Array, width: float) -> Array:
    """Return one visit's expected reward: E[v; v >= p] for welfare, p P(v >= p) for revenue; broadcasts.

    Raises:
        ValueError: another objective.

    >>> price, lower = np.array([0.5]), np.zeros(1)
    >>> [visit_reward(objective, price, lower, 1.0).tolist() for objective in SUMMED_OBJECTIVES]
    [[0.375], [0.25]]
    """
    if objective not in SUMMED_OBJECTIVES:
        raise unknown("objective that sums over visits", objective, SUMMED_OBJECTIVES)
    sold = 1.0 - chance_below(prices, lower, width)
    earned = (np.clip(prices, lower, lower + width) + lower + width) / 2 if objective == "welfare" else prices
    return sold * earned


def known_latent(n_agents: int, n_items: int, lower: Array, width: float, objective: str = "welfare") -> Known:
    """Solve the dynamic programme for values uniform on [lower, lower + width].

    Args:
        n_agents: most agents left, n.
        n_items: most items left, m.
        lower: lower ends ``(A,)``.
        width: width of the values' distribution.
        objective: ``welfare`` or ``revenue``.

    Returns:
        Optimal values and prices for every number of agents and items left.

    Raises:
        ValueError: they need more memory than there is.

    >>> round(float(known_latent(20, 5, np.zeros(1), 1.0).values[20, 5, 0]), 5)
    4.12928
    """
    # Without agents or items nothing is earned: row t = 0 and column k = 0 stay 0, (n + 1, m + 1, A).
    numbers = (n_agents + 1) * (n_items + 1) * len(lower)
    check_memory(f"the optimum for up to {n_agents:,} agents and {n_items:,} items", 16 * numbers)
    values = np.zeros((n_agents + 1, n_items + 1, len(lower)))
    prices = np.zeros_like(values)
    for t in range(1, n_agents + 1):
        values[t], prices[t] = _earlier(values[t - 1], lower, width, objective)
    return Known(values, prices)


def _earlier(later: Array, lower: Array, width: float, objective: str) -> Known:
    """The values and prices with one agent more than in ``later``, by items left, ``(m + 1, A)`` each."""
    values, prices = np.zeros_like(later), np.zeros_like(later)
    # What one more item is worth after this visit, V(t - 1, k) - V(t - 1, k - 1) for k = 1..m, (m, A).
    worth = later[1:] - later[:-1]
    best = worth if objective == "welfare" else (lower + width + worth) / 2
    prices[1:] = np.clip(best, lower, lower + width)
    # The agent declines with probability P(v < p), else k falls by one, (m, A).
    below = chance_below(prices[1:], lower, width)
    after = (1 - below) * later[:-1] + below * later[1:]
    values[1:] = visit_reward(objective, prices[1:], lower, width) + after
    tick()
    return Known(values, prices)


def _known_value(n_agents: int, n_items: int, lower: Array, width: float, objective: str) -> Array:
    """The value of :func:`known_latent` with all agents and items left, ``(A,)``, without keeping the others."""
    check_memory(f"the optimum for {n_items:,} items", 64 * (n_items + 1) * len(lower))
    values = np.zeros((n_items + 1, len(lower)))
    for _ in range(n_agents):
        values = _earlier(values, lower, width, objective).values
    return values[n_items]


def mean_known(
    n_agents: int, n_items: int, delta: float, objective: str = "welfare", nodes: int | None = None
) -> float:
    """Return the mean over the latent of the optimum when it is known: an upper bound on every SPM.

    A mechanism whose prices are fixed relative to a earns a value linear in a. So the optimum is convex in a, and
    the trapezoid rule never falls below its mean. For welfare the rule is exact, whatever the number of nodes:
    everything that can be sold is sold, so the optimum is linear in a.

    Args:
        n_agents: number of agents, n.
        n_items: identical items, m.
        delta: correlation.
        objective: ``welfare`` or ``revenue``.
        nodes: nodes of the rule; None: 2 for welfare, else 1001.

    Raises:
        ValueError: an impossible size, delta or objective, or more memory than there is.

    >>> mean_known(2, 1, 0.0), mean_known(2, 1, 1.0)  # IID: 5/8; a common value: 1/2
    (0.625, 0.5)
    """
    correlated_model(correlated(n_agents, n_items, delta, objective))
    lower = np.linspace(0.0, delta, nodes or (2 if objective == "welfare" else 1001))
    values = _known_value(n_agents, n_items, lower, 1 - delta, objective)
    return float((values[1:] + values[:-1]).mean() / 2)


def mean_known_below(n_agents: int, n_items: int, delta: float, objective: str) -> float:
    """Return the mean of :func:`mean_known` from below: the midpoint rule never exceeds a convex function's mean.

    One node is exact for welfare, which is linear.

    >>> mean_known_below(5, 2, 0.5, "revenue") < mean_known(5, 2, 0.5, "revenue")
    True
    """
    nodes = 1 if objective == "welfare" else 1000
    lower = delta * (np.arange(nodes) + 0.5) / nodes
    return float(_known_value(n_agents, n_items, lower, 1 - delta, objective).mean())


def highest_values(n_agents: int, copies: int, delta: float) -> float:
    """Return the expected first best, the sum of the highest values, by order statistics of uniform values.

    >>> round(highest_values(20, 5, 0.0), 4)
    4.2857
    """
    sold = min(n_agents, copies)
    return sold * delta / 2 + (1 - delta) * sum((n_agents - j) / (n_agents + 1) for j in range(sold))


@dataclass(frozen=True, eq=False)
class CountPrices:
    """Prices that depend on how many agents and items are left; agents are visited in the order of their numbers.

    Attributes:
        tables: for each type the prices ``(n + 1, m + 1)`` by agents left and copies left.
    """

    tables: tuple[Array, ...]

    def begin(self, setting: Setting, n_markets: int, rng: np.random.Generator) -> Rule:
        """Nothing is drawn.

        Raises:
            ValueError: a table that does not fit the setting.
        """
        shapes = tuple(table.shape for table in self.tables)
        wanted = tuple((setting.n_agents + 1, copies + 1) for copies in setting.supply)
        if shapes != wanted:
            raise ValueError(f"price tables must have shapes {wanted}, not {shapes}")

        def rule(market: Market) -> tuple[Agents, Array]:
            agents = market.agents_left.sum(axis=1)
            columns = [table[agents, market.items_left[:, t]] for t, table in enumerate(self.tables)]
            return market.agents_left.argmax(axis=1), np.stack(columns, axis=1)

        return rule


def iid_optimum(n_agents: int, supply: tuple[int, ...], objective: str = "welfare") -> CountPrices:
    """Return the optimal SPM for values that are IID uniform on [0, 1] and independent across types.

    >>> iid_optimum(2, (1,)).tables[0].tolist()  # price by agents left (row) and copies left (column)
    [[0.0, 0.0], [0.0, 0.0], [0.0, 0.5]]
    """
    zero = np.zeros(1)
    programmes = (known_latent(n_agents, copies, zero, 1.0, objective) for copies in supply)
    return CountPrices(tuple(programme.prices[..., 0] for programme in programmes))
