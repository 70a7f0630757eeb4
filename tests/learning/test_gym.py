"""Markets as gymnasium's clients meet them: made by id, checked, stored, told, one by one and many at once."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env as gymnasium_check
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers.vector import DictInfoToList, RecordEpisodeStatistics
from learning.test_environment import actions_for, stepped
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env as sb3_check
from stable_baselines3.common.env_util import make_vec_env
from torch import Tensor, nn

from spm.compendium.report.words import episode
from spm.learning import BatchedMarkets, MarketEnv, MarketVectorEnv
from spm.market import STATISTICS, get_statistic
from spm.mechanisms import StaticPrices
from spm.settings import Setting, from_samples, get_setting

NAMED = "Colors TwoWorlds Inventory KitchenSink ID Additive Revenue MaxMin Licences"
IDS: dict[str, dict[str, Any]] = {f"spm/{name}-v0": {} for name in NAMED.split()}
IDS["spm/Correlated-v0"] = {"n_agents": 6, "n_items": 2, "delta": 0.5}
SMALL = get_setting("correlated-3-1-0.5")


@pytest.fixture
def no_warnings() -> Iterator[None]:
    """Every warning is an error, but for SB3's recommendation of actions in [-1, 1]: prices are in [0, 1]."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "We recommend you to use a symmetric and normalized Box")
        yield


def test_the_registered_ids_are_those_of_the_settings() -> None:
    assert {name for name in gymnasium.registry if name.startswith("spm/")} == set(IDS)


@pytest.mark.usefixtures("no_warnings")
@pytest.mark.parametrize("env_id", IDS)
def test_the_checkers_of_gymnasium_and_sb3_pass_without_a_warning(env_id: str) -> None:
    for check in (gymnasium_check, sb3_check):
        check(gymnasium.make(env_id, **IDS[env_id]).unwrapped)


@pytest.mark.usefixtures("no_warnings")
@pytest.mark.parametrize("statistic", [*STATISTICS, "belief"])
def test_the_checkers_pass_for_every_statistic_when_episodes_are_told(statistic: str) -> None:
    env = gymnasium.make("spm/TwoWorlds-v0", statistic=statistic, render_mode="ansi").unwrapped
    gymnasium_check(env)
    sb3_check(env, skip_render_check=False)


@pytest.mark.usefixtures("no_warnings")
@pytest.mark.parametrize("env_id", IDS)
def test_every_id_can_be_stored_and_made_again(env_id: str) -> None:
    """By pickle, in the middle of an episode too, and by the JSON of its specification."""
    env = gymnasium.make(env_id, **IDS[env_id], statistic="allocation", render_mode="ansi")
    seen, _ = env.reset(seed=1)
    assert env.spec is not None
    for spec in (pickle.loads(pickle.dumps(env.spec)), EnvSpec.from_json(env.spec.to_json())):
        assert (gymnasium.make(spec).reset(seed=1)[0] == seen).all()
    n_agents = env.unwrapped.setting.n_agents  # type: ignore[attr-defined]
    free = np.zeros(n_agents + env.unwrapped.setting.n_types)  # type: ignore[attr-defined]
    env.unwrapped.market.valuations /= 2  # type: ignore[attr-defined]
    env.step(np.where(np.arange(len(free)) < n_agents, 0.0, 1.0))  # more than half of any value: nothing is sold
    kept = [pickle.loads(pickle.dumps(each)) for each in (env, env.unwrapped)]
    seen, *rest = env.step(free)
    for copy in kept:
        again, *others = copy.step(free)
        assert (again == seen).all()
        assert others == rest
        assert copy.render() == env.render()


def test_many_markets_can_be_stored_and_made_again() -> None:
    envs = gymnasium.make_vec("spm/Correlated-v0", num_envs=4, **IDS["spm/Correlated-v0"])
    seen, _ = envs.reset(seed=1)
    assert envs.spec is not None
    made = gymnasium.make_vec(EnvSpec.from_json(envs.spec.to_json()))
    assert (made.reset(seed=1)[0] == seen).all()
    copy = pickle.loads(pickle.dumps(envs))
    for actions in actions_for(get_setting("correlated-6-2-0.5"), (20, 4), 0):
        assert all((a == b).all() for a, b in zip(envs.step(actions)[:4], copy.step(actions)[:4], strict=True))


