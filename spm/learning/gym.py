"""One market behind gymnasium's interface; importing this module registers the environments ``spm/...``.

``gymnasium.make("spm.learning.gym:spm/Correlated-v0", n_agents=3, n_items=1, delta=0.5)`` imports it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from spm.learning.environment import action_space, observation_space, terminal_reward
from spm.market import Market, Observation, first_best, get_statistic
from spm.mechanisms import decode
from spm.settings import MORE_SETTINGS, PANELS, Setting, correlated, valuations


class MarketEnv(gymnasium.Env[Any, Any]):
    """One market behind gymnasium's interface.

    ``reset(options={"values": v})`` opens the market with a given profile ``(n, T)`` (``(n, 2**T)`` for
    combinatorial demand) instead of a drawn one.

    >>> env = gymnasium.make("spm/Correlated-v0", n_agents=3, n_items=1, delta=0.5)
    >>> observation, _ = env.reset(seed=1)
    >>> observation.shape
    (10,)
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012  (gymnasium's own declaration)

    def __init__(self, setting: Setting, statistic: str = "price-allocation") -> None:
        """Make one market of ``setting`` whose policy sees ``statistic``."""
        self.setting, self.statistic = setting, get_statistic(statistic)
        self.objective = setting.objective
        self.observation_space = observation_space(setting, self.statistic)
        self.action_space = action_space(setting)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Open the market and return the first observation and an empty info."""
        super().reset(seed=seed)
        given = (options or {}).get("values")
        values = self.setting.sample(self.np_random, 1) if given is None else np.asarray(given, float)[None]
        self.market = Market(self.setting, valuations(self.setting.demand, values))
        self._first_best = first_best(self.setting, self.market.valuations)
        return self.statistic.observe(self.market)[0], {}

    def step(self, action: NDArray[np.float32]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Visit one agent; the reward comes with the last visit.

        >>> from spm.settings import get_setting
        >>> env = MarketEnv(get_setting("correlated-2-1-0"), "none")
        >>> _ = env.reset(options={"values": [[0.25], [0.75]]})
        >>> env.step(np.array([1.0, 0.0, 0.5]))[1:4]  # agent 0 declines
        (0.0, False, False)
        >>> env.step(np.array([1.0, 0.0, 0.5]))[1:]  # agent 1 buys, which is the first best
        (0.0, True, False, {'objective': 0.75, 'first_best': 0.75})
        """
        self.market.visit(*decode(np.asarray(action)[None], self.market.agents_left))
        over = bool(self.market.over[0])
        observation = self.statistic.observe(self.market)[0]
        if not over:
            return observation, 0.0, False, False, {}
        score = self.objective.score(self.market.received, self.market.payments)
        gained = terminal_reward(self.objective, score, self._first_best)
        info = {"objective": float(score[0]), "first_best": float(self._first_best[0])}
        return observation, float(gained[0]), True, False, info


def _env_id(panel: str) -> str:
    """The gymnasium id of a panel: ``two-worlds`` -> ``spm/TwoWorlds-v0``."""
    return f"spm/{'ID' if panel == 'id' else panel.title().replace('-', '')}-v0"


def _maker(make_setting: Callable[..., Setting]) -> Callable[..., MarketEnv]:
    """An entry point that passes ``statistic`` to the environment and all else to the setting."""

    def make(statistic: str = "price-allocation", **arguments: Any) -> MarketEnv:
        return MarketEnv(make_setting(**arguments), statistic)

    return make


def register() -> None:
    """Register ``spm/Correlated-v0`` (n_agents, n_items, delta) and one id per named setting.

    >>> gymnasium.make("spm/TwoWorlds-v0", statistic="agents-left").observation_space.shape
    (10,)
    """
    makers = {name: make for name, make in (PANELS | MORE_SETTINGS).items() if not name.startswith("delta")}
    ids = {"spm/Correlated-v0": correlated} | {_env_id(name): make for name, make in makers.items()}
    for env_id, make in ids.items():
        if env_id not in gymnasium.registry:
            gymnasium.register(env_id, entry_point=_maker(make), disable_env_checker=True)


register()
