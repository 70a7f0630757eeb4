"""The constructions against what the paper says of them."""

from __future__ import annotations

from fractions import Fraction
from math import prod

import numpy as np
import pytest

from spm.settings import CONSTRUCTIONS, FiniteModel, Setting, construction, get_setting, theorem_1


def values_of(setting: Setting) -> FiniteModel:
    assert isinstance(setting.model, FiniteModel)
    return setting.model


SIZES = {
    "prop-1": (2, (1,)),
    "prop-2": (3, (2,)),
    "prop-3": (6, (2,)),
    "prop-4": (4, (2,)),
    "prop-9": (3, (1, 1)),
    "two-worlds": (10, (1,)),
    "inventory": (20, (10,)),
    "kitchen-sink": (3, (1, 1, 1)),
    "id": (6, (2,)),
    "colors": (30, (10, 10)),
}


@pytest.mark.parametrize("name", SIZES)
def test_sizes(name: str) -> None:
    setting = construction(name)
    assert (setting.n_agents, setting.supply) == SIZES[name]


def test_the_panels_are_the_panels() -> None:
    for name in ("colors", "two-worlds", "inventory", "kitchen-sink", "id"):
        assert construction(name) == get_setting(name)


@pytest.mark.parametrize("name", ["prop-1", "prop-2", "prop-4", "prop-5", "prop-8", "prop-9"])
def test_independent_values_have_one_world(name: str) -> None:
    assert len(values_of(construction(name)).worlds) == 1


@pytest.mark.parametrize(("agent", "means"), [(1, (7.0, 5.5)), (2, (5.5, 7.0)), (4, (4.0, 4.0))])
def test_prop_3_exchanges_the_stakes_between_worlds(agent: int, means: tuple[float, float]) -> None:
    setting = construction("prop-3")
    values = setting.sample(np.random.default_rng(0), 40_000)[..., 0] * float(setting.unit)
    rich = values[:, 0] == 15
    assert set(np.unique(values[:, 0].round(9))) == {1.0, 15.0}
    for world, mean in zip((rich, ~rich), means, strict=True):
        assert values[world, agent].mean() == pytest.approx(mean, abs=0.15)


def test_prop_7_has_six_equally_likely_profiles_of_alice_and_bob() -> None:
    setting = construction("prop-7")
    worlds = values_of(setting).worlds
    assert [world.probability for world in worlds] == [Fraction(1, 6)] * 6
    assert setting.agents == ("Alice", "Bob", "Carl", "Dan")
    for world in worlds:
        alice, bob, carl, dan = world.lotteries
        assert len(alice) == len(bob) == 1
        assert alice[0][1][2] == bob[0][1][2] == 0
        for lottery in (carl, dan):
            assert not any(any(values[:2]) for _, values in lottery)


@pytest.mark.parametrize(("n", "m"), [(1, 3), (2, 3), (2, 5)])
def test_theorem_1_has_one_world_for_each_matching(n: int, m: int) -> None:
    setting = theorem_1(n, m)
    assert len(values_of(setting).worlds) == prod(range(m - n + 1, m + 1))
    assert setting.n_agents == n + 2


def test_unknown_names_are_met_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean prop-1"):
        construction("prop_1")
    assert set(SIZES) < set(CONSTRUCTIONS)