MAKERS: dict[str, Callable[[Any], Any]] = {
    "MarketEnv": lambda statistic: MarketEnv(SMALL, statistic),
    "BatchedMarkets": lambda statistic: BatchedMarkets(SMALL, statistic, 2),
    "MarketVectorEnv": lambda statistic: MarketVectorEnv(SMALL, 2, statistic),
    "make": lambda statistic: gymnasium.make("spm/ID-v0", statistic=statistic).unwrapped,
    "make_vec": lambda statistic: gymnasium.make_vec("spm/ID-v0", num_envs=2, statistic=statistic),
}


@pytest.mark.parametrize("maker", MAKERS)
def test_a_statistic_is_given_by_name_or_as_an_object(maker: str) -> None:
    for name in ("agents-left", "allocation"):
        by_name, by_object = MAKERS[maker](name), MAKERS[maker](get_statistic(name))
        assert by_name.observation_space == by_object.observation_space
    with pytest.raises(ValueError, match="unknown statistic 'agents-lef'; did you mean agents-left"):
        MAKERS[maker]("agents-lef")


def test_what_cannot_be_made_is_refused() -> None:
    with pytest.raises(ValueError, match="n_items must be at least 1, not 0"):
        gymnasium.make("spm/Correlated-v0", n_agents=2, n_items=0, delta=0.5)
    with pytest.raises(ValueError, match="unknown render mode 'human'; known: ansi"):
        gymnasium.make("spm/ID-v0", render_mode="human")
    with pytest.raises(ValueError, match="unknown render mode 'ans'; did you mean ansi"):
        gymnasium.make_vec("spm/ID-v0", num_envs=2, render_mode="ans")
    with pytest.raises(ValueError, match="n_markets must be at least 1, not 0"):
        gymnasium.make_vec("spm/ID-v0", num_envs=0)


RIGHT = "values must be an array of numbers of shape"
BAD_OPTIONS: dict[str, tuple[Any, str]] = {
    "no dict": ([[0.5]], "options of reset must be a dict, not list"),
    "misspelt": ({"value": [[0.5]] * 3}, "unknown option of reset 'value'; did you mean values?"),
    "no text": ({"values": [[0.5]] * 3, 7: 1}, "unknown option of reset '7'; known: values"),
    "nothing": ({"values": None}, rf"{RIGHT} \(3, 1\) or \([12], 3, 1\), not \(\)"),
    "one agent": ({"values": [[0.5]]}, rf"{RIGHT} \(3, 1\) or \([12], 3, 1\), not \(1, 1\)"),
    "five markets": ({"values": np.zeros((5, 3, 1))}, rf"{RIGHT} \(3, 1\) or .*, not \(5, 3, 1\)"),
    "ragged": ({"values": [[0.5], [0.5, 1], [1]]}, f"{RIGHT} .*; its rows differ in length"),
    "words": ({"values": [["high"]] * 3}, f"{RIGHT} .*, not of type str"),
    "NaN": ({"values": [[0.5], [np.nan], [1]]}, r"must lie in \[0, 1\].*, not nan as at index \[1, 0\]"),
    "too high": ({"values": [[0.5], [0.5], [7]]}, r"must lie in \[0, 1\].*, not 7.0 as at index \[2, 0\]"),
    "negative": ({"values": [[-0.5], [0.5], [1]]}, r"must lie in \[0, 1\].*, not -0.5 as at index \[0, 0\]"),
}


def refused(call: Callable[[], Any], match: str) -> None:
    """The call ends in one sentence of at most 300 characters."""
    with pytest.raises(ValueError, match=match) as error:
        call()
    assert len(str(error.value)) <= 300
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("case", BAD_OPTIONS)
def test_bad_options_are_refused_and_change_nothing(case: str) -> None:
    options, sentence = BAD_OPTIONS[case]
    one, many = MarketEnv(SMALL, render_mode="ansi"), MarketVectorEnv(SMALL, 2, render_mode="ansi")
    sb3 = BatchedMarkets(SMALL, "none", 2)
    for env in (one, many):
        env.reset(seed=1)
        before = env.render(), env.np_random.bit_generator.state
        refused(lambda env=env: env.reset(seed=2, options=options), sentence)  # type: ignore[misc]
        assert (env.render(), env.np_random.bit_generator.state) == before
    refused(lambda: sb3.set_options(options), sentence)


