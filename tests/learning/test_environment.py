from __future__ import annotations

import warnings
from typing import Any

import gymnasium
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv, VecMonitor
from strategies import integers

from spm.learning import BatchedMarkets, MarketEnv, environment
from spm.learning.environment import Profiles
from spm.market import STATISTICS, first_best
from spm.mechanisms import decode
from spm.settings import Array, Setting, get_setting
from spm.settings import valuations as bundle_valuations

ALL_NAMES = ["correlated-4-2-0.5", "kitchen-sink", "id", "additive", "revenue", "max-min", "licences", "colors"]


def actions_for(setting: Setting, shape: tuple[int, ...], seed: int) -> NDArray[np.float32]:
    """Random actions ``(*shape, n + T)``, with prices mostly low so that something is sold."""
    rng = np.random.default_rng(seed)
    actions = rng.uniform(-1, 1, (*shape, setting.n_agents + setting.n_types))
    actions[..., setting.n_agents :] = rng.random((*shape, setting.n_types)) ** 4
    return actions.astype(np.float32)


def batch(name: str, statistic: str = "price-allocation", n_markets: int = 5, seed: int = 3) -> BatchedMarkets:
    """B markets of a named setting."""
    return BatchedMarkets(get_setting(name), STATISTICS[statistic], n_markets, seed)


def stepped(env: VecEnv, actions: NDArray[np.float32]) -> tuple[Any, Any, Any, Any]:
    """One step: observations, rewards, dones and infos, typed for arrays alone."""
    return env.step(actions)


def test_making_the_batched_environment_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        batch("id")


@given(st.data(), st.integers(1, 5), st.integers(1, 3))
def test_decode_visits_the_highest_score_left_and_keeps_prices_in_0_1(
    data: st.DataObject, n_agents: int, n_types: int
) -> None:
    actions = data.draw(integers((4, n_agents + n_types), 12)) / 4.0 - 1.0
    left = data.draw(integers((4, n_agents), 1)).astype(bool)
    left[:, 0] |= ~left.any(axis=1)
    agents, prices = decode(actions, left)
    for row in range(4):
        candidates = [i for i in range(n_agents) if left[row, i]]
        assert agents[row] == max(candidates, key=lambda i: (min(actions[row, i], 1.0), -i))
    asked = actions[:, n_agents:]
    assert (prices == np.select([asked < 0, asked > 1], [0.0, 1.0], asked)).all()


class GivenProfiles:
    """A stream of given profiles in place of drawn ones; remembers how many were taken."""

    def __init__(self, setting: Setting, values: Array) -> None:
        self.valuations = bundle_valuations(setting.demand, values)
        self.first_best = first_best(setting, self.valuations)
        self.taken = 0

    def take(self, count: int) -> tuple[Array, Array]:
        rows = slice(self.taken, self.taken + count)
        self.taken += count
        return self.valuations[rows], self.first_best[rows]


