from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from spm.compendium.theory.economies import economy
from spm.settings import Objective, Setting, from_samples, get_setting, prop_7
from spm.settings.constructions import prop_3


def expected_values(setting: Setting) -> list[list[Fraction]]:
    market = economy(setting)
    return [
        [
            sum((Fraction(w * p[i][t]) for w, p in zip(market.weights, market.profiles, strict=True)), Fraction(0))
            / market.scale
            for t in range(setting.n_types)
        ]
        for i in range(setting.n_agents)
    ]


def test_profiles_are_distinct_and_weights_are_probabilities() -> None:
    for setting in (get_setting("id"), get_setting("kitchen-sink"), prop_3(), prop_7()):
        market = economy(setting)
        assert len(set(market.profiles)) == len(market.profiles)
        assert min(market.weights) > 0
        assert sum(market.weights) * market.ticks == market.scale


def test_expected_values_of_kitchen_sink() -> None:
    half = Fraction(1, 2)
    assert expected_values(get_setting("kitchen-sink")) == [
        [Fraction(1, 200), Fraction(1, 200), Fraction(0)],
        [Fraction(0), Fraction(0), half + half * Fraction(2, 5)],
        [Fraction(0), Fraction(0), half * Fraction(7, 5) + half * Fraction(499, 1000)],
    ]


def test_expected_values_agree_with_samples() -> None:
    setting = get_setting("id")
    sampled = setting.sample(np.random.default_rng(3), 40_000).mean(axis=0) * float(setting.unit)
    np.testing.assert_allclose(sampled, np.array(expected_values(setting), dtype=float), atol=0.8)


def test_correlation_is_kept() -> None:
    market = economy(get_setting("id"))
    rich = [p for p in market.profiles if any(p[i][0] for i in (3, 4, 5))]
    assert all(sum(p[i][0] > 0 for i in range(3)) == 1 for p in rich)


@pytest.mark.parametrize("name", ["delta-0", "additive", "inventory"])
def test_settings_that_do_not_fit_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"finite|profiles"):
        economy(get_setting(name))


def test_samples_and_unknown_objectives_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        economy(from_samples("mine", np.ones((2, 2, 1)), {"item": 1}))
    with pytest.raises(ValueError, match="nash"):
        economy(replace(prop_3(), objective=Objective("nash", np.multiply)))
