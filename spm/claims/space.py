"""Theorem 1: the allocation matrix suffices, and how much space it takes."""

from __future__ import annotations

from math import comb, log2

from spm.claims.claim import LEARNING, Claim, Finding, judge, shown
from spm.claims.evidence import Evidence
from spm.claims.remembering import best_on, forgetting
from spm.kept import kept
from spm.theory import memory

ENCODED = (16, 256, 4096)
"""Numbers of agents for which encodings of the history with a single item are counted."""


def theorem_1_sufficiency(_: Evidence) -> Finding:
    """Solve for the best policy on the allocation matrix, whatever the objective."""
    table = forgetting()
    losses = table["optimum"] - table["allocation"]
    ours = f"loss {shown(max(losses))} in {len(table)} cases, welfare and max-min"
    return judge(bool((losses == 0).all()), "", f"The allocation matrix loses {shown(max(losses))}.", ours)


def theorem_1_bound(_: Evidence) -> Finding:
    """Count the matchings that optimal policies must tell apart."""
    table = kept(memory.required_memory)
    told = (table["continuations"] == table["matchings"]).all()
    large = table[table["m"] > 2 * table["n"]]
    ratio = (large["bits"] / large["min log max"]).min()
    ours = f"{', '.join(map(str, table['continuations']))} continuations; bits at least {ratio:.2f} min log max"
    refutation = "Some matchings allow the same continuation."
    return judge(bool(told), "", refutation, ours)


def all_statistics(n_agents: int) -> int:
    """Return the number of pairs of allocation and agents left with a single item.

    >>> all_statistics(1)  # not visited, or visited with the item or without
    3
    """
    return sum(comb(n_agents, k) * 2 ** (n_agents - k) for k in (0, 1))


def statistics_of_policy(n_agents: int) -> int:
    """Return how many of these a given deterministic policy can reach: by visits made and who holds the item.

    >>> statistics_of_policy(1)
    3
    """
    return sum(1 + visited for visited in range(n_agents + 1))


def theorem_1_encoding(_: Evidence) -> Finding:
    """Count allocations with agents left, of all policies and of a single deterministic one, for one item."""
    free = [log2(all_statistics(n)) / log2(n) for n in ENCODED]
    given = [log2(statistics_of_policy(n)) / log2(n) for n in ENCODED]
    sizes = ", ".join(map(str, ENCODED))
    correction = (
        f"This takes the policy as known. The set of agents left alone can be any of 2^n: with one item and n = "
        f"{sizes} agents it takes {_list(free)} times log n bits, which is not bounded. For a given deterministic "
        f"policy, who is left follows from how many were visited and what they took: {_list(given)} times log n."
    )
    ours = f"one item, n = {sizes}: {_list(free)} times log n; given the policy {_list(given)}"
    bounded = given[-1] <= 2 * given[0]
    return judge(bounded, correction if free[-1] > 2 * free[0] else "", "The encoding is not bounded.", ours)


def _list(numbers: list[float]) -> str:
    return ", ".join(f"{number:.1f}" for number in numbers)


def items_left_fail(_: Evidence) -> Finding:
    """Solve for the best policy on agents and items left in Theorem 1's family."""
    row = best_on("Theorem 1, n = 2, m = 3")
    ours = f"optimum {shown(row['optimum'])}, agents and items left {shown(row['items-agents-left'])}"
    return judge(row["loss"] > 0, "", "Agents and items left lose nothing there.", ours)


CLAIMS = (
    Claim(
        "theorem-1-sufficiency",
        LEARNING,
        "Theorem 1",
        "The allocation matrix and the agents left suffice for an optimal policy, whatever the objective.",
        "allocation = full history",
        "The best policy on them is found exactly in four settings; the general argument is that a deterministic "
        "policy's history can be rebuilt from them.",
        theorem_1_sufficiency,
    ),
    Claim(
        "theorem-1-bound",
        LEARNING,
        "Theorem 1",
        "Optimal policies may need information of the order of min{n, m} log max{n, m}.",
        "one continuation for each matching",
        "In our family of settings the optimal continuations are solved for every matching and counted.",
        theorem_1_bound,
    ),
    Claim(
        "theorem-1-encoding",
        LEARNING,
        "after Theorem 1",
        "Allocation and agents left fit into that much space.",
        "O(min{n, m} log max{n, m}) bits",
        "The pairs of allocation and agents left are counted for one item and ever more agents.",
        theorem_1_encoding,
    ),
    Claim(
        "theorem-1-corollary",
        LEARNING,
        "after Theorem 1",
        "Agents and items left do not in general suffice with correlated values.",
        "agents and items left < full history",
        "The best policy on agents and items left is found exactly in Theorem 1's family.",
        items_left_fail,
    ),
)
