"""Theorem 1 and Corollaries 1 to 3: allocation and agents left suffice, and how much space they take."""

from __future__ import annotations

from functools import cache

import pandas as pd

from spm.compendium.claims.claim import FULL_VERSION, LEARNING, Finding, computed, judge
from spm.compendium.claims.remembering import forgetting, losing
from spm.compendium.claims.solved import shown
from spm.compendium.record.kept import kept
from spm.compendium.theory import memory

CONSTANT = 2
"""How many times the stated bound counts as "of its order"; the counting argument gives no more."""
COUNTED = tuple((n, m) for n in range(1, 5) for m in range(1, 5))
"""Sizes at which formulas are compared with lists of all cases."""


@cache
def matchings() -> pd.DataFrame:
    """Return the continuations in Theorem 1's family (:func:`spm.compendium.theory.memory.required_memory`)."""
    return kept(memory.required_memory)


@computed("theorem-1-sufficiency", LEARNING, "Theorem 1")
def allocation_suffices() -> Finding:
    """The allocation matrix and the agents left suffice for an optimal policy, whatever the objective.

    allocation = full history

    The best policy on them is found exactly in four settings.
    """
    table = forgetting()
    losses = table["optimum"] - table["allocation"]
    ours = f"loss {shown(max(losses))} in {len(table)} cases, welfare and max-min"
    return judge(bool((losses == 0).all()), "", f"The allocation matrix loses {shown(max(losses))}.", ours)


@computed("theorem-1-bound", LEARNING, "Theorem 1")
def matchings_told_apart() -> Finding:
    """Optimal policies may need information of the order of min{n, m} log max{n, m}.

    one continuation for each matching

    In our family of settings the optimal continuations are solved for every matching and counted.
    """
    counts = ", ".join(map(str, matchings()["continuations"]))
    told, least = _needed()
    ours = f"{counts} continuations; bits at least {least:.2f} min log max"
    return judge(told, "", "Some matchings allow the same continuation.", ours)


def _needed() -> tuple[bool, float]:
    """Whether every matching needs a continuation of its own; the least ratio of bits to the bound for m > 2n."""
    table = matchings()
    large = table[table["m"] > 2 * table["n"]]
    told = bool((table["continuations"] == table["matchings"]).all())
    return told, float((large["bits"] / large["min log max"]).min())


def _fits(bound: str, needed: bool = True, below: str = "") -> Finding:
    """Whether allocation and agents left take at most :data:`CONSTANT` times as many bits as a bound says.

    Args:
        bound: a column of :func:`spm.compendium.theory.memory.space`.
        needed: whether so many are needed as well, where that is claimed.
        below: how many are needed, in words.
    """
    table = memory.space()
    free, given = ((table[column] / table[bound]).max() for column in ("any policy", "one policy"))
    formulas = {size: (memory.holdings(*size), memory.holdings_of_policy(*size)) for size in COUNTED}
    wrong = [size for size, counts in formulas.items() if counts != memory.count_by_hand(*size)]
    correction = (
        "This takes the policy as known. The set of agents left alone can be any of 2^n, so all pairs of it and "
        f"an allocation take up to {free:.1f} times {bound} bits. Under one deterministic policy, who is left "
        f"follows from how many were visited and what they took: up to {given:.1f} times."
    )
    ours = f"up to {free:.1f} times {bound} bits; {given:.1f} times once the policy is known{below}"
    refutation = f"Up to {given:.1f} times {bound} bits{below}; formulas wrong at {wrong}."
    holds = needed and given <= CONSTANT and not wrong
    return judge(holds, correction if free > CONSTANT else "", refutation, ours)


@computed("theorem-1-encoding", LEARNING, "after Theorem 1")
def encoding() -> Finding:
    """Allocation and agents left fit into that much space.

    O(min{n, m} log max{n, m}) bits

    Pairs of allocation and agents left are counted for up to 1024 agents and items, all of them and those that one
    policy can meet; for up to 4 the formulas are compared with lists.
    """
    return _fits("min log max")


@computed("corollary-1", FULL_VERSION, "Corollary 1")
def space_in_agents() -> Finding:
    """With unit demand allocation and agents left take O(n log m) bits.

    O(n log m) bits

    Pairs of allocation and agents left are counted for up to 1024 agents and items, all of them and those that one
    policy can meet; for up to 4 the formulas are compared with lists.
    """
    return _fits("n log m")


@computed("corollary-2", FULL_VERSION, "Corollary 2")
def space_in_items() -> Finding:
    """With unit demand allocation and agents left take O(m log n) bits.

    O(m log n) bits

    Pairs of allocation and agents left are counted for up to 1024 agents and items, all of them and those that one
    policy can meet; for up to 4 the formulas are compared with lists.
    """
    return _fits("m log n")


@computed("corollary-3", FULL_VERSION, "Corollary 3")
def tight_space() -> Finding:
    """With unit demand both take Θ(min{n, m} log max{n, m}) bits: optimal policies may need as many.

    Θ(min{n, m} log max{n, m}) bits

    The same count bounds it from above, the matchings that optimal policies must tell apart from below.
    """
    told, least = _needed()
    below = f"; optimal policies need at least {least:.2f} times"
    return _fits("min log max", told and least >= 1 / CONSTANT, below)


@computed("theorem-1-corollary", LEARNING, "after Theorem 1")
def items_left_fail() -> Finding:
    """Agents and items left do not in general suffice with correlated values.

    agents and items left < full history

    The best policy on agents and items left is found exactly in Theorem 1's family.
    """
    return losing("Theorem 1, n = 2, m = 3")
