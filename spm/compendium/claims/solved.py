"""Exact values of the constructions, one for each cell of the taxonomy, kept."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from spm.compendium.claims.claim import Compute, Finding, judge, shown
from spm.compendium.record.kept import kept
from spm.compendium.theory.described import optima

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


def words(kind: Kind) -> str:
    """Return a cell in words.

    >>> words(("anonymous-static", "static"))
    'anonymous static prices with static order'
    """
    return f"{kind[0].replace('-', ' ')} prices with {kind[1]} order"


def needs(name: str, falls_short: tuple[Kind, ...], suffices: Kind = SPM) -> Compute:
    """Return the check that some cells fall short of the optimum which another one reaches."""

    def find() -> Finding:
        best, enough = value(name), value(name, suffices)
        less = {words(kind): value(name, kind) for kind in falls_short}
        reach = [kind for kind, worth in less.items() if worth == best]
        ours = f"{words(suffices)} {shown(enough)}; " + "; ".join(f"{c} {shown(v)}" for c, v in less.items())
        wrong = f"{', '.join(reach)} already reach the optimum {shown(best)}" if reach else ""
        wrong = wrong or f"{words(suffices)} reach {shown(enough)}, the optimum is {shown(best)}"
        return judge(not reach and enough == best, "", wrong + ".", ours)

    return find
