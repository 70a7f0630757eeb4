"""How claims about learned curves are judged.

*A beats B* is what :data:`spm.compendium.report.compare.BEATS` says, of the kept seeds. *A is optimal* if its
mean is within half a percent of the optimum. A claim that holds only for policies that choose among groups of
exchangeable agents (:mod:`spm.compendium.report.evidence`), not for the paper's scores, is confirmed with a
correction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from spm.compendium.claims.claim import CONFIRMED, CORRECTED, NOT_CONFIRMED, Find, Finding
from spm.compendium.record.grid import STATIC
from spm.compendium.report.compare import ROUNDING, Interval, compare, contrast, of_mean
from spm.compendium.report.evidence import ADAPTIVE, GROUPS, SCORES, Evidence
from spm.compendium.report.tables import NAMES, title

TOLERANCE = 0.005
"""What is within this share of the optimum counts as optimal."""
ASP_CURVE, PSP_CURVE = STATIC
ITEMS, ALLOCATION, PRICES_CURVE = ADAPTIVE
BEST_PSP, RSD_LINE = "personalised_static", "rsd"

MEANS = "Difference of the kept seeds' mean objectives, 95% interval (Welch)."
AREAS = "Difference of the mean heights of the kept seeds' learning curves, 95% interval (Welch)."
STATIC_GAIN = (
    "The kept seeds' mean objective minus the computed one of the best static prices, 95% interval (Student)."
)
SHARE = f"Best learned curve's mean as a share of the exact optimum; at least {100 * (1 - TOLERANCE):g} %."
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


Comparison = Callable[[Evidence, str], Part]
"""From the evidence and a variant to what was found."""


def positive(label: str, found: Interval) -> Part:
    """Return the comparison that claims a difference above 0."""
    return Part(label, found, found.is_positive, f"{found.mean:+.4f}", found.bounds)


def beats(panel: str, better: str, worse: str) -> Comparison:
    """Return the comparison of two final means: statistics, or keys of the panel's benchmark."""

    def find(evidence: Evidence, variant: str) -> Part:
        samples = (evidence.sample(panel, name, variant) for name in (better, worse))
        return positive(against(panel, better, worse), compare(*samples))

    return find


def faster(panel: str, better: str, worse: str) -> Comparison:
    """Return the comparison of the mean heights of two learning curves."""

    def find(evidence: Evidence, variant: str) -> Part:
        areas = (evidence.areas(panel, name, variant) for name in (better, worse))
        return positive(against(panel, better, worse), compare(*areas))

    return find


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

    return find


def optimal(panel: str, statistics: Sequence[str], end: str = "upper", tolerance: float = TOLERANCE) -> Comparison:
    """Return the comparison of the best of some learned curves with the optimum, an end of the panel's bracket."""

    def find(evidence: Evidence, variant: str) -> Part:
        target = float(evidence.benchmark(panel)[end])
        samples = {name: evidence.sample(panel, name, variant) for name in statistics}
        name = max(samples, key=lambda one: samples[one].mean())
        share = of_mean(samples[name] / target)
        bounds = f"[{100 * share.low:.2f} %, {100 * share.high:.2f} %]"
        text = f"{100 * share.mean:.2f} % of the optimum ({name})"
        return Part(title(panel), share, share.mean >= 1 - tolerance, text, bounds)

    return find


def against(panel: str, better: str, worse: str) -> str:
    """Return what is compared, in words.

    >>> against("id", "allocation", "rsd")
    'ID, Allocation against RSD'
    """
    return f"{title(panel)}, {NAMES[better]} against {NAMES[worse]}"


def learned(*comparisons: Comparison) -> Find:
    """Return the check that all comparisons are as claimed, for scores or else for groups."""

    def find(evidence: Evidence) -> Finding:
        scores, groups = ([one(evidence, variant) for one in comparisons] for variant in (SCORES, GROUPS))
        if all(part.holds for part in scores):
            return Finding(CONFIRMED, _numbers(scores), _bounds(scores))
        if all(part.holds for part in groups):
            text = (
                f"With the paper's policy it does not hold: {_failing(scores)}. It holds with the policy that "
                "chooses among groups of exchangeable agents."
            )
            return Finding(CORRECTED, _numbers(groups), _bounds(groups), text)
        differs = groups != scores
        text = f"Not as claimed: {_failing(scores)}."
        text += f" Nor with the variant {GROUPS}: {_failing(groups)}." if differs else ""
        return Finding(NOT_CONFIRMED, _numbers(scores), _bounds(scores), text)

    return find


def _failed(parts: Sequence[Part]) -> list[Part]:
    return [part for part in parts if not part.holds]


def _failing(parts: Sequence[Part]) -> str:
    """Every failing comparison with the reason."""
    return "; ".join(f"{part.label} {part.text} {part.bounds}, {_reason(part)}" for part in _failed(parts))


def _reason(part: Part) -> str:
    """Why a comparison fails: the reverse holds, nothing can be said, or it falls short."""
    if "of the optimum" in part.text:
        return "short of the optimum"
    if max(-part.interval.low, part.interval.high) <= ROUNDING:
        return "no difference"
    return "the reverse holds" if part.interval.is_negative else "undecided, as the interval contains 0"


def _numbers(parts: Sequence[Part]) -> str:
    return "; ".join(f"{part.label} {part.text}" for part in parts)


def _bounds(parts: Sequence[Part]) -> str:
    return "; ".join(part.bounds for part in parts)
