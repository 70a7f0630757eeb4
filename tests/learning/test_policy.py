from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from learning.test_ppo import TINY
from torch.distributions import Categorical, Normal

from spm.learning import BatchedMarkets, make_model
from spm.learning.policy import GroupPolicy, members_of, row_of, split
from spm.market import STATISTICS, Market
from spm.mechanisms import decode
from spm.settings import get_setting


def policy_of(panel: str, statistic: str) -> tuple[GroupPolicy, BatchedMarkets]:
    """An untrained policy whose weights are large enough to matter, and its environment."""
    model = make_model(
        replace(TINY, setting=get_setting(panel), statistic=STATISTICS[statistic], variant="groups")
    )
    policy, env = model.policy, model.get_env()
    assert isinstance(policy, GroupPolicy)
    assert isinstance(env, BatchedMarkets)
    torch.manual_seed(1)
    with torch.no_grad():
        policy.action_net.weight.normal_(0.0, 0.5)  # type: ignore[operator]
        policy.log_std.uniform_(-2.0, -1.0)
    return policy, env


def later(env: BatchedMarkets, policy: GroupPolicy) -> torch.Tensor:
    """Observations in the middle of episodes."""
    seen: Any = env.reset()
    for _ in range(2):
        seen, _, _, _ = env.step(policy(torch.from_numpy(seen))[0].detach().numpy())
    return torch.from_numpy(seen)


@pytest.mark.parametrize("statistic", ["none", "allocation"])
@pytest.mark.parametrize("panel", ["max-min", "delta-0.5", "kitchen-sink"])
def test_the_probability_of_an_action_is_that_of_its_group_times_that_of_its_prices(
    panel: str, statistic: str
) -> None:
    policy, env = policy_of(panel, statistic)
    seen = later(env, policy)
    actions, values, log_probability = policy(seen)
    again, once_more, entropy = policy.evaluate_actions(seen, actions)
    assert entropy is None
    assert torch.equal(values, again)
    assert torch.allclose(log_probability, once_more)
    # Independently: torch's own distributions over the groups with somebody left.
    setting = get_setting(panel)
    group_of, n_agents = setting.model.group_of, setting.n_agents
    statistic_alone = seen[:, :-n_agents]
    outputs = policy.action_net(policy.mlp_extractor.forward_actor(statistic_alone)).detach()
    n_groups = group_of.max() + 1
    rows = 1 if statistic == "none" else n_groups
    for row in range(len(seen)):
        left = {int(group_of[i]) for i in range(n_agents) if seen[row, i - n_agents]}
        weights = torch.tensor([float(outputs[row, g].exp()) if g in left else 0.0 for g in range(n_groups)])
        chosen = {int(group_of[i]) for i in range(n_agents) if actions[row, i] == 1}
        assert len(chosen) == 1
        assert chosen <= left
        group = chosen.pop()
        means = outputs[row, n_groups:].reshape(rows, -1)[0 if rows == 1 else group]
        spread = policy.log_std[0 if rows == 1 else group].exp()
        prices = Normal(means, spread).log_prob(actions[row, n_agents:]).sum()  # type: ignore[no-untyped-call]
        constant = 0.5 * np.log(2 * np.pi) * setting.n_types
        choice = Categorical(probs=weights).log_prob(torch.tensor(group))  # type: ignore[no-untyped-call]
        expected = choice + prices + constant
        assert float(log_probability[row].detach()) == pytest.approx(float(expected.detach()), abs=1e-4)


def test_the_agent_visited_belongs_to_the_chosen_group_and_is_its_first_left() -> None:
    policy, env = policy_of("max-min", "allocation")
    seen = later(env, policy)
    actions = policy(seen)[0].detach().numpy()
    group_of = get_setting("max-min").model.group_of
    agents, _ = decode(actions, env.market.agents_left)
    for row, agent in enumerate(agents):
        assert actions[row, agent] == 1
        mates = np.flatnonzero((group_of == group_of[agent]) & env.market.agents_left[row])
        assert agent == mates[0]


def test_the_network_does_not_see_the_agents_left_behind_the_statistic() -> None:
    policy, env = policy_of("max-min", "none")
    seen = later(env, policy)
    changed = seen.clone()
    changed[:, 1:] = 1.0
    assert torch.equal(policy.predict_values(seen), policy.predict_values(changed))


def test_an_anonymous_policy_posts_the_same_prices_to_all_and_another_does_not() -> None:
    for statistic, anonymous in (("none", True), ("agents-left", False)):
        policy, env = policy_of("max-min", statistic)
        env.reset()
        market = Market(env.setting, env.market.valuations)
        sees = STATISTICS[statistic].with_agents_left()
        faced = []
        while not market.over.all():
            with torch.no_grad():
                actions = policy._predict(torch.from_numpy(sees.observe(market)), deterministic=True).numpy()
            agents, prices = decode(actions, market.agents_left)
            faced.append(prices[~market.over])
            market.visit(agents, prices)
        assert (np.ptp(np.concatenate(faced), axis=0) == 0).all() == anonymous


def test_split_and_row_of() -> None:
    members = members_of(np.array([0, 1, 1]))
    outputs = torch.arange(12.0).reshape(2, 6)  # 2 groups, 2 rows of 2 types
    logits, means = split(outputs, torch.tensor([[9.0, 1, 0, 0], [9.0, 1, 0, 1]]), members, 2)
    assert logits.tolist() == [[0.0, -1e9], [6.0, 7.0]]
    assert row_of(means, torch.tensor([0, 1])).tolist() == [[2.0, 3.0], [10.0, 11.0]]
    assert row_of(means[:, :1], torch.tensor([1, 1])).tolist() == [[2.0, 3.0], [8.0, 9.0]]
