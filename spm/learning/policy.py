"""The policy that chooses among groups: an order without noisy scores, and prices for each group of agents.

The paper's policy draws n scores and T prices from a Gaussian and visits the agent with the highest score; most of
what its gradient sees is the noise of the scores. Here exchangeable agents form a group (``group_of`` of the
setting's model). The policy draws the *group* to visit next from a categorical distribution over the groups with
agents left, and the prices from a Gaussian around the means of that group:

    pi(g, p | s) = softmax(a(s))_g  *  prod_t N(p_t; mu_gt(s), sigma_gt^2).

Within a group the agent with the lowest index is next, without loss. Where all agents are exchangeable, only the
prices remain to be chosen. An action has the environment's form, with score 1 for the members of the group and 0
for all others. An observation is the statistic followed by the agents left
(:meth:`spm.market.statistics.Statistic.with_agents_left`). The network sees the statistic alone, so a policy whose
statistic is constant is still a static order with anonymous prices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn

NEVER = -1e9
"""Logit of a group without agents left."""


class StatisticOnly(BaseFeaturesExtractor):
    """Hides the agents left, the last columns of an observation, from the network."""

    def __init__(self, observation_space: Any, width: int) -> None:
        """Keep the first ``width`` columns."""
        super().__init__(observation_space, width)

    def forward(self, observations: Tensor) -> Tensor:
        """Return the statistic, ``(B, width)``."""
        return observations[:, : self.features_dim]


class GroupPolicy(ActorCriticPolicy):
    """Actor and critic of Stable-Baselines3 with this module's distribution over actions.

    The actor's outputs, ``(B, G + R T)``, are G logits, then R rows of T mean prices: one row per group, or a
    single row if prices are anonymous.
    """

    def __init__(
        self,
        *args: Any,
        group_of: NDArray[np.int64],
        anonymous: bool,
        start_prices: NDArray[np.float64],
        **kwargs: Any,
    ) -> None:
        """Make the networks.

        Args:
            *args: as for SB3's policy.
            group_of: ``(n,)`` each agent's group.
            anonymous: whether all groups face the same prices.
            start_prices: ``(T,)`` mean prices of the untrained policy.
            **kwargs: as for SB3's policy.
        """
        self._group_of, self._anonymous, self._start = group_of, anonymous, start_prices
        super().__init__(*args, **kwargs)

    def _build(self, lr_schedule: Callable[[float], float]) -> None:
        super()._build(lr_schedule)
        self.members = members_of(self._group_of)
        # One row of T log standard deviations per group, as for the mean prices, (R, T).
        n_groups = len(self.members)
        rows = 1 if self._anonymous else n_groups
        self.log_std = nn.Parameter(torch.full((rows, len(self._start)), float(self.log_std_init)))
        self.action_net = nn.Linear(self.mlp_extractor.latent_dim_pi, n_groups + self.log_std.numel())
        nn.init.orthogonal_(self.action_net.weight, 0.01)
        with torch.no_grad():
            self.action_net.bias.zero_()
            self.action_net.bias[n_groups:] = torch.as_tensor(np.tile(self._start, rows))
        self.optimizer = self.optimizer_class(self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs)  # type: ignore[call-arg]

    def forward(self, obs: Tensor, deterministic: bool = False) -> tuple[Tensor, Tensor, Tensor]:
        """Return actions ``(B, n + T)``, values and log probabilities."""
        logits, means, values = self._outputs(obs)
        groups, prices = self._draw(logits, means, deterministic)
        actions = torch.cat([self.members[groups], prices], dim=1)
        return actions, values, self._log_probability(logits, means, groups, prices)

    def evaluate_actions(self, obs: Tensor, actions: Tensor) -> tuple[Tensor, Tensor, None]:  # type: ignore[override]
        """Return values and log probabilities of ``actions``, and None for the entropy, which is not computed."""
        logits, means, values = self._outputs(obs)
        # The scores are the group's own row of members, so the product is largest for that group, (B,).
        n_agents = self.members.shape[1]
        groups = (actions[:, :n_agents] @ self.members.T).argmax(dim=1)
        return values, self._log_probability(logits, means, groups, actions[:, n_agents:]), None

    def _predict(self, observation: Tensor, deterministic: bool = False) -> Tensor:  # type: ignore[override]
        return self.forward(observation, deterministic)[0]

    def _outputs(self, obs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log probabilities of groups ``(B, G)``, mean prices ``(B, R, T)`` and values ``(B, 1)``."""
        latent_pi, latent_vf = self.mlp_extractor(self.extract_features(obs))
        logits, means = split(self.action_net(latent_pi), obs, self.members, len(self._start))
        return torch.log_softmax(logits, dim=1), means, self.value_net(latent_vf)

    def _draw(self, logits: Tensor, means: Tensor, deterministic: bool) -> tuple[Tensor, Tensor]:
        """Groups ``(B,)`` and prices ``(B, T)``."""
        if deterministic:
            groups = logits.argmax(dim=1)
            return groups, row_of(means, groups)
        groups = torch.multinomial(logits.exp(), 1)[:, 0]
        centre, spread = row_of(means, groups), row_of(self.log_std[None], groups).exp()
        return groups, centre + spread * torch.randn_like(centre)

    def _log_probability(self, logits: Tensor, means: Tensor, groups: Tensor, prices: Tensor) -> Tensor:
        """log pi(g, p | s) up to a constant, ``(B,)``."""
        log_std = row_of(self.log_std[None], groups)
        distance = (prices - row_of(means, groups)) / log_std.exp()
        chosen = logits.gather(1, groups[:, None])[:, 0]
        return chosen - (0.5 * distance**2 + log_std).sum(dim=1)


