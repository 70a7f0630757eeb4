from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import Case, cases, joint_profiles, played

from spm import settings
from spm.market import Market, copies_left, correlated_posterior, get_statistic, latent_nodes
from spm.market.posterior import belief, belief_width, finite_posterior
from spm.settings import (
    CorrelatedModel,
    FiniteModel,
    Setting,
    chance,
    get_setting,
    model,
    surely,
    uniform,
    valuations,
)
from spm.settings import finite_setting as finite

WORLDS = model(
    {"one": 1, "pair": 2},
    [
        ("1/4", [surely([1, 0]), uniform([0, 1], [3, 2])]),
        ("1/4", [chance("1/3", [2, 2], [0, 3]), uniform([1, 1], [3, 0])]),
        ("1/2", [uniform([1, 3], [0, 0]), chance("3/4", [2, 1], [0, 0])]),
    ],
)


def visited(setting: Setting, values: np.ndarray, order: list[int], prices: np.ndarray) -> Market:
    """Markets of profiles ``(B, n, T)`` after visits in ``order`` at prices ``(visits, T)``."""
    market = Market(setting, valuations(setting.demand, values))
    for agent, row in zip(order, prices, strict=True):
        market.visit(np.full(len(values), agent), np.tile(row, (len(values), 1)))
    return market


@given(st.permutations([0, 1, 2]), st.integers(1, 3), st.data())
def test_finite_posterior_against_all_joint_profiles(order: list[int], visits: int, data: st.DataObject) -> None:
    """Play every joint profile; the posterior is the share of each world among those with the same history."""
    setting = finite("worlds", "Worlds", {"x": 1, "y": 1}, WORLDS)
    ticks = st.lists(st.integers(0, 4), min_size=2, max_size=2)
    prices = np.array([data.draw(ticks) for _ in range(visits)]) / 4
    market, weights, world = _all_profiles(setting, WORLDS, order[:visits], prices)
    found = finite_posterior(market)
    for row in range(len(market)):
        same = (market.bought == market.bought[row]).all(axis=1)
        shares = [sum(w for w, s, z in zip(weights, same, world, strict=True) if s and z == k) for k in range(3)]
        assert found[row] == pytest.approx([float(share / sum(shares)) for share in shares])


def _all_profiles(
    setting: Setting, values: FiniteModel, order: list[int], prices: np.ndarray
) -> tuple[Market, list[Fraction], list[int]]:
    profiles, weights, worlds = [], [], []
    for k, world in enumerate(values.worlds):
        for probability, profile in joint_profiles(
            FiniteModel(values.groups, (type(world)(Fraction(1), world.lotteries),))
        ):
            profiles.append([[float(x / setting.unit) for x in row] for row in profile])
            weights.append(probability * world.probability)
            worlds.append(k)
    return visited(setting, np.array(profiles), order, prices), weights, worlds


def test_correlated_posterior_against_a_brute_force_filter() -> None:
    """Draw latents and values, keep those that act as observed at the same prices: the latents kept."""
    setting = settings.correlated(4, 2, 0.5)
    z, noise = CorrelatedModel(4, 0.5).sample_latent(np.random.default_rng(1), 100_000)
    prices = np.array([[0.6], [0.35], [0.5], [0.2]])
    market = visited(setting, z + noise, [2, 0, 3, 1], prices)
    weights = correlated_posterior(market)[:, 0]
    nodes = latent_nodes(0.5)
    patterns, group = np.unique(market.bought, axis=0, return_inverse=True)
    assert len(patterns) > 5
    for k in range(len(patterns)):
        rows = np.flatnonzero(group == k)
        kept = z[rows, 0, 0] - 0.25
        found = weights[rows[0]]
        assert found @ nodes == pytest.approx(kept.mean(), abs=4 * kept.std() / np.sqrt(len(rows)) + 1e-3)
        assert found @ nodes**2 == pytest.approx((kept**2).mean(), abs=0.01)


def test_types_do_not_mix() -> None:
    """Additive: one type's history leaves the other type's belief alone."""
    setting = get_setting("additive")
    values = setting.sample(np.random.default_rng(0), 50)
    prices = np.tile([0.5, 1.0], (3, 1))
    weights = correlated_posterior(visited(setting, values, [0, 1, 2], prices))
    assert weights[:, 1] == pytest.approx(np.full((50, 64), 1 / 64))
    assert np.abs(weights[:, 0] - 1 / 64).max() > 0.001


@given(cases())
def test_copies_left_when_visited_against_the_allocation(case: Case) -> None:
    market = played(case)
    left = copies_left(market)
    for row in range(len(market)):
        for agent in range(market.setting.n_agents):
            before = market.visited_at[row] < market.visited_at[row, agent]
            expected = market.supply - market.allocation[row, before].sum(axis=0)
            if market.visited_at[row, agent] < 0:
                expected = np.zeros_like(expected)
            assert (left[row, agent] == expected).all()


def test_common_values_that_no_node_explains_keep_equal_weights() -> None:
    setting = settings.correlated(2, 1, 1.0)
    market = visited(setting, np.full((1, 2, 1), 0.5003), [0, 1], np.array([[0.5006], [0.5001]]))
    assert correlated_posterior(market)[0, 0] == pytest.approx(np.full(64, 1 / 64))


@pytest.mark.parametrize(("name", "prior"), [("two-worlds", [0.5, 0.5]), ("delta-0.5", [0.5, 1.0, 1.0])])
def test_before_the_first_visit_the_belief_is_the_prior(name: str, prior: list[float]) -> None:
    setting = get_setting(name)
    market = Market(setting, valuations(setting.demand, setting.sample(np.random.default_rng(0), 2)))
    assert belief(market) == pytest.approx(np.array([prior, prior]), abs=2e-4)


@pytest.mark.parametrize("name", ["two-worlds", "id", "kitchen-sink", "delta-0.25", "additive", "revenue"])
def test_the_statistic_shows_beliefs_between_zero_and_one(name: str) -> None:
    setting, statistic = get_setting(name), get_statistic("belief")
    market = Market(setting, valuations(setting.demand, setting.sample(np.random.default_rng(0), 64)))
    rng = np.random.default_rng(1)
    while not market.over.all():
        seen = statistic.observe(market)
        assert seen.shape == (64, statistic.width(setting))
        assert ((seen >= 0) & (seen <= 1)).all()
        prices = rng.choice([0.0, 0.01, 0.3, 0.6, 1.0], size=(64, setting.n_types))
        market.visit(market.agents_left.argmax(axis=1), prices)


def test_in_the_kitchen_sink_the_first_agent_tells_the_world() -> None:
    setting = get_setting("kitchen-sink")
    market = visited(setting, setting.sample(np.random.default_rng(0), 40), [0], np.zeros((1, 3)))
    found = finite_posterior(market)
    assert (found == np.stack([market.allocation[:, 0, 0], market.allocation[:, 0, 1]], axis=1)).all()


@pytest.mark.parametrize("name", ["delta-0", "max-min", "licences"])
def test_settings_without_a_known_latent_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no belief is known for setting"):
        belief_width(get_setting(name))


def test_posteriors_are_refused_for_other_models() -> None:
    finite_setting, correlated = get_setting("two-worlds"), get_setting("delta-0.5")
    with pytest.raises(ValueError, match="not correlated by z"):
        correlated_posterior(Market(finite_setting, np.zeros((1, 10, 2))))
    with pytest.raises(ValueError, match="it is not finite"):
        finite_posterior(Market(correlated, np.zeros((1, 20, 2))))
