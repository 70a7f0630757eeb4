"""What was tried before PPO's settings were fixed: alternatives to them, at equal numbers of visits.

The curves are few and were chosen because they tell alternatives apart: the hardest correlated panel, a long and a
short episode with local optima, and static prices that are hard to find. The table is ``data/tuning.csv``.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from spm.compendium.record import published
from spm.compendium.record.grid import HYPERPARAMETERS, STATIC
from spm.compendium.record.published import specified
from spm.compendium.record.replay import Replay, Seal
from spm.compendium.record.runs import do_runs, local_engine
from spm.compendium.record.store import Store, record_place
from spm.files import canonical, digest, home, write_atomic
from spm.learning import Hyperparameters, Specification
from spm.market import get_statistic
from spm.settings import get_setting

ADAPTIVE_CURVES = (("delta-0.5", "price-allocation"), ("inventory", "allocation"), ("max-min", "allocation"))
STATIC_CURVES = (("revenue", "agents-left"), ("max-min", "none"))
ADAPTIVE_VISITS, STATIC_VISITS, TRIAL_SEEDS, TRIAL_PROFILES = 1_000_000, 400_000, 2, 20_000
START = {"batch_size": 2048, "n_epochs": 4, "learning_rate": 1e-3}
"""The settings that the search began with."""

ALTERNATIVES: dict[tuple[str, bool], dict[str, dict[str, Any]]] = {
    ("scores", False): {
        "chosen": {},
        "4 epochs, minibatches of 2,048, rate 0.001": START,
        "noise falls to e^-3": {"log_std_final": -3.0},
        "stepwise rewards": {"stepwise": True},
    },
    ("groups", False): {
        "chosen": {},
        "4 epochs, minibatches of 2,048, rate 0.001": START,
        "terminal rewards": {"stepwise": False},
        "noise learned": {"log_std_final": None},
        "rate 0.004": {"learning_rate": 4e-3},
        "width 128": {"width": 128},
    },
    ("groups", True): {
        "chosen": {},
        "1 epoch, minibatches of 1,024": {"batch_size": 1024, "n_epochs": 1},
        "noise from e^-1": {"log_std_init": -1.0},
        "noise falls to e^-4.5": {"log_std_final": -4.5},
    },
}
"""By variant and by whether the mechanism is static: what was tried, as changes to the settings chosen."""


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
        return Store(home() / "_build" / "runs" / "tuning" / changes)


def trials() -> list[Trial]:
    """Return all trials."""
    return list(_trials())


def _trials() -> Iterator[Trial]:
    for (variant, static), alternatives in ALTERNATIVES.items():
        for name, changes in alternatives.items():
            hyper = replace(HYPERPARAMETERS[variant, static], **changes)
            for panel, statistic in STATIC_CURVES if static else ADAPTIVE_CURVES:
                for seed in range(TRIAL_SEEDS):
                    yield Trial(name, _specification(panel, statistic, seed, hyper, variant))


def _specification(panel: str, statistic: str, seed: int, hyper: Hyperparameters, variant: str) -> Specification:
    visits = STATIC_VISITS if statistic in STATIC else ADAPTIVE_VISITS
    return Specification(
        get_setting(panel),
        get_statistic(statistic),
        seed,
        visits,
        2,
        100,
        TRIAL_PROFILES,
        hyper,
        variant,
    )


def tuning_path() -> Path:
    """Return where the table lies."""
    return home() / "data" / "tuning.csv"


def seal_path() -> Path:
    """Return where the trials' replays lie."""
    return tuning_path().with_name("tuning-seal.json")


def tune(jobs: int) -> int:
    """Do the trials that are missing or stale, write the table, and return how many were done."""
    everything = trials()
    todo = [(one.specification, one.store) for one in everything if not _is_done(one)]
    done = do_runs(todo, local_engine(jobs))
    rows = pd.DataFrame([_row(one) for one in everything])
    write_atomic(tuning_path(), rows.to_csv(index=False, lineterminator="\n").encode())
    replays = {one.label: Replay.read(one.store.load(one.specification)["replay"]) for one in everything}
    write_atomic(seal_path(), Seal.of_today((one.specification for one in everything), replays).written)
    return done


def _is_done(one: Trial) -> bool:
    return one.store.state(one.specification).status == "done"


def _row(one: Trial) -> dict[str, Any]:
    """A trial's row: what was changed, where it ended, and everything that determined it."""
    record = one.store.load(one.specification)
    return (
        {"alternative": one.name}
        | specified(one.specification)
        | record["final"]
        | {"sources": digest(canonical(record["conditions"]))[:16], "processor": record["processor"]}
        | {"seconds": record["seconds"]}
    )


def read() -> pd.DataFrame:
    """Return the recorded trials.

    Raises:
        ValueError: they are missing, or not those that the present code would make.
    """
    try:
        rows = pd.read_csv(io.BytesIO(tuning_path().read_bytes()), float_precision="round_trip")
    except OSError:
        raise ValueError(f"there is no table of trials at {tuning_path()}; `make reproduce` writes it") from None
    changed = _changes(rows)
    if changed:
        raise ValueError(f"{tuning_path()} is stale: {changed}; `make reproduce` writes it anew")
    return rows


def _changes(rows: pd.DataFrame) -> str:
    """Say in what the table differs from what the present code would make; empty if in nothing."""
    everything = trials()
    if list(rows["alternative"]) != [one.name for one in everything]:
        return "other alternatives are tried now"
    return published.changes(rows, [one.specification for one in everything]) or _stale(everything)


def _stale(everything: list[Trial]) -> str:
    """Say which trial a replay finds stale, and what has changed; empty if there is none."""
    seal = Seal.read(seal_path())
    first = [one for one in everything if one.specification.seed == 0]
    curves = {
        one.label: [(other.label, other.specification) for other in everything if one.is_beside(other)]
        for one in first
    }
    stale = seal.stale(curves, jobs=os.cpu_count() or 1)
    return f"{stale[0]} comes out otherwise in a replay; changed: {seal.changed}" if stale else ""


def reseal_trials() -> None:
    """Check the table and note that today's conditions produce it.

    Raises:
        ValueError: as :func:`read`.
    """
    read()
    runs = (one.specification for one in trials())
    write_atomic(seal_path(), Seal.of_today(runs, Seal.read(seal_path()).replays).written)
