"""The POMDP as an environment, in thin adapters over :class:`spm.market.market.Market`.

:class:`BatchedMarkets` is a natively batched Stable-Baselines3 ``VecEnv``: B markets step in one array operation.
:class:`spm.learning.gym.MarketVectorEnv` is the same behind gymnasium's interface, and
:class:`spm.learning.gym.MarketEnv` one market behind it. None contains a rule of the market.

Action ``(n + T,)``: n scores in [-1, 1], then one price in [0, 1] per type. The agent left with the highest score
is visited; the lowest index breaks ties.

Observation: a statistic of the history (:mod:`spm.market.statistics`).

Reward: 0 until the episode ends, then the objective. Objectives that sum over agents are reduced by the profile's
first best (the paper's footnote 5); no policy influences that, so the best policy stays the best. The batched
environment can pay the same sum visit by visit (:meth:`BatchedMarkets.standing`).

The end of an episode in the batched environment: a market that ends is reopened in the same step. Its row of the
returned observation is the first of the next episode; the last of the old one is in
``infos[i]["terminal_observation"]``, beside the episode's ``"objective"`` and ``"first_best"``. Episodes are never
truncated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import ArrayLike, NDArray
from stable_baselines3.common.vec_env import VecEnv

from spm.market import Market, Observation, Statistic, first_best, get_statistic, rest
from spm.mechanisms import decode
from spm.names import check_whole, unknown
from spm.settings import Array, Objective, Setting, valuations

POOL, POOL_VALUES = 8192, 2**20
"""Profiles drawn at a time, enough that drawing costs little per profile; fewer in large settings, so that a pool
holds at most ``POOL_VALUES`` values."""


def action_space(setting: Setting) -> spaces.Box:
    """Return the box of n scores in [-1, 1] and T prices in [0, 1].

    >>> from spm.settings import get_setting
    >>> action_space(get_setting("correlated-2-1-0")).low.tolist()
    [-1.0, -1.0, 0.0]
    """
    low = np.concatenate([np.full(setting.n_agents, -1.0), np.zeros(setting.n_types)])
    return spaces.Box(low.astype(np.float32), 1.0, low.shape, np.float32)


def observation_space(setting: Setting, statistic: Statistic) -> spaces.Box:
    """Return the box of observations; every entry of every statistic lies in [0, 1]."""
    return spaces.Box(0.0, 1.0, (statistic.width(setting),), np.float32)


def check_actions(actions: ArrayLike, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return actions (n scores, then T prices) as an array.

    Raises:
        ValueError: they have another shape than ``shape``, or are not numbers.

    >>> check_actions([0.0, float("nan"), 0.5], (3,))
    Traceback (most recent call last):
    ValueError: actions must be numbers, not nan as at index [1]
    """
    array = _numbers("actions", actions, [shape])
    _refuse("actions must be numbers", array, np.isnan(array))
    return array


def given_values(setting: Setting, options: object, n_markets: int = 1) -> Array | None:
    """Return the values with which a reset's options open B markets, ``(B, n, T)``; None if these are to be drawn.

    Args:
        setting: the markets' setting.
        options: None or a dict whose one key is ``values``: ``(n, T)``, the same for all markets, or ``(B, n, T)``
            (``2**T`` in place of ``T`` for combinatorial demand), each in [0, 1].
        n_markets: B.

    Raises:
        ValueError: anything else.

    >>> from spm.settings import get_setting
    >>> given_values(get_setting("correlated-2-1-0"), {"value": [[0.5], [1.0]]})
    Traceback (most recent call last):
    ValueError: unknown option of reset 'value'; did you mean values?
    """
    if not isinstance(options, dict | None):
        raise ValueError(f"options of reset must be a dict, not {type(options).__name__}")
    for key in options or {}:
        if key != "values":
            raise unknown("option of reset", str(key), ["values"])
    if not options:
        return None
    one = (setting.n_agents, 2**setting.n_types if setting.demand == "combinatorial" else setting.n_types)
    values = _numbers("values", options["values"], [one, (n_markets, *one)]).astype(np.float64)
    _refuse("values must lie in [0, 1], where 1 is the highest", values, ~((values >= 0) & (values <= 1)))
    return np.broadcast_to(values, (n_markets, *one))


