"""What was tried before PPO's settings were fixed: alternatives to them, at equal numbers of visits.

The curves are few and were chosen because they tell alternatives apart: the hardest correlated panel, a long and a
short episode with local optima, and static prices that are hard to find. The table is ``data/tuning.csv``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from spm.compendium.record.grid import STATIC
from spm.compendium.record.trials import Trial, Trials
from spm.learning import HYPERPARAMETERS, Hyperparameters, Specification
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


TUNING = Trials("tuning", trials)
"""The trials with their table, ``data/tuning.csv``."""
