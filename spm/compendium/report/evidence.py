"""What is known of the learned mechanisms of a protocol: evaluations, learning curves, and benchmarks.

Objectives are in units of the highest value (see :mod:`spm.settings`). A learned mechanism's objective is
estimated as the expected first best, which :mod:`spm.bounds` knows without sampling, minus its mean regret: most
of the noise of a profile is in its first best. The estimate has the same expectation as the plain mean and a
smaller standard error, ``regret_se``.

A curve's policy comes in *variants* (:data:`spm.learning.specification.VARIANTS`): ``scores``, the paper's, and
``groups``, which chooses among groups of exchangeable agents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from spm.compendium.record import grid, published
from spm.compendium.record.bracket_cache import benchmark
from spm.compendium.record.grid import STATIC, Protocol
from spm.compendium.record.published import KEY
from spm.compendium.record.store import label
from spm.compendium.report.compare import Sample
from spm.learning import VARIANTS

SCORES, GROUPS = VARIANTS
ADAPTIVE = ("items-agents-left", "allocation", "price-allocation")
POINT = ["visits", "objective", "objective_se", "regret", "regret_se"]


@dataclass(frozen=True, eq=False)
class Evidence:
    """The records of a protocol as tables.

    Attributes:
        protocol: the size of the experiments.
        finals: final evaluations (:func:`finals`), panel by panel.
        curves: points of the learning curves (:func:`curves`) of the same panels.
        benchmark: a panel's bounds and best static mechanisms
            (:func:`spm.compendium.record.bracket_cache.benchmark`).
    """

    protocol: Protocol
    finals: pd.DataFrame
    curves: pd.DataFrame
    benchmark: Callable[[str], Mapping[str, Any]] = benchmark

    @property
    def panels(self) -> tuple[str, ...]:
        """The panels, in the order of the tables."""
        return tuple(map(str, self.finals["panel"].unique()))

    @cached_property
    def kept(self) -> pd.DataFrame:
        """The final evaluations of the best seeds of each curve
        (:func:`spm.compendium.record.published.is_kept`).
        """
        return self.finals[published.is_kept(self.finals, self.protocol.keep)]

    def seeds(self, panel: str, statistic: str, variant: str = SCORES) -> pd.DataFrame:
        """Return the final evaluations of a curve's kept seeds; those of scores if it has no such variant.

        Raises:
            ValueError: there are none.
        """
        return self._of_curve(self.kept, panel, statistic, variant)

    def all_seeds(self, panel: str, statistic: str, variant: str = SCORES) -> pd.DataFrame:
        """Return the final evaluations of all of a curve's seeds; those of scores if it has no such variant.

        Raises:
            ValueError: there are none.
        """
        return self._of_curve(self.finals, panel, statistic, variant)

    def _of_curve(self, table: pd.DataFrame, panel: str, statistic: str, variant: str) -> pd.DataFrame:
        rows = _rows(table, panel, statistic, variant)
        rows = rows if len(rows) else _rows(table, panel, statistic, SCORES)
        if rows.empty:
            raise ValueError(
                f"no run of panel {panel!r} with statistic {statistic!r} under protocol {self.protocol.name!r}"
            )
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
        chosen = self.seeds(panel, statistic, variant)
        points = _rows(self.curves, panel, statistic, str(chosen["variant"].iloc[0]))
        points = points[points["seed"].isin(chosen["seed"])].sort_values(["seed", "visits"])
        heights = [_height(curve) for _, curve in points.groupby("seed")]
        return np.array(heights, dtype=np.float64)

    def gain(self, panel: str) -> float:
        """Return what any mechanism can gain over random serial dictatorship at most."""
        known = self.benchmark(panel)
        return float(known["upper"] - known["rsd"])


def _rows(table: pd.DataFrame, panel: str, statistic: str, variant: str) -> pd.DataFrame:
    return table[(table["panel"] == panel) & (table["statistic"] == statistic) & (table["variant"] == variant)]


def _height(curve: pd.DataFrame) -> float:
    visits = curve["visits"].to_numpy(dtype=np.float64)
    return float(np.trapezoid(curve["estimate"], visits) / (visits[-1] - visits[0]))


def load(protocol: Protocol, figure: str = "all") -> Evidence:
    """Return the evidence of a protocol, on the panels of a figure or on all.

    Raises:
        ValueError: a record is missing, damaged or stale; an unknown figure.
    """
    if not protocol.of_record:
        _check_done(figure, protocol)
    return Evidence(protocol, finals(figure, protocol), curves(figure, protocol))


def _check_done(figure: str, protocol: Protocol) -> None:
    """Refuse runs that are not done, or that the present code would not produce."""
    states = grid.store_of(protocol).states(grid.grid(figure, protocol))
    undone = [f"{label(run)} that can be used: {state.reason}" for run, state in states if state.status != "done"]
    if undone:
        remedy = f"`spm run {figure} --profile {protocol.name}` does what is missing or stale"
        raise ValueError(f"there is no record of {undone[0]} ({len(undone)} such runs); {remedy}")


def curves(figure: str, protocol: Protocol) -> pd.DataFrame:
    """Return every point of every learning curve: panel, variant, statistic, seed, visits, means and errors.

    Read from the results of record (:mod:`spm.compendium.record.published`) if the protocol is one of record, else
    from its runs.

    Raises:
        ValueError: a record is missing, damaged or (of record) stale.
    """
    return _points(figure, protocol, "curve")


def finals(figure: str, protocol: Protocol) -> pd.DataFrame:
    """Return the final evaluation of every run, with columns as in :func:`curves`.

    Raises:
        ValueError: a record is missing, damaged or (of record) stale.
    """
    return _points(figure, protocol, "final")


def _points(figure: str, protocol: Protocol, part: str) -> pd.DataFrame:
    if protocol.of_record:
        table = published.results_of_record(protocol)["curves" if part == "curve" else "runs"]
        table = table[table["panel"].isin(grid.panels(figure))][[*KEY, *POINT]].reset_index(drop=True)
    else:
        table = _from_records(figure, protocol, part)
    table["estimate"] = table["panel"].map(lambda panel: benchmark(panel)["first_best"]) - table["regret"]
    return table


def _from_records(figure: str, protocol: Protocol, part: str) -> pd.DataFrame:
    records = grid.store_of(protocol)
    rows = []
    for specification in grid.grid(figure, protocol):
        record = records.load(specification)
        points = record.curve if part == "curve" else [record.final]
        rows += [specification.key | vars(point) for point in points]
    return pd.DataFrame(rows)
