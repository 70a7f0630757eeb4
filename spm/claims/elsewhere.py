"""Claims that no computation here could settle: priority, and theorems of other work."""

from __future__ import annotations

from spm.claims.claim import CONTRIBUTION, NOT_TESTABLE, Claim, Find, Finding
from spm.claims.evidence import Evidence


def beyond(reason: str) -> Find:
    """Return the finding that a claim can't be tested here, and why."""

    def find(_: Evidence) -> Finding:
        return Finding(NOT_TESTABLE, "none", "none", reason)

    return find


NO_CHECK = "No computation on settings of ours could settle it."

CLAIMS = (
    Claim(
        "first-use",
        CONTRIBUTION,
        "Our contribution",
        "This is the first use of reinforcement learning to design indirect mechanisms.",
        "priority",
        NO_CHECK,
        beyond("A claim about the literature, not about mechanisms."),
    ),
    Claim(
        "sosp",
        CONTRIBUTION,
        "Introduction (Pycia and Troyan 2019)",
        "Sequential price mechanisms are essentially the strongly obviously strategyproof mechanisms.",
        "SPM = SOSP, essentially",
        NO_CHECK,
        beyond(
            "A theorem of other work about all mechanisms. That truthful choice is dominant in SPMs is "
            "checked under "
            "dominant-strategy."
        ),
    ),
    Claim(
        "np-hard-prices",
        CONTRIBUTION,
        "Introduction (Chen et al. 2014)",
        "Computing prices that maximise expected revenue is NP-hard with unit demand and several items.",
        "NP-hard",
        NO_CHECK,
        beyond("A complexity theorem of other work; exact values of small settings say nothing about it."),
    ),
    Claim(
        "np-hard-order",
        CONTRIBUTION,
        "Introduction (Agrawal et al. 2020)",
        "Computing the best order of visits for a single item is NP-hard.",
        "NP-hard",
        NO_CHECK,
        beyond("A complexity theorem of other work; exact values of small settings say nothing about it."),
    ),
    Claim(
        "homogeneous-items",
        CONTRIBUTION,
        "Related work (Klaus and Nichifor 2019)",
        "With homogeneous items SPMs satisfy many desirable properties besides strategyproofness.",
        "axioms hold",
        NO_CHECK,
        beyond("An axiomatic characterisation of other work; only strategyproofness is checked here."),
    ),
)
