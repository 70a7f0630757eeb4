"""Speed, measured in one run and reported as ratios.

Raw visits a second of the batched market and of one market stepped at a time; learning visits a second,
updates included, of the batched environment and of Stable-Baselines3's ``DummyVecEnv`` over one market; how much
of learning is the networks' own work; and how cost grows from 20 to 2,000 agents.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.vec_env import DummyVecEnv
from torch import nn
from torch.autograd.profiler import profile

from spm.compendium.command_line import Parser, decimal, status_of
from spm.learning import BatchedMarkets, Hyperparameters, MarketEnv, Specification, make_model
from spm.market import Market, get_statistic
from spm.settings import get_setting, valuations

PANEL, STATISTIC, MARKETS = "delta-0.5", "price-allocation", 1024

SIZES = (20, 200, 2000)
"""Numbers of agents between which the growth of cost is measured, with an item for every four of them."""

GROWTH_STATISTICS = ("items-agents-left", "price-allocation")

MOST_SECONDS = 600
"""Longest time for a measurement."""

AGENTS_AT_A_TIME = 4000
"""Agents in all markets together while growth is measured: 200 markets of 20, or 2 of 2,000. A rollout of 2,000
agents whose policy sees 6,001 numbers and answers with 2,001 takes 64 MB a market."""


def bench(seconds: float = 3.0, sizes: Sequence[int] = SIZES) -> dict[str, float]:
    """Return visits a second on one core, their ratios, and the growth of cost.

    ``networks_visits_per_second`` is what learning would reach if nothing but the networks took time
    (:func:`networks_alone`), and ``learning_percent_of_networks`` how much of that it reaches.

    Args:
        seconds: least time spent on each of the five main measurements; on those of growth a sixth of it.
        sizes: numbers of agents for the growth of cost.

    Raises:
        ValueError: no time, or more than :data:`MOST_SECONDS`.
    """
    if not 0 < seconds <= MOST_SECONDS:
        raise ValueError(f"seconds must be more than 0 and at most {MOST_SECONDS}, not {seconds:g}")
    torch.set_num_threads(1)
    rates = {
        "raw_visits_per_second": rate(raw_batched(MARKETS), seconds),
        "raw_visits_per_second_single": rate(raw_batched(1), seconds),
        "learning_visits_per_second": rate(learning_batched(), seconds),
        "learning_visits_per_second_single": rate(learning_single(), seconds),
        "networks_visits_per_second": rate(networks_alone(), seconds),
    }
    learning = rates["learning_visits_per_second"]
    return (
        rates
        | {
            "raw_ratio": rates["raw_visits_per_second"] / rates["raw_visits_per_second_single"],
            "learning_ratio": learning / rates["learning_visits_per_second_single"],
            "learning_percent_of_networks": 100 * learning / rates["networks_visits_per_second"],
            "learning_percent_outside_torch": percent_outside_torch(),
        }
        | growth(seconds / 6, sizes)
    )


def rate(work: Callable[[], int], seconds: float) -> float:
    """Call ``work``, which returns the visits it made, for ``seconds``; return visits a second."""
    work()
    visits, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds:
        visits += work()
    return visits / spent


def raw_batched(n_markets: int) -> Callable[[], int]:
    """Return the work of playing ``n_markets`` whole episodes of the 20-agent setting at random prices."""
    setting = get_setting(PANEL)
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
    return _learn(_model(), 10)


def learning_single() -> Callable[[], int]:
    """Return the work of learning for a rollout of one market at a time, as Stable-Baselines3 does by default."""
    hyper = Hyperparameters()
    env = DummyVecEnv([lambda: MarketEnv(get_setting(PANEL), get_statistic(STATISTIC).name)])
    model = PPO(
        "MlpPolicy", env, policy_kwargs={"net_arch": [hyper.width, hyper.width]}, gamma=1.0, gae_lambda=1.0, seed=0
    )
    model.set_logger(Logger(folder=None, output_formats=[]))
    return _learn(model, 1)


def _model(panel: str = PANEL, statistic: str = STATISTIC, **hyper: int) -> PPO:
    """An untrained model, whose hyperparameters are those of all panels but for ``hyper``."""
    others = Hyperparameters(**hyper)  # type: ignore[arg-type]
    return make_model(Specification(get_setting(panel), get_statistic(statistic), 0, 1, hyperparameters=others))


def networks_alone() -> Callable[[], int]:
    """Return the work of the networks alone in a rollout and its update: the floor of learning.

    As many passes of the same shapes, on random numbers: forward for each step of a rollout; forward, backward
    and Adam for each minibatch of each epoch. Neither environment nor Stable-Baselines3 takes part.
    """
    model = _model()
    inputs, outputs = (int(np.prod(space.shape or ())) for space in (model.observation_space, model.action_space))
    networks = [_perceptron(inputs, outputs), _perceptron(inputs, 1)]
    adam = torch.optim.Adam([weight for network in networks for weight in network.parameters()], lr=1e-3)
    seen, batch = torch.rand(model.n_envs, inputs), torch.rand(model.batch_size, inputs)
    visits = model.n_steps * model.n_envs

    def work() -> int:
        with torch.no_grad():
            for _ in range(model.n_steps):
                [network(seen) for network in networks]
        for _ in range(model.n_epochs * visits // model.batch_size):
            loss = torch.stack([network(batch).square().mean() for network in networks]).sum()
            adam.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
        return visits

    return work


def _perceptron(inputs: int, outputs: int) -> nn.Sequential:
    """A network of the shape of the actor and of the critic."""
    width = Hyperparameters().width
    layers = nn.Linear(inputs, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, outputs)
    return nn.Sequential(*layers)


def percent_outside_torch() -> float:
    """Return the percentage of the batched learning's time that is not spent in torch's operations.

    Torch's profiler adds up the time inside each operation (``aten::``, operations that it calls not counted
    twice) over two rollouts and their updates; the rest of the time between start and end is the environment,
    NumPy, Stable-Baselines3, Python, and torch's own bookkeeping between operations. Profiling costs time at each
    operation, so this is rather too high than too low.
    """
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # else the profiler announces its start and stop
    work = _learn(_model(), 2)
    work()
    with profile(use_kineto=False) as profiler:
        start = time.perf_counter()
        work()
        spent = time.perf_counter() - start
    inside = sum(row.self_cpu_time_total for row in profiler.key_averages() if row.key.startswith("aten::"))
    return 100 * (1 - inside / 1e6 / spent)


def growth(seconds: float, sizes: Sequence[int]) -> dict[str, float]:
    """Return speed and peak memory for each size and statistic, each measured in a process of its own."""
    # Forked from a small server: a process started from this one would begin with this one's peak.
    context = get_context("forkserver")
    rows: dict[str, float] = {}
    with ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1) as pool:
        for statistic in GROWTH_STATISTICS:
            for size in sizes:
                row = pool.submit(cost, size, statistic, seconds).result()
                rows |= {f"{statistic.replace('-', '_')}_{size}_{name}": value for name, value in row.items()}
    return rows


def cost(n_agents: int, statistic: str, seconds: float) -> dict[str, float]:
    """Return markets, visits a second of the environment and of learning, and this process's peak memory in MiB.

    The environment's include the statistic's observations. The peak includes Python and its libraries, of which
    torch is the largest.
    """
    torch.set_num_threads(1)
    panel, markets = f"correlated-{n_agents}-{n_agents // 4}-0.5", AGENTS_AT_A_TIME // n_agents
    row = {
        "markets": float(markets),
        "environment_per_second": rate(stepping(panel, statistic, markets), seconds),
        "learning_per_second": rate(_learn(_model(panel, statistic, n_markets=markets), 1), seconds),
    }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # in KiB, on macOS in bytes
    return row | {"peak_mib": peak / (2**20 if sys.platform == "darwin" else 2**10)}


def stepping(panel: str, statistic: str, n_markets: int) -> Callable[[], int]:
    """Return the work of stepping the learning's environment as often as there are agents, at random actions."""
    setting = get_setting(panel)
    env = BatchedMarkets(setting, get_statistic(statistic), n_markets)
    env.reset()
    rng = np.random.default_rng(0)
    actions = rng.random((16, n_markets, setting.n_agents + setting.n_types), dtype=np.float32)

    def work() -> int:
        for step in range(setting.n_agents):
            env.step(actions[step % len(actions)])
        return setting.n_agents * n_markets

    return work


def _learn(model: PPO, rollouts: int) -> Callable[[], int]:
    visits = rollouts * model.n_steps * model.n_envs

    def work() -> int:
        model.learn(visits)
        return visits

    return work


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print speeds; return the exit status."""
    parser = Parser(
        prog="python -m benchmarks.speed", description="Speed of the environment and of learning, as ratios."
    )
    parser.add_argument(
        "--seconds", type=decimal("--seconds"), default=3.0, help="least time for each measurement"
    )

    def work() -> None:
        for name, value in bench(parser.parse_args(arguments).seconds).items():
            print(f"{name.replace('_', ' '):40}{value:14,.1f}")

    return status_of("bench", work)


if __name__ == "__main__":
    sys.exit(main())
