"""How claims about learned curves are judged.

*A beats B* is what :data:`spm.compendium.report.compare.BEATS` says, of the kept seeds. *A is optimal* if its
mean is within half a percent of the optimum. A claim that holds only for policies that choose among groups of
exchangeable agents (:mod:`spm.compendium.report.evidence`), not for the paper's scores, is confirmed with a
correction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from spm.compendium.claims.claim import CONFIRMED, CORRECTED, NOT_CONFIRMED, Claim, Find, Finding, paragraphs
from spm.compendium.record.grid import STATIC
from spm.compendium.report.compare import ROUNDING, Interval, compare, contrast, of_mean
from spm.compendium.report.evidence import ADAPTIVE, GROUPS, SCORES, Evidence
from spm.compendium.report.tables import NAMES, title

TOLERANCE = 0.005
"""What is within this share of the optimum counts as optimal."""
ASP_CURVE, PSP_CURVE = STATIC
ITEMS, ALLOCATION, PRICES_CURVE = ADAPTIVE
BEST_PSP, RSD_LINE = "personalised_static", "rsd"

MEANS = "Difference of the kept seeds' mean objectives, 95% interval (Welch; Student where one is computed)."
AREAS = "Difference of the mean heights of the kept seeds' learning curves, 95% interval (Welch)."
LEADS = "Leads in mean height, as shares of what can be gained over RSD, 95% interval of their difference (Welch)."


class Part(NamedTuple):
    """One comparison of a claim.

    Attributes:
        label: what is compared.
        interval: the difference, or the share of the optimum.
        holds: whether it is as claimed.
        text: the number.
        bounds: its interval.
    """

    label: str
    interval: Interval
    holds: bool
    text: str
    bounds: str


class Comparison(NamedTuple):
    """A comparison to be made.

    Attributes:
        how: how it is made, in one sentence.
        find: from the evidence and a variant to what was found.
    """

    how: str
    find: Callable[[Evidence, str], Part]


def positive(label: str, found: Interval) -> Part:
    """Return the comparison that claims a difference above 0.

    >>> positive("A against B", Interval(0.2, -0.1, 0.5)).holds
    False
    """
    return Part(label, found, found.is_positive, f"{found.mean:+.4f}", found.bounds)


def beats(panel: str, better: str, worse: str) -> Comparison:
    """Return the comparison of two final means: statistics, or keys of the panel's benchmark."""

    def find(evidence: Evidence, variant: str) -> Part:
        samples = (evidence.sample(panel, name, variant) for name in (better, worse))
        return positive(against(panel, better, worse), compare(*samples))

    return Comparison(MEANS, find)


def faster(panel: str, better: str, worse: str) -> Comparison:
    """Return the comparison of the mean heights of two learning curves."""

    def find(evidence: Evidence, variant: str) -> Part:
        areas = (evidence.areas(panel, name, variant) for name in (better, worse))
        return positive(against(panel, better, worse), compare(*areas))

    return Comparison(AREAS, find)


def faster_there(panel: str, other: str, better: str, worse: str) -> Comparison:
    """Return the comparison of two panels: is the lead of a curve over another larger in the first?

    A lead is the difference of mean heights as a share of what can be gained over random serial dictatorship.
    """

    def find(evidence: Evidence, variant: str) -> Part:
        terms = [
            (sign / evidence.gain(place), evidence.areas(place, name, variant))
            for place, outer in ((panel, 1.0), (other, -1.0))
            for name, sign in ((better, outer), (worse, -outer))
        ]
        return positive(f"{title(panel)} against {title(other)}", contrast(terms))

    return Comparison(LEADS, find)


def optimal(panel: str, statistics: Sequence[str], end: str = "upper", tolerance: float = TOLERANCE) -> Comparison:
    """Return the comparison of the best of some learned curves with the optimum, an end of the panel's bracket.

    >>> optimal("id", ["allocation"]).how
    "Best learned curve's mean as a share of the optimum (upper end of its bracket); at least 99.5 %."
    """

    def find(evidence: Evidence, variant: str) -> Part:
        target = float(evidence.benchmark(panel)[end])
        samples = {name: evidence.sample(panel, name, variant) for name in statistics}
        name = max(samples, key=lambda one: samples[one].mean())
        share = of_mean(samples[name] / target)
        bounds = f"[{100 * share.low:.2f} %, {100 * share.high:.2f} %]"
        text = f"{100 * share.mean:.2f} % of the optimum ({name})"
        return Part(title(panel), share, share.mean >= 1 - tolerance, text, bounds)

    share = f"share of the optimum ({end} end of its bracket); at least {100 * (1 - tolerance):g} %"
    return Comparison(f"Best learned curve's mean as a {share}.", find)


def against(panel: str, better: str, worse: str) -> str:
    """Return what is compared, in words.

    >>> against("id", "allocation", "rsd")
    'ID, Allocation against RSD'
    """
    return f"{title(panel)}, {NAMES[better]} against {NAMES[worse]}"


def curve_claim(id: str, section: str, place: str, text: str, paper: str, *comparisons: Comparison) -> Claim:
    """Return the claim that all comparisons are as the paper says, for scores or else for groups."""
    how = " ".join(dict.fromkeys(one.how for one in comparisons))
    return Claim(id, section, place, learned(*comparisons), text, paper, how)


def compared(id: str, section: str, place: str) -> Callable[[Callable[[], Iterable[Comparison]]], Claim]:
    """Return the decorator that makes a claim of a function that lists comparisons.

    Its docstring has two paragraphs: what is claimed, and the claim as a relation.
    """

    def claim(chosen: Callable[[], Iterable[Comparison]]) -> Claim:
        text, paper = paragraphs(chosen)
        return curve_claim(id, section, place, text, paper, *chosen())

    return claim


def learned(*comparisons: Comparison) -> Find:
    """Return the check that all comparisons are as claimed, for scores or else for groups."""

    def find(evidence: Evidence) -> Finding:
        scores, groups = ([one.find(evidence, variant) for one in comparisons] for variant in (SCORES, GROUPS))
        if all(part.holds for part in scores):
            return _finding(CONFIRMED, scores)
        if all(part.holds for part in groups):
            text = (
                f"With the paper's policy it does not hold: {_failing(scores)}. It holds with the policy that "
                "chooses among groups of exchangeable agents."
            )
            return _finding(CORRECTED, groups, text)
        text = f"Not as claimed: {_failing(scores)}."
        text += f" Nor with the variant {GROUPS}: {_failing(groups)}." if groups != scores else ""
        return _finding(NOT_CONFIRMED, scores, text)

    return find


def _finding(verdict: str, parts: Sequence[Part], explanation: str = "") -> Finding:
    numbers = "; ".join(f"{part.label} {part.text}" for part in parts)
    return Finding(verdict, numbers, "; ".join(part.bounds for part in parts), explanation)


def _failing(parts: Sequence[Part]) -> str:
    """Every failing comparison with the reason."""
    failed = (part for part in parts if not part.holds)
    return "; ".join(f"{part.label} {part.text} {part.bounds}, {_reason(part)}" for part in failed)


def _reason(part: Part) -> str:
    """Why a comparison fails: the reverse holds, nothing can be said, or it falls short."""
    if "of the optimum" in part.text:
        return "short of the optimum"
    if max(-part.interval.low, part.interval.high) <= ROUNDING:
        return "no difference"
    return "the reverse holds" if part.interval.is_negative else "undecided, as the interval contains 0"
