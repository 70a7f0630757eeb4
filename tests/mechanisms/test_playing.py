from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from strategies import exact_mean, joint_profiles

from spm.learning import BatchedMarkets
from spm.market import STATISTICS, Observation
from spm.mechanisms import (
    Learned,
    Mechanism,
    Outcomes,
    StaticPrices,
    play,
    play_values,
    playing,
    random_serial_dictatorship,
)
from spm.settings import (
    Array,
    FiniteModel,
    Setting,
    chance,
    correlated,
    finite_setting,
    get_setting,
    model,
    surely,
    uniform,
)

GRID = 200
IID = correlated(2, 1, 0.0)


def on_a_grid(mechanism: Mechanism, n_agents: int, objective: str = "welfare") -> Outcomes:
    """Play on all midpoints of a grid over [0, 1]^n, where the mean of a piecewise linear function is exact."""
    ticks = (np.arange(GRID) + 0.5) / GRID
    values = np.stack(np.meshgrid(*[ticks] * n_agents), axis=-1).reshape(-1, n_agents, 1)
    setting = correlated(n_agents, 1, 0.0, objective)
    return play_values(mechanism, setting, values, np.random.default_rng(0))


@pytest.mark.parametrize("price", [0.0, 0.25, 0.5, 0.9])
def test_one_agent_with_a_uniform_value(price: float) -> None:
    """She buys with probability 1 - p, and is then worth (1 + p)/2 on average."""
    mechanism = StaticPrices((price,))
    assert on_a_grid(mechanism, 1).mean == pytest.approx((1 - price**2) / 2)
    assert on_a_grid(mechanism, 1, "revenue").mean == pytest.approx(price * (1 - price))


@pytest.mark.parametrize("price", [0.0, 0.25, 0.5, 0.9])
def test_two_iid_agents_and_one_item(price: float) -> None:
    """The item is sold with probability 1 - p², to an agent worth (1 + p)/2 on average."""
    mechanism = StaticPrices((price,), order=(1, 0))
    assert on_a_grid(mechanism, 2).mean == pytest.approx((1 - price**2) * (1 + price) / 2)
    assert on_a_grid(mechanism, 2, "revenue").mean == pytest.approx(price * (1 - price**2))


def test_personalised_prices_for_two_iid_agents() -> None:
    """At 1/2 for whoever comes first and 0 for the other: 1/2 * 3/4 + 1/2 * 1/2."""
    mechanism = StaticPrices(((0.0,), (0.5,)), order=(1, 0))
    assert on_a_grid(mechanism, 2).mean == pytest.approx(5 / 8)


def test_first_best_of_two_iid_agents() -> None:
    outcomes = on_a_grid(StaticPrices((0.0,)), 2)
    assert outcomes.first_best.mean() == pytest.approx(2 / 3, abs=1e-4)
    assert outcomes.regret == pytest.approx(outcomes.first_best - outcomes.objective)


@pytest.mark.parametrize("delta", [0.0, 0.25, 0.5, 1.0])
@pytest.mark.parametrize("n_items", [1, 5, 9])
def test_rsd_is_worth_m_times_the_mean_value_whatever_the_correlation(delta: float, n_items: int) -> None:
    setting = correlated(9, n_items, delta)
    outcomes = play(random_serial_dictatorship(setting), setting, 4000, seed=1)
    assert abs(outcomes.mean - n_items / 2) < 4 * outcomes.standard_error
    assert (outcomes.payments == 0).all()


SMALL = model(
    {"a": 2, "b": 1, "c": 1},
    [
        ("1/3", [uniform([1, 2], [3, 0]), chance("1/4", [4, 1], [0, 2]), surely([2, 2])]),
        ("2/3", [chance("0.3", [4, 4], [1, 0]), uniform([0, 0], [1, 3]), uniform([0, 4], [2, 1])]),
    ],
)
"""Two worlds, two types with one copy each, four agents: 32 joint profiles of 24 orders."""
SMALL_SETTING = finite_setting("small", "Small", {"x": 1, "y": 1}, SMALL)
PRICES = ((0, 0), (1, 2), (2, 1), (3, 4))


