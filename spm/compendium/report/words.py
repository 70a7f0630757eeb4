"""Episodes and settings in words and numbers, for a person to read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler

from spm.market import Market, transcript
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
    while not market.over[0]:
        market.visit(*rule(market))
    return transcript(market)


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
