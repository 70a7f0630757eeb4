"""From the weights of a trained network to a mechanism that is played without noise.

The policy has two variants: ``scores``, the paper's, whose network returns n scores and T prices, and ``groups``
(:mod:`spm.learning.policy`), whose network returns a logit and prices for each group of exchangeable agents.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import PPO

from spm.learning.policy import members_of, row_of, split
from spm.market import Observation, Statistic
from spm.mechanisms import Learned
from spm.settings import Setting

Weights = dict[str, torch.Tensor]
Actor = Callable[[Observation], NDArray[np.floating[Any]]]


def actor_weights(model: PPO) -> Weights:
    """Return the weights of the actor; the critic is needed during learning only."""
    return {
        name: tensor.detach().clone()
        for name, tensor in model.policy.state_dict().items()
        if name.startswith(("mlp_extractor.policy_net.", "action_net."))
    }


def learned_mechanism(setting: Setting, statistic: Statistic, variant: str, weights: Weights) -> Learned:
    """Return the mechanism that a network of the given variant describes in ``setting``.

    >>> from spm.market import get_statistic
    >>> from spm.mechanisms import play
    >>> from spm.settings import get_setting
    >>> setting = get_setting("correlated-2-1-0")
    >>> weights = {"action_net.weight": torch.zeros(3, 1), "action_net.bias": torch.tensor([0.0, 0.0, 0.5])}
    >>> half = learned_mechanism(setting, get_statistic("none"), "scores", weights)  # agents in turn, price 1/2
    >>> round(play(half, setting, 20_000).mean, 2)
    0.56
    """
    if variant == "scores":
        return Learned(statistic, actor(weights))
    return Learned(statistic.with_agents_left(), group_actor(setting, weights))


def actor(weights: Weights) -> Actor:
    """Return the function from observations, ``(B, width)``, to scores and prices, ``(B, n + T)``."""
    network = perceptron(weights)
    return lambda observation: network(torch.from_numpy(observation)).numpy()


def group_actor(setting: Setting, weights: Weights) -> Actor:
    """Return the function from observations, whose last n columns are the agents left, to scores and prices."""
    network, members = perceptron(weights), members_of(setting.model.group_of)

    def act(observation: Observation) -> NDArray[np.floating[Any]]:
        # The network sees the statistic alone; the agents left mask the logits, (B, G), of groups without any.
        seen = torch.from_numpy(observation)
        outputs = network(seen[:, : -setting.n_agents])
        logits, means = split(outputs, seen, members, setting.n_types)
        # Score 1 for the members of the likeliest group, 0 for all others, then its prices, (B, n + T).
        groups = logits.argmax(dim=1)
        return torch.cat([members[groups], row_of(means, groups)], dim=1).numpy()

    return act


def perceptron(weights: Weights) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the network: linear layers with tanh between them.

    >>> identity, shift = torch.eye(1), torch.zeros(1)
    >>> hidden = {"mlp_extractor.policy_net.0.weight": identity, "mlp_extractor.policy_net.0.bias": shift}
    >>> network = perceptron(hidden | {"action_net.weight": identity, "action_net.bias": shift})
    >>> network(torch.tensor([[1.0]]))  # tanh(1)
    tensor([[0.7616]])
    """
    names = [name.removesuffix(".weight") for name in weights if name.endswith(".weight")]
    names.sort(key=lambda name: (name == "action_net", name))  # hidden layers by number, then the output
    layers = [(weights[f"{name}.weight"], weights[f"{name}.bias"]) for name in names]

    def network(signal: torch.Tensor) -> torch.Tensor:
        for depth, (weight, bias) in enumerate(layers):
            signal = torch.nn.functional.linear(torch.tanh(signal) if depth else signal, weight, bias)
        return signal

    return network
