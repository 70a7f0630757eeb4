"""Policies from disk as mechanisms: from records and from the results of record, never unpickled."""

from __future__ import annotations

import base64
import pickle
from reprlib import repr as shown
from typing import Any

import numpy as np
import torch

from spm.compendium.record.grid import Protocol
from spm.compendium.record.published import folder
from spm.compendium.record.store import record_place
from spm.learning import Specification, Weights, learned_mechanism
from spm.market import Statistic, get_statistic
from spm.mechanisms import Learned
from spm.settings import Setting


def policy_name(specification: Specification) -> str:
    """Return where a kept policy lies below the folder of its protocol."""
    return f"policies/{record_place(specification)}.pt"


def weights(protocol: Protocol, specification: Specification) -> Weights:
    """Return the weights of a kept policy.

    Raises:
        ValueError: it is not among the policies of record, or it is damaged.
    """
    path = folder(protocol) / policy_name(specification)
    try:
        loaded: Weights = torch.load(path, weights_only=True)
    except OSError:
        raise ValueError(f"there is no policy of record at {path}") from None
    except (pickle.UnpicklingError, EOFError, RuntimeError):
        raise ValueError(f"{path} does not hold the weights of a policy") from None
    return loaded


def policy(protocol: Protocol, specification: Specification) -> Learned:
    """Return the mechanism of a kept policy.

    Raises:
        ValueError: it is not among the policies of record, or it is damaged.
    """
    asked = specification
    return learned_mechanism(asked.setting, asked.statistic, asked.variant, weights(protocol, specification))


def unpack(data: dict[str, Any]) -> torch.Tensor:
    """Return the tensor that :func:`spm.compendium.record.store.pack` described.

    >>> from spm.compendium.record.store import pack
    >>> unpack(pack(torch.tensor([[1.5, -2.0]])))
    tensor([[ 1.5000, -2.0000]])
    """
    array = np.frombuffer(base64.b64decode(data["float32"]), dtype="<f4").reshape(data["shape"])
    return torch.from_numpy(array.copy())


def mechanism_of(record: dict[str, Any], setting: Setting, statistic: Statistic | None = None) -> Learned:
    """Return the mechanism whose policy a record holds.

    Args:
        record: what :func:`spm.compendium.record.store.read_record` returns.
        setting: the setting that it was learned for.
        statistic: what the policy sees, if that is a statistic of the reader's own.

    Raises:
        ValueError: the policy was learned for another setting, or sees another statistic.
    """
    asked = record["specification"]
    if asked["setting"]["digest"] != setting.digest:
        title = asked["setting"]["name"]
        same = f", for another one of the name {title!r}" if title == setting.name else f" but for {title!r}"
        raise ValueError(f"the policy was not learned for setting {setting.name!r}{same}")
    sees = _seen(asked["statistic"], statistic)
    weights = {name: unpack(data) for name, data in record["weights"].items()}
    return learned_mechanism(setting, sees, asked["variant"], weights)


def _seen(asked: dict[str, Any], own: Statistic | None) -> Statistic:
    """The statistic of which a record tells: the reader's own, or a registered one."""
    if own and own.as_dict() != asked:
        raise ValueError(f"the policy does not see {own.name!r} as it is here but {shown(asked)}")
    try:
        known = own or get_statistic(asked["name"])
    except ValueError:
        known = None
    if known is None or known.as_dict() != asked:
        raise ValueError(
            f"the policy sees {asked['name']!r}, a statistic that is not built in; play it in Python: "
            "spm.compendium.record.policies.mechanism_of(record, setting, statistic)"
        )
    return known
