"""What the best possible mechanism would earn: a certified bracket for every panel, and the simple benchmarks.

*Upper* bounds every SPM, *lower* is earned by an explicit SPM (:func:`mechanism`) that
:func:`spm.mechanisms.play` can run:

==================  ===============================================  ===========================================
values              upper                                            lower
==================  ===============================================  ===========================================
finite              exact solver                                     its decision tree
correlated, δ = 0   dynamic programme for IID values                 the same
correlated, δ > 0   z known, or an information relaxation            Bayesian pricing
max-min (Fig. 4c)   world known                                      orange first, then screening premiums
==================  ===============================================  ===========================================

*Additive across types.* The bounds for each type alone sum up. Upper: types are independent and an agent buys
each on its own, so what an SPM does with one type, whatever it makes depend on the other types, is a randomised
SPM for that type, whose agents are exchangeable whoever was picked. Lower: the SPMs for the types run side by
side, since each visits agents in the same fixed order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from spm import settings
from spm.exact.cells import Solver
from spm.finite import FiniteModel
from spm.mechanisms import Mechanism, play, random_serial_dictatorship
from spm.models import CorrelatedModel, MaxMinModel
from spm.optimum import max_min
from spm.optimum.adaptivity import correlated_map as correlated_map
from spm.optimum.bayes import BayesianPricing, correlated_model, evaluate
from spm.optimum.iid import highest_values, iid_optimum
from spm.optimum.lattice import ROUNDING
from spm.optimum.relaxation import upper_bound
from spm.optimum.static_prices import best_static
from spm.settings import Setting
from spm.trees import TreeMechanism

PROFILES = 8192
"""Profiles on which an explicit mechanism is evaluated."""


class Value(NamedTuple):
    """A value, and its numerical or standard error."""

    value: float
    error: float = 0.0

    @classmethod
    def total(cls, parts: Iterable[tuple[float, float]]) -> Value:
        """Return the sum of values; their numerical errors add up."""
        values, errors = zip(*parts, strict=True)
        return cls(float(sum(values)), float(sum(errors)))


@dataclass(frozen=True)
class Bounds:
    """The bracket of a setting and its benchmarks, normalised, each with its numerical or standard error.

    Attributes:
        first_best: expected first best.
        upper: certified upper bound on every SPM.
        lower: what the explicit SPM earns.
        anonymous_static: the best anonymous static prices, with a static order.
        personalised_static: the best personalised static prices, with a static order.
        rsd: random serial dictatorship.
        upper_method: how the upper bound was found.
        lower_method: which SPM earns the lower one.
    """

    first_best: Value
    upper: Value
    lower: Value
    anonymous_static: Value
    personalised_static: Value
    rsd: Value
    upper_method: str
    lower_method: str

    @property
    def width(self) -> float:
        """Width of the bracket as a share of the lower bound."""
        return self.upper.value / self.lower.value - 1

    def as_dict(self) -> dict[str, Any]:
        """Return the record as JSON types: each value under its name, its error under ``NAME_error``."""
        record: dict[str, Any] = {}
        for name, entry in vars(self).items():
            if isinstance(entry, Value):
                record |= {name: entry.value, f"{name}_error": entry.error}
            else:
                record[name] = entry
        return record


@cache
def panel(name: str) -> Bounds:
    """Return the bounds of a panel, or of ``correlated-N-M-DELTA``.

    >>> found = panel("two-worlds")
    >>> found.upper == found.lower, found.upper.value
    (True, 0.6921875)

    Raises:
        ValueError: an unknown name, or a setting for which no bounds are known.
    """
    return bounds(settings.get(name))


def record(name: str) -> dict[str, Any]:
    """Return :func:`panel` as JSON types (:meth:`Bounds.as_dict`)."""
    return panel(name).as_dict()


def mechanism(name: str) -> Mechanism:
    """Return the explicit SPM that earns the lower bound of a panel, or of ``correlated-N-M-DELTA``.

    Raises:
        ValueError: an unknown name, or a setting for which no bounds are known.
    """
    return explicit(settings.get(name))


def bounds(setting: Setting) -> Bounds:
    """Return the bounds of a setting.

    Raises:
        ValueError: a setting for which no bounds are known, or that is too large to solve exactly.
    """
    if isinstance(setting.model, FiniteModel):
        return _finite(setting)
    if isinstance(setting.model, CorrelatedModel):
        return _correlated(setting)
    if isinstance(setting.model, MaxMinModel) and setting.objective == "max-min":
        return _max_min(setting)
    raise ValueError(
        f"no bounds are known for setting {setting.name!r}; known are finite, correlated and max-min settings"
    )


def explicit(setting: Setting) -> Mechanism:
    """Return the explicit SPM that earns a setting's lower bound.

    Raises:
        ValueError: a setting for which no bounds are known, or that is too large to solve exactly.
    """
    if isinstance(setting.model, FiniteModel):
        return TreeMechanism(_solver(setting).tree())
    if isinstance(setting.model, MaxMinModel):
        return max_min.OrangeFirst(max_min.best_premiums())
    model = correlated_model(setting)
    if model.delta == 0:
        return iid_optimum(setting.n_agents, setting.supply, setting.objective)
    if model.delta == 1 and setting.objective == "welfare":
        return random_serial_dictatorship(setting)
    return BayesianPricing()


@cache
def _solver(setting: Setting) -> Solver:
    return Solver(setting)


def _finite(setting: Setting) -> Bounds:
    solver, unit = _solver(setting), setting.unit
    cells = {
        "anonymous_static": ("anonymous-static", "static"),
        "personalised_static": ("personalised-static", "static"),
        "rsd": ("zero", "random"),
    }
    optimum = Value(float(solver.value() / unit))
    return Bounds(
        first_best=Value(float(solver.first_best / unit)),
        upper=optimum,
        lower=optimum,
        **{name: Value(float(solver.value(*cell) / unit)) for name, cell in cells.items()},
        upper_method="exact solver",
        lower_method="its decision tree",
    )


def _correlated(setting: Setting) -> Bounds:
    model, n, goal = correlated_model(setting), setting.n_agents, setting.objective
    uppers = [upper_bound(n, copies, model.delta, goal) for copies in setting.supply]
    upper = Value.total((value, ROUNDING) for value, _ in uppers)
    solved = model.delta == 0 or (model.delta == 1 and goal == "welfare")
    lower = upper if solved else Value(*evaluate(explicit(setting), setting, PROFILES))
    static = [
        Value.total(best_static(n, copies, model.delta, goal, personalised)[1:] for copies in setting.supply)
        for personalised in (False, True)
    ]
    sold = sum(min(n, copies) for copies in setting.supply)
    return Bounds(
        first_best=Value(sum(highest_values(n, copies, model.delta) for copies in setting.supply)),
        upper=upper,
        lower=lower,
        anonymous_static=static[0],
        personalised_static=static[1],
        rsd=Value(sold / 2 if goal == "welfare" else 0.0),
        upper_method="; ".join(dict.fromkeys(method for _, method in uppers)),
        lower_method="the same" if solved else "Bayesian pricing",
    )


def _max_min(setting: Setting) -> Bounds:
    optimum = Value(max_min.optimum(), 1e-6)
    statics = [max_min.best_static(setting, personalised) for personalised in (False, True)]
    played = [_played(one, setting) for one in (*statics, random_serial_dictatorship(setting))]
    return Bounds(
        first_best=Value(max_min.first_best()),
        upper=optimum,
        lower=optimum,
        anonymous_static=played[0],
        personalised_static=played[1],
        rsd=played[2],
        upper_method="optimal stopping with the world known",
        lower_method="orange first, then premiums that screen for the spare item",
    )


def _played(one: Mechanism, setting: Setting) -> Value:
    outcomes = play(one, setting, 4 * PROFILES)
    return Value(outcomes.mean, outcomes.standard_error)
