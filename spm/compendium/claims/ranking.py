"""Proposition 8: with personalised static prices, agents go by what they are worth when they buy."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from spm.compendium.claims.claim import FULL_VERSION, Claim, Finding, judge, shown
from spm.compendium.claims.solved import PSP
from spm.compendium.report.evidence import Evidence
from spm.compendium.theory.propositions import random_lottery
from spm.exact import History, Solver, evaluate
from spm.settings import Lottery, Setting, Values, construction, finite_setting, model

RANDOM_SETTINGS = 40


def ranking_is_optimal(_: Evidence) -> Finding:
    """In random settings, put agents in the order of what they are worth when they buy."""
    settings = [construction("prop-8"), *_random_settings()]
    adaptive, ranked = zip(*(_ranked(setting) for setting in settings), strict=True)
    equal = sum(a == r for a, r in zip(adaptive, ranked, strict=True))
    ours = f"equal in {equal} of {len(settings)} settings; Proposition 8's own: {shown(ranked[0])}"
    refutation = f"In {len(settings) - equal} settings the order by expected value is not optimal."
    return judge(equal == len(settings), "", refutation, ours)


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


RANKING_CLAIMS = (
    Claim(
        "prop-8",
        FULL_VERSION,
        "Proposition 8",
        "With independent values and identical items, personalised static prices need no adaptive order: "
        "agents go "
        "by decreasing expected value given that they buy.",
        "ranked static order = adaptive order",
        "Exact values of both in Proposition 8's and in random settings.",
        ranking_is_optimal,
    ),
)
