"""What the chapter on adaptivity shows: a construction's market, its cells, its tree, and tables over all."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from pandas.io.formats.style import Styler

from spm.compendium.report.cells import cells_table
from spm.compendium.report.drawing import Drawing
from spm.compendium.report.trees import draw_tree
from spm.compendium.report.words import lottery_table
from spm.compendium.theory.described import PAPER_MECHANISMS
from spm.exact import Solver
from spm.mechanisms import TreeMechanism, play
from spm.settings import FiniteModel, construction

TREES: dict[str, tuple[str, str]] = {
    "prop-1": ("adaptive", "adaptive"),
    "prop-2": ("adaptive", "adaptive"),
    "prop-3": ("anonymous-static", "adaptive"),
    "prop-4": ("adaptive", "adaptive"),
    "prop-8": ("personalised-static", "static"),
    "prop-9": ("adaptive", "adaptive"),
}
"""The trees that are drawn: kind of prices and kind of order by construction."""
TITLES = {
    "adaptive": "an optimal mechanism",
    "anonymous-static": "the best with one price, adaptive order",
    "personalised-static": "the best with static prices and order",
}


def market_table(name: str) -> Styler:
    """Return a construction's worlds and lotteries as a table.

    Raises:
        ValueError: an unknown construction.
    """
    setting = construction(name)
    assert isinstance(setting.model, FiniteModel)
    return lottery_table(setting.model, setting.types)


def construction_cells(name: str) -> Styler:
    """Return the exact optimum of every cell of a construction
    (:func:`spm.compendium.report.cells.cells_table`).
    """
    return cells_table(Solver(construction(name)))


def construction_tree(name: str) -> Drawing:
    """Draw the tree of a construction that :data:`TREES` names.

    Raises:
        KeyError: it names none.
    """
    prices, order = TREES[name]
    setting = construction(name)
    return draw_tree(setting, Solver(setting).tree(prices, order), f"tree-{name}", TITLES[prices])


def described_table() -> pd.DataFrame:
    """Return the paper's own mechanisms with exact values, optima and losses, before normalisation."""
    rows = []
    for mechanism in PAPER_MECHANISMS.values():
        setting = construction(mechanism.setting)
        value, best = mechanism.value(), Solver(setting).value()
        rows.append((setting.title, mechanism.description, *map(str, (value, best, best - value))))
    names = ["setting", "the mechanism described", "its value", "optimum", "loss"]
    return pd.DataFrame(rows, columns=names)


def played_table(names: Iterable[str] = TREES, n_profiles: int = 200_000) -> pd.DataFrame:
    """Play the trees on sampled profiles; return exact and mean values, and their distance in standard errors.

    >>> bool(played_table(["prop-1"], 1000)["standard errors"].abs().max() < 5)
    True
    """
    rows = []
    for name in names:
        setting = construction(name)
        root = Solver(setting).tree(*TREES[name])
        played = play(TreeMechanism(root), setting, n_profiles, seed=7)
        exact, error = float(root.value / setting.unit), played.standard_error
        rows.append((setting.title, exact, played.mean, (played.mean - exact) / error if error else 0.0))
    return pd.DataFrame(rows, columns=["setting", "exact value (normalised)", "played", "standard errors"])
