"""The exact optimum of every cell of the taxonomy as a table; the simplest cells that reach the best."""

from __future__ import annotations

from fractions import Fraction

import pandas as pd
from pandas.io.formats.style import Styler

from spm.compendium.record.kept import kept
from spm.compendium.theory.described import optima
from spm.exact import ORDERS, PRICES, Solver
from spm.settings import construction


def needed(table: dict[str, dict[str, Fraction]]) -> list[tuple[str, str]]:
    """Return the simplest cells (prices, order) that reach the optimum: those with no simpler one below them.

    >>> from spm.settings import prop_1
    >>> needed(Solver(prop_1()).table())
    [('personalised-static', 'static'), ('adaptive', 'random')]
    """
    best = table["adaptive"]["adaptive"]
    reach = [(p, o) for p in PRICES for o in ORDERS if table[p][o] == best]
    rank = {cell: (PRICES.index(cell[0]), ORDERS.index(cell[1])) for cell in reach}
    return [one for one in reach if not any(_below(rank[other], rank[one]) for other in reach)]


def _below(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one != other and one[0] <= other[0] and one[1] <= other[1]


def cells_table(solver: Solver) -> Styler:
    """Return the exact optimum of every cell as a table; the simplest optimal cells are framed."""
    table = solver.table()
    frame = pd.DataFrame(table).T.reindex(index=list(PRICES), columns=list(ORDERS))
    best, simplest = table["adaptive"]["adaptive"], needed(table)

    def mark(values: pd.DataFrame) -> pd.DataFrame:
        looks = values.map(lambda value: "font-weight: bold" if value == best else "opacity: 0.75")
        for prices, order in simplest:
            looks.loc[prices, order] = "font-weight: bold; outline: 2px solid #0173b2; outline-offset: -3px"
        return looks

    caption = f"Optimal {solver.game.setting.objective} (first best {solver.first_best}); prices ↓, order →"
    return frame.style.format(fraction_text).apply(mark, axis=None).set_caption(caption)


def fraction_text(value: object) -> str:
    """A fraction and, if it is not an integer, its approximate decimal."""
    assert isinstance(value, Fraction)
    return f"{value} ≈ {float(value):.4g}" if value.denominator > 1 else str(value)


def cells_summary(names: list[str]) -> pd.DataFrame:
    """Return one row per construction: optimum, first best, and the simplest cells that reach the optimum."""
    rows = []
    for name in names:
        setting, table = construction(name), kept(optima, name)
        cells = " or ".join(f"{prices} prices, {order} order" for prices, order in needed(table))
        rows.append((setting.title, str(table["adaptive"]["adaptive"]), str(Solver(setting).first_best), cells))
    return pd.DataFrame(rows, columns=["setting", "optimum", "first best", "simplest optimal mechanisms"])
