"""Sequential price mechanisms: settings, exact optima, bounds, learning, and an executable book.

>>> from spm import Solver, StaticPrices, bracket, get_setting, play
>>> setting = get_setting("two-worlds")
>>> Solver(setting).value() / setting.unit
Fraction(443, 640)
>>> bracket(setting).upper.value
0.6921875
>>> play(StaticPrices((0.6,)), setting, 10_000).mean < 0.6921875
True

The library is in :mod:`spm.settings`, :mod:`spm.market`, :mod:`spm.exact`, :mod:`spm.mechanisms`,
:mod:`spm.bounds` and :mod:`spm.learning`; :mod:`spm.compendium` makes the book. What is named here is imported
when it is first asked for, so that importing ``spm`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spm.bounds import bracket
    from spm.exact import Solver
    from spm.learning import Specification, train
    from spm.market import Market, statistic
    from spm.mechanisms import StaticPrices, play
    from spm.settings import Setting, from_samples, get_setting
    from spm.settings.objective import objective

__version__ = "0.1.0"

__all__ = [
    "Market",
    "Setting",
    "Solver",
    "Specification",
    "StaticPrices",
    "__version__",
    "bracket",
    "from_samples",
    "get_setting",
    "objective",
    "play",
    "statistic",
    "train",
]

_ROOMS = {
    "Market": "market",
    "Setting": "settings",
    "Solver": "exact",
    "Specification": "learning",
    "StaticPrices": "mechanisms",
    "bracket": "bounds",
    "from_samples": "settings",
    "get_setting": "settings",
    "objective": "settings.objective",
    "play": "mechanisms",
    "statistic": "market",
    "train": "learning",
}
"""The folder of each name, or its module."""


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
