"""Learning a mechanism: one run of PPO, from a specification to a learning curve and a policy.

The policy is a two-layer perceptron whose outputs are n scores and one price a type (the paper's
*RL Algorithm*). The reward is terminal (:mod:`spm.environment`); nothing is discounted. At regular intervals
the policy without its exploration noise is evaluated on fresh profiles, the same ones for every statistic and
seed, so that curves of one panel can be compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback

from spm import settings, statistics
from spm.environment import BatchedMarkets
from spm.mechanisms import Learned, Outcomes, play
from spm.statistics import Observation


@dataclass(frozen=True)
class Hyperparameters:
    """PPO's settings, the same for all panels.

    Attributes:
        n_markets: markets in parallel, B.
        episodes: whole episodes a market plays between two updates.
        batch_size: wanted minibatch; the nearest divisor of the rollout is taken.
        n_epochs: passes over a rollout.
        learning_rate: at the start; falls linearly to 0.
        log_std_init: log standard deviation of the exploration noise at the start.
        width: units in each of the two hidden layers.
        clip_range: PPO's clipping of the probability ratio.
    """

    n_markets: int = 512
    episodes: int = 1
    batch_size: int = 2048
    n_epochs: int = 4
    learning_rate: float = 1e-3
    log_std_init: float = -1.0
    width: int = 64
    clip_range: float = 0.2


@dataclass(frozen=True)
class Specification:
    """Everything that determines a run.

    Attributes:
        panel: name of the setting.
        statistic: name of the statistic that the policy sees.
        seed: seed of the network, of the exploration and of the training profiles.
        visits: least number of visits to learn from (rounded up to whole rollouts).
        evaluations: points on the learning curve, the untrained policy's included.
        evaluation_profiles: fresh profiles at each of them.
        final_profiles: fresh profiles for the final evaluation.
        hyperparameters: PPO's settings.
    """

    panel: str
    statistic: str
    seed: int
    visits: int
    evaluations: int = 21
    evaluation_profiles: int = 2000
    final_profiles: int = 10_000
    hyperparameters: Hyperparameters = field(default_factory=Hyperparameters)

    def __post_init__(self) -> None:
        """Check the names and sizes.

        Raises:
            ValueError: unknown panel or statistic, or an impossible size.
        """
        settings.get(self.panel)
        statistics.get(self.statistic)
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, not {self.seed}")
        if self.visits < 1:
            raise ValueError(f"visits must be at least 1, not {self.visits}")
        if self.evaluations < 2:
            raise ValueError(f"evaluations must be at least 2, not {self.evaluations}")

    def as_dict(self) -> dict[str, Any]:
        """Return the specification as plain data, for a record or a hash."""
        return asdict(self)


@dataclass(frozen=True)
class Point:
    """A point of a learning curve: objective and regret to the first best after ``visits`` visits."""

    visits: int
    objective: float
    objective_se: float
    regret: float
    regret_se: float


@dataclass(frozen=True)
class Run:
    """What a run produced: its learning curve, its final evaluation, and the policy's weights."""

    specification: Specification
    curve: tuple[Point, ...]
    final: Point
    weights: dict[str, torch.Tensor]


