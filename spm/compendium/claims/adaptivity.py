"""Propositions 1 to 4 and 9: which kinds of prices and order an optimal mechanism can't do without."""

from __future__ import annotations

from collections.abc import Iterable

from spm.compendium.claims.claim import (
    CHARACTERISATION,
    CONTRIBUTION,
    FULL_VERSION,
    Finding,
    computed,
    judge,
    shown,
)
from spm.compendium.claims.solved import (
    ASP,
    ASP_STATIC_ORDER,
    PSP,
    PSP_STATIC_ORDER,
    SPM,
    STATIC_ORDER,
    needs,
    value,
)
from spm.compendium.theory.described import PAPER_MECHANISMS
from spm.exact import Solver
from spm.settings import CONSTRUCTIONS, construction

SOLVED = tuple(name for name in CONSTRUCTIONS if name not in ("prop-5", "theorem-1"))
"""The constructions whose objective is welfare and that every cell of the taxonomy is solved for quickly."""


@computed(
    "static-falls-short",
    CONTRIBUTION,
    "Our contribution",
    "In all but the simplest settings, prices and order that follow past purchases raise welfare.",
    "SPM > best static mechanism",
)
def all_but_the_simplest() -> Finding:
    """Exact values of the best static prices with static order and of the optimal SPM, for every construction."""
    exceptions = [name for name in SOLVED if value(name, PSP_STATIC_ORDER) == value(name)]
    large = [name for name in exceptions if sum(construction(name).supply) > 1]
    better = len(SOLVED) - len(exceptions)
    ours = f"adaptivity pays in {better} of {len(SOLVED)} settings; not in {_titles(exceptions)}"
    correction = (
        "Several items and many agents do not make a setting need adaptivity: a static mechanism is optimal in "
        f"{_titles(large)}. What matters is whether purchases tell something or items get scarce."
        if large
        else ""
    )
    return judge(better > len(SOLVED) / 2, correction, "Adaptivity pays in a minority of settings.", ours)


def _titles(names: Iterable[str]) -> str:
    return ", ".join(construction(name).title for name in names) or "none"


@computed(
    "prop-1-prices",
    CHARACTERISATION,
    "Proposition 1, proof",
    "Price 2 for the first agent and 0 for the second is optimal.",
    "described = optimum = first best",
)
def two_then_nothing() -> Finding:
    """The mechanism is evaluated exactly and compared with the optimum and the first best."""
    best, ceiling, described = (
        value("prop-1"),
        Solver(construction("prop-1")).first_best,
        PAPER_MECHANISMS["prop-1"].value(),
    )
    ours = f"described {shown(described)}, optimum {shown(best)}, first best {shown(ceiling)}"
    refutation = f"The mechanism described earns {shown(described)}, the optimum is {shown(best)}."
    return judge(described == best == ceiling, "", refutation, ours)


@computed(
    "prop-4-rounds",
    CHARACTERISATION,
    "after Proposition 4",
    "It is optimal to visit others, one or two, before the agent with the higher floor and ceiling.",
    "described = optimum",
)
def others_first() -> Finding:
    """The mechanism that the intuition describes is evaluated exactly."""
    described, best = PAPER_MECHANISMS["prop-4"].value(), value("prop-4")
    ours = f"described {shown(described)}, optimum {shown(best)}"
    refutation = f"The mechanism described earns {shown(described)}, the optimum is {shown(best)}."
    return judge(described == best, "", refutation, ours)


ADAPTIVITY_CLAIMS = (
    all_but_the_simplest,
    computed(
        "prop-1",
        CHARACTERISATION,
        "Proposition 1",
        "With one item and two IID agents the optimal SPM may need personalised prices.",
        "anonymous < optimum",
        "Exact solver, every kind of order.",
    )(needs("prop-1", (ASP_STATIC_ORDER, ASP), PSP_STATIC_ORDER)),
    two_then_nothing,
    computed(
        "prop-1-order",
        CHARACTERISATION,
        "after Proposition 1",
        "An adaptive order does not remove the need for personalised prices there.",
        "anonymous with adaptive order < optimum",
        "Exact solver.",
    )(needs("prop-1", (ASP,))),
    computed(
        "prop-2",
        CHARACTERISATION,
        "Proposition 2",
        "With two identical items and three IID agents the optimal SPM may need adaptive prices.",
        "static prices < optimum",
        "Exact solver, every kind of order.",
    )(needs("prop-2", (PSP_STATIC_ORDER, PSP), STATIC_ORDER)),
    computed(
        "prop-3",
        CHARACTERISATION,
        "Proposition 3",
        "With correlated values the order may have to be adaptive even where anonymous static prices suffice.",
        "static order < optimum = anonymous static prices",
        "Exact solver: all prices with a static order, one price with an adaptive order.",
    )(needs("prop-3", (STATIC_ORDER,), ASP)),
    computed(
        "footnote-1",
        CHARACTERISATION,
        "Footnote 1",
        "Anonymous and personalised static prices can both gain from an adaptive order.",
        "static order < adaptive order",
        "Exact solver on Proposition 3's setting.",
    )(needs("prop-3", (ASP_STATIC_ORDER, PSP_STATIC_ORDER), ASP)),
    computed(
        "prop-4",
        CHARACTERISATION,
        "Proposition 4",
        "With independent values and identical items both adaptive order and adaptive prices may be needed.",
        "either alone < both",
        "Exact solver.",
    )(needs("prop-4", (STATIC_ORDER, PSP), SPM)),
    others_first,
    computed(
        "prop-9",
        FULL_VERSION,
        "Proposition 9",
        "With different items an adaptive order can be needed although values are independent.",
        "static order < optimum",
        "Exact solver.",
    )(needs("prop-9", (STATIC_ORDER,), PSP)),
)
