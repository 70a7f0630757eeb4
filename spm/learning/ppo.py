"""Learning a mechanism: one run of PPO, from a setting to a learning curve and a policy.

:func:`train` learns with what is recommended, :func:`learn` exactly what a specification says.

The policy is a perceptron with two hidden layers whose outputs are n scores and one price per type (the paper's
*RL Algorithm*) or, in the variant ``groups``, a choice among groups and their prices (:mod:`spm.learning.policy`).
The reward is terminal, or stepwise if the specification says so (:mod:`spm.learning.environment`); nothing is
discounted. At regular intervals the policy is evaluated without its exploration noise on fresh profiles, the same
ones for every statistic and seed, so that the curves of a panel can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback, CallbackList
from stable_baselines3.common.logger import Logger

from spm.learning.actor import Weights, actor_weights, learned_mechanism
from spm.learning.environment import BatchedMarkets, Profiles
from spm.learning.policy import GroupPolicy, StatisticOnly
from spm.learning.specification import (
    VISITS,
    Hyperparameters,
    Point,
    Specification,
    evaluation_seed,
    point,
    recommended,
)
from spm.market import Statistic, get_statistic, separable
from spm.mechanisms import Learned, play
from spm.settings import Array, Setting, bundles


@dataclass(frozen=True)
class Run:
    """The result of a run: its learning curve, its final evaluation, and the policy's weights."""

    specification: Specification
    curve: tuple[Point, ...]
    final: Point
    weights: Weights

    @property
    def mechanism(self) -> Learned:
        """The mechanism that was learned, ready for :func:`spm.mechanisms.play`."""
        asked = self.specification
        return learned_mechanism(asked.setting, asked.statistic, asked.variant, self.weights)


def train(
    setting: Setting,
    statistic: str | Statistic = "price-allocation",
    *,
    seed: int = 0,
    visits: int = VISITS,
    variant: str = "scores",
    hyperparameters: Hyperparameters | None = None,
    evaluations: int = 21,
    evaluation_profiles: int = 2000,
    final_profiles: int = 10_000,
) -> Run:
    """Learn a mechanism for any setting.

    Args:
        setting: the reader's own, or one of :func:`spm.settings.get_setting`.
        statistic: what the policy sees: the name of a statistic, or one of the reader's own.
        seed: seed of the network, of the exploration and of the training profiles.
        visits: least number of visits to learn from (rounded up to whole rollouts).
        variant: the kind of policy (:data:`spm.learning.specification.VARIANTS`).
        hyperparameters: PPO's; None: the recommended ones (:func:`spm.learning.specification.recommended`).
        evaluations: points of the learning curve, the untrained policy's included.
        evaluation_profiles: fresh profiles per point.
        final_profiles: fresh profiles for the final evaluation.

    Raises:
        ValueError: an unknown name, an argument of another type, or an impossible size.

    >>> from spm.settings import from_samples
    >>> mine = from_samples("mine", [[[3], [1]], [[1], [2]]], {"seat": 1})
    >>> run = train(mine, "items-agents-left", visits=1, evaluations=2)
    >>> play(run.mechanism, mine, 10_000, evaluation_seed("final")).mean == run.final.objective
    True
    """
    sees = get_statistic(statistic)
    return learn(
        Specification(
            setting,
            sees,
            seed,
            visits,
            evaluations,
            evaluation_profiles,
            final_profiles,
            recommended(variant, sees) if hyperparameters is None else hyperparameters,
            variant,
        )
    )


def learn(specification: Specification) -> Run:
    """Do the run that a specification describes, on a single torch thread.

    >>> from spm.market import get_statistic
    >>> from spm.settings import get_setting
    >>> asked = Specification(get_setting("kitchen-sink"), get_statistic("none"), 0, visits=2000, evaluations=2)
    >>> run = learn(asked)
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
    """Return the untrained PPO model of a run.

    >>> from spm.market import get_statistic
    >>> from spm.settings import get_setting
    >>> setting, statistic = get_setting("kitchen-sink"), get_statistic("allocation")
    >>> model = make_model(Specification(setting, statistic, seed=0, visits=1))
    >>> model.n_steps, model.batch_size, model.observation_space.shape, model.action_space.shape
    (3, 768, (15,), (6,))
    """
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
    """The arguments of :class:`spm.learning.policy.GroupPolicy` beyond SB3's own."""
    return {
        "group_of": setting.model.group_of,
        "anonymous": statistic.is_anonymous,
        "start_prices": mean_values(setting),
        "features_extractor_class": StatisticOnly,
        "features_extractor_kwargs": {"width": statistic.width(setting)},
    }


def start_prices(model: PPO, setting: Setting) -> None:
    """Make the untrained policy post each type's mean value, over agents and profiles.

    Prices that start at 0 sell everything to whoever comes first, and prices that start too high sell nothing: in
    both cases learning starts where mechanisms hardly differ.
    """
    with torch.no_grad():
        bias: torch.Tensor = model.policy.action_net.bias  # type: ignore[assignment]
        bias[setting.n_agents :] = torch.as_tensor(mean_values(setting))


def mean_values(setting: Setting) -> Array:
    """Return each type's mean value, ``(T,)``, over agents and a pool of profiles.

    >>> from spm.settings import get_setting
    >>> mean_values(get_setting("delta-0")).round(2).tolist()
    [0.5]
    """
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


def evaluate_weights(
    specification: Specification, weights: Weights, n_profiles: int, seed: int, visits: int
) -> Point:
    """Evaluate a policy, without its noise, on the profiles of ``seed``."""
    learned = learned_mechanism(specification.setting, specification.statistic, specification.variant, weights)
    return point(play(learned, specification.setting, n_profiles, seed), visits)


class _Noise(BaseCallback):
    """Lowers the logarithm of the exploration noise linearly, if the hyperparameters say so."""

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
        """Evaluate the current policy on the fresh profiles of the next point."""
        profiles = self.specification.evaluation_profiles
        seed = evaluation_seed("curve", len(self.points))
        return evaluate_weights(self.specification, actor_weights(model), profiles, seed, self.num_timesteps)
