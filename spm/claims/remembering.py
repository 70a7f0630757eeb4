"""Propositions 5 and 6: where agents left, or agents and items left, are enough."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import pandas as pd

from spm.claims.claim import LEARNING, Claim, Finding, judge, shown
from spm.claims.evidence import Evidence
from spm.claims.solved import PSP_STATIC_ORDER, value
from spm.constructions import prop_5
from spm.exact import Solver, evaluate_tree
from spm.finite import model, uniform
from spm.kept import kept
from spm.settings import finite
from spm.theory import memory, propositions
from spm.theory.restricted import best_restricted

FOOTNOTE_A, FOOTNOTE_B = (5, 1), (10, 0)


@cache
def forgetting() -> pd.DataFrame:
    """Return what forgetting costs (:func:`spm.theory.memory.cost_of_forgetting`)."""
    return kept(memory.cost_of_forgetting)


def best_on(setting: str, order: str = "any") -> dict[str, Fraction]:
    """Return the optimum, what the best policy on either statistic earns, and the loss of the second one."""
    table = forgetting()
    row = table[(table["setting"] == setting) & (table["order"] == order)].iloc[0]
    return {name: Fraction(row[name]) for name in ("optimum", "allocation", "items-agents-left", "loss")}


def prop_5_claim(_: Evidence) -> Finding:
    """Solve random settings over whole histories and over agents and items left."""
    table = kept(propositions.check_proposition_5)
    equal = int(table["equal"].sum())
    ours = f"equal in {equal} of {len(table)} random settings"
    return judge(equal == len(table), "", f"Not equal in {len(table) - equal} settings.", ours)


def revenue_supremum(_: Evidence) -> Finding:
    """Solve a revenue setting with two types and play the mechanism's actual prices."""
    values = model({"agent": 1}, [(1, [uniform([1, 2], [1, 0])])])
    setting = finite("two-types", "Two types", {"a": 1, "b": 1}, values, objective="revenue")
    solver = Solver(setting)
    best, earned = solver.value(), evaluate_tree(setting, solver.tree())
    correction = (
        f"With several types an optimal revenue need not be attained: one agent, two types, (1, 2) or (1, 0) with "
        f"equal chances. The least upper bound is {shown(best)}; she must be undercut strictly to prefer the "
        f"second "
        f"type, so any prices earn less ({float(best - earned):.1e} less at those used). The statement holds for "
        "the least upper bound."
    )
    return judge(
        earned <= best, correction if earned < best else "", "More is earned than the optimum.", shown(best)
    )


def footnote_3_numbers(_: Evidence) -> Finding:
    """Compute the expected minimum of both actions with 2 and with 10 secured."""

    def worth(lottery: tuple[int, int], secured: int) -> Fraction:
        return Fraction(sum(min(secured, x) for x in lottery), len(lottery))

    (a_2, b_2), (a_10, b_10) = ([worth(x, s) for x in (FOOTNOTE_A, FOOTNOTE_B)] for s in (2, 10))
    ours = f"2 secured: a {a_2}, b {b_2}; 10 secured: a {a_10}, b {b_10}"
    return judge(a_2 > b_2 and b_10 > a_10, "", "The better action does not change.", ours)


def footnote_3(_: Evidence) -> Finding:
    """Solve for the best policy on agents and items left in an instance of the footnote."""
    best = best_restricted(prop_5(), "items-agents-left")
    ours = f"optimum {shown(best.optimum)}, agents and items left {shown(best.value)}: loss {shown(best.loss)}"
    return judge(best.loss > 0, "", "Agents and items left lose nothing in our instance.", ours)


def prop_6(_: Evidence) -> Finding:
    """Enumerate policies on agents left and static mechanisms, and compare the sets of what they do."""
    table = kept(propositions.check_proposition_6)
    equal = int(table["equal"].sum())
    best, static = value("prop-6"), value("prop-6", PSP_STATIC_ORDER)
    ours = (
        f"same mechanisms in {equal} of {len(table)} sizes; they may lose: {shown(static)} against {shown(best)}"
    )
    return judge(equal == len(table), "", f"The sets differ in {len(table) - equal} sizes.", ours)


CLAIMS = (
    Claim(
        "prop-5",
        LEARNING,
        "Proposition 5",
        "With independent values, for welfare or revenue, agents and items left suffice for an optimal policy.",
        "agents and items left = full history",
        "300 random settings are solved exactly both ways.",
        prop_5_claim,
    ),
    Claim(
        "prop-5-revenue",
        LEARNING,
        "Proposition 5, revenue",
        "There is an optimal policy for revenue to be determined.",
        "optimum attained",
        "A setting with two types is solved exactly and its mechanism played at its actual prices.",
        revenue_supremum,
    ),
    Claim(
        "footnote-3-numbers",
        LEARNING,
        "Footnote 3",
        "With 2 secured the safe action is better, with 10 secured the risky one.",
        "a > b at 2, b > a at 10",
        "Expected minima as fractions.",
        footnote_3_numbers,
    ),
    Claim(
        "footnote-3",
        LEARNING,
        "Footnote 3, after Proposition 5",
        "For max-min fairness agents and items left do not suffice, even with independent values.",
        "agents and items left < full history",
        "The best policy on agents and items left is found exactly in an instance of the footnote.",
        footnote_3,
    ),
    Claim(
        "prop-6",
        LEARNING,
        "Proposition 6",
        "Policies that see the agents left alone are static, possibly personalised, prices in a static order.",
        "same set of mechanisms",
        "All policies and all static mechanisms of small sizes are run on all profiles.",
        prop_6,
    ),
)