def members_of(group_of: NDArray[np.int64]) -> Tensor:
    """Return the table ``(G, n)`` that is 1 where the agent belongs to the group.

    >>> members_of(np.array([0, 0, 1]))
    tensor([[1., 1., 0.],
            [0., 0., 1.]])
    """
    return nn.functional.one_hot(torch.as_tensor(group_of)).T.float().contiguous()


def split(outputs: Tensor, observations: Tensor, members: Tensor, n_types: int) -> tuple[Tensor, Tensor]:
    """Return the groups' logits ``(B, G)``, :data:`NEVER` where nobody is left, and the prices ``(B, R, T)``.

    Args:
        outputs: the actor's, ``(B, G + R T)``.
        observations: ``(B, width + n)``; the last n columns are the agents left.
        members: ``(G, n)`` 1 where the agent belongs to the group.
        n_types: T.

    >>> members = members_of(np.array([0, 0, 1]))
    >>> outputs, left = torch.tensor([[0.25, 0.5, 0.5, 0.75]]), torch.tensor([[1.0, 0.0, 0.0]])
    >>> [one.tolist() for one in split(outputs, left, members, n_types=1)]
    [[[0.25, -1000000000.0]], [[[0.5], [0.75]]]]
    """
    n_groups, n_agents = members.shape
    nobody = observations[:, -n_agents:] @ members.T == 0
    logits = outputs[:, :n_groups].masked_fill(nobody, NEVER)
    return logits, outputs[:, n_groups:].reshape(len(outputs), -1, n_types)


def row_of(table: Tensor, groups: Tensor) -> Tensor:
    """Return each group's row, ``(B, T)``, of ``(B, R, T)`` or ``(1, R, T)``; all groups share a single row.

    >>> row_of(torch.tensor([[[0.5], [0.75]]]), torch.tensor([1, 0])).tolist()
    [[0.75], [0.5]]
    """
    table = table.expand(len(groups), -1, -1)
    return table[:, 0] if table.shape[1] == 1 else table[torch.arange(len(groups)), groups]
