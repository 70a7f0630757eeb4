"""What chapters show of single settings: market, cells and tree, bounds by belief covers, mechanisms played."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
from pandas.io.formats.style import Styler

from spm.bounds import covered_bound, explicit_mechanism
from spm.compendium.report.cells import cells_table
from spm.compendium.report.drawing import Drawing
from spm.compendium.report.trees import draw_tree
from spm.compendium.report.words import lottery_table
from spm.compendium.theory.described import PAPER_MECHANISMS
from spm.exact import Solver
from spm.mechanisms import TreeMechanism, play
from spm.settings import FiniteModel, Setting, construction

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
    """Return the worlds and lotteries of a construction, or of a panel of Figure 3, as a table.

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


def cover_table(
    n_agents: int, n_items: int, delta: float, beliefs: Sequence[int], cells: Sequence[int]
) -> pd.DataFrame:
    """Return the belief covers' bounds on welfare, one row per size of the library.

    One column per number of cells in which the belief about the latent is kept.

    >>> table = cover_table(3, 1, 0.5, beliefs=[20, 40], cells=[4, 8])
    >>> bool(table.loc[40, 8] < table.loc[20, 4])
    True
    """
    rows = [[covered_bound(n_agents, n_items, delta, cells=c, beliefs=count) for c in cells] for count in beliefs]
    return pd.DataFrame(rows, pd.Index(beliefs, name="beliefs"), pd.Index(cells, name="cells"))


def explicit_table(setting: Setting, known: Mapping[str, Any], n_profiles: int = 20_000) -> pd.DataFrame:
    """Play the mechanism that earns the bracket's lower end; return its mean and lowest objective.

    Args:
        setting: any that :func:`spm.bounds.brackets.bracket` accepts.
        known: its bracket and benchmarks (:meth:`spm.bounds.brackets.Bracket.as_dict`).
        n_profiles: how many profiles it is played on.
    """
    played = play(explicit_mechanism(setting), setting, n_profiles, seed=1)
    rows = {
        "best static mechanism": known["personalised_static"],
        "explicit mechanism, mean": played.mean,
        "its standard error": played.standard_error,
        "its lowest over all profiles": float(played.objective.min()),
        "upper bound on any mechanism": known["upper"],
    }
    return pd.Series(rows).to_frame(str(setting.objective))
