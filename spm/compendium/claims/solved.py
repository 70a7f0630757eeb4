"""Exact values of the constructions, one for each cell of the taxonomy, kept."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from spm.compendium.claims.claim import Finding, judge
from spm.compendium.record.kept import kept
from spm.compendium.theory.described import PAPER_MECHANISMS, optima

Kind = tuple[str, str]
"""A cell of the taxonomy: kind of prices, kind of order."""
SPM: Kind = ("adaptive", "adaptive")
STATIC_ORDER: Kind = ("adaptive", "static")
PSP: Kind = ("personalised-static", "adaptive")
PSP_STATIC_ORDER: Kind = ("personalised-static", "static")
ASP: Kind = ("anonymous-static", "adaptive")
ASP_STATIC_ORDER: Kind = ("anonymous-static", "static")
SD: Kind = ("zero", "adaptive")
SD_STATIC_ORDER: Kind = ("zero", "static")
RSD: Kind = ("zero", "random")


@cache
def _optima(name: str) -> dict[str, dict[str, Fraction]]:
    return kept(optima, name)


def value(name: str, kind: Kind = SPM) -> Fraction:
    """Return the exact optimum of a cell of a construction, before normalisation.

    >>> value("prop-1"), value("prop-1", ASP)
    (Fraction(5, 2), Fraction(9, 4))
    """
    prices, order = kind
    return _optima(name)[prices][order]


def in_words(kind: Kind) -> str:
    """Return a cell in words.

    >>> in_words(("anonymous-static", "static"))
    'anonymous static prices with static order'
    """
    return f"{kind[0].replace('-', ' ')} prices with {kind[1]} order"


def shown(value: Fraction) -> str:
    """Return a fraction as text, a long one with its decimals.

    >>> shown(Fraction(5, 2)), shown(Fraction(5011935, 524288))
    ('5/2', '5011935/524288 (9.5595)')
    """
    text = str(value)
    return text if len(text) < 8 else f"{text} ({float(value):.4f})"


def needs(name: str, falls_short: tuple[Kind, ...], suffices: Kind = SPM) -> Finding:
    """Return the finding that some cells fall short of a construction's optimum, which another one reaches.

    >>> needs("prop-1", (ASP,)).ours
    'adaptive prices with adaptive order 5/2; anonymous static prices with adaptive order 9/4'
    """
    best, enough = value(name), value(name, suffices)
    less = {in_words(kind): value(name, kind) for kind in falls_short}
    reach = [kind for kind, worth in less.items() if worth == best]
    ours = f"{in_words(suffices)} {shown(enough)}; " + "; ".join(f"{kind} {shown(v)}" for kind, v in less.items())
    wrong = f"{', '.join(reach)} already reach the optimum {shown(best)}" if reach else ""
    wrong = wrong or f"{in_words(suffices)} reach {shown(enough)}, the optimum is {shown(best)}"
    return judge(not reach and enough == best, "", wrong + ".", ours)


def described(name: str, simpler: Kind | None = None) -> Finding:
    """Return the finding that the paper's mechanism for a construction is optimal.

    Args:
        name: the construction.
        simpler: prices that should not be optimal as well, if any.

    >>> described("prop-4").ours
    'described 155/8, optimum 155/8'
    """
    earned, best = PAPER_MECHANISMS[name].value(), value(name)
    ours, correction = f"described {shown(earned)}, optimum {shown(best)}", ""
    if simpler:
        ours += f", {in_words(simpler)} {shown(value(name, simpler))}"
        if value(name, simpler) == best:
            correction = f"It is optimal, but {in_words(simpler)} are already: the prices do nothing here."
    refutation = (
        f"The mechanism earns {shown(earned)}, {shown(best - earned)} less than the optimum {shown(best)}."
    )
    return judge(earned == best, correction, refutation, ours)