@pytest.mark.parametrize("statistic", ["items-agents-left", "price-allocation"])
@pytest.mark.parametrize("name", ALL_NAMES)
def test_one_market_and_the_batch_give_identical_traces(
    name: str, statistic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting, n_markets = get_setting(name), 4
    n_steps = 3 * setting.n_agents
    values = setting.sample(np.random.default_rng(1), n_markets * n_steps)
    stream = GivenProfiles(setting, values)
    monkeypatch.setattr(environment, "Profiles", lambda *_: stream)
    env = batch(name, statistic, n_markets)
    singles = [MarketEnv(setting, statistic) for _ in range(n_markets)]
    started = [single.reset(options={"values": values[k]})[0] for k, single in enumerate(singles)]
    assert (env.reset() == started).all()
    fresh = n_markets
    for actions in actions_for(setting, (n_steps, n_markets), seed=2):
        observed, rewards, dones, infos = stepped(env, actions)
        for row, single in enumerate(singles):
            seen, reward, over, truncated, info = single.step(actions[row])
            assert (np.float32(reward), over, truncated) == (rewards[row], dones[row], False)
            if over:
                assert (infos[row]["terminal_observation"] == seen).all()
                assert info == {key: infos[row][key] for key in ("objective", "first_best")}
                seen, fresh = single.reset(options={"values": values[fresh]})[0], fresh + 1
            assert (observed[row] == seen).all()
    assert fresh == stream.taken > 2 * n_markets


@pytest.mark.parametrize("name", ALL_NAMES)
def test_terminal_contract(name: str) -> None:
    """What SB3 requires of a row that ended, and nothing but zeros and empty infos before."""
    env, setting = batch(name), get_setting(name)
    start = env.reset()[0]
    ended = 0
    for actions in actions_for(setting, (2 * setting.n_agents + 2, 5), seed=4):
        before = env.market.visited_at.copy()
        observed, rewards, dones, infos = stepped(env, actions)
        assert (rewards[~dones] == 0).all()
        assert all(info == {} for info, done in zip(infos, dones, strict=True) if not done)
        for row in np.flatnonzero(dones):
            info = infos[row]
            assert info["TimeLimit.truncated"] is False
            assert (observed[row] == start).all()
            check_last(info["terminal_observation"], setting, visits_before=int((before[row] >= 0).sum()))
            bound = 0.0 if setting.objective.name == "max-min" else info["first_best"]
            assert rewards[row] == pytest.approx(info["objective"] - bound, abs=1e-6)
            assert info["objective"] <= info["first_best"] + 1e-9
        assert (env.market.rounds[dones] == 0).all()
        ended += int(dones.sum())
    assert ended >= 10


def check_last(observation: NDArray[np.float32], setting: Setting, visits_before: int) -> None:
    """The last observation of an episode shows no agent or no item left, one visit later than before."""
    items, agents = observation[: setting.n_types], observation[setting.n_types :][: setting.n_agents]
    assert not items.any() or not agents.any()
    assert agents.sum() == setting.n_agents - visits_before - 1


def test_sb3s_monitor_sees_the_objective_minus_the_first_best_as_return() -> None:
    env = VecMonitor(batch("id", n_markets=8))
    env.reset()
    returns = 0
    for actions in actions_for(get_setting("id"), (12, 8), seed=5):
        for info in env.step(actions)[3]:
            if "episode" in info:
                assert info["episode"]["r"] == pytest.approx(info["objective"] - info["first_best"], abs=1e-6)
                assert 2 <= info["episode"]["l"] <= 6
                returns += 1
    assert returns >= 16


def trace(name: str, seed: int) -> list[Any]:
    """Observations, rewards and dones of a batch played with fixed actions."""
    env = batch(name, seed=seed)
    setting = get_setting(name)
    played: list[Any] = [env.reset()]
    for actions in actions_for(setting, (3 * setting.n_agents, 5), seed=6):
        played.extend(env.step(actions)[:3])
    return played


@pytest.mark.parametrize("name", ["delta-0.5", "licences"])
def test_the_same_seed_gives_the_same_trace_and_another_seed_another(name: str) -> None:
    first, again, other = trace(name, 1), trace(name, 1), trace(name, 2)
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("name", ALL_NAMES)
def test_one_market_draws_its_profile_from_its_seed(name: str) -> None:
    env = MarketEnv(get_setting(name))
    profiles = []
    for seed in (1, 1, 2):
        env.reset(seed=seed)
        profiles.append(env.market.valuations)
    assert (profiles[0] == profiles[1]).all()
    assert (profiles[0] != profiles[2]).any() or name == "id"


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_no_profile_is_given_out_twice_and_each_has_its_first_best(counts: list[int]) -> None:
    """Pools of 4 profiles, so that they run out and are too small."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(environment, "POOL", 4)
        setting = get_setting("correlated-3-1-0.5")
        profiles = Profiles(setting, np.random.default_rng(0))
        taken = [tuple(part.copy() for part in profiles.take(count)) for count in counts]
    assert [len(best) for _, best in taken] == counts
    drawn = np.concatenate([fresh for fresh, _ in taken])
    assert len(np.unique(drawn.reshape(len(drawn), -1), axis=0)) == sum(counts)
    assert all((best == fresh[:, :, 0].max(axis=1)).all() for fresh, best in taken)


def test_attributes_are_shared_and_there_is_nothing_inside_to_call() -> None:
    env = batch("id", n_markets=3)
    assert env.get_attr("render_mode") == [None] * 3
    env.set_attr("label", "x")
    assert env.get_attr("label", [0, 2]) == ["x", "x"]
    assert env.env_is_wrapped(gymnasium.Wrapper) == [False] * 3
    with pytest.raises(ValueError, match="no inner environments on which to call 'render'"):
        env.env_method("render")


@pytest.mark.parametrize("name", ["correlated-6-2-0.5", "additive", "revenue", "id"])
def test_stepwise_rewards_add_up_to_the_terminal_reward(name: str) -> None:
    setting = get_setting(name)
    whole = BatchedMarkets(setting, STATISTICS["none"], 8, 5)
    steps = BatchedMarkets(setting, STATISTICS["none"], 8, 5, stepwise=True)
    whole.reset(), steps.reset()
    totals, episodes = np.zeros(8), 0
    for step in range(3 * setting.n_agents):
        actions = actions_for(setting, (8,), step)
        _, terminal, over, _ = stepped(whole, actions)
        _, rewards, _, _ = stepped(steps, actions)
        assert (rewards <= 1e-6).all() or setting.objective.name == "revenue"
        totals += rewards
        assert totals[over] == pytest.approx(terminal[over], abs=1e-5)
        totals[over] = 0.0
        episodes += int(over.sum())
    assert episodes >= 16


def test_the_regret_of_a_single_visit_is_what_it_made_unreachable() -> None:
    """One item, values 0.2 then 1: selling to the first agent costs 0.8, refusing the second costs 1."""
    setting = get_setting("correlated-2-1-0.5")
    env = BatchedMarkets(setting, STATISTICS["none"], 1, 0, stepwise=True)
    values = np.array([[[0.2], [1.0]]])
    for price, expected in ((0.0, [-0.8]), (0.5, [0.0, 0.0]), (1.0, [0.0, 0.0])):
        env._profiles = GivenProfiles(setting, np.repeat(values, 3, axis=0))  # type: ignore[assignment]
        env.reset()
        rewards = [float(stepped(env, np.array([[1.0, 0.0, price]], np.float32))[1][0]) for _ in expected]
        assert rewards == pytest.approx(expected, abs=1e-6)


def test_stepwise_rewards_need_a_first_best_that_separates() -> None:
    env = BatchedMarkets(get_setting("max-min"), STATISTICS["none"], 2, 0, stepwise=True)
    env.reset()
    with pytest.raises(ValueError, match="not a sum of highest values"):
        stepped(env, actions_for(get_setting("max-min"), (2,), 0))
