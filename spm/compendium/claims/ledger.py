"""The ledger: every claim with its finding, and its tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from types import ModuleType
from typing import Any, NamedTuple

import pandas as pd

from spm.compendium.claims import (
    adaptivity,
    correlated,
    examples,
    figures,
    mechanisms,
    protocol,
    remembering,
    space,
)
from spm.compendium.claims.claim import SECTIONS, VERDICTS, Claim, Finding
from spm.compendium.report.evidence import Evidence

SUBJECTS = (adaptivity, mechanisms, remembering, space, protocol, correlated, examples, figures)


def claims_of(subject: ModuleType) -> Iterator[Claim]:
    """Yield the claims that a module defines, one by one or in tuples, in their order.

    >>> next(claims_of(mechanisms)).id
    'dominant-strategy'
    """
    for value in vars(subject).values():
        yield from (one for one in (value if isinstance(value, tuple) else [value]) if isinstance(one, Claim))


CLAIMS: tuple[Claim, ...] = tuple(
    sorted(
        (one for subject in SUBJECTS for one in claims_of(subject)), key=lambda one: SECTIONS.index(one.section)
    )
)
"""All claims, section by section of the paper."""


class Entry(NamedTuple):
    """A claim and what was found about it."""

    claim: Claim
    finding: Finding

    def as_dict(self) -> dict[str, Any]:
        """Return the entry as JSON types."""
        told = {name: getattr(self.claim, name) for name in ("id", "section", "place", "text", "paper", "check")}
        return told | asdict(self.finding)


def check_claims(evidence: Evidence, claims: Iterable[Claim] = CLAIMS) -> list[Entry]:
    """Check the claims, one after the other.

    Args:
        evidence: the records of a profile (:func:`spm.compendium.report.evidence.load`).
        claims: the claims to check; all unless given.

    Raises:
        ValueError: a run that a claim needs is not among the records.
    """
    return [Entry(claim, claim.find(evidence)) for claim in claims]


def counts(entries: Iterable[Entry]) -> dict[str, int]:
    """Return how many entries have each verdict.

    >>> counts(check_claims(None, [adaptivity.personalised_prices]))["confirmed"]
    1
    """
    found = Counter(entry.finding.verdict for entry in entries)
    return {verdict: found[verdict] for verdict in VERDICTS}


def counts_table(entries: Sequence[Entry]) -> pd.DataFrame:
    """Return the numbers of verdicts, one row per section of the paper, with the total."""
    rows = {section: counts(entry for entry in entries if entry.claim.section == section) for section in SECTIONS}
    table = pd.DataFrame(rows).T
    table.loc["All"] = table.sum()
    return table.assign(claims=table.sum(axis=1))


def ledger_table(entries: Iterable[Entry], section: str | None = None) -> pd.DataFrame:
    """Return the entries of a section, or all of them, as a table for reading."""
    rows = [
        (
            entry.claim.place,
            entry.claim.text,
            entry.claim.paper,
            entry.claim.check,
            entry.finding.ours,
            entry.finding.interval,
            entry.finding.verdict,
        )
        for entry in entries
        if section in (None, entry.claim.section)
    ]
    return pd.DataFrame(rows, columns=["place", "claim", "paper", "check", "found", "95% interval", "verdict"])


def explanations(entries: Iterable[Entry], verdict: str) -> str:
    """Return the explanations of the claims with a verdict as Markdown, one paragraph each."""
    return "\n\n".join(_explained(entry) for entry in entries if entry.finding.verdict == verdict) or "None."


def _explained(entry: Entry) -> str:
    claim, finding = entry
    return f"**{claim.place}** (`{claim.id}`). *{claim.text}* {finding.explanation}"


def ledger_text(entries: Sequence[Entry]) -> list[str]:
    """Return the ledger as lines of plain text."""
    lines = [", ".join(f"{count} {verdict}" for verdict, count in counts(entries).items())]
    for section in SECTIONS:
        lines += ["", section]
        for claim, finding in (entry for entry in entries if entry.claim.section == section):
            lines.append(f"  {finding.verdict:28}{claim.id:26}{claim.place}: {claim.text}")
            lines.append(f"{'':30}{finding.ours} ({finding.interval})")
            lines += [f"{'':30}{finding.explanation}"] if finding.explanation else []
    return lines
