"""A market told in words and numbers, round by round, for a person to read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spm.market.best_allocation import first_best
from spm.market.market import Market
from spm.settings import Array


def transcript(market: Market, row: int = 0) -> str:
    """Tell what has happened so far in one of the markets, and, once it is over, what came of it.

    >>> from spm.settings import correlated, valuations
    >>> market = Market(correlated(2, 1, 0.0), valuations("unit", np.array([[[0.25], [0.75]]])))
    >>> _ = market.visit(np.array([1]), np.array([[0.5]]))
    >>> print(transcript(market))
    Correlated values, δ = 0: 2 agents; 1 item; unit demand; welfare
    values and prices divided by 1
    <BLANKLINE>
    round 1: visits agent 2, posts item 0.5; she values item 0.75; buys item, pays 0.5; left: no item
    <BLANKLINE>
    over: welfare 0.75, first best 0.75
    """
    setting = market.setting
    supply = ", ".join(f"{copies} {name}" for copies, name in zip(setting.supply, setting.types, strict=True))
    parts = [
        f"{setting.title}: {setting.n_agents} agents; {supply}; {setting.demand} demand; {setting.objective}\n"
        f"values and prices divided by {_number(float(setting.unit))}"
    ]
    if market.rounds[row]:
        parts.append("\n".join(_rounds(market, row)))
    if market.over[row]:
        score = setting.objective.score(market.received[[row]], market.payments[[row]])[0]
        best = first_best(setting, market.valuations[[row]])[0]
        parts.append(f"over: {setting.objective} {_number(score)}, first best {_number(best)}")
    return "\n\n".join(parts)


def _rounds(market: Market, row: int) -> list[str]:
    """One line per visit made in a market."""
    types, left, lines = market.setting.types, market.supply.copy(), []
    visits = np.argsort(market.visited_at[row])[-int(market.rounds[row]) :]
    for number, agent in enumerate(visits, 1):
        prices, bundle = market.posted[row, agent], market.allocation[row, agent]
        posted = ", ".join(f"{types[t]} {_number(prices[t])}" for t in np.flatnonzero(left))
        left -= bundle
        paid = f", pays {_number(market.payments[row, agent])}" if bundle.any() else ""
        remain = ", ".join(f"{left[t]} {types[t]}" for t in np.flatnonzero(left)) or "no item"
        lines.append(
            f"round {number}: visits {market.setting.agents[agent]}, posts {posted}; "
            f"she values {_valued(market, market.valuations[row, agent])}; "
            f"buys {_listed(types, bundle)}{paid}; left: {remain}"
        )
    return lines


def _number(value: float) -> str:
    """At most 4 decimals, the same on every platform."""
    return f"{round(float(value), 4) + 0.0:g}"


def _listed(names: tuple[str, ...], chosen: NDArray[np.int8]) -> str:
    """Names of the types in a bundle."""
    return " + ".join(names[t] for t in np.flatnonzero(chosen)) or "nothing"


def _valued(market: Market, offers: Array) -> str:
    """An agent's value for each type, or for each set that she wants when items are complements."""
    setting, single = market.setting, market.bundles.sum(axis=1) == 1
    shown = (offers > 0) & (single if setting.demand != "combinatorial" else True)
    worth = [f"{_listed(setting.types, market.bundles[k])} {_number(offers[k])}" for k in np.flatnonzero(shown)]
    return ", ".join(worth) or "nothing"