def exactly_played(mechanism: Mechanism, values: FiniteModel, setting: Setting) -> float:
    """Expected objective, in original units, of a mechanism that draws nothing."""
    joint = list(joint_profiles(values))
    table = np.array([profile for _, profile in joint], dtype=np.float64) / float(setting.unit)
    played = play_values(mechanism, setting, table, np.random.default_rng(0))
    return float(np.dot([float(p) for p, _ in joint], played.objective) * float(setting.unit))


@pytest.mark.parametrize("prices", PRICES)
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2)])
def test_static_prices_and_orders_against_exact_enumeration(prices: tuple[int, int], order: Sequence[int]) -> None:
    mechanism = StaticPrices(tuple(p / 4 for p in prices), order)
    assert exactly_played(mechanism, SMALL, SMALL_SETTING) == pytest.approx(
        float(exact_mean(SMALL, prices, [order]))
    )


@pytest.mark.parametrize("prices", PRICES)
def test_a_random_order_against_exact_enumeration(prices: tuple[int, int]) -> None:
    mechanism = StaticPrices(tuple(p / 4 for p in prices))
    outcomes = play(mechanism, SMALL_SETTING, 40_000, seed=2)
    expected = float(exact_mean(SMALL, prices, None) / 4)
    assert abs(outcomes.mean - expected) < 4 * outcomes.standard_error
    assert outcomes.standard_error < 0.005


def test_the_papers_static_mechanism_of_two_worlds_by_enumeration() -> None:
    """Ten agents are too many for brute force over orders, but the order given is one."""
    setting = get_setting("two-worlds")
    assert isinstance(setting.model, FiniteModel)
    mechanism = StaticPrices(tuple((0.9,) if i < 5 else (0.2,) for i in range(10)), order=range(10))
    high = Fraction(31, 32) * 1 + Fraction(1, 32) * (Fraction(1, 2) * 1 + Fraction(1, 2) * Fraction(3, 5))
    low = Fraction(31, 32) * Fraction(2, 5)
    found = exactly_played(mechanism, setting.model, setting)
    assert found == pytest.approx(float((high + low) / 2))


