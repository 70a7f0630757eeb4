"""Runs of record beside the grid: trials of other settings or statistics, each set with a table of its own.

``data/NAME.csv`` holds one row per trial, ``data/NAME-seal.json`` the miniatures by which its freshness is told
(:mod:`spm.compendium.record.replay`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_type_hints

import pandas as pd

from spm.compendium.record import published
from spm.compendium.record.published import EVALUATED, SIZES, as_csv, specified
from spm.compendium.record.replay import Replay, Seal
from spm.compendium.record.runs import do_runs, local_engine
from spm.compendium.record.schema import read_table
from spm.compendium.record.store import Store, record_place
from spm.files import canonical, digest, home, write_atomic
from spm.learning import Hyperparameters, Specification

TRIAL: dict[str, Any] = (
    dict.fromkeys(("alternative", "panel", "statistic"), str)
    | {"seed": int}
    | SIZES
    | {"variant": str}
    | get_type_hints(Hyperparameters)
    | EVALUATED
    | {"sources": str, "processor": str, "seconds": float}
)
"""The columns of a table of trials, with their types."""


@dataclass(frozen=True)
class Trial:
    """One alternative on one curve with one seed."""

    name: str
    specification: Specification

    def is_beside(self, other: Trial) -> bool:
        """Say whether both are the same alternative on the same curve."""
        return self.name == other.name and replace(self.specification, seed=other.specification.seed) == (
            other.specification
        )

    @property
    def label(self) -> str:
        """Which alternative, curve and seed it is."""
        return f"{self.name}: {record_place(self.specification)}"

    @property
    def store(self) -> Store:
        """Where its record lies: a folder for each alternative."""
        changes = digest(canonical(self.specification.as_dict()["hyperparameters"]))[:12]
        return Store(home() / "_build" / "runs" / "trials" / changes)

    @property
    def is_done(self) -> bool:
        """Whether its record is there and fresh."""
        return self.store.state(self.specification).status == "done"

    def row(self) -> dict[str, Any]:
        """Return its row: what was changed, where it ended, and everything that determined it."""
        record = self.store.load(self.specification)
        return (
            {"alternative": self.name}
            | specified(self.specification)
            | vars(record.final)
            | {"sources": digest(canonical(record.conditions))[:16], "processor": record.processor}
            | {"seconds": record.seconds}
        )


@dataclass(frozen=True)
class Trials:
    """A set of trials and its table.

    Attributes:
        name: the name of the table's file.
        listed: returns the trials, in the order of the rows.
    """

    name: str
    listed: Callable[[], list[Trial]]

    @property
    def path(self) -> Path:
        """Where the table lies."""
        return home() / "data" / f"{self.name}.csv"

    @property
    def seal_path(self) -> Path:
        """Where the trials' replays lie."""
        return self.path.with_name(f"{self.name}-seal.json")

    @property
    def files(self) -> list[Path]:
        """The files that :meth:`do` writes."""
        records = [one.store.path(one.specification) for one in self.listed()]
        return [self.path, self.seal_path, *records]

    def do(self, jobs: int = 1) -> int:
        """Do the trials that are missing or stale, write the table, and return how many were done."""
        everything = self.listed()
        done = do_runs(
            [(one.specification, one.store) for one in everything if not one.is_done], local_engine(jobs)
        )
        rows = pd.DataFrame([one.row() for one in everything])[list(TRIAL)]
        replays = {one.label: one.store.load(one.specification).replay for one in everything}
        write_atomic(self.path, as_csv(rows))
        self._seal(replays)
        return done

    def _seal(self, replays: dict[str, Replay]) -> None:
        runs = (one.specification for one in self.listed())
        write_atomic(self.seal_path, Seal.of_today(runs, replays).written)

    def read(self) -> pd.DataFrame:
        """Return the recorded trials.

        Raises:
            ValueError: they are missing, or not those that the present code would make.
        """
        rows = read_table(self.path, TRIAL, "table of trials")
        changed = self._changes(rows)
        if changed:
            raise ValueError(f"{self.path} is stale: {changed}; `make reproduce` writes it again")
        return rows

    def _changes(self, rows: pd.DataFrame) -> str:
        """Say in what the table differs from what the present code would make; empty if in nothing."""
        everything = self.listed()
        if list(rows["alternative"]) != [one.name for one in everything]:
            return "other alternatives are tried now"
        return published.changes(rows, [one.specification for one in everything]) or self._stale(everything)

    def _stale(self, everything: list[Trial]) -> str:
        """Say which trial a replay finds stale, and what has changed; empty if there is none."""
        seal = Seal.read(self.seal_path)
        first = [one for one in everything if one.specification.seed == 0]
        curves = {
            one.label: [(other.label, other.specification) for other in everything if one.is_beside(other)]
            for one in first
        }
        stale = seal.stale(curves, jobs=os.cpu_count() or 1)
        return f"{stale[0]} comes out otherwise in a replay; changed: {seal.changed}" if stale else ""

    def reseal(self) -> None:
        """Check the table and note that today's conditions produce it.

        Raises:
            ValueError: as :meth:`read`.
        """
        self.read()
        self._seal(dict(Seal.read(self.seal_path).replays))
