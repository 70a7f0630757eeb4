"""Policies from disk as mechanisms: from records and from the results of record, never unpickled."""

from __future__ import annotations

import io
import math
from dataclasses import asdict
from typing import Any

import torch

from spm.compendium.record.grid import Protocol
from spm.compendium.record.layers import check_layers, network_shapes
from spm.compendium.record.published import folder, policy_name
from spm.compendium.record.schema import naming, read_file
from spm.compendium.record.store import Record
from spm.learning import Specification, Weights, learned_mechanism
from spm.market import Statistic, get_statistic
from spm.mechanisms import Learned
from spm.names import quoted
from spm.settings import Setting

MOST_BEYOND_NUMBERS = 2**16
"""Bytes that a policy's file can have beyond the numbers of its layers."""


def weights(protocol: Protocol, specification: Specification) -> Weights:
    """Return the weights of a kept policy.

    Raises:
        ValueError: it is not among the policies of record, or it is damaged.
    """
    asked, path = specification, folder(protocol) / policy_name(specification)
    shapes = network_shapes(asked.setting, asked.statistic, asked.variant, asked.hyperparameters.width)
    most = 4 * sum(map(math.prod, shapes.values())) + MOST_BEYOND_NUMBERS
    content = read_file(path, "policy of record", most)
    with naming(path):
        try:
            loaded = torch.load(io.BytesIO(content), weights_only=True)
        except Exception:  # torch raises whatever it likes on bytes that it did not write
            loaded = None
        if not isinstance(loaded, dict) or not all(map(_is_layer, loaded.values())):
            raise ValueError("this file does not hold the weights of a policy")
        check_layers({name: tuple(layer.shape) for name, layer in loaded.items()}, shapes)
        if not all(layer.isfinite().all() for layer in loaded.values()):
            raise ValueError("a weight must be a finite number")
    return loaded


def _is_layer(value: object) -> bool:
    """Whether a value is a plain tensor of float32 in this machine's memory."""
    return (
        isinstance(value, torch.Tensor)
        and (value.dtype, value.layout, value.device.type) == (torch.float32, torch.strided, "cpu")
        and not value.requires_grad
    )


def policy(protocol: Protocol, specification: Specification) -> Learned:
    """Return the mechanism of a kept policy.

    Raises:
        ValueError: it is not among the policies of record, or it is damaged.
    """
    asked = specification
    return learned_mechanism(asked.setting, asked.statistic, asked.variant, weights(protocol, specification))


def mechanism_of(record: Record, setting: Setting, statistic: Statistic | None = None) -> Learned:
    """Return the mechanism whose policy a record holds.

    Args:
        record: what :func:`spm.compendium.record.store.read_record` returns.
        setting: the setting that it was learned for.
        statistic: what the policy sees, if that is a statistic of the reader's own.

    Raises:
        ValueError: the policy was learned for another setting or sees another statistic, or its network is not one
            for them.
    """
    asked = asdict(record.specification)
    if asked["setting"]["digest"] != setting.digest:
        title = asked["setting"]["name"]
        same = f", for another one of the name {title!r}" if title == setting.name else f" but for {title!r}"
        raise ValueError(f"the policy was not learned for setting {setting.name!r}{same}")
    sees = _seen(asked["statistic"], statistic)
    record.check_network(setting, sees)
    return learned_mechanism(setting, sees, asked["variant"], tensors(record))


def _seen(asked: dict[str, Any], own: Statistic | None) -> Statistic:
    """The statistic of which a record tells: the reader's own, or a registered one."""
    if own and own.as_dict() != asked:
        raise ValueError(f"the policy does not see {own.name!r} as it is here but {quoted(asked)}")
    try:
        known = own or get_statistic(asked["name"])
    except ValueError:
        known = None
    if known is None or known.as_dict() != asked:
        raise ValueError(
            f"the policy sees {quoted(asked['name'])}, a statistic that is not built in; play it in Python: "
            "spm.compendium.record.policies.mechanism_of(record, setting, statistic)"
        )
    return known


def tensors(record: Record) -> Weights:
    """Return the weights that a record holds."""
    return {name: torch.from_numpy(layer.array) for name, layer in record.weights.items()}
