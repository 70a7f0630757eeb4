"""Propositions 1 to 4 and 9: which kinds of prices and order an optimal mechanism can't do without."""

from __future__ import annotations

from spm.claims.claim import CHARACTERISATION, CONTRIBUTION, FULL_VERSION, Claim, Finding, judge, shown
from spm.claims.evidence import Evidence
from spm.claims.solved import (
    ASP,
    ASP_STATIC_ORDER,
    PSP,
    PSP_STATIC_ORDER,
    SPM,
    STATIC_ORDER,
    needs,
    value,
)
from spm.constructions import CONSTRUCTIONS, construction
from spm.exact import Solver
from spm.exact.paper import PAPER_MECHANISMS

FOOTNOTE = "prop-5"
SOLVED = tuple(name for name in CONSTRUCTIONS if name not in (FOOTNOTE, "theorem-1"))
"""The constructions whose objective is welfare and that every cell of the taxonomy is solved for quickly."""


def prop_1_prices(_: Evidence) -> Finding:
    """Compare the mechanism "2, then 0" with the optimum and with the first best."""
    best, first_best = value("prop-1"), Solver(construction("prop-1")).first_best
    described = PAPER_MECHANISMS["prop-1"].value()
    ours = f"described {shown(described)}, optimum {shown(best)}, first best {shown(first_best)}"
    refutation = f"The mechanism described earns {shown(described)}, the optimum is {shown(best)}."
    return judge(described == best == first_best, "", refutation, ours)


def prop_4_rounds(_: Evidence) -> Finding:
    """Compare the mechanism that the intuition describes with the optimum."""
    described, best = PAPER_MECHANISMS["prop-4"].value(), value("prop-4")
    ours = f"described {shown(described)}, optimum {shown(best)}"
    refutation = f"The mechanism described earns {shown(described)}, the optimum is {shown(best)}."
    return judge(described == best, "", refutation, ours)


def all_but_the_simplest(_: Evidence) -> Finding:
    """Collect the constructions in which the best static mechanism is optimal, and those with several items."""
    exceptions = [name for name in SOLVED if value(name, PSP_STATIC_ORDER) == value(name)]
    large = [name for name in exceptions if sum(construction(name).supply) > 1]
    better = len(SOLVED) - len(exceptions)
    ours = f"adaptivity pays in {better} of {len(SOLVED)} settings; not in {_titles(exceptions)}"
    correction = (
        f"Several items and many agents do not make a setting need adaptivity: in {_titles(large)} a static "
        "mechanism is optimal. What matters is whether purchases tell something or items get scarce."
        if large
        else ""
    )
    return judge(better > len(SOLVED) / 2, correction, "Adaptivity pays in a minority of settings.", ours)


def _titles(names: list[str]) -> str:
    return ", ".join(construction(name).title for name in names) or "none"


CLAIMS = (
    Claim(
        "static-falls-short",
        CONTRIBUTION,
        "Our contribution",
        "In all but the simplest settings, prices and order that follow past purchases raise welfare.",
        "SPM > best static mechanism",
        "Exact values of the best static prices with static order and of the optimal SPM, for every construction.",
        all_but_the_simplest,
    ),
    Claim(
        "prop-1",
        CHARACTERISATION,
        "Proposition 1",
        "With one item and two IID agents the optimal SPM may need personalised prices.",
        "anonymous < optimum",
        "Exact solver, every kind of order.",
        needs("prop-1", (ASP_STATIC_ORDER, ASP), PSP_STATIC_ORDER),
    ),
    Claim(
        "prop-1-prices",
        CHARACTERISATION,
        "Proposition 1, proof",
        "Price 2 for the first agent and 0 for the second is optimal.",
        "described = optimum = first best",
        "The mechanism is evaluated exactly.",
        prop_1_prices,
    ),
    Claim(
        "prop-1-order",
        CHARACTERISATION,
        "after Proposition 1",
        "An adaptive order does not remove the need for personalised prices there.",
        "anonymous with adaptive order < optimum",
        "Exact solver.",
        needs("prop-1", (ASP,)),
    ),
    Claim(
        "prop-2",
        CHARACTERISATION,
        "Proposition 2",
        "With two identical items and three IID agents the optimal SPM may need adaptive prices.",
        "static prices < optimum",
        "Exact solver, every kind of order.",
        needs("prop-2", (PSP_STATIC_ORDER, PSP), STATIC_ORDER),
    ),
    Claim(
        "prop-3",
        CHARACTERISATION,
        "Proposition 3",
        "With correlated values the order may have to be adaptive even where anonymous static prices suffice.",
        "static order < optimum = anonymous static prices",
        "Exact solver: all prices with a static order, one price with an adaptive order.",
        needs("prop-3", (STATIC_ORDER,), ASP),
    ),
    Claim(
        "footnote-1",
        CHARACTERISATION,
        "Footnote 1",
        "Anonymous and personalised static prices can both gain from an adaptive order.",
        "static order < adaptive order",
        "Exact solver on Proposition 3's setting.",
        needs("prop-3", (ASP_STATIC_ORDER, PSP_STATIC_ORDER), ASP),
    ),
    Claim(
        "prop-4",
        CHARACTERISATION,
        "Proposition 4",
        "With independent values and identical items both adaptive order and adaptive prices may be needed.",
        "either alone < both",
        "Exact solver.",
        needs("prop-4", (STATIC_ORDER, PSP), SPM),
    ),
    Claim(
        "prop-4-rounds",
        CHARACTERISATION,
        "after Proposition 4",
        "It is optimal to visit others, one or two, before the agent with the higher floor and ceiling.",
        "described = optimum",
        "That mechanism is evaluated exactly.",
        prop_4_rounds,
    ),
    Claim(
        "prop-9",
        FULL_VERSION,
        "Proposition 9",
        "With different items an adaptive order can be needed although values are independent.",
        "static order < optimum",
        "Exact solver.",
        needs("prop-9", (STATIC_ORDER,), PSP),
    ),
)
