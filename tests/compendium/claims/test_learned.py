"""Claims about learned curves: numbers by hand, and verdicts on both sides of each threshold."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from made_up import BEST, evidence

from spm.compendium.claims.claim import CONFIRMED, CORRECTED, NOT_CONFIRMED
from spm.compendium.claims.learned import (
    AREAS,
    MEANS,
    Comparison,
    Part,
    beats,
    curve_claim,
    faster,
    faster_there,
    learned,
    optimal,
)
from spm.compendium.report.evidence import Evidence

HALF = 0.0024841  # 4.302653 * 0.001 / sqrt(3): Student's interval of three seeds 0.001 apart


def around(mean: float) -> list[float]:
    """Six seeds of which the three best have this mean and standard deviation 0.001."""
    return [mean, mean + 0.001, 0.0, mean - 0.001, 0.0, 0.0]


def of_id(scores: float, groups: float, other: Sequence[float] = (0.5, 0.5, 0.5)) -> Evidence:
    """ID with the allocation at these means, and ASP at the same in both variants."""
    ends = {("id", "scores", "allocation"): around(scores), ("id", "groups", "allocation"): around(groups)}
    return evidence(ends | {("id", variant, "none"): other for variant in ("scores", "groups")})


OVER_RSD = beats("id", "allocation", "rsd")


def found(comparison: Comparison, known: Evidence, variant: str = "scores") -> Part:
    return comparison.find(known, variant)


def test_a_difference_is_told_with_its_interval() -> None:
    part = found(OVER_RSD, of_id(0.5, 0.6))
    assert part.label == "ID, Allocation against RSD"
    assert (part.text, part.bounds) == ("+0.2000", "[+0.1975, +0.2025]")
    assert part.holds
    assert found(OVER_RSD, of_id(0.5, 0.6), "groups").text == "+0.3000"


@pytest.mark.parametrize(("gap", "holds"), [(1.1, True), (0.9, False), (-1.1, False)])
def test_a_curve_beats_a_benchmark_if_the_interval_lies_above_0(gap: float, holds: bool) -> None:
    assert found(OVER_RSD, of_id(0.3 + gap * HALF, 0.6)).holds == holds


def test_scores_suffice() -> None:
    finding = learned(OVER_RSD, beats("id", "allocation", "none"))(of_id(0.6, 0.1))
    assert finding.verdict == CONFIRMED
    assert finding.ours == "ID, Allocation against RSD +0.3000; ID, Allocation against ASP +0.1000"
    assert finding.interval == "[+0.2975, +0.3025]; [+0.0975, +0.1025]"
    assert finding.explanation == ""


def test_what_holds_with_groups_only_is_corrected() -> None:
    finding = learned(OVER_RSD)(of_id(0.2, 0.6))
    assert finding.verdict == CORRECTED
    assert (finding.ours, finding.interval) == ("ID, Allocation against RSD +0.3000", "[+0.2975, +0.3025]")
    assert finding.explanation == (
        "With the paper's policy it does not hold: ID, Allocation against RSD -0.1000 [-0.1025, -0.0975], the "
        "reverse holds. It holds with the policy that chooses among groups of exchangeable agents."
    )


def test_what_holds_with_neither_is_not_confirmed() -> None:
    finding = learned(OVER_RSD)(of_id(0.2, 0.3))
    assert finding.verdict == NOT_CONFIRMED
    assert (finding.ours, finding.interval) == ("ID, Allocation against RSD -0.1000", "[-0.1025, -0.0975]")
    assert finding.explanation == (
        "Not as claimed: ID, Allocation against RSD -0.1000 [-0.1025, -0.0975], the reverse holds. Nor with the "
        "variant groups: ID, Allocation against RSD +0.0000 [-0.0025, +0.0025], undecided, as the interval "
        "contains 0."
    )


def test_groups_that_do_worse_than_scores_are_told_too() -> None:
    finding = learned(OVER_RSD)(of_id(0.2, 0.1))
    assert finding.ours == "ID, Allocation against RSD -0.1000"
    assert "Nor with the variant groups: ID, Allocation against RSD -0.2000" in finding.explanation


def test_what_both_variants_say_alike_is_told_once() -> None:
    finding = learned(beats("id", "rsd", "rsd"))(of_id(0.2, 0.3))
    assert finding.verdict == NOT_CONFIRMED
    assert finding.explanation == (
        "Not as claimed: ID, RSD against RSD +0.0000 [+0.0000, +0.0000], no difference."
    )


def test_every_comparison_must_hold_and_only_what_fails_is_explained() -> None:
    finding = learned(OVER_RSD, beats("id", "allocation", "first_best"))(of_id(0.6, 0.6))
    assert finding.verdict == NOT_CONFIRMED
    assert "against RSD" in finding.ours
    assert "against RSD" not in finding.explanation
    assert "ID, Allocation against First best -0.3000" in finding.explanation


@pytest.mark.parametrize(
    ("mean", "end", "tolerance", "holds"),
    [
        (0.8, "upper", 0.005, True),
        (0.797, "upper", 0.005, True),  # 99.6 %
        (0.795, "upper", 0.005, False),  # 99.4 %
        (0.797, "lower", 0.005, True),
        (0.6, "lower", 0.0, False),
        (0.75, "lower", 0.0, True),  # the lower end is 0.75
        (0.75, "upper", 0.05, False),
    ],
)
def test_what_is_within_the_tolerance_of_the_optimum_is_optimal(
    mean: float, end: str, tolerance: float, holds: bool
) -> None:
    ends = {("id", "scores", "allocation"): [mean] * 3, ("id", "scores", "none"): [0.5] * 3}
    known = evidence(ends, best={"id": BEST | {"lower": 0.75, "upper": 0.8}})
    part = found(optimal("id", ("none", "allocation"), end, tolerance), known)
    assert part.holds == holds
    assert part.label == "ID"
    assert part.text == f"{100 * mean / (0.8 if end == 'upper' else 0.75):.2f} % of the optimum (allocation)"


def test_the_share_of_the_optimum_has_students_interval() -> None:
    part = found(optimal("id", ("allocation",)), of_id(0.6, 0.6))
    assert part.text == "75.00 % of the optimum (allocation)"
    assert part.bounds == "[74.69 %, 75.31 %]"  # 0.6 ± 0.00248 of 0.8
    failed = learned(optimal("id", ("allocation",)))(of_id(0.6, 0.6))
    assert failed.verdict == NOT_CONFIRMED
    assert failed.explanation.endswith("[74.69 %, 75.31 %], short of the optimum.")


def test_half_a_percent_is_the_tolerance_unless_told_otherwise() -> None:
    assert optimal("id", ("allocation",)).how.endswith("at least 99.5 %.")
    curve = {("id", "scores", "allocation"): [0.7959] * 3}  # 99.49 %
    assert not found(optimal("id", ("allocation",)), evidence(curve)).holds
    curve = {("id", "scores", "allocation"): [0.7961] * 3}  # 99.51 %
    assert found(optimal("id", ("allocation",)), evidence(curve)).holds


def test_who_learns_faster_is_told_by_the_mean_height_of_the_curve() -> None:
    """Curves rise in a straight line from 0, so that their mean height is half of where they end."""
    part = found(faster("id", "allocation", "none"), of_id(0.6, 0.6))
    assert (part.label, part.text) == ("ID, Allocation against ASP", "+0.0500")
    assert part.bounds == "[+0.0488, +0.0512]"  # half of 0.00248
    assert part.holds
    assert not found(faster("id", "none", "allocation"), of_id(0.6, 0.6)).holds


@pytest.mark.parametrize(("end", "text", "holds"), [(0.6, "+0.1000", True), (0.4, "-0.1000", False)])
def test_leads_in_two_panels_are_shares_of_what_can_be_gained(end: float, text: str, holds: bool) -> None:
    """ID: half of end - 0.3, of a gain of 0.5. Colors: half of 0.4 - 0.3, of a gain of 0.25."""
    ends = {
        ("id", "scores", "allocation"): [end] * 3,
        ("id", "scores", "none"): [0.3] * 3,
        ("colors", "scores", "allocation"): [0.4] * 3,
        ("colors", "scores", "none"): [0.3] * 3,
    }
    known = evidence(ends, best={"colors": BEST | {"upper": 0.55}})
    part = found(faster_there("id", "colors", "allocation", "none"), known)
    assert part.label == "ID against Colors"
    assert (part.text, part.holds) == (text, holds)


def test_a_claim_says_once_how_each_kind_of_comparison_is_made() -> None:
    made = curve_claim("a", "b", "c", "d", "e", OVER_RSD, faster("id", "allocation", "none"), OVER_RSD)
    assert made.check == f"{MEANS} {AREAS}"