def test_sb3_makes_its_own_vectors_by_id() -> None:
    """It asks for pictures first, and must be told no in its own way."""
    envs = make_vec_env("spm/ID-v0", 2, env_kwargs={"statistic": "none"})
    assert envs.get_attr("render_mode") == [None, None]
    model = PPO("MlpPolicy", "spm/ID-v0", n_steps=8, batch_size=8, device="cpu")
    model.learn(8)
    assert model.num_timesteps == 8


def test_values_of_combinatorial_demand_are_one_per_set() -> None:
    env = MarketEnv(get_setting("licences"))
    env.reset(options={"values": np.zeros((8, 16))})
    refused(lambda: env.reset(options={"values": np.zeros((8, 4))}), r"of shape \(8, 16\) or .*, not \(8, 4\)")


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        ([0.0, 0.0, 0.5], r"actions must be an array of numbers of shape \(.*4,?\), not \(.*3,?\)"),
        ([0.0, np.nan, 0.0, 0.5], r"actions must be numbers, not nan as at index \[.*1\]"),
        ([0.0, 0.0, 0.0, np.nan], r"actions must be numbers, not nan as at index \[.*3\]"),
        (["a", "b", "c", "d"], r"numbers of shape \(.*4,?\), not of type str"),
        ([0.0, 0.0, [0.0], 0.5], "its rows differ in length"),
    ],
)
def test_bad_actions_are_refused_and_change_nothing(action: Any, sentence: str) -> None:
    one, many = MarketEnv(SMALL), MarketVectorEnv(SMALL, 2)
    one.reset(seed=1), many.reset(seed=1)
    refused(lambda: one.step(action), sentence)
    refused(lambda: many.step([action, action]), sentence)  # type: ignore[arg-type]
    refused(lambda: many.markets.step([action, action]), sentence)  # type: ignore[arg-type]
    assert one.market.rounds.tolist() + many.markets.market.rounds.tolist() == [0, 0, 0]


def test_no_step_and_no_telling_outside_an_episode() -> None:
    one, many = MarketEnv(SMALL, render_mode="ansi"), MarketVectorEnv(SMALL, 2, render_mode="ansi")
    free = np.array([0, 0, 0, 0], np.float32)
    refused(lambda: one.step(free), r"no episode is under way: call reset\(\) before step\(\)")
    refused(lambda: many.step(np.stack([free, free])), r"no market is open: call reset\(\) before step\(\)")
    for env in (one, many):
        refused(env.render, r"no episode has begun: call reset\(\) before render\(\)")
    one.reset(options={"values": np.ones((3, 1))})
    assert one.step(free)[2]  # sold, and over
    refused(lambda: one.step(free), r"no episode is under way: .* and again after each episode")
    one.reset()
    one.step(free)


@pytest.mark.parametrize("name", ["correlated-4-2-0.5", "kitchen-sink", "additive", "licences", "max-min"])
def test_an_episode_is_told_as_a_mechanism_of_the_same_prices_is(name: str) -> None:
    setting = get_setting(name)
    prices, order = (0.125,) * setting.n_types, range(setting.n_agents)
    draws = np.random.default_rng(np.random.SeedSequence(5).spawn(2)[0])
    env = MarketEnv(setting, render_mode="ansi")
    env.reset(options={"values": setting.sample(draws, 1)[0]})
    told, over = [env.render()], False
    while not over:
        over = env.step(np.array([*np.linspace(1, -1, setting.n_agents), *prices], np.float32))[2]
        told.append(env.render())
    assert told[-1] == episode(StaticPrices(prices, order), setting, seed=5)
    assert len(told) == env.market.rounds[0] + 1
    for k, (text, longer) in enumerate(pairwise(told)):
        assert str(longer).startswith(str(text))
        assert f"round {k + 1}: visits {setting.agents[k]}, " in str(longer)
    assert MarketEnv(setting).render() is None