def _numbers(what: str, given: Any, shapes: Sequence[tuple[int, ...]]) -> NDArray[Any]:
    """``given`` as an array of one of ``shapes``."""
    right = f"{what} must be an array of numbers of shape {' or '.join(map(str, shapes))}"
    try:
        array = np.asarray(given)
    except ValueError:
        raise ValueError(f"{right}; its rows differ in length") from None
    if array.shape not in shapes:
        raise ValueError(f"{right}, not {array.shape}")
    if array.dtype.kind not in "fiu":
        raise ValueError(f"{right}, not of type {array.dtype.type.__name__.strip('_')}")
    return array


def _refuse(right: str, array: NDArray[Any], wrong: NDArray[np.bool_]) -> None:
    """Name the first entry that is ``wrong``, if there is one."""
    if wrong.any():
        index = np.argwhere(wrong)[0].tolist()
        raise ValueError(f"{right}, not {array[tuple(index)]} as at index {index}")


class Profiles:
    """An endless stream of fresh profiles: bundle valuations ``(R, n, K)`` and first bests ``(R,)``.

    >>> from spm.settings import get_setting
    >>> valuations, best = Profiles(get_setting("correlated-2-1-0"), np.random.default_rng(0)).take(3)
    >>> bool((best == valuations[:, :, 0].max(axis=1)).all())
    True
    """

    def __init__(self, setting: Setting, rng: np.random.Generator) -> None:
        """Draw from ``setting`` with ``rng``, a pool at a time."""
        self._setting, self._rng = setting, rng
        self._pool = max(1, min(POOL, POOL_VALUES // (setting.n_agents * setting.n_types)))
        self._next = self._pool

    def pool(self) -> Array:
        """Return the bundle valuations of a fresh pool, ``(R, n, K)``."""
        return self.take(self._pool)[0]

    def take(self, count: int) -> tuple[Array, Array]:
        """Return the next ``count`` profiles; the rest of a pool that holds fewer is dropped."""
        if self._next + count > self._pool:
            values = self._setting.sample(self._rng, max(self._pool, count))
            self._valuations = valuations(self._setting.demand, values)
            self._first_best = first_best(self._setting, self._valuations)
            self._next = 0
        rows = slice(self._next, self._next + count)
        self._next += count
        return self._valuations[rows], self._first_best[rows]


class BatchedMarkets(VecEnv):
    """B markets as one Stable-Baselines3 vectorised environment.

    Unlike SB3's own, it holds no separate environments: ``env_method`` has nothing to call, all rows share the
    attributes, and ``seed`` starts one stream of profiles for all markets.

    >>> from spm.settings import get_setting
    >>> env = BatchedMarkets(get_setting("correlated-2-1-0"), "agents-left", n_markets=2)
    >>> env.reset().tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    >>> free = np.array([[0.0, 1.0, 0.0]] * 2, dtype=np.float32)  # agent 1 gets the item, and the market is over
    >>> _, rewards, dones, infos = env.step(free)
    >>> dones.tolist(), infos[0]["terminal_observation"].tolist()
    ([True, True], [1.0, 0.0])
    >>> bool(np.isclose(rewards[0], infos[0]["objective"] - infos[0]["first_best"]))
    True
    """

    def __init__(
        self,
        setting: Setting,
        statistic: str | Statistic,
        n_markets: int,
        seed: int | None = 0,
        stepwise: bool = False,
    ) -> None:
        """Make ``n_markets`` markets of ``setting`` whose policy sees ``statistic``, an object or its name.

        With ``stepwise`` each visit is rewarded by the change of :meth:`standing`.

        Raises:
            ValueError: an unknown statistic, or fewer than 1 market.
        """
        check_whole("n_markets", n_markets)
        self.render_mode = None
        self.setting, self.statistic = setting, get_statistic(statistic)
        super().__init__(n_markets, observation_space(setting, self.statistic), action_space(setting))
        self.objective = setting.objective
        self.stepwise = stepwise
        self._given: Array | None = None
        self._actions = np.zeros((n_markets, *(self.action_space.shape or ())), dtype=np.float32)
        self.seed(seed)

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Start the stream of profiles from ``seed``."""
        self._profiles = Profiles(self.setting, np.random.default_rng(seed))
        return [seed] * self.num_envs

    def set_options(self, options: list[dict[str, Any]] | dict[str, Any] | None = None) -> None:
        """Let the next :meth:`reset` open the markets with given values, ``{"values": (B, n, T)}``, or ``(n, T)``.

        Raises:
            ValueError: other options, or values that do not fit (:func:`given_values`).
        """
        self._given = given_values(self.setting, options, self.num_envs)

    def reset(self) -> Observation:
        """Open all markets, with fresh profiles or those of :meth:`set_options`; return the first observations,
        ``(B, width)``.
        """
        if self._given is None:
            fresh, best = self._profiles.take(self.num_envs)
        else:
            fresh = valuations(self.setting.demand, self._given)
            best, self._given = first_best(self.setting, fresh), None
        self.market, self._first_best = Market(self.setting, fresh), best.copy()
        self._stood = best.copy()
        return self.statistic.observe(self.market)

    def step_async(self, actions: NDArray[np.float32]) -> None:
        """Keep ``actions`` ``(B, n + T)`` for the next :meth:`step_wait`.

        Raises:
            ValueError: no :meth:`reset` came before, or :func:`check_actions` refuses the actions.
        """
        if not hasattr(self, "market"):
            raise ValueError("no market is open: call reset() before step()")
        self._actions = check_actions(actions, self._actions.shape)

    def step_wait(self) -> Any:
        """Visit one agent in every market; return observations, rewards, dones ``(B,)`` and infos."""
        self.market.visit(*decode(self._actions, self.market.agents_left))
        over = self.market.over
        rewards = np.zeros(self.num_envs, dtype=np.float32)
        if self.stepwise:
            stands = self.standing()
            rewards[:] = stands - self._stood
            self._stood = stands
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        ended = np.flatnonzero(over)
        if len(ended):
            terminal = self._finish(ended, infos)
            if not self.stepwise:
                rewards[ended] = terminal
        return self.statistic.observe(self.market), rewards, over, infos

    def _finish(self, ended: NDArray[np.int64], infos: list[dict[str, Any]]) -> Array:
        """Write the infos of the markets ``ended``, reopen these, and return their rewards."""
        last = self.statistic.observe(self.market)
        score = self.objective.score(self.market.received[ended], self.market.payments[ended])
        best = self._first_best[ended]
        for row, value, bound in zip(ended, score, best, strict=True):
            infos[row] = {
                "terminal_observation": last[row],
                "TimeLimit.truncated": False,
                "objective": value,
                "first_best": bound,
            }
        fresh, self._first_best[ended] = self._profiles.take(len(ended))
        self.market.open(ended, fresh)
        self._stood[ended] = self._first_best[ended]
        return terminal_reward(self.objective, score, best)

    def standing(self) -> Array:
        """Return the objective so far plus the first best of the agents and items left, ``(B,)``.

        It starts at the profile's first best and ends at the objective, so under any policy its changes add up to
        the terminal reward (objective minus first best). Each change is minus the regret of one visit, so a visit
        is not blamed for earlier ones. It is a potential in the sense of Ng, Harada and Russell (1999).

        Raises:
            ValueError: the setting's first best does not separate (:func:`spm.market.best_allocation.separable`).
        """
        market = self.market
        so_far = self.objective.score(market.received, market.payments)
        return so_far + rest(self.setting, market.valuations, market.agents_left, market.items_left)

    def close(self) -> None:
        """Nothing to release."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Return the shared attribute once per row asked for."""
        return [getattr(self, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Set an attribute for all rows."""
        setattr(self, attr_name, value)

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """There are no environments inside to call.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"BatchedMarkets has no inner environments on which to call {method_name!r}")

    def env_is_wrapped(
        self, wrapper_class: type[gymnasium.Wrapper[Any, Any, Any, Any]], indices: Any = None
    ) -> list[bool]:
        """No row is wrapped."""
        return [False] * len(list(self._get_indices(indices)))


def terminal_reward(objective: Objective, score: Array, first_best: Array) -> Array:
    """Return the reward at the end: the objective, minus the first best if the objective sums over agents.

    >>> from spm.settings import get_objective
    >>> score, best = np.array([0.5]), np.array([0.75])
    >>> [terminal_reward(get_objective(name), score, best).tolist() for name in ("welfare", "max-min")]
    [[-0.25], [0.5]]
    """
    return score - first_best if objective.combine is np.add else score
