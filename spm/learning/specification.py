"""Everything that determines a run, what is recommended, and how a mechanism is evaluated; without torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from spm.market import Statistic
from spm.mechanisms import Outcomes
from spm.names import check_whole, lookup, quoted
from spm.settings import Setting

VARIANTS = {
    "scores": "the paper's policy: Gaussian scores of all agents, and prices",
    "groups": "a categorical choice among groups of exchangeable agents, and Gaussian prices for each group",
}
"""Names of the policies, and what they are."""


@dataclass(frozen=True)
class Hyperparameters:
    """PPO's hyperparameters; :func:`recommended` says which serve best.

    Attributes:
        n_markets: markets in parallel, B.
        episodes: episodes per market between two updates.
        batch_size: desired size of a minibatch; the nearest divisor of the rollout is used.
        n_epochs: passes over a rollout.
        learning_rate: at the start; it falls linearly to 0.
        log_std_init: log standard deviation of the exploration noise at the start.
        log_std_final: the same at the end, after a linear fall; None: it is learned with the policy.
        width: units in each of the two hidden layers.
        clip_range: PPO's clipping of the probability ratio.
        stepwise: whether to reward each visit by its own regret, in settings that allow it, rather than the last
            visit by all of them (:meth:`spm.learning.environment.BatchedMarkets.standing`).

    >>> Hyperparameters(log_std_final=-3.0).n_markets  # everything else keeps its default
    512
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


HYPERPARAMETERS: dict[tuple[str, bool], Hyperparameters] = {
    ("scores", False): Hyperparameters(),
    ("scores", True): Hyperparameters(batch_size=2048, n_epochs=4, learning_rate=1e-3, log_std_init=-2.0),
    ("groups", False): Hyperparameters(log_std_final=-4.5, stepwise=True),
    ("groups", True): Hyperparameters(batch_size=2048, n_epochs=4, log_std_init=-2.0, stepwise=True),
}
"""PPO's settings by variant and by whether the mechanism is static, the same in all panels.

Static mechanisms explore less. Fresh noise at each visit makes static prices vary from agent to agent while they
learn, and the more they vary, the further the learned mean is from the best constant price. The book's appendix
"What was tried" shows the alternatives.
"""

VISITS = 400_000
"""A budget after which most of what can be learned is learned, in settings of the panels' size."""


def recommended(variant: str, statistic: Statistic) -> Hyperparameters:
    """Return PPO's settings for a kind of policy and what it sees.

    Raises:
        ValueError: unknown variant.

    >>> from spm.market import get_statistic
    >>> recommended("groups", get_statistic("allocation")).stepwise
    True
    """
    lookup("variant", variant, VARIANTS)
    return HYPERPARAMETERS[variant, statistic.is_static]


@dataclass(frozen=True)
class Specification:
    """Everything that determines a run.

    Attributes:
        setting: the setting.
        statistic: what the policy sees.
        seed: seed of the network, of the exploration and of the training profiles.
        visits: least number of visits to learn from (rounded up to whole rollouts).
        evaluations: points of the learning curve, the untrained policy's included.
        evaluation_profiles: fresh profiles per point.
        final_profiles: fresh profiles for the final evaluation.
        hyperparameters: PPO's.
        variant: the kind of policy (:data:`spm.learning.specification.VARIANTS`).

    >>> from spm.market import get_statistic
    >>> from spm.settings import get_setting
    >>> asked = Specification(get_setting("kitchen-sink"), get_statistic("none"), seed=0, visits=2000)
    >>> asked.rollout, asked.whole_rollouts  # 3 visits in each of 512 markets, twice
    (1536, 3072)
    >>> asked.key
    {'panel': 'kitchen-sink', 'variant': 'scores', 'statistic': 'none', 'seed': 0}
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
        """Check types, variant and sizes.

        Raises:
            ValueError: a field of another type, an unknown variant, a statistic that the setting lacks or whose
                name is another's, or an impossible size.
        """
        for name, kind in (("setting", Setting), ("statistic", Statistic), ("hyperparameters", Hyperparameters)):
            if not isinstance(getattr(self, name), kind):
                raise ValueError(f"{name} must be a {kind.__name__}, not {quoted(getattr(self, name))}")
        lookup("variant", self.variant, VARIANTS)
        check_whole("seed", self.seed, least=0)
        check_whole("visits", self.visits)
        check_whole("evaluations", self.evaluations, least=2)
        check_whole("evaluation_profiles", self.evaluation_profiles, least=2)  # for a standard error
        check_whole("final_profiles", self.final_profiles, least=2)
        self.statistic.check(self.setting)

    def as_dict(self) -> dict[str, Any]:
        """Return the specification as plain data, for a record or a digest: the setting by name and digest."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        plain["setting"] = {"name": self.setting.name, "digest": self.setting.digest}
        plain["statistic"] = self.statistic.as_dict()
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
    """A point of a learning curve: mean objective, and mean regret to the first best, after ``visits`` visits."""

    visits: int
    objective: float
    objective_se: float
    regret: float
    regret_se: float


STREAMS = ("curve", "final")
"""Separate streams of evaluation profiles; training profiles come from the run's own seed."""


def evaluation_seed(stream: str, index: int = 0) -> int:
    """Return the seed of the ``index``-th evaluation of a stream, the same for all runs and panels.

    >>> evaluation_seed("curve", 0) == evaluation_seed("curve", 0) != evaluation_seed("final")
    True
    """
    spawn_key = (STREAMS.index(stream), index)
    return int(np.random.SeedSequence(entropy=2020_10_01180, spawn_key=spawn_key).generate_state(1)[0])


def point(outcomes: Outcomes, visits: int) -> Point:
    """Summarise outcomes as a point of a learning curve.

    >>> from spm.mechanisms import StaticPrices, play
    >>> from spm.settings import get_setting
    >>> found = point(play(StaticPrices((0.5,)), get_setting("correlated-2-1-0"), 20_000), visits=0)
    >>> round(found.objective, 2), round(found.regret, 2)  # the first best is 2/3
    (0.56, 0.11)
    """
    root = np.sqrt(len(outcomes.objective))
    regret = outcomes.regret
    return Point(
        visits,
        outcomes.mean,
        outcomes.standard_error,
        float(regret.mean()),
        float(regret.std(ddof=1) / root),
    )
