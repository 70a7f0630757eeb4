"""The layers of a policy's network, without torch: which shapes they must have, and how a record holds them."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from spm.compendium.record.schema import declared
from spm.market import Statistic
from spm.settings import Setting

Shape = tuple[int, ...]


def network_shapes(setting: Setting, statistic: Statistic, variant: str, width: int) -> dict[str, Shape]:
    """Return the shape of each layer of a policy's network.

    >>> from spm.market import get_statistic
    >>> from spm.settings import get_setting
    >>> shapes = network_shapes(get_setting("delta-0"), get_statistic("allocation"), "scores", width=64)
    >>> shapes["mlp_extractor.policy_net.0.weight"], shapes["action_net.bias"]  # 41 entries; 20 scores, 1 price
    ((64, 41), (21,))
    """
    outputs = setting.n_agents + setting.n_types
    if variant == "groups":
        n_groups = int(setting.model.group_of.max()) + 1
        prices = 1 if statistic.is_anonymous else n_groups
        outputs = n_groups + prices * setting.n_types
    sizes = {
        "mlp_extractor.policy_net.0": (width, statistic.width(setting)),
        "mlp_extractor.policy_net.2": (width, width),
        "action_net": (outputs, width),
    }
    shapes: dict[str, Shape] = {}
    for name, size in sizes.items():
        shapes |= {f"{name}.weight": size, f"{name}.bias": size[:1]}
    return shapes


def check_layers(found: Mapping[str, Shape], expected: Mapping[str, Shape]) -> None:
    """Check that a network's layers have the names and shapes that they must have.

    Raises:
        ValueError: one is missing, too many, or of another shape.

    >>> check_layers({"bias": (2,)}, {"bias": (3,)})
    Traceback (most recent call last):
    ValueError: layer bias must have shape (3,), not (2,)
    """
    if found.keys() != expected.keys():
        raise ValueError(f"the network must have the layers {', '.join(expected)}")
    for name, shape in expected.items():
        if tuple(found[name]) != shape:
            raise ValueError(f"layer {name} must have shape {shape}, not {tuple(found[name])}")


@declared
@dataclass(frozen=True)
class Packed:
    """A layer in a record.

    Attributes:
        shape: of the layer.
        float32: its numbers, little-endian, in base64.

    >>> Packed.of(np.array([[1.5, -2.0]])).array
    array([[ 1.5, -2. ]], dtype=float32)
    """

    shape: Annotated[tuple[Annotated[int, Field(ge=1, le=2**31)], ...], Field(min_length=1, max_length=2)]
    float32: str

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ValueError: they are not base64, not as many as the shape says, or not finite.
        """
        numbers = self._numbers
        if len(numbers) != math.prod(self.shape):
            raise ValueError(f"{len(numbers)} numbers can't fill a layer of shape {self.shape}")
        if not np.isfinite(numbers).all():
            raise ValueError("a weight must be a finite number")

    @classmethod
    def of(cls, numbers: NDArray[np.floating]) -> Packed:
        """Return a layer as a record holds it."""
        array = np.ascontiguousarray(numbers, dtype="<f4")
        return cls(array.shape, base64.b64encode(array.tobytes()).decode())

    @property
    def _numbers(self) -> NDArray[np.float32]:
        return np.frombuffer(base64.b64decode(self.float32, validate=True), dtype="<f4")

    @property
    def array(self) -> NDArray[np.float32]:
        """The layer."""
        return self._numbers.reshape(self.shape).astype(np.float32)
