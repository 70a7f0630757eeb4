"""Markets behind gymnasium's interface; importing this module registers the environments ``spm/...``.

``gymnasium.make("spm.learning.gym:spm/Correlated-v0", n_agents=3, n_items=1, delta=0.5)`` imports it and makes one
market (:class:`MarketEnv`); ``gymnasium.make_vec`` makes many that step together (:class:`MarketVectorEnv`), or,
with ``vectorization_mode="sync"``, one by one. What is neither ``statistic`` (a name or an object) nor
``render_mode`` (``"ansi"`` or None) goes to the setting.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from spm.learning.environment import (
    BatchedMarkets,
    action_space,
    check_actions,
    given_values,
    observation_space,
    terminal_reward,
)
from spm.market import Market, Observation, Statistic, first_best, get_statistic, transcript
from spm.mechanisms import decode
from spm.names import lookup, unknown
from spm.settings import MORE_SETTINGS, PANELS, Setting, correlated, valuations


class RenderModeError(ValueError, TypeError):
    """An unknown render mode; a ``TypeError`` too, upon which Stable-Baselines3 does without one."""


def _check_render_mode(render_mode: str | None) -> str | None:
    """``render_mode``, if it is one."""
    if render_mode not in (None, "ansi"):
        raise RenderModeError(unknown("render mode", str(render_mode), ["ansi"]))
    return render_mode


def _begun(env: MarketEnv | BatchedMarkets) -> Market:
    """The market of an environment that has been reset."""
    if not hasattr(env, "market"):
        raise ValueError("no episode has begun: call reset() before render()")
    return env.market


class MarketEnv(gymnasium.Env[Any, Any]):
    """One market behind gymnasium's interface.

    ``reset(options={"values": v})`` opens the market with a given profile ``(n, T)`` (``(n, 2**T)`` for
    combinatorial demand) instead of a drawn one. With ``render_mode="ansi"``, ``render`` tells the episode so far.

    >>> env = gymnasium.make("spm/Correlated-v0", n_agents=3, n_items=1, delta=0.5, render_mode="ansi")
    >>> observation, _ = env.reset(seed=1, options={"values": [[0.25], [0.5], [0.75]]})
    >>> observation.shape
    (10,)
    >>> _ = env.step(np.array([0.0, 1.0, 0.0, 0.6]))
    >>> print(env.render())
    Correlated values, δ = 0.5: 3 agents; 1 item; unit demand; welfare
    values and prices divided by 1
    <BLANKLINE>
    round 1: visits agent 2, posts item 0.6; she values item 0.5; buys nothing; left: 1 item
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi"], "render_fps": 4}  # noqa: RUF012  (gymnasium's own)

    def __init__(
        self, setting: Setting, statistic: str | Statistic = "price-allocation", render_mode: str | None = None
    ) -> None:
        """Make one market of ``setting`` whose policy sees ``statistic``, an object or its name.

        Raises:
            ValueError: an unknown statistic or render mode (:class:`RenderModeError`).
        """
        self.setting, self.statistic = setting, get_statistic(statistic)
        self.objective = setting.objective
        self.render_mode = _check_render_mode(render_mode)
        self.observation_space = observation_space(setting, self.statistic)
        self.action_space = action_space(setting)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Open the market and return the first observation and an empty info.

        Raises:
            ValueError: unknown options, or values that do not fit (:func:`spm.learning.environment.given_values`).
        """
        given = given_values(self.setting, options)
        super().reset(seed=seed)
        values = self.setting.sample(self.np_random, 1) if given is None else given
        self.market = Market(self.setting, valuations(self.setting.demand, values))
        self._first_best = first_best(self.setting, self.market.valuations)
        return self.statistic.observe(self.market)[0], {}

    def step(self, action: NDArray[np.float32]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Visit one agent; the reward comes with the last visit.

        Raises:
            ValueError: no episode is under way, or
                :func:`spm.learning.environment.check_actions` refuses the action.

        >>> from spm.settings import get_setting
        >>> env = MarketEnv(get_setting("correlated-2-1-0"), "none")
        >>> _ = env.reset(options={"values": [[0.25], [0.75]]})
        >>> env.step(np.array([1.0, 0.0, 0.5]))[1:4]  # agent 0 declines
        (0.0, False, False)
        >>> env.step(np.array([1.0, 0.0, 0.5]))[1:]  # agent 1 buys, which is the first best
        (0.0, True, False, {'objective': 0.75, 'first_best': 0.75})
        """
        if not hasattr(self, "market") or self.market.over[0]:
            raise ValueError("no episode is under way: call reset() before step(), and again after each episode")
        action = check_actions(action, self.action_space.shape or ())
        self.market.visit(*decode(action[None], self.market.agents_left))
        over = bool(self.market.over[0])
        observation = self.statistic.observe(self.market)[0]
        if not over:
            return observation, 0.0, False, False, {}
        score = self.objective.score(self.market.received, self.market.payments)
        gained = terminal_reward(self.objective, score, self._first_best)
        info = {"objective": float(score[0]), "first_best": float(self._first_best[0])}
        return observation, float(gained[0]), True, False, info

    def render(self) -> str | None:
        """Return the transcript of the episode so far; None without a render mode.

        Raises:
            ValueError: no episode has begun.
        """
        return transcript(_begun(self)) if self.render_mode else None


