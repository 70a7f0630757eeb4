"""Speed, measured in one run and reported as ratios.

Raw visits a second of the batched market and of one market stepped at a time; learning visits a second,
updates included, of the batched environment and of Stable-Baselines3's ``DummyVecEnv`` over one market.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv

from spm import settings, statistics
from spm.demand import valuations
from spm.environment import MarketEnv
from spm.learning import Hyperparameters, Specification, make_model
from spm.market import Market

PANEL, STATISTIC, MARKETS = "delta-0.5", "price-allocation", 1024


def bench(seconds: float = 3.0) -> dict[str, float]:
    """Return visits a second on one core, and the ratios of batched to one market at a time.

    Args:
        seconds: least time spent on each of the four measurements.
    """
    torch.set_num_threads(1)
    rates = {
        "raw_visits_per_second": rate(raw_batched(MARKETS), seconds),
        "raw_visits_per_second_single": rate(raw_batched(1), seconds),
        "learning_visits_per_second": rate(learning_batched(), seconds),
        "learning_visits_per_second_single": rate(learning_single(), seconds),
    }
    return rates | {
        "raw_ratio": rates["raw_visits_per_second"] / rates["raw_visits_per_second_single"],
        "learning_ratio": rates["learning_visits_per_second"] / rates["learning_visits_per_second_single"],
    }


def rate(work: Callable[[], int], seconds: float) -> float:
    """Call ``work``, which returns the visits it made, for ``seconds``; return visits a second."""
    work()
    visits, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds:
        visits += work()
    return visits / spent


def raw_batched(n_markets: int) -> Callable[[], int]:
    """Return the work of playing ``n_markets`` whole episodes of the 20-agent setting at random prices."""
    setting = settings.get(PANEL)
    rng = np.random.default_rng(0)
    market = Market(setting, valuations(setting.demand, setting.sample(rng, n_markets)))
    rows = np.arange(n_markets)
    fresh = valuations(setting.demand, setting.sample(rng, n_markets))
    prices = 0.8 + 0.2 * rng.random((n_markets, setting.n_types))
    order = rng.permuted(np.tile(np.arange(setting.n_agents), (n_markets, 1)), axis=1)

    def episode() -> int:
        market.open(rows, fresh)
        for agents in order.T:
            market.visit(agents, prices)
        return int(market.rounds.sum())

    return episode


def learning_batched() -> Callable[[], int]:
    """Return the work of learning for 10 rollouts with the batched environment."""
    model = make_model(Specification(PANEL, STATISTIC, seed=0, visits=1))
    return _learn(model, 10)


def learning_single() -> Callable[[], int]:
    """Return the work of learning for a rollout of one market at a time, as Stable-Baselines3 does by default."""
    hyper = Hyperparameters()
    env = DummyVecEnv([lambda: MarketEnv(settings.get(PANEL), statistics.get(STATISTIC).name)])
    model = PPO(
        "MlpPolicy", env, policy_kwargs={"net_arch": [hyper.width, hyper.width]}, gamma=1.0, gae_lambda=1.0, seed=0
    )
    return _learn(model, 1)


def _learn(model: PPO, rollouts: int) -> Callable[[], int]:
    visits = rollouts * model.n_steps * model.n_envs

    def work() -> int:
        model.learn(visits)
        return visits

    return work
