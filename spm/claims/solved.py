"""Exact values of the constructions, one for each cell of the taxonomy, kept."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from spm.claims.claim import Find, Finding, judge, shown
from spm.claims.evidence import Evidence
from spm.exact.paper import optima
from spm.kept import kept

Cell = tuple[str, str]
SPM: Cell = ("adaptive", "adaptive")
STATIC_ORDER: Cell = ("adaptive", "static")
PSP: Cell = ("personalised-static", "adaptive")
PSP_STATIC_ORDER: Cell = ("personalised-static", "static")
ASP: Cell = ("anonymous-static", "adaptive")
ASP_STATIC_ORDER: Cell = ("anonymous-static", "static")
SD: Cell = ("zero", "adaptive")
SD_STATIC_ORDER: Cell = ("zero", "static")
RSD: Cell = ("zero", "random")


@cache
def _optima(name: str) -> dict[str, dict[str, Fraction]]:
    return kept(optima, name)


def value(name: str, cell: Cell = SPM) -> Fraction:
    """Return the exact optimum of a cell of a construction, before normalisation."""
    prices, order = cell
    return _optima(name)[prices][order]


def words(cell: Cell) -> str:
    """Return a cell in words.

    >>> words(("anonymous-static", "static"))
    'anonymous static prices with static order'
    """
    return f"{cell[0].replace('-', ' ')} prices with {cell[1]} order"


def needs(name: str, falls_short: tuple[Cell, ...], suffices: Cell = SPM) -> Find:
    """Return the check that some cells fall short of the optimum which another one reaches."""

    def find(_: Evidence) -> Finding:
        best, enough = value(name), value(name, suffices)
        less = {words(cell): value(name, cell) for cell in falls_short}
        reach = [cell for cell, worth in less.items() if worth == best]
        ours = f"{words(suffices)} {shown(enough)}; " + "; ".join(f"{c} {shown(v)}" for c, v in less.items())
        wrong = f"{', '.join(reach)} already reach the optimum {shown(best)}" if reach else ""
        wrong = wrong or f"{words(suffices)} reach {shown(enough)}, the optimum is {shown(best)}"
        return judge(not reach and enough == best, "", wrong + ".", ours)

    return find