class MarketVectorEnv(VectorEnv[Observation, NDArray[np.float32], NDArray[Any]]):
    """B markets that step together behind gymnasium's interface: its adapter of :class:`BatchedMarkets`.

    A market that ends is reopened in the same step (``AutoresetMode.SAME_STEP``), so every step is a visit. Its
    row of the observations is the first of the next episode; the last of the old one is in ``infos["final_obs"]``,
    and the episode's ``objective`` and ``first_best`` in ``infos["final_info"]``.

    One seed starts one stream of profiles for all markets. ``reset(options={"values": v})`` opens them with given
    values, ``(n, T)`` for all or ``(B, n, T)``; what follows is drawn.

    >>> envs = gymnasium.make_vec("spm/ID-v0", num_envs=3, statistic="agents-left")
    >>> observations, _ = envs.reset(seed=1)
    >>> observations.shape, envs.step(np.zeros((3, 7), np.float32))[1].tolist()
    ((3, 6), [0.0, 0.0, 0.0])
    """

    metadata: dict[str, Any] = MarketEnv.metadata | {"autoreset_mode": AutoresetMode.SAME_STEP}

    def __init__(
        self,
        setting: Setting,
        num_envs: int,
        statistic: str | Statistic = "price-allocation",
        render_mode: str | None = None,
    ) -> None:
        """Make ``num_envs`` markets of ``setting`` whose policy sees ``statistic``, an object or its name.

        Raises:
            ValueError: an unknown statistic or render mode (:class:`RenderModeError`), or fewer than 1 market.
        """
        self.markets = BatchedMarkets(setting, statistic, num_envs, seed=None)
        self.num_envs, self.render_mode = num_envs, _check_render_mode(render_mode)
        self.single_observation_space = self.markets.observation_space
        self.single_action_space = self.markets.action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Open all markets and return the first observations ``(B, width)`` and an empty info.

        Raises:
            ValueError: unknown options, or values that do not fit (:func:`spm.learning.environment.given_values`).
        """
        self.markets.set_options(options)
        super().reset(seed=seed)
        if seed is not None:
            self.markets.seed(seed)
        return self.markets.reset(), {}

    def step(
        self, actions: NDArray[np.float32]
    ) -> tuple[Observation, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """Visit one agent in every market; rewards, terminations and truncations (none) are ``(B,)``.

        Raises:
            ValueError: no :meth:`reset` came before, or
                :func:`spm.learning.environment.check_actions` refuses the actions.
        """
        self.markets.step_async(actions)
        observations, rewards, over, told = self.markets.step_wait()
        infos: dict[str, Any] = {}
        for row in map(int, np.flatnonzero(over)):
            final = {key: told[row][key] for key in ("objective", "first_best")}
            infos = self._add_info(
                infos, {"final_obs": told[row]["terminal_observation"], "final_info": final}, row
            )
        return observations, rewards, over, np.zeros_like(over), infos

    def render(self) -> tuple[str, ...] | None:
        """Return the transcript of each market's present episode; None without a render mode.

        Raises:
            ValueError: no episode has begun.
        """
        if not self.render_mode:
            return None
        return tuple(transcript(_begun(self.markets), row) for row in range(self.num_envs))


SETTINGS: dict[str, Callable[..., Setting]] = {"correlated": correlated} | {
    name: make for name, make in (PANELS | MORE_SETTINGS).items() if not name.startswith("delta")
}
"""What makes the settings of the registered environments, by name."""


def make_env(
    panel: str, statistic: str | Statistic = "price-allocation", render_mode: str | None = None, **arguments: Any
) -> MarketEnv:
    """Return one market: what ``gymnasium.make`` calls. Other ``arguments`` go to the setting."""
    return MarketEnv(lookup("panel", panel, SETTINGS)(**arguments), statistic, render_mode)


def make_vector_env(
    panel: str,
    num_envs: int,
    statistic: str | Statistic = "price-allocation",
    render_mode: str | None = None,
    **arguments: Any,
) -> MarketVectorEnv:
    """Return many markets: what ``gymnasium.make_vec`` calls. Other ``arguments`` go to the setting."""
    return MarketVectorEnv(lookup("panel", panel, SETTINGS)(**arguments), num_envs, statistic, render_mode)


def _env_id(panel: str) -> str:
    """The gymnasium id of a panel: ``two-worlds`` -> ``spm/TwoWorlds-v0``."""
    return f"spm/{'ID' if panel == 'id' else panel.title().replace('-', '')}-v0"


def register() -> None:
    """Register ``spm/Correlated-v0`` (n_agents, n_items, delta) and one id per named setting.

    >>> gymnasium.make("spm/TwoWorlds-v0", statistic="agents-left").observation_space.shape
    (10,)
    """
    for panel in SETTINGS:
        if _env_id(panel) not in gymnasium.registry:
            gymnasium.register(
                _env_id(panel),
                entry_point=f"{__name__}:make_env",
                vector_entry_point=f"{__name__}:make_vector_env",
                disable_env_checker=True,
                kwargs={"panel": panel},
            )


register()