def train(specification: Specification) -> Run:
    """Learn one policy, on one torch thread.

    >>> run = train(Specification("kitchen-sink", "none", seed=0, visits=2000, evaluations=2))
    >>> run.curve[0].visits, run.curve[-1].visits
    (0, 3072)
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        model = make_model(specification)
        evaluator = _Evaluator(specification)
        model.learn(_whole_rollouts(specification), callback=evaluator)
        curve = (*evaluator.points, evaluator.evaluate(model))
    finally:
        torch.set_num_threads(threads)
    final = evaluate(specification, model.policy, specification.final_profiles, _FINAL, curve[-1].visits)
    return Run(specification, curve, final, model.policy.state_dict())


def make_model(specification: Specification) -> PPO:
    """Return the untrained PPO model of a run."""
    hyper = specification.hyperparameters
    setting = settings.get(specification.panel)
    statistic = statistics.get(specification.statistic)
    seed = int(np.random.SeedSequence(specification.seed).generate_state(1)[0])
    env = BatchedMarkets(setting, statistic, hyper.n_markets, seed)
    n_steps = setting.n_agents * hyper.episodes
    return PPO(
        "MlpPolicy",
        env,
        n_steps=n_steps,
        batch_size=nearest_divisor(n_steps * hyper.n_markets, hyper.batch_size),
        n_epochs=hyper.n_epochs,
        learning_rate=lambda left: hyper.learning_rate * left,
        gamma=1.0,
        gae_lambda=1.0,
        clip_range=hyper.clip_range,
        policy_kwargs={"net_arch": [hyper.width, hyper.width], "log_std_init": hyper.log_std_init},
        seed=seed,
        device="cpu",
    )


def nearest_divisor(total: int, wanted: int) -> int:
    """Return the divisor of ``total`` nearest to ``wanted`` in ratio, so that minibatches divide evenly.

    >>> nearest_divisor(512 * 9, 2048)
    2304
    """
    divisors = [d for d in range(1, total + 1) if total % d == 0]
    return min(divisors, key=lambda d: abs(np.log(d / wanted)))


def _rollout(specification: Specification) -> int:
    """Visits between two updates."""
    hyper = specification.hyperparameters
    return settings.get(specification.panel).n_agents * hyper.episodes * hyper.n_markets


def _whole_rollouts(specification: Specification) -> int:
    """The visits asked for, rounded up to whole rollouts."""
    rollout = _rollout(specification)
    return -(-specification.visits // rollout) * rollout


_CURVE, _FINAL = 1, 2
"""Streams of evaluation profiles; training profiles come from the run's own seed."""


def evaluation_seed(stream: int, index: int = 0) -> int:
    """Return the seed of the evaluation profiles, the same for all runs and panels."""
    return int(np.random.SeedSequence(entropy=20200, spawn_key=(stream, index)).generate_state(1)[0])


def evaluate(specification: Specification, policy: Any, n_profiles: int, stream: int, visits: int) -> Point:
    """Evaluate a policy without its noise on fresh profiles."""
    mechanism = Learned(statistics.get(specification.statistic), actor(policy))
    outcomes = play(mechanism, settings.get(specification.panel), n_profiles, evaluation_seed(stream))
    return point(outcomes, visits)


def point(outcomes: Outcomes, visits: int) -> Point:
    """Summarise outcomes as a point of a curve."""
    root = np.sqrt(len(outcomes.objective))
    regret = outcomes.regret
    return Point(
        visits,
        outcomes.mean,
        outcomes.standard_error,
        float(regret.mean()),
        float(regret.std(ddof=1) / root),
    )


def actor(policy: Any) -> Callable[[Observation], NDArray[np.floating[Any]]]:
    """Return the function from observations to the policy's actions without noise."""

    def act(observation: Observation) -> NDArray[np.floating[Any]]:
        actions, _ = policy.predict(observation, deterministic=True)
        return np.asarray(actions)

    return act


class _Evaluator(BaseCallback):
    """Evaluates the policy at regular intervals, between rollouts."""

    def __init__(self, specification: Specification) -> None:
        super().__init__()
        self.specification = specification
        self.points: list[Point] = []
        rollouts = _whole_rollouts(specification) // _rollout(specification)
        marks = np.linspace(0, rollouts, specification.evaluations)[:-1]
        self._due = sorted({round(mark) * _rollout(specification) for mark in marks})

    def _on_rollout_start(self) -> None:
        if self.num_timesteps in self._due:
            self.points.append(self.evaluate(self.model))

    def _on_step(self) -> bool:
        return True

    def evaluate(self, model: Any) -> Point:
        """Evaluate the current policy on this point's fresh profiles."""
        profiles = self.specification.evaluation_profiles
        return evaluate(
            self.specification, model.policy, profiles, _CURVE + 2 * len(self.points), self.num_timesteps
        )
