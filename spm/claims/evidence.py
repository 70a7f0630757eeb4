"""What the ledger knows of the learned mechanisms: the only place where it reads their records.

A curve's policy comes in *variants* (:data:`spm.actors.VARIANTS`): ``scores``, the paper's, and ``groups``, which
chooses among groups of exchangeable agents. Tables without a column ``variant`` hold scores only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spm import tables
from spm.actors import VARIANTS
from spm.benchmarks import benchmark
from spm.claims.intervals import Sample
from spm.experiments import STATIC as STATIC
from spm.experiments import Profile

SCORES, GROUPS = VARIANTS
ADAPTIVE = ("items-agents-left", "allocation", "price-allocation")


@dataclass(frozen=True, eq=False)
class Evidence:
    """The records of a profile as tables.

    Attributes:
        of: the profile.
        finals: final evaluations (:func:`spm.tables.finals`) of all panels.
        curves: points of the learning curves (:func:`spm.tables.curves`) of all panels.
        benchmark: a panel's bounds and best static mechanisms (:func:`spm.benchmarks.benchmark`).
    """

    of: Profile
    finals: pd.DataFrame
    curves: pd.DataFrame
    benchmark: Callable[[str], Mapping[str, Any]] = benchmark

    def seeds(self, panel: str, statistic: str, variant: str = SCORES) -> pd.DataFrame:
        """Return the final evaluations of a curve's kept seeds; those of scores if it has no such variant."""
        return tables.kept(self.all_seeds(panel, statistic, variant), self.of.keep)

    def all_seeds(self, panel: str, statistic: str, variant: str = SCORES) -> pd.DataFrame:
        """Return the final evaluations of all of a curve's seeds.

        Raises:
            ValueError: there are none.
        """
        rows = _rows(self.finals, panel, statistic, variant)
        rows = rows if len(rows) else _rows(self.finals, panel, statistic, SCORES)
        if rows.empty:
            raise ValueError(f"no run of panel {panel!r} with statistic {statistic!r} in profile {self.of.name!r}")
        return rows

    def sample(self, panel: str, name: str, variant: str = SCORES) -> Sample:
        """Return the kept seeds' objectives, or a benchmark as a sample of one.

        Args:
            panel: the panel.
            name: a statistic, or a key of the panel's benchmark.
            variant: ``scores`` or ``groups``.
        """
        if name in (*STATIC, *ADAPTIVE):
            return self.seeds(panel, name, variant)["estimate"].to_numpy(dtype=np.float64)
        return np.array([float(self.benchmark(panel)[name])])

    def areas(self, panel: str, statistic: str, variant: str = SCORES) -> Sample:
        """Return the mean height of each kept seed's learning curve, the area under it over its length."""
        kept = self.seeds(panel, statistic, variant)
        used = str(kept["variant"].iloc[0])
        points = _rows(self.curves, panel, statistic, used)
        points = points[points["seed"].isin(kept["seed"])].sort_values(["seed", "visits"])
        heights = [_height(curve) for _, curve in points.groupby("seed")]
        return np.array(heights, dtype=np.float64)

    def gain(self, panel: str) -> float:
        """Return what any mechanism can gain over random serial dictatorship at most."""
        known = self.benchmark(panel)
        return float(known["upper"] - known["rsd"])


def _rows(table: pd.DataFrame, panel: str, statistic: str, variant: str) -> pd.DataFrame:
    table = table if "variant" in table else table.assign(variant=SCORES)
    return table[(table["panel"] == panel) & (table["statistic"] == statistic) & (table["variant"] == variant)]


def _height(curve: pd.DataFrame) -> float:
    visits = curve["visits"].to_numpy(dtype=np.float64)
    return float(np.trapezoid(curve["estimate"], visits) / (visits[-1] - visits[0]))


def load(of: Profile) -> Evidence:
    """Return the evidence of a profile.

    Raises:
        ValueError: a record is missing or damaged.
    """
    return Evidence(of, tables.finals("all", of), tables.curves("all", of))
