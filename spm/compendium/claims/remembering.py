"""Propositions 5 to 7: where agents left, or agents and items left, are enough, and linear scores are not."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import pandas as pd

from spm.compendium.claims.claim import FULL_VERSION, LEARNING, Finding, alike, computed, judge
from spm.compendium.claims.solved import PSP_STATIC_ORDER, shown, value
from spm.compendium.record.kept import kept
from spm.compendium.theory import memory, propositions
from spm.compendium.theory.linear import check_linear, other_items_alone
from spm.compendium.theory.scores import with_interaction
from spm.exact import Solver, evaluate_tree
from spm.settings import finite_setting, model, prop_7, uniform

FOOTNOTE_A, FOOTNOTE_B = (5, 1), (10, 0)
UNATTAINED = Fraction(1, 1000)
"""How close the prices played must come to a least upper bound."""


@cache
def forgetting() -> pd.DataFrame:
    """Return what forgetting costs (:func:`spm.compendium.theory.memory.cost_of_forgetting`)."""
    return kept(memory.cost_of_forgetting)


def best_on(setting: str, order: str = "any") -> dict[str, Fraction]:
    """Return the optimum, what the best policy on either statistic earns, and the loss of the second one.

    >>> best_on("ID")["loss"], best_on("ID", "agents 1 to 3 first")["loss"]
    (Fraction(0, 1), Fraction(5, 4))
    """
    table = forgetting()
    row = table[(table["setting"] == setting) & (table["order"] == order)].iloc[0]
    return {name: Fraction(row[name]) for name in ("optimum", "allocation", "items-agents-left", "loss")}


@computed("prop-5", LEARNING, "Proposition 5")
def independent_values() -> Finding:
    """With independent values, for welfare or revenue, agents and items left suffice for an optimal policy.

    agents and items left = full history

    300 random settings are solved exactly, over whole histories and over agents and items left.
    """
    return alike(kept(propositions.check_proposition_5)["equal"], "random settings")


@computed("prop-5-revenue", LEARNING, "Proposition 5, revenue")
def revenue_supremum() -> Finding:
    """For revenue, too, an optimal policy exists.

    optimum attained

    A setting with two types is solved exactly and its mechanism played at its actual prices.
    """
    values = model({"agent": 1}, [(1, [uniform([1, 2], [1, 0])])])
    setting = finite_setting("two-types", "Two types", {"a": 1, "b": 1}, values, objective="revenue")
    solver = Solver(setting)
    best, earned = solver.value(), evaluate_tree(setting, solver.tree())
    correction = (
        "With several types an optimal revenue need not be attained. Take one agent and two types, worth (1, 2) "
        f"or (1, 0) with equal chances. The least upper bound is {shown(best)}; she must be undercut strictly to "
        f"prefer the second type, so any prices earn less ({float(best - earned):.1e} less at those used). The "
        "statement holds for the least upper bound."
    )
    refutation = f"The prices found earn {shown(earned)}, the optimum is {shown(best)}."
    approached = earned <= best <= earned + UNATTAINED
    return judge(approached, correction if earned < best else "", refutation, shown(best))


@computed("footnote-3-numbers", LEARNING, "Footnote 3")
def footnote_numbers() -> Finding:
    """With 2 secured the safe action is better, with 10 secured the risky one.

    a > b at 2, b > a at 10

    Expected minima of both actions as fractions.
    """

    def worth(lottery: tuple[int, int], secured: int) -> Fraction:
        return Fraction(sum(min(secured, x) for x in lottery), len(lottery))

    (a_2, b_2), (a_10, b_10) = ([worth(x, s) for x in (FOOTNOTE_A, FOOTNOTE_B)] for s in (2, 10))
    ours = f"2 secured: a {a_2}, b {b_2}; 10 secured: a {a_10}, b {b_10}"
    return judge(a_2 > b_2 and b_10 > a_10, "", "The better action does not change.", ours)


def losing(name: str) -> Finding:
    """Return whether agents and items left lose something in a setting of :func:`forgetting`."""
    row = best_on(name)
    ours = f"optimum {shown(row['optimum'])}, agents and items left {shown(row['items-agents-left'])}"
    return judge(row["loss"] > 0, "", "Agents and items left lose nothing there.", ours)


@computed("footnote-3", LEARNING, "Footnote 3, after Proposition 5")
def footnote_instance() -> Finding:
    """For max-min fairness agents and items left do not suffice, even with independent values.

    agents and items left < full history

    The best policy on agents and items left is found exactly in an instance of the footnote.
    """
    return losing("Max-min (footnote 3)")


@computed("prop-6", LEARNING, "Proposition 6")
def agents_left_alone() -> Finding:
    """Policies that see only the agents left are static, possibly personalised, prices in a static order.

    same set of mechanisms

    All policies and all static mechanisms of small sizes are run on all profiles.
    """
    best, static = value("prop-6"), value("prop-6", PSP_STATIC_ORDER)
    more = f"; they may lose: {shown(static)} against {shown(best)}"
    return alike(kept(propositions.check_proposition_6)["equal"], "sizes", more)


@computed("prop-7", LEARNING, "Proposition 7")
def linear_scores() -> Finding:
    """There is a setting where no linear policy on allocation matrix and agents left is optimal.

    no linear optimal policy

    Every score system of an optimal SPM is refuted by multipliers verified in rational numbers.
    """
    check, control = check_linear(prop_7()), check_linear(prop_7(), with_interaction)
    ours = (
        f"{check.infeasible} of {check.systems} score systems infeasible, {check.solved} solved; with one product "
        f"of features {control.solved} of {control.systems} solved"
    )
    refutation = f"{check.solved} of {check.systems} score systems have a linear solution."
    return judge(check.infeasible == check.systems, "", refutation, ours)


@computed("prop-7-construction", FULL_VERSION, "Proposition 7, proof")
def four_outcomes() -> Finding:
    """It is enough that Alice and Bob both, either, or neither hold an item and the better next agent depends on
    the exclusive or.

    exclusive or of two purchases is not linear

    Two settings with these four outcomes are searched for linear optimal policies.
    """
    plain, other = check_linear(prop_7()), check_linear(other_items_alone())
    reached = other.value is not None and other.value == other.optimum
    correction = (
        "The four outcomes alone are not enough: if other items are held alone than jointly, a linear policy "
        f"reaches the optimum {shown(other.optimum)}, since each item has a weight of its own. The argument needs "
        "the same items held jointly and alone, as in our construction."
    )
    ours = f"linear policies reach the optimum: no with the same items, {'yes' if reached else 'no'} with others"
    refutation = "Linear policies are enough in both settings."
    return judge(plain.solved == 0, correction if reached else "", refutation, ours)
