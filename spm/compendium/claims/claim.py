"""A claim of the paper, and what was found about it.

A claim is a function that checks it, with a docstring that states it. A check of theory takes nothing
(:func:`computed`); one of the experiments takes the records of a profile (:func:`recorded`,
:mod:`spm.compendium.report.evidence`). Both return a :class:`Finding`, whose verdict and explanation always follow
from a comparison of numbers.

What no outcome of a computation could contradict (a definition, an identity, how the experiments were run) is true
*by definition* and never counts as confirmed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from spm.compendium.report.evidence import Evidence

CONFIRMED = "confirmed"
CORRECTED = "confirmed with a correction"
NOT_CONFIRMED = "not confirmed"
BY_DEFINITION = "by definition"
NOT_TESTABLE = "not testable here"
VERDICTS = (CONFIRMED, CORRECTED, NOT_CONFIRMED, BY_DEFINITION, NOT_TESTABLE)

CONTRIBUTION = "Introduction"
PRELIMINARIES = "Preliminaries"
CHARACTERISATION = "Characterization results"
LEARNING = "Learning optimal SPMs"
PROTOCOL = "Experimental results: protocol"
PART_1 = "Part 1: correlated values"
PART_2 = "Part 2: theory-driven settings"
PART_3 = "Part 3: beyond unit demand and welfare"
FULL_VERSION = "Full version"
SECTIONS = (
    CONTRIBUTION,
    PRELIMINARIES,
    CHARACTERISATION,
    LEARNING,
    PROTOCOL,
    PART_1,
    PART_2,
    PART_3,
    FULL_VERSION,
)
"""Where claims stand, in the order of the paper."""

EXACT = "exact"


@dataclass(frozen=True)
class Finding:
    """What was found about a claim.

    Attributes:
        verdict: one of :data:`VERDICTS`.
        ours: our numbers; fractions are before normalisation, decimals in units of the highest value.
        interval: ``exact``, or the 95% interval of what was sampled.
        explanation: why, where the claim is not plainly confirmed.
    """

    verdict: str
    ours: str
    interval: str = EXACT
    explanation: str = ""

    def __post_init__(self) -> None:
        """Check that the finding says what it has to.

        Raises:
            ValueError: an unknown verdict, or anything but a plain confirmation without an explanation.
        """
        if self.verdict not in VERDICTS:
            raise ValueError(f"unknown verdict {self.verdict!r}; known: {', '.join(VERDICTS)}")
        if self.verdict != CONFIRMED and not self.explanation:
            raise ValueError(f"a finding that is {self.verdict!r} must be explained")


Find = Callable[[Evidence], Finding]
Compute = Callable[[], Finding]


@dataclass(frozen=True)
class Claim:
    """A claim of the paper, in our words.

    Attributes:
        id: a short name.
        section: one of :data:`SECTIONS`.
        place: proposition, footnote, figure or paragraph.
        find: the check.
        text: what is claimed.
        paper: the claim as a number or relation.
        check: how it is checked.
    """

    id: str
    section: str
    place: str
    find: Find
    text: str
    paper: str
    check: str


def recorded(id: str, section: str, place: str) -> Callable[[Find], Claim]:
    """Return the decorator that makes a claim of a check of the records (see :func:`computed`)."""
    return lambda find: Claim(id, section, place, find, *paragraphs(find))


def computed(id: str, section: str, place: str) -> Callable[[Compute], Claim]:
    """Return the decorator that makes a claim of a check that needs no records.

    The check's docstring has three paragraphs: what is claimed, the claim as a relation, and how it is checked.

    Args:
        id: a short name.
        section: one of :data:`SECTIONS`.
        place: proposition, footnote, figure or paragraph.

    >>> @computed("sum", PRELIMINARIES, "Remark 1")
    ... def addition() -> Finding:
    ...     '''Two and two make four.
    ...
    ...     2 + 2 = 4
    ...
    ...     Add them up.
    ...     '''
    ...     return judge(2 + 2 == 4, "", "It is not.", str(2 + 2))
    >>> addition.text, addition.paper, addition.check
    ('Two and two make four.', '2 + 2 = 4', 'Add them up.')
    """
    return lambda compute: Claim(id, section, place, lambda _: compute(), *paragraphs(compute))


def paragraphs(check: Callable[..., object]) -> list[str]:
    """Return the paragraphs of a function's docstring, each on one line.

    >>> paragraphs(recorded)
    ['Return the decorator that makes a claim of a check of the records (see :func:`computed`).']
    """
    return [" ".join(part.split()) for part in (check.__doc__ or "").split("\n\n")]


def judge(holds: bool, correction: str, refutation: str, ours: str, interval: str = EXACT) -> Finding:
    """Return the finding of a claim that holds or not, and may need a correction.

    Args:
        holds: whether the claim holds, at least with the correction.
        correction: what has to be corrected; empty if nothing.
        refutation: the explanation if it does not hold.
        ours: our numbers.
        interval: their interval.

    >>> judge(2 > 1, "", "no", "2 > 1").verdict, judge(2 > 1, "but", "no", "2 > 1").verdict
    ('confirmed', 'confirmed with a correction')
    """
    if not holds:
        return Finding(NOT_CONFIRMED, ours, interval, refutation)
    return Finding(CORRECTED if correction else CONFIRMED, ours, interval, correction)


def alike(equal: Iterable[bool], what: str, more: str = "") -> Finding:
    """Return the finding of a claim that two ways give the same in every case.

    Args:
        equal: for each case, whether they do.
        what: the cases, in the plural.
        more: more of our numbers.

    >>> alike([True, True], "settings").ours, alike([True, False], "settings").explanation
    ('equal in 2 of 2 settings', 'They differ in 1 of 2 settings.')
    """
    cases = list(equal)
    refutation = f"They differ in {cases.count(False)} of {len(cases)} {what}."
    return judge(all(cases), "", refutation, f"equal in {cases.count(True)} of {len(cases)} {what}{more}")


def definition(holds: bool, reason: str, refutation: str, ours: str) -> Finding:
    """Return the finding of a claim that is true by definition, unless our own code contradicts it.

    Args:
        holds: whether our code agrees.
        reason: why nothing could contradict the claim.
        refutation: the explanation if our code does not agree.
        ours: our numbers.

    >>> definition(True, "An identity.", "no", "1 = 1").verdict
    'by definition'
    """
    return Finding(BY_DEFINITION, ours, EXACT, reason) if holds else judge(False, "", refutation, ours)
