"""Learning: the market as an environment, policies, and PPO. The only folder of the library that needs torch.

* :mod:`~spm.learning.specification`: everything that determines a run, and how results are evaluated (no torch).
* :mod:`~spm.learning.environment`: many markets at once as an environment of Stable-Baselines3.
* :mod:`~spm.learning.gym`: one market, and many, behind gymnasium's interface.
* :mod:`~spm.learning.policy`: the policy that chooses among groups of agents.
* :mod:`~spm.learning.actor`: from trained weights to a mechanism that can be played.
* :mod:`~spm.learning.ppo`: :func:`train` for any setting, :func:`learn` for a specification: one run of PPO.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from spm.learning.specification import (
    HYPERPARAMETERS,
    VARIANTS,
    VISITS,
    Hyperparameters,
    Point,
    Specification,
    evaluation_seed,
    point,
    recommended,
)

if TYPE_CHECKING:
    from spm.learning.actor import Weights, learned_mechanism
    from spm.learning.environment import BatchedMarkets, action_space
    from spm.learning.gym import MarketEnv, MarketVectorEnv
    from spm.learning.ppo import Run, learn, make_model, train

__all__ = [
    "HYPERPARAMETERS",
    "VARIANTS",
    "VISITS",
    "BatchedMarkets",
    "Hyperparameters",
    "MarketEnv",
    "MarketVectorEnv",
    "Point",
    "Run",
    "Specification",
    "Weights",
    "action_space",
    "evaluation_seed",
    "learn",
    "learned_mechanism",
    "make_model",
    "point",
    "recommended",
    "train",
]

_LATER = {
    "BatchedMarkets": "spm.learning.environment",
    "MarketEnv": "spm.learning.gym",
    "MarketVectorEnv": "spm.learning.gym",
    "Run": "spm.learning.ppo",
    "Weights": "spm.learning.actor",
    "action_space": "spm.learning.environment",
    "learn": "spm.learning.ppo",
    "learned_mechanism": "spm.learning.actor",
    "make_model": "spm.learning.ppo",
    "train": "spm.learning.ppo",
}
"""Names that are imported when they are first used, since their modules import torch."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
