"""Episodes and settings in words and numbers, for a person to read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.io.formats.style import Styler

from spm.market import Market, first_best
from spm.mechanisms import Mechanism
from spm.settings import Array, FiniteModel, Lottery, MaxMinModel, Setting, Values, valuations


def episode(mechanism: Mechanism, setting: Setting, seed: int = 0) -> str:
    """Play one sampled profile and tell what happened, round by round.

    >>> from spm import settings
    >>> from spm.mechanisms import StaticPrices
    >>> print(episode(StaticPrices((0.5,), order=(0, 1)), settings.correlated(2, 1, 0.0)))
    Correlated values, δ = 0: 2 agents; 1 item; unit demand; welfare
    values and prices divided by 1
    <BLANKLINE>
    round 1: visits agent 1, posts item 0.5; she values item 0.3163; buys nothing; left: 1 item
    round 2: visits agent 2, posts item 0.5; she values item 0.7223; buys item, pays 0.5; left: no item
    <BLANKLINE>
    over: welfare 0.7223, first best 0.7223
    """
    draws, choices = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2))
    market = Market(setting, valuations(setting.demand, setting.sample(draws, 1)))
    rule = mechanism.begin(setting, 1, choices)
    supply = ", ".join(f"{copies} {name}" for copies, name in zip(setting.supply, setting.types, strict=True))
    lines = [
        f"{setting.title}: {setting.n_agents} agents; {supply}; {setting.demand} demand; {setting.objective}",
        f"values and prices divided by {_number(float(setting.unit))}",
        "",
    ]
    while not market.over[0]:
        agents, prices = rule(market)
        lines.append(_round(market, int(agents[0]), prices[0]))
    score = setting.objective.score(market.received, market.payments)[0]
    best = first_best(setting, market.valuations)[0]
    return "\n".join([*lines, "", f"over: {setting.objective} {_number(score)}, first best {_number(best)}"])


def _round(market: Market, agent: int, prices: Array) -> str:
    """Visit the agent and tell what happened."""
    name = market.setting.agents[agent]
    posted = _posted(market, prices)
    taken = int(market.visit(np.array([agent]), prices[None])[0])
    bought = _listed(market.setting.types, market.bundles[taken])
    paid = f", pays {_number(market.payments[0, agent])}" if market.bundles[taken].any() else ""
    return (
        f"round {market.rounds[0]}: visits {name}, posts {posted}; "
        f"she values {_valued(market, agent)}; buys {bought}{paid}; left: {_left(market)}"
    )


def _number(value: float) -> str:
    """At most 4 decimals, the same on every platform."""
    return f"{round(float(value), 4) + 0.0:g}"


def _listed(names: tuple[str, ...], chosen: NDArray[np.int8]) -> str:
    """Names of the types in a bundle."""
    return " + ".join(names[t] for t in np.flatnonzero(chosen)) or "nothing"


def _valued(market: Market, agent: int) -> str:
    """Her value for each type, or for each set that she wants when items are complements."""
    setting, offers = market.setting, market.valuations[0, agent]
    single = market.bundles.sum(axis=1) == 1
    shown = (offers > 0) & (single if setting.demand != "combinatorial" else True)
    worth = [f"{_listed(setting.types, market.bundles[k])} {_number(offers[k])}" for k in np.flatnonzero(shown)]
    return ", ".join(worth) or "nothing"


def _posted(market: Market, prices: Array) -> str:
    """The price of each type that is left."""
    names = market.setting.types
    return ", ".join(f"{names[t]} {_number(prices[t])}" for t in np.flatnonzero(market.items_left[0]))


def _left(market: Market) -> str:
    """Copies left of each type."""
    names, left = market.setting.types, market.items_left[0]
    return ", ".join(f"{left[t]} {names[t]}" for t in np.flatnonzero(left)) or "no item"


def lottery_table(values: FiniteModel, types: Sequence[str]) -> Styler:
    """Return a model as a readable table: one row per world, one column per group, with its lottery over values.

    >>> from spm.settings import model, uniform
    >>> lottery_table(model({"agent": 2}, [(1, [uniform(1, 3)])]), ["item"]).data["2 × agent"].tolist()
    ['1 (1/2) or 3 (1/2)']
    """
    names = [f"{group.size} × {group.name}" if group.size > 1 else group.name for group in values.groups]
    rows = [
        {"world": w, "probability": str(world.probability)}
        | {name: _lottery(lottery, types) for name, lottery in zip(names, world.lotteries, strict=True)}
        for w, world in enumerate(values.worlds)
    ]
    return pd.DataFrame(rows).style.hide(axis="index")


def _lottery(lottery: Lottery, types: Sequence[str]) -> str:
    """A lottery in words: its outcomes with their probabilities."""
    if len(lottery) == 1:
        return _worth(lottery[0][1], types)
    return " or ".join(f"{_worth(vector, types)} ({chance})" for chance, vector in lottery)


def _worth(values: Values, types: Sequence[str]) -> str:
    """A value vector in words: the positive values with their types' names."""
    if len(types) == 1:
        return str(values[0])
    return ", ".join(f"{name}: {value}" for name, value in zip(types, values, strict=True) if value) or "0"


def support_table(values: MaxMinModel) -> Styler:
    """Return the uniform distributions of the max-min setting: one row per world, one column per kind of agent.

    >>> support_table(MaxMinModel()).data["orange"].tolist()
    ['black U[0.5, 1], white 0', 'black 0, white U[0.5, 1]']
    """
    low, high = values.supports()
    kinds = {"orange": 0, "4 × blue": 1, "4 × red": 5}
    rows = [
        {"world": world, "probability": "1/2"}
        | {kind: _supports(low[world, i], high[world, i]) for kind, i in kinds.items()}
        for world in range(len(low))
    ]
    return pd.DataFrame(rows).style.hide(axis="index")


def _supports(low: Array, high: Array) -> str:
    """The distribution of an agent's values for black and white."""
    ends = zip(("black", "white"), low, high, strict=True)
    return ", ".join(f"{kind} U[{a:g}, {b:g}]" if b > a else f"{kind} {a:g}" for kind, a, b in ends)