def only_profile(name: str) -> Setting:
    """The named setting with one profile alone, so that it does not matter who draws."""
    setting = get_setting(name)
    profile = setting.sample(np.random.default_rng(7), 1)
    supply = dict(zip(setting.types, setting.supply, strict=True))
    return from_samples("one", profile, supply, setting.demand, setting.objective)


def same(one: Any, other: Any) -> None:
    """Nested dicts of arrays are equal."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            same(one[key], other[key])
    elif one.dtype == object:
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    else:
        assert (one == other).all()


@pytest.mark.parametrize("name", ["correlated-4-2-0.5", "kitchen-sink", "additive", "licences", "max-min"])
def test_many_markets_are_as_many_single_ones(name: str) -> None:
    """Step by step as gymnasium's own vector of single environments that reopens in the same step."""
    setting, ended = only_profile(name), 0
    many = MarketVectorEnv(setting, 3, render_mode="ansi")
    one_by_one = SyncVectorEnv(
        [lambda: MarketEnv(setting, render_mode="ansi")] * 3, autoreset_mode=AutoresetMode.SAME_STEP
    )
    for attribute in ("observation_space", "action_space", "single_observation_space", "single_action_space"):
        assert getattr(many, attribute) == getattr(one_by_one, attribute)
    assert (many.reset(seed=1)[0] == one_by_one.reset(seed=1)[0]).all()
    for actions in actions_for(setting, (4 * setting.n_agents, 3), 0):
        (seen, rewards, over, cut, infos), others = many.step(actions), one_by_one.step(actions)
        same(seen, others[0])
        same(rewards, np.float32(others[1]))
        same(over, others[2])
        same(cut, others[3])
        same(infos, others[4])
        assert many.render() == one_by_one.render()
        ended += int(over.sum())
    assert ended >= 12


def test_make_vec_makes_the_same_markets_one_by_one_and_together() -> None:
    """The first episodes, whose values are given."""
    made = [gymnasium.make_vec("spm/Revenue-v0", num_envs=3, statistic="allocation", vectorization_mode=mode)
            for mode in ("vector_entry_point", "sync")]  # fmt: skip
    setting = get_setting("revenue")
    values = setting.sample(np.random.default_rng(2), 1)[0]
    seen, expected = (envs.reset(options={"values": values})[0] for envs in made)
    first = np.ones(3, bool)
    assert (seen == expected).all()
    for actions in actions_for(setting, (setting.n_agents, 3), 3):
        (seen, rewards, over, _, infos), others = (envs.step(actions) for envs in made)
        assert (rewards[first] == np.float32(others[1][first])).all()
        assert (over[first] == others[2][first]).all()
        for row in np.flatnonzero(first):
            assert ((infos["final_obs"] if over[row] else seen)[row] == others[0][row]).all()
        first &= ~over
    assert not first.any()


def test_each_market_opens_with_its_own_values_and_goes_on_with_drawn_ones() -> None:
    values = np.array([[[0.25], [0.5], [1.0]], [[0.125], [0.75], [0.0]]])
    envs = MarketVectorEnv(SMALL, 2)
    envs.reset(seed=1, options={"values": values})
    free = np.zeros((2, 4), np.float32)
    _, rewards, over, _, infos = envs.step(free)
    assert over.all()
    assert infos["final_info"]["objective"].tolist() == [0.25, 0.125]
    assert infos["final_info"]["first_best"].tolist() == [1.0, 0.75]
    assert rewards.tolist() == [-0.75, -0.625]
    assert (envs.markets.market.valuations[..., :1] != values).any(axis=(1, 2)).all()
    envs.reset()
    assert (envs.markets.market.valuations[..., :1] != values).any(axis=(1, 2)).all()


def test_options_of_sb3_hold_for_one_reset() -> None:
    batch, values = BatchedMarkets(SMALL, "none", 2), np.full((3, 1), 0.125)
    batch.set_options({"values": values})
    for given in (True, False):
        batch.reset()
        assert (batch.market.valuations[..., :1] == values).all() == given


