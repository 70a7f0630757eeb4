"""What the best possible mechanism earns: a proved bracket for every panel, and simple benchmarks beside it.

*Upper* bounds every SPM. *Lower* is earned by an explicit SPM (:func:`explicit_mechanism`), which
:func:`spm.mechanisms.playing.play` can run. Each rule is proved for some settings and refuses all others:

==================  ==============================  =====================================  ========================
values              proved for                      upper                                  lower
==================  ==============================  =====================================  ========================
finite              unit or additive demand;        exact solver                           its decision tree
                    welfare, revenue or max-min
correlated, δ = 0   one type or additive demand;    dynamic programme for IID values       the same
                    welfare or revenue
correlated, δ > 0   the same                        z known, or a belief cover             Bayesian pricing
max-min             Figure 4(c) as it stands        world known                            screening premiums
==================  ==============================  =====================================  ========================

*Additive across types.* The bounds of the single types add up. Upper: types are independent and an agent buys each
on its own, so what an SPM does with one type is a randomised SPM for that type, even if it depends on the other
types; and its agents are exchangeable, whoever is visited. Lower: the SPMs of the single types run side by side,
since each visits agents in the same fixed order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple

from spm.bounds import max_min
from spm.bounds.bayesian_pricing import BayesianPricing, estimate
from spm.bounds.certificates import upper_bound
from spm.bounds.known_latent import correlated_model, highest_values, iid_optimum
from spm.bounds.lattice import numerical_error
from spm.bounds.max_min import OrangeFirst, best_premiums, check_max_min, max_min_first_best, max_min_optimum
from spm.bounds.static_prices import best_static
from spm.exact import Solver
from spm.limits import progress
from spm.mechanisms import Mechanism, TreeMechanism, play, random_serial_dictatorship
from spm.settings import CorrelatedModel, FiniteModel, MaxMinModel, Setting, get_setting

BRACKET_PROFILES = 8192
"""Profiles on which an explicit mechanism is evaluated."""


class Value(NamedTuple):
    """A value with its numerical or standard error.

    >>> Value.total([(0.5, 0.125), (1.0, 0.25)])
    Value(value=1.5, error=0.375)
    """

    value: float
    error: float = 0.0

    @classmethod
    def total(cls, parts: Iterable[tuple[float, float]]) -> Value:
        """Return the sum of values; their numerical errors add up."""
        values, errors = zip(*parts, strict=True)
        return cls(float(sum(values)), float(sum(errors)))


@dataclass(frozen=True)
class Bracket:
    """The bracket of a setting and its benchmarks, normalised, each with its numerical or standard error.

    Attributes:
        first_best: expected first best.
        upper: upper bound on every SPM, proved once its numerical error is added.
        lower: what the explicit SPM earns, computed, or a sample's mean with its standard error.
        anonymous_static: the best anonymous static prices in a static order. In settings that are not finite, the
            best found: they earn this, but it bounds nothing.
        personalised_static: the same for personalised static prices.
        rsd: random serial dictatorship.
        upper_method: how the upper bound was found.
        lower_method: the SPM that earns the lower bound.
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
        """Return the bracket as JSON types: each value under its name, its error under ``NAME_error``.

        >>> from spm import settings
        >>> sorted(bracket(settings.get_setting("two-worlds")).as_dict())[:4]
        ['anonymous_static', 'anonymous_static_error', 'first_best', 'first_best_error']
        """
        record: dict[str, Any] = {}
        for name, entry in vars(self).items():
            if isinstance(entry, Value):
                record |= {name: entry.value, f"{name}_error": entry.error}
            else:
                record[name] = entry
        return record


def bracket(setting: Setting) -> Bracket:
    """Return the bracket of a setting.

    >>> from spm import settings
    >>> found = bracket(settings.get_setting("two-worlds"))
    >>> found.upper == found.lower, found.upper.value
    (True, 0.6921875)

    Raises:
        ValueError: a setting for which no bracket is proved, that is too large to solve exactly, or whose tables
            need more memory than there is.
    """
    with progress(f"bounding {setting.name[:40]}"):
        return _rule(setting).bracket(setting)


def record(name: str) -> dict[str, Any]:
    """Return the bracket of a panel, or of ``correlated-N-M-DELTA``, as JSON types (:meth:`Bracket.as_dict`)."""
    return bracket(get_setting(name)).as_dict()


def explicit_mechanism(setting: Setting) -> Mechanism:
    """Return the explicit SPM that earns the lower end of a setting's bracket.

    Raises:
        ValueError: a setting for which no bracket is proved, or that is too large to solve exactly.

    >>> from spm import settings
    >>> setting = settings.get_setting("two-worlds")
    >>> abs(play(explicit_mechanism(setting), setting, 10_000).mean - bracket(setting).lower.value) < 0.01
    True
    """
    return _rule(setting).mechanism(setting)


