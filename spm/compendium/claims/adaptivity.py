"""Propositions 1 to 4, 8 and 9: which kinds of prices and order an optimal mechanism can't do without."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import numpy as np

from spm.compendium.claims.claim import (
    CHARACTERISATION,
    CONTRIBUTION,
    FULL_VERSION,
    Finding,
    alike,
    computed,
    judge,
)
from spm.compendium.claims.solved import (
    ASP,
    ASP_STATIC_ORDER,
    PSP,
    PSP_STATIC_ORDER,
    STATIC_ORDER,
    described,
    needs,
    shown,
    value,
)
from spm.compendium.theory.described import PAPER_MECHANISMS
from spm.compendium.theory.propositions import random_lottery
from spm.exact import History, Solver, evaluate
from spm.settings import CONSTRUCTIONS, Lottery, Setting, Values, construction, finite_setting, model

SOLVED = tuple(name for name in CONSTRUCTIONS if name not in ("prop-5", "theorem-1"))
"""The constructions whose objective is welfare and that every cell of the taxonomy is solved for quickly."""
RANDOM_SETTINGS = 40


@computed("static-falls-short", CONTRIBUTION, "Our contribution")
def all_but_the_simplest() -> Finding:
    """In all but the simplest settings, prices and order that follow past purchases raise welfare.

    SPM > best static mechanism

    Exact values of the best static prices with static order and of the optimal SPM, for every construction.
    """
    exceptions = [name for name in SOLVED if value(name, PSP_STATIC_ORDER) == value(name)]
    large = [name for name in exceptions if sum(construction(name).supply) > 1]
    better = len(SOLVED) - len(exceptions)
    ours = f"adaptivity pays in {better} of {len(SOLVED)} settings; not in {_titles(exceptions)}"
    correction = (
        "Several items and many agents do not make a setting need adaptivity: a static mechanism is optimal in "
        f"{_titles(large)}. What matters is whether purchases reveal something or items become scarce."
        if large
        else ""
    )
    return judge(better > len(SOLVED) / 2, correction, "Adaptivity pays in a minority of settings.", ours)


def _titles(names: Iterable[str]) -> str:
    return ", ".join(construction(name).title for name in names) or "none"


@computed("prop-1", CHARACTERISATION, "Proposition 1")
def personalised_prices() -> Finding:
    """With one item and two IID agents the optimal SPM may need personalised prices.

    anonymous < optimum

    Exact solver, every kind of order.
    """
    return needs("prop-1", (ASP_STATIC_ORDER, ASP), PSP_STATIC_ORDER)


@computed("prop-1-prices", CHARACTERISATION, "Proposition 1, proof")
def two_then_nothing() -> Finding:
    """Price 2 for the first agent and 0 for the second is optimal.

    described = optimum = first best

    The mechanism is evaluated exactly and compared with the optimum and the first best.
    """
    best, earned = value("prop-1"), PAPER_MECHANISMS["prop-1"].value()
    ceiling = Solver(construction("prop-1")).first_best
    ours = f"described {shown(earned)}, optimum {shown(best)}, first best {shown(ceiling)}"
    refutation = f"The mechanism described earns {shown(earned)}, the optimum is {shown(best)}."
    return judge(earned == best == ceiling, "", refutation, ours)


@computed("prop-1-order", CHARACTERISATION, "after Proposition 1")
def order_is_no_substitute() -> Finding:
    """An adaptive order does not remove the need for personalised prices there.

    anonymous with adaptive order < optimum

    Exact solver.
    """
    return needs("prop-1", (ASP,))


@computed("prop-2", CHARACTERISATION, "Proposition 2")
def adaptive_prices() -> Finding:
    """With two identical items and three IID agents the optimal SPM may need adaptive prices.

    static prices < optimum

    Exact solver, every kind of order.
    """
    return needs("prop-2", (PSP_STATIC_ORDER, PSP), STATIC_ORDER)


@computed("prop-3", CHARACTERISATION, "Proposition 3")
def adaptive_order() -> Finding:
    """With correlated values the order may have to be adaptive even where anonymous static prices suffice.

    static order < optimum = anonymous static prices

    Exact solver: all prices with a static order, one price with an adaptive order.
    """
    return needs("prop-3", (STATIC_ORDER,), ASP)


@computed("footnote-1", CHARACTERISATION, "Footnote 1")
def static_prices_gain() -> Finding:
    """Anonymous and personalised static prices can both gain from an adaptive order.

    static order < adaptive order

    Exact solver on Proposition 3's setting.
    """
    return needs("prop-3", (ASP_STATIC_ORDER, PSP_STATIC_ORDER), ASP)


@computed("prop-4", CHARACTERISATION, "Proposition 4")
def both_adaptive() -> Finding:
    """With independent values and identical items both adaptive order and adaptive prices may be needed.

    either alone < both

    Exact solver.
    """
    return needs("prop-4", (STATIC_ORDER, PSP))


@computed("prop-4-rounds", CHARACTERISATION, "after Proposition 4")
def others_first() -> Finding:
    """It is optimal to visit one or two others before the agent with the higher floor and ceiling.

    described = optimum

    The mechanism that the intuition describes is evaluated exactly.
    """
    return described("prop-4")


@computed("prop-8", FULL_VERSION, "Proposition 8")
def ranking_is_optimal() -> Finding:
    """With independent values and identical items, personalised static prices need no adaptive order: agents go
    by decreasing expected value given that they buy.

    ranked static order = adaptive order

    Exact values of both in Proposition 8's and in random settings.
    """
    pairs = [_ranked(setting) for setting in (construction("prop-8"), *_random_settings())]
    more = f"; Proposition 8's own: {shown(pairs[0][1])}"
    return alike((adaptive == ranked for adaptive, ranked in pairs), "settings", more)


def _random_settings() -> Iterator[Setting]:
    """Settings with independent values, one type, and as many groups as agents."""
    for child in np.random.SeedSequence(8).spawn(RANDOM_SETTINGS):
        rng = np.random.default_rng(child)
        n = int(rng.integers(2, 5))
        values = model({f"agent {i + 1}": 1 for i in range(n)}, [(1, [random_lottery(rng, 1) for _ in range(n)])])
        yield finite_setting("random", "Random", {"item": int(rng.integers(1, n))}, values)


def _ranked(setting: Setting) -> tuple[Fraction, Fraction]:
    """The optimum of static personalised prices with adaptive order, and the same prices in the ranked order."""
    cell = Solver(setting).cell(*PSP)
    prices = {slot.group: slot.offers[0].prices for slot, _ in cell.slots if slot.offers}
    worth = {i: _if_she_buys(Solver(setting).game.lottery(0, i), price[0]) for i, price in prices.items()}
    order = sorted(prices, key=lambda i: -worth[i])

    def policy(history: History) -> tuple[int, Values]:
        agent = order[len(history)]
        return agent, prices[agent]

    return cell.value, evaluate(setting, policy)


def _if_she_buys(lottery: Lottery, price: Fraction) -> Fraction:
    """An agent's expected value given that she buys, or 0 if she never does."""
    bought = [(chance, values[0]) for chance, values in lottery if values[0] > 0 and values[0] >= price]
    mass = sum((chance for chance, _ in bought), Fraction(0))
    return sum((chance * worth for chance, worth in bought), Fraction(0)) / (mass or 1)


@computed("prop-9", FULL_VERSION, "Proposition 9")
def order_with_different_items() -> Finding:
    """With different items an adaptive order can be needed although values are independent.

    static order < optimum

    Exact solver.
    """
    return needs("prop-9", (STATIC_ORDER,), PSP)
