"""Learning a mechanism: one run of PPO, from a specification to a learning curve and a policy.

The policy is a two-layer perceptron whose outputs are n scores and one price a type (the paper's *RL Algorithm*),
or in the variant ``groups`` a choice among groups and their prices (:mod:`spm.policies`). The reward is terminal,
or stepwise where that is asked for (:mod:`spm.environment`); nothing is discounted. At regular intervals
the policy without its exploration noise is evaluated on fresh profiles, the same ones for every statistic and
seed, so that curves of one panel can be compared.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback, CallbackList
from stable_baselines3.common.logger import Logger

from spm.actors import VARIANTS, Weights, actor_weights, learned_mechanism
from spm.environment import BatchedMarkets, Profiles
from spm.market import Statistic, separable
from spm.mechanisms import Outcomes, play
from spm.names import lookup
from spm.policies import GroupPolicy, StatisticOnly
from spm.settings import Array, Setting, bundles


@dataclass(frozen=True)
class Hyperparameters:
    """PPO's settings, the same for all panels (:data:`spm.experiments.HYPERPARAMETERS`).

    Attributes:
        n_markets: markets in parallel, B.
        episodes: whole episodes a market plays between two updates.
        batch_size: wanted minibatch; the nearest divisor of the rollout is taken.
        n_epochs: passes over a rollout.
        learning_rate: at the start; falls linearly to 0.
        log_std_init: log standard deviation of the exploration noise at the start.
        log_std_final: at the end, falling linearly; None: it is learned with the policy.
        width: units in each of the two hidden layers.
        clip_range: PPO's clipping of the probability ratio.
        stepwise: reward each visit with its own regret where the setting allows it, instead of the last with
            all of them (:meth:`spm.environment.BatchedMarkets.standing`).
    """

    n_markets: int = 512
    episodes: int = 1
    batch_size: int = 1024
    n_epochs: int = 1
    learning_rate: float = 2e-3
    log_std_init: float = -1.0
    log_std_final: float | None = None
    width: int = 64
    clip_range: float = 0.2
    stepwise: bool = False


@dataclass(frozen=True)
class Specification:
    """Everything that determines a run.

    Attributes:
        setting: the setting.
        statistic: what the policy sees.
        seed: seed of the network, of the exploration and of the training profiles.
        visits: least number of visits to learn from (rounded up to whole rollouts).
        evaluations: points on the learning curve, the untrained policy's included.
        evaluation_profiles: fresh profiles at each of them.
        final_profiles: fresh profiles for the final evaluation.
        hyperparameters: PPO's settings.
        variant: the kind of policy (:data:`spm.actors.VARIANTS`).
    """

    setting: Setting
    statistic: Statistic
    seed: int
    visits: int
    evaluations: int = 21
    evaluation_profiles: int = 2000
    final_profiles: int = 10_000
    hyperparameters: Hyperparameters = field(default_factory=Hyperparameters)
    variant: str = "scores"

    def __post_init__(self) -> None:
        """Check variant and sizes.

        Raises:
            ValueError: unknown variant, a statistic that the setting does not have, or an impossible size.
        """
        self.statistic.width(self.setting)
        lookup("variant", self.variant, VARIANTS)
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, not {self.seed}")
        if self.visits < 1:
            raise ValueError(f"visits must be at least 1, not {self.visits}")
        if self.evaluations < 2:
            raise ValueError(f"evaluations must be at least 2, not {self.evaluations}")
        if min(self.evaluation_profiles, self.final_profiles) < 2:
            raise ValueError("an evaluation needs at least 2 profiles, for a standard error")

    def as_dict(self) -> dict[str, Any]:
        """Return the specification as plain data, for a record or a digest: the setting by name and content."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        plain["setting"] = {"name": self.setting.name, "digest": self.setting.digest}
        plain["statistic"] = {"name": self.statistic.name, "blocks": list(self.statistic.blocks)}
        plain["hyperparameters"] = asdict(self.hyperparameters)
        return plain

    @property
    def key(self) -> dict[str, str | int]:
        """The names by which people know the run."""
        names: dict[str, str | int] = {"panel": self.setting.name, "variant": self.variant}
        return names | {"statistic": self.statistic.name, "seed": self.seed}

    @property
    def rollout(self) -> int:
        """Visits between two updates."""
        hyper = self.hyperparameters
        return self.setting.n_agents * hyper.episodes * hyper.n_markets

    @property
    def whole_rollouts(self) -> int:
        """The visits asked for, rounded up to whole rollouts."""
        return -(-self.visits // self.rollout) * self.rollout


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
    weights: Weights


def train(specification: Specification) -> Run:
    """Learn one policy, on one torch thread.

    >>> from spm import settings
    >>> from spm.market import statistics
    >>> asked = Specification(settings.get_setting("kitchen-sink"), statistics.get_statistic("none"), 0, visits=2000, evaluations=2)
    >>> run = train(asked)
    >>> run.curve[0].visits, run.curve[-1].visits
    (0, 3072)
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        model = make_model(specification)
        evaluator = _Evaluator(specification)
        noise = _Noise(specification.hyperparameters)
        model.learn(specification.whole_rollouts, callback=CallbackList([evaluator, noise]))
        curve = (*evaluator.points, evaluator.evaluate(model))
    finally:
        torch.set_num_threads(threads)
    weights = actor_weights(model)
    final = evaluate_weights(
        specification, weights, specification.final_profiles, evaluation_seed("final"), curve[-1].visits
    )
    return Run(specification, curve, final, weights)


def make_model(specification: Specification) -> PPO:
    """Return the untrained PPO model of a run."""
    hyper = specification.hyperparameters
    setting, statistic = specification.setting, specification.statistic
    in_groups = specification.variant == "groups"
    seed = int(np.random.SeedSequence(specification.seed).generate_state(1)[0])
    sees = statistic.with_agents_left() if in_groups else statistic
    stepwise = hyper.stepwise and separable(setting)
    env = BatchedMarkets(setting, sees, hyper.n_markets, seed, stepwise)
    n_steps = setting.n_agents * hyper.episodes
    model = PPO(
        GroupPolicy if in_groups else "MlpPolicy",
        env,
        n_steps=n_steps,
        batch_size=nearest_divisor(n_steps * hyper.n_markets, hyper.batch_size),
        n_epochs=hyper.n_epochs,
        learning_rate=lambda left: hyper.learning_rate * left,
        gamma=1.0,
        gae_lambda=1.0,
        clip_range=hyper.clip_range,
        policy_kwargs={"net_arch": [hyper.width, hyper.width], "log_std_init": hyper.log_std_init}
        | (_group_arguments(setting, statistic) if in_groups else {}),
        seed=seed,
        device="cpu",
    )
    model.set_logger(Logger(folder=None, output_formats=[]))  # the default one leaves a temporary folder behind
    if not in_groups:
        start_prices(model, setting)
    if hyper.log_std_final is not None:
        model.policy.log_std.requires_grad_(False)
    return model


def _group_arguments(setting: Setting, statistic: Statistic) -> dict[str, Any]:
    """What :class:`spm.policies.GroupPolicy` needs beyond SB3's own arguments."""
    return {
        "group_of": setting.model.group_of,
        "anonymous": statistic.blocks == ("constant",),
        "start_prices": mean_values(setting),
        "features_extractor_class": StatisticOnly,
        "features_extractor_kwargs": {"width": statistic.width(setting)},
    }


def start_prices(model: PPO, setting: Setting) -> None:
    """Let the untrained policy post each type's mean value, over agents and profiles.

    Prices that start at 0 sell everything to whoever comes first, and prices that start too high sell
    nothing: either way learning begins where it sees no difference between mechanisms.
    """
    with torch.no_grad():
        bias: torch.Tensor = model.policy.action_net.bias  # type: ignore[assignment]
        bias[setting.n_agents :] = torch.as_tensor(mean_values(setting))


def mean_values(setting: Setting) -> Array:
    """Return each type's mean value, ``(T,)``, over agents and a pool of profiles."""
    values = Profiles(setting, np.random.default_rng(0)).pool()
    singles = bundles(setting.demand, setting.n_types).sum(axis=1) == 1
    means: Array = np.maximum(values[:, :, singles], 0.0).mean(axis=(0, 1))
    return means


def nearest_divisor(total: int, wanted: int) -> int:
    """Return the divisor of ``total`` nearest to ``wanted`` in ratio, so that minibatches divide evenly.

    >>> nearest_divisor(512 * 9, 2048)
    2304
    """
    divisors = [d for d in range(1, total + 1) if total % d == 0]
    return min(divisors, key=lambda d: abs(np.log(d / wanted)))


STREAMS = ("curve", "final")
"""Streams of evaluation profiles, apart from each other; training profiles come from the run's own seed."""


def evaluation_seed(stream: str, index: int = 0) -> int:
    """Return the seed of the ``index``-th evaluation of a stream, the same for all runs and panels."""
    spawn_key = (STREAMS.index(stream), index)
    return int(np.random.SeedSequence(entropy=2020_10_01180, spawn_key=spawn_key).generate_state(1)[0])


def evaluate_weights(
    specification: Specification, weights: Weights, n_profiles: int, seed: int, visits: int
) -> Point:
    """Evaluate a policy without its noise on the profiles of ``seed``."""
    learned = learned_mechanism(specification.setting, specification.statistic, specification.variant, weights)
    return point(play(learned, specification.setting, n_profiles, seed), visits)


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


class _Noise(BaseCallback):
    """Lets the exploration noise fall linearly in its logarithm, where that is asked for."""

    def __init__(self, hyper: Hyperparameters) -> None:
        super().__init__()
        self._start, self._end = hyper.log_std_init, hyper.log_std_final

    def _on_rollout_start(self) -> None:
        if self._end is not None:
            left: float = self.model._current_progress_remaining
            log_std: torch.Tensor = self.model.policy.log_std  # type: ignore[assignment]
            log_std.data.fill_(self._end + (self._start - self._end) * left)

    def _on_step(self) -> bool:
        return True


class _Evaluator(BaseCallback):
    """Evaluates the policy at regular intervals, between rollouts."""

    def __init__(self, specification: Specification) -> None:
        super().__init__()
        self.specification = specification
        self.points: list[Point] = []
        rollouts = specification.whole_rollouts // specification.rollout
        marks = np.linspace(0, rollouts, specification.evaluations)[:-1]
        self._due = sorted({round(mark) * specification.rollout for mark in marks})

    def _on_rollout_start(self) -> None:
        if self.num_timesteps in self._due:
            self.points.append(self.evaluate(self.model))

    def _on_step(self) -> bool:
        return True

    def evaluate(self, model: Any) -> Point:
        """Evaluate the current policy on this point's fresh profiles."""
        profiles = self.specification.evaluation_profiles
        seed = evaluation_seed("curve", len(self.points))
        return evaluate_weights(self.specification, actor_weights(model), profiles, seed, self.num_timesteps)
