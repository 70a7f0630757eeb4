"""The shapes that are declared are those of the networks that are made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spm.compendium.record.layers import network_shapes
from spm.learning import VARIANTS, Hyperparameters, Specification, make_model
from spm.learning.actor import actor_weights
from spm.market import STATISTICS
from spm.settings import get_setting


@pytest.mark.parametrize("panel", ["kitchen-sink", "inventory", "additive", "max-min"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_shapes_are_those_of_the_network(panel: str, variant: str) -> None:
    asked = Specification(get_setting(panel), STATISTICS["none"], 0, 1, variant=variant)
    asked = replace(asked, hyperparameters=Hyperparameters(n_markets=2, batch_size=2, width=5))
    for statistic in STATISTICS.values():
        made = actor_weights(make_model(replace(asked, statistic=statistic)))
        assert {name: tuple(layer.shape) for name, layer in made.items()} == network_shapes(
            asked.setting, statistic, variant, 5
        )