def test_every_mechanism_meets_the_same_profiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those of later chunks, after one mechanism has drawn orders and the other has not."""
    monkeypatch.setattr(playing, "MARKETS_AT_A_TIME", 100)
    setting = get_setting("delta-0.5")
    first, second = (
        play(mechanism, setting, 300, seed=5)
        for mechanism in (random_serial_dictatorship(setting), StaticPrices((0.6,), order=range(20)))
    )
    assert (first.first_best == second.first_best).all()
    assert (first.objective != second.objective).any()
    assert (first.first_best != play(random_serial_dictatorship(setting), setting, 300, seed=6).first_best).all()


def test_the_same_seed_gives_the_same_outcomes() -> None:
    setting = get_setting("id")
    first, again = (play(random_serial_dictatorship(setting), setting, 200, seed=3) for _ in range(2))
    for name in ("objective", "first_best", "allocation", "payments"):
        assert (getattr(first, name) == getattr(again, name)).all()


@dataclass
class Queue:
    """A sampler that hands out given profiles in turn, however many are asked for at a time."""

    profiles: Array
    given: int = 0

    @property
    def n_agents(self) -> int:
        return self.profiles.shape[1]

    @property
    def group_of(self) -> NDArray[np.int64]:
        return np.arange(self.n_agents)

    def sample(self, rng: np.random.Generator, n_profiles: int) -> Array:
        self.given += n_profiles
        return self.profiles[self.given - n_profiles : self.given]


def random_policy(setting: Setting, statistic: str) -> Learned:
    """A deterministic policy without sense: a fixed random function of the observation."""
    weights = np.random.default_rng(9).normal(size=(STATISTICS[statistic].width(setting), 1))
    phases = np.arange(setting.n_agents + setting.n_types)

    def act(observation: Observation) -> Any:
        return np.sin((observation * weights.T).sum(axis=1, keepdims=True) + phases)

    return Learned(STATISTICS[statistic], act)


@pytest.mark.parametrize("name", ["id", "additive", "licences", "max-min"])
def test_play_does_not_depend_on_how_many_markets_are_played_at_a_time(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = get_setting(name)
    profiles = setting.sample(np.random.default_rng(0), 50)
    for mechanism in (
        random_policy(setting, "price-allocation"),
        StaticPrices((0.0,) * setting.n_types, range(setting.n_agents)),
    ):
        found = []
        for chunk in (7, 50, 4096):
            monkeypatch.setattr(playing, "MARKETS_AT_A_TIME", chunk)
            found.append(play(mechanism, replace(setting, model=Queue(profiles)), 50))
        for name_ in Outcomes.__annotations__:
            assert all((getattr(found[0], name_) == getattr(other, name_)).all() for other in found[1:])


@pytest.mark.parametrize("name", ["kitchen-sink", "revenue", "max-min"])
def test_a_policy_meets_the_same_outcomes_in_the_environment_and_in_play(name: str) -> None:
    setting, policy = get_setting(name), random_policy(get_setting(name), "allocation")
    env = BatchedMarkets(setting, policy.statistic, 6, seed=1)
    observed: Any = env.reset()
    opened = env.market.valuations.copy()
    assert len(opened) == 6
    ended: dict[int, float] = {}
    while len(ended) < 6:
        observed, _, dones, infos = env.step(policy.act(observed))
        ended |= {row: infos[row]["objective"] for row in map(int, np.flatnonzero(dones)) if row not in ended}
    values = opened[:, :, : setting.n_types].clip(min=0)  # unit demand: the first bundles are single types
    outcomes = play_values(policy, setting, values, np.random.default_rng(0))
    assert [ended[row] for row in range(6)] == pytest.approx(outcomes.objective)


def test_outcomes_add_up() -> None:
    setting = get_setting("colors")
    outcomes = play(StaticPrices((0.2, 0.3)), setting, 100, seed=1)
    assert {len(part) for part in vars(outcomes).values()} == {100}
    assert (outcomes.allocation.sum(axis=1) <= setting.supply).all()
    assert outcomes.allocation @ np.array([0.2, 0.3]) == pytest.approx(outcomes.payments)
    assert outcomes.mean == pytest.approx(float(np.mean(outcomes.objective)))
    assert (outcomes.regret >= -1e-9).all()


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "shape": (
        lambda: play(StaticPrices((0.5, 0.5)), IID, 3),
        r"prices must have shape \(1,\) or \(2, 1\), not \(2,\)",
    ),
    "order": (lambda: play(StaticPrices((0.5,), (0, 0)), IID, 3), r"name each of the 2 agents once, not \[0, 0\]"),
    "short order": (lambda: play(StaticPrices((0.0,), (1,)), IID, 3), "each of the 2 agents once"),
    "negative price": (lambda: play(StaticPrices((-0.5,)), IID, 3), "finite numbers of at least 0"),
    "no profiles": (lambda: play(StaticPrices((0.5,)), IID, 0), "n_profiles must be at least 1, not 0"),
    "objective": (
        lambda: correlated(2, 1, 0.0, objective="welfar"),
        "unknown objective 'welfar'; did you mean welfare",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_refused(what: str) -> None:
    make, message = BAD[what]
    with pytest.raises(ValueError, match=message):
        make()


def test_more_profiles_than_fit_are_refused_with_both_numbers() -> None:
    with pytest.raises(ValueError, match=r"^playing 10,000,000,000,000 profiles of 2 agents needs about .*TiB"):
        play(StaticPrices((0.5,)), IID, 10**13)