@cache
def _solver(setting: Setting) -> Solver:
    return Solver(setting)


def _finite(setting: Setting) -> Bracket:
    solver, unit = _solver(setting), setting.unit
    cells = {
        "anonymous_static": ("anonymous-static", "static"),
        "personalised_static": ("personalised-static", "static"),
        "rsd": ("zero", "random"),
    }
    return Bracket(
        first_best=Value(float(solver.first_best / unit)),
        upper=Value(float(solver.value() / unit)),
        lower=Value(float(solver.tree().value / unit)),
        **{name: Value(float(solver.value(*cell) / unit)) for name, cell in cells.items()},
        upper_method="exact solver",
        lower_method="its decision tree",
    )


def _decision_tree(setting: Setting) -> Mechanism:
    return TreeMechanism(_solver(setting).tree())


def _correlated(setting: Setting) -> Bracket:
    model, n, goal = correlated_model(setting), setting.n_agents, setting.objective.name
    # No agent takes two copies of a type, so more copies than agents are as good as one for each.
    setting = replace(setting, supply=tuple(min(n, copies) for copies in setting.supply))
    solved = _is_solved(model, goal)
    # What needs most memory comes first, lest it be refused at the end.
    lower = None if solved else Value(*estimate(_pricing(setting), setting, BRACKET_PROFILES))
    uppers = [upper_bound(n, copies, model.delta, goal) for copies in setting.supply]
    errors = [numerical_error(n, copies, 1 - model.delta) for copies in setting.supply]
    upper = Value.total((value, error) for (value, _), error in zip(uppers, errors, strict=True))
    static = [
        Value.total(best_static(n, copies, model.delta, goal, personalised)[1:] for copies in setting.supply)
        for personalised in (False, True)
    ]
    sold = sum(min(n, copies) for copies in setting.supply)
    return Bracket(
        first_best=Value(sum(highest_values(n, copies, model.delta) for copies in setting.supply)),
        upper=upper,
        lower=lower or upper,
        anonymous_static=static[0],
        personalised_static=static[1],
        rsd=Value(sold / 2 if goal == "welfare" else 0.0),
        upper_method="; ".join(dict.fromkeys(method for _, method in uppers)),
        lower_method="the same" if solved else "Bayesian pricing",
    )


def _is_solved(model: CorrelatedModel, objective: str) -> bool:
    """Say whether the upper bound is attained: with IID values, or for the welfare of one common value."""
    return model.delta == 0 or (model.delta == 1 and objective == "welfare")


def _pricing(setting: Setting) -> Mechanism:
    model = correlated_model(setting)
    if not _is_solved(model, setting.objective.name):
        return BayesianPricing()
    if model.delta == 1:
        return random_serial_dictatorship(setting)
    return iid_optimum(setting.n_agents, setting.supply, setting.objective.name)


def _max_min(setting: Setting) -> Bracket:
    check_max_min(setting)
    optimum = Value(max_min_optimum(), 1e-6)
    statics = [max_min.best_max_min_prices(setting, personalised) for personalised in (False, True)]
    played = [_played(one, setting) for one in (*statics, random_serial_dictatorship(setting))]
    return Bracket(
        first_best=Value(max_min_first_best()),
        upper=optimum,
        lower=optimum,
        anonymous_static=played[0],
        personalised_static=played[1],
        rsd=played[2],
        upper_method="optimal stopping with the world known",
        lower_method="orange first, then premiums that screen for the spare item",
    )


def _orange_first(setting: Setting) -> Mechanism:
    check_max_min(setting)
    return OrangeFirst(best_premiums())


def _played(one: Mechanism, setting: Setting) -> Value:
    outcomes = play(one, setting, 4 * BRACKET_PROFILES)
    return Value(outcomes.mean, outcomes.standard_error)


class BracketRule(NamedTuple):
    """How the bracket of one model of values is found; both parts refuse what is not proved."""

    bracket: Callable[[Setting], Bracket]
    mechanism: Callable[[Setting], Mechanism]


RULES: dict[type, BracketRule] = {
    FiniteModel: BracketRule(_finite, _decision_tree),
    CorrelatedModel: BracketRule(_correlated, _pricing),
    MaxMinModel: BracketRule(_max_min, _orange_first),
}
"""The rule for each model of values; it does not apply to models derived from that."""


def _rule(setting: Setting) -> BracketRule:
    kind = type(setting.model)
    if kind not in RULES:
        raise ValueError(
            f"no bracket is proved for setting {setting.name!r}, whose values are drawn by {kind.__name__}; "
            f"one is for {', '.join(model.__name__ for model in RULES)}"
        )
    return RULES[kind]
