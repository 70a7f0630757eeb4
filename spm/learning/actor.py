"""From the weights of a trained network to a mechanism that is played without noise.

Two variants of the policy: ``scores``, the paper's, whose network gives n scores and T prices at once, and
``groups`` (:mod:`spm.learning.policy`), whose network gives a logit for each group of exchangeable agents, and
prices for each group.
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
    """Return the part of the network that acts (the critic is only needed while learning)."""
    return {
        name: tensor.detach().clone()
        for name, tensor in model.policy.state_dict().items()
        if name.startswith(("mlp_extractor.policy_net.", "action_net."))
    }


def learned_mechanism(setting: Setting, statistic: Statistic, variant: str, weights: Weights) -> Learned:
    """Return the mechanism that a network of the given variant stands for in ``setting``."""
    if variant == "scores":
        return Learned(statistic, actor(weights))
    return Learned(statistic.with_agents_left(), group_actor(setting, weights))


def actor(weights: Weights) -> Actor:
    """Return the function from observations to scores and prices."""
    network = perceptron(weights)
    return lambda observation: network(torch.from_numpy(observation)).numpy()


def group_actor(setting: Setting, weights: Weights) -> Actor:
    """Return the function from observations, the agents left in their last columns, to scores and prices."""
    network, members = perceptron(weights), members_of(setting.model.group_of)

    def act(observation: Observation) -> NDArray[np.floating[Any]]:
        seen = torch.from_numpy(observation)
        outputs = network(seen[:, : -setting.n_agents])
        logits, means = split(outputs, seen, members, setting.n_types)
        groups = logits.argmax(dim=1)
        return torch.cat([members[groups], row_of(means, groups)], dim=1).numpy()

    return act


def perceptron(weights: Weights) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the network: linear layers with tanh between them."""
    names = [name.removesuffix(".weight") for name in weights if name.endswith(".weight")]
    names.sort(key=lambda name: (name == "action_net", name))  # hidden layers by number, then the output
    layers = [(weights[f"{name}.weight"], weights[f"{name}.bias"]) for name in names]

    def network(signal: torch.Tensor) -> torch.Tensor:
        for depth, (weight, bias) in enumerate(layers):
            signal = torch.nn.functional.linear(torch.tanh(signal) if depth else signal, weight, bias)
        return signal

    return network