def test_many_markets_are_those_of_the_batch_that_sb3_trains_on() -> None:
    envs, batch = MarketVectorEnv(SMALL, 5, "allocation"), BatchedMarkets(SMALL, "allocation", 5, seed=4)
    assert (envs.reset(seed=4)[0] == batch.reset()).all()
    for actions in actions_for(SMALL, (9, 5), 1):
        ours, theirs = envs.step(actions), stepped(batch, actions)
        assert all((a == b).all() for a, b in zip(ours[:3], theirs[:3], strict=True))


def test_a_seed_settles_all_profiles_and_none_leaves_them_to_chance() -> None:
    def drawn(seed: int | None) -> list[float]:
        envs = MarketVectorEnv(SMALL, 2)
        envs.reset(seed=seed)
        return envs.markets.market.valuations[..., 0].ravel().tolist()

    assert drawn(1) == drawn(1) != drawn(2)
    assert drawn(None) != drawn(None)


def test_gymnasiums_wrappers_count_episodes_and_unpack_infos() -> None:
    counted = RecordEpisodeStatistics(MarketVectorEnv(SMALL, 4))
    envs = DictInfoToList(counted)
    envs.reset(seed=0)
    for actions in actions_for(SMALL, (12, 4), 2):
        _, _, over, _, infos = envs.step(actions)
        for row, info in enumerate(infos):
            assert ("episode" in info) == ("final_info" in info) == over[row]
            if over[row]:
                final = info["final_info"]
                assert info["episode"]["r"] == pytest.approx(final["objective"] - final["first_best"], abs=1e-6)
    assert counted.episode_count >= 16
    assert max(counted.length_queue) <= 3


def test_a_loop_of_ppo_in_a_single_file_learns_from_the_vector() -> None:
    """In CleanRL's manner, 64 markets at a time: the mean regret falls by more than a quarter."""
    torch.manual_seed(0)
    envs = RecordEpisodeStatistics(gymnasium.make_vec("spm/TwoWorlds-v0", num_envs=64), buffer_length=300)
    width, size = envs.observation_space.shape[1], envs.action_space.shape[1]  # type: ignore[index]
    actor, critic = (nn.Sequential(nn.Linear(width, 32), nn.Tanh(), nn.Linear(32, out)) for out in (size, 1))
    log_std = nn.Parameter(torch.full((size,), -1.0))
    optimizer = torch.optim.Adam([*actor.parameters(), *critic.parameters(), log_std], lr=3e-3)

    def chance(states: Tensor, actions: Tensor) -> Tensor:
        """Logarithm of the chance of each action, (N,), but for a constant."""
        return -(((actions - actor(states)) / log_std.exp()).square() / 2 + log_std).sum(1)

    state, means = torch.from_numpy(envs.reset(seed=0)[0]), []
    for _ in range(20):
        steps: list[tuple[Tensor, ...]] = []
        with torch.no_grad():
            for _ in range(20):
                mean = actor(state)
                action = mean + log_std.exp() * torch.randn_like(mean)
                seen, rewards, over, _, _ = envs.step(action.numpy())
                steps.append((state, action, torch.from_numpy(rewards), torch.from_numpy(~over)))
                state = torch.from_numpy(seen)
            means.append(float(np.mean(envs.return_queue)))
            gain, gains = critic(state)[:, 0], list[Tensor]()
            for _, _, reward, goes_on in reversed(steps):
                gain = reward + gain * goes_on
                gains.insert(0, gain)
            states, actions, gained = (
                torch.cat(list(part)) for part in (*list(zip(*steps, strict=True))[:2], gains)
            )
            advantage = gained - critic(states)[:, 0]
            advantage, old = (advantage - advantage.mean()) / advantage.std(), chance(states, actions)
        for _ in range(4):
            ratio = (chance(states, actions) - old).exp()
            worth = torch.minimum(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage).mean()
            optimizer.zero_grad()
            ((critic(states)[:, 0] - gained).square().mean() - worth).backward()
            optimizer.step()
    assert means[-1] > 0.75 * means[0]
