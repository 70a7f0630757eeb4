from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from learning.test_ppo import TINY

from spm.learning import VARIANTS, learned_mechanism, make_model
from spm.learning.actor import actor_weights, perceptron
from spm.market import STATISTICS, Market
from spm.mechanisms import decode
from spm.settings import get_setting, valuations


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("statistic", STATISTICS)
def test_a_mechanism_does_what_sb3_predicts_without_noise(variant: str, statistic: str) -> None:
    setting, sees = get_setting("max-min"), STATISTICS[statistic]
    model = make_model(replace(TINY, setting=setting, statistic=sees, variant=variant))
    with torch.no_grad():
        model.policy.action_net.weight.normal_(0.0, 0.5)  # type: ignore[operator]
    learned = learned_mechanism(setting, sees, variant, actor_weights(model))
    rng = np.random.default_rng(0)
    market = Market(setting, valuations(setting.demand, setting.sample(rng, 40)))
    rule = learned.begin(setting, len(market), rng)
    while not market.over.all():
        expected, _ = model.policy.predict(learned.statistic.observe(market), deterministic=True)
        agents, prices = rule(market)
        wanted_agents, wanted_prices = decode(expected, market.agents_left)
        assert (agents == wanted_agents).all()
        assert prices == pytest.approx(wanted_prices, abs=1e-6)
        market.visit(agents, prices)


def test_the_perceptron_is_linear_layers_with_tanh_between_them() -> None:
    weights = {
        "mlp_extractor.policy_net.0.weight": torch.tensor([[2.0]]),
        "mlp_extractor.policy_net.0.bias": torch.tensor([1.0]),
        "action_net.weight": torch.tensor([[3.0]]),
        "action_net.bias": torch.tensor([-1.0]),
    }
    assert float(perceptron(weights)(torch.tensor([[0.5]]))) == pytest.approx(3 * np.tanh(2.0) - 1)
