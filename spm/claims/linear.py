"""Proposition 7: linear policies are not enough."""

from __future__ import annotations

from spm.claims.claim import FULL_VERSION, LEARNING, Claim, Finding, judge, shown
from spm.claims.evidence import Evidence
from spm.constructions import prop_7
from spm.finite import chance, model, surely
from spm.settings import Setting, finite
from spm.theory.linear import check_linear
from spm.theory.scores import with_interaction


def other_items_alone() -> Setting:
    """Return Proposition 7's setting with the same four outcomes, but other items held alone than jointly.

    Alone, Alice or Bob gets item 1; jointly they hold 1 and 2 either way; and both may want item 1.
    """
    nothing, one, two = surely([0, 0, 0]), surely([10, 0, 0]), surely([0, 10, 0])
    gamble, safe = chance("1/10", [0, 0, 10], [0, 0, 0]), surely([0, 0, 5])
    even = [(one, two), (two, one), (nothing, nothing)]
    odd = [(one, one), (one, nothing), (nothing, one)]
    worlds = [("1/6", [*pair, gamble, safe]) for pair in even]
    worlds += [("1/6", [*pair, safe, gamble]) for pair in odd]
    values = model({"Alice": 1, "Bob": 1, "Carl": 1, "Dan": 1}, worlds)
    items = {"item 1": 1, "item 2": 1, "item 3": 1}
    return finite("other-items", "Proposition 7 with other items held alone", items, values)


def proposition(_: Evidence) -> Finding:
    """Prove every optimal score system infeasible by exact certificates."""
    check = check_linear(prop_7())
    control = check_linear(prop_7(), with_interaction)
    ours = (
        f"{check.infeasible} of {check.systems} score systems infeasible, {check.solved} solved; with one product "
        f"of features {control.solved} of {control.systems} solved"
    )
    refutation = f"{check.solved} of {check.systems} score systems have a linear solution."
    return judge(check.infeasible == check.systems, "", refutation, ours)


def four_outcomes(_: Evidence) -> Finding:
    """Look for linear policies in both settings in which the four outcomes occur."""
    plain, other = check_linear(prop_7()), check_linear(other_items_alone())
    reached = other.value is not None and other.value == other.optimum
    correction = (
        f"The four outcomes alone are not enough: if other items are held alone than jointly, a linear policy "
        f"reaches the optimum {shown(other.optimum)}, since each item has a weight of its own. The argument needs "
        "the same items held jointly and alone, as in our construction."
    )
    ours = f"linear policies reach the optimum: no with the same items, {'yes' if reached else 'no'} with others"
    refutation = "Linear policies are enough in both settings."
    return judge(plain.solved == 0, correction if reached else "", refutation, ours)


CLAIMS = (
    Claim(
        "prop-7",
        LEARNING,
        "Proposition 7",
        "There is a setting where no linear policy on allocation matrix and agents left is optimal.",
        "no linear optimal policy",
        "Every score system of an optimal SPM is refuted by multipliers verified in rational numbers.",
        proposition,
    ),
    Claim(
        "prop-7-construction",
        FULL_VERSION,
        "Proposition 7, proof",
        "It is enough that Alice and Bob both, either, or neither hold an item and the better next agent "
        "depends on "
        "the exclusive or.",
        "exclusive or of two purchases is not linear",
        "Two settings with these four outcomes are searched for linear optimal policies.",
        four_outcomes,
    ),
)
