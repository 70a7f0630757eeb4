"""A search for a bracket that is false: random settings of every rule, random mechanisms, and what these earn.

Hypothesis draws a setting, a mechanism and a sample of profiles. A bound is *beaten* if the mechanism's mean lies
more than :data:`STANDARD_ERRORS` standard errors above it. The same plays also judge a *planted* bound, 1% lower,
which a search worth its time must beat. ``python tests/certified_search.py --draws 90 --seed 1`` runs the whole
search; the test suite runs a small one.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from spm.bounds import OrangeFirst, best_static, bracket, brackets, correlated_map, explicit_mechanism, max_min
from spm.bounds.bayesian_pricing import BayesianPricing
from spm.bounds.brackets import Value
from spm.bounds.known_latent import CountPrices
from spm.bounds.lattice import numerical_error
from spm.bounds.static_prices import Static
from spm.learning import Hyperparameters, Specification, learn, learned_mechanism
from spm.market import get_statistic
from spm.mechanisms import Mechanism, Outcomes, Rule, StaticPrices, play, random_serial_dictatorship
from spm.settings import (
    CorrelatedModel,
    FiniteModel,
    Lottery,
    Setting,
    finite_setting,
    get_objective,
    get_setting,
    model,
    vector,
)
from spm.settings import setting as setting_module

STANDARD_ERRORS, PROFILES = 5.0, 40_000
PLANTED = 0.99
"""The planted bound, as a share of the one that is searched."""
DELTAS = st.sampled_from([0.0, 0.01, 0.25, 0.5, 0.75, 0.99, 1.0]) | st.floats(0.0, 1.0).map(lambda x: round(x, 3))
PRICES = st.floats(0.0, 1.1) | st.integers(0, 12).map(lambda k: k / 12)
LEARNED: dict[str, tuple[str, ...]] = {
    "finite": ("kitchen-sink", "two-worlds", "id"),
    "correlated": ("correlated-3-2-0.5", "correlated-4-1-0.25"),
    "revenue": ("revenue",),
    "max-min": ("max-min",),
}
"""Settings, by rule, on which mechanisms are learned for a few thousand visits."""


@dataclass(frozen=True)
class Case:
    """A setting with its upper bound, a mechanism of the given kind, and the seed of the profiles."""

    setting: Setting
    upper: Value
    kind: str
    mechanism: Mechanism
    seed: int


@dataclass
class Report:
    """What a search of one rule found: accepted draws by kind of mechanism, and cases that beat a bound."""

    rule: str
    accepted: Counter[str] = field(default_factory=Counter)
    settings: set[Setting] = field(default_factory=set)
    highest: float = -math.inf
    beaten: list[tuple[float, Case]] = field(default_factory=list)
    planted: list[Case] = field(default_factory=list)

    @property
    def draws(self) -> int:
        """Number of accepted draws."""
        return sum(self.accepted.values())


def search(rule: str, draws: int, seed: int, learned: bool = True, profiles: int = PROFILES) -> Report:
    """Search one rule.

    Args:
        rule: a key of :data:`SETTINGS`.
        draws: accepted draws, shared evenly by the kinds of mechanisms (rounded up); settings that the solver
            refuses as too large are drawn again.
        seed: of all draws.
        learned: whether learned mechanisms are among those drawn.
        profiles: profiles on which each is played.
    """
    report, kinds = Report(rule), kinds_of(rule, learned)
    for kind in kinds:
        _search_kind(report, kind, -(-draws // len(kinds)), seed, profiles)
    return report


def _search_kind(report: Report, kind: str, draws: int, seed: int, profiles: int) -> None:
    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=draws,
        database=None,
        deadline=None,
        derandomize=False,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(cases(report.rule, kind))
    def attempt(case: Case) -> None:
        played = play(case.mechanism, case.setting, profiles, case.seed)
        excess = standard_errors_above(played, case.upper)
        report.accepted[case.kind] += 1
        report.settings.add(case.setting)
        report.highest = max(report.highest, excess)
        if excess > STANDARD_ERRORS:
            report.beaten.append((excess, case))
        if standard_errors_above(played, planted(case.upper)) > STANDARD_ERRORS:
            report.planted.append(case)

    attempt()


def planted(bound: Value) -> Value:
    """A bound that is 1% too low, if the given one is tight."""
    return Value(bound.value * PLANTED, bound.error)


def standard_errors_above(played: Outcomes, upper: Value) -> float:
    """Return by how many standard errors the mean exceeds a bound.

    A sample without variance proves nothing of what it never met: one more profile, as far off as the highest
    first best, is counted in the variance.
    """
    count, farthest = len(played.objective), float(played.first_best.max())
    error = math.sqrt((float(played.objective.var()) + farthest**2 / count) / count)
    above = played.mean - upper.value - upper.error - 1e-9
    return above / error if error else math.copysign(math.inf, above)


def kinds_of(rule: str, learned: bool) -> list[str]:
    """The kinds of mechanisms that are defined for a rule's settings."""
    own = {"finite": [], "max-min": ["premiums"]}.get(rule, ["Bayesian pricing"])
    return [
        "explicit",
        "static",
        "good static",
        "by counts",
        "RSD",
        *own,
        *["learned"] * (learned and rule in LEARNED),
    ]


@st.composite
def cases(draw: st.DrawFn, rule: str, kind: str) -> Case:
    """A setting of the rule, a mechanism of the kind, and a seed."""
    seed = draw(st.integers(0, 2**32 - 1))
    if kind == "learned":
        name = draw(st.sampled_from(LEARNED[rule]))
        setting = get_setting(name)
        return Case(setting, upper(rule, setting), kind, ShortLearned(name, draw(st.integers(0, 1))), seed)
    setting = draw(SETTINGS[rule])
    try:
        bound = upper(rule, setting)
    except ValueError as error:
        hypothesis.assume("too large" not in str(error))
        raise
    return Case(setting, bound, kind, MECHANISMS[kind](draw, setting), seed)


@cache
def upper(rule: str, setting: Setting) -> Value:
    """The upper bound that the rule states; the bracket's other entries are not the subject, so they are cheap."""
    if rule != "adaptivity map":
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(brackets, "BRACKET_PROFILES", 64)
            patch.setattr(brackets, "best_static", lambda *_: Static(np.zeros(setting.n_agents), 0.0, 0.0))
            patch.setattr(max_min, "best_max_min_prices", lambda one, _: random_serial_dictatorship(one))
            return bracket(setting).upper
    n, m, delta = setting.n_agents, setting.supply[0], correlated(setting).delta
    row = correlated_map([n], [m], delta, setting.objective.name).iloc[0]
    return Value(float(row.upper), numerical_error(n, m, 1 - delta))


@dataclass(frozen=True)
class ShortLearned:
    """A mechanism learned in a few thousand visits, when it is first played."""

    name: str
    seed: int

    def begin(self, setting: Setting, n_markets: int, rng: np.random.Generator) -> Rule:
        return short_learned(self.name, self.seed).begin(setting, n_markets, rng)


@cache
def short_learned(name: str, seed: int) -> Mechanism:
    """Learn it."""
    hyper = Hyperparameters(n_markets=64, batch_size=128, n_epochs=4, width=16)
    specification = Specification(
        get_setting(name),
        get_statistic("price-allocation"),
        seed,
        4000,
        2,
        evaluation_profiles=2,
        final_profiles=2,
        hyperparameters=hyper,
    )
    weights = learn(specification).weights
    return learned_mechanism(specification.setting, specification.statistic, specification.variant, weights)


def is_correlated(setting: Setting) -> bool:
    """Whether Bayesian pricing is defined."""
    return isinstance(setting.model, CorrelatedModel)


def correlated(setting: Setting) -> CorrelatedModel:
    """The model of a correlated setting."""
    assert isinstance(setting.model, CorrelatedModel)
    return setting.model


Draw = st.DrawFn


def static_prices(draw: Draw, setting: Setting) -> Mechanism:
    """Anonymous or personalised prices, in a random order or a given one."""
    row = st.tuples(*[PRICES] * setting.n_types)
    prices = draw(row | st.tuples(*[row] * setting.n_agents))
    return StaticPrices(prices, draw(st.none() | st.permutations(range(setting.n_agents)).map(tuple)))


def count_prices(draw: Draw, setting: Setting) -> Mechanism:
    """Adaptive prices: for each type a random table by agents and copies left."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return CountPrices(tuple(rng.random((setting.n_agents + 1, copies + 1)) for copies in setting.supply))


def good_static_prices(draw: Draw, setting: Setting) -> Mechanism:
    """The best static prices known for correlated values, drawn ones elsewhere."""
    if not is_correlated(setting):
        return static_prices(draw, setting)
    delta = correlated(setting).delta
    columns = [
        best_static(setting.n_agents, k, delta, setting.objective.name, True).prices for k in setting.supply
    ]
    return StaticPrices(tuple(map(tuple, np.stack(columns, axis=1).tolist())), range(setting.n_agents))


def premiums(draw: Draw, _: Setting) -> Mechanism:
    """Orange first, then the demanding agents at random premiums."""
    return OrangeFirst(draw(st.tuples(*[st.floats(0.35, 0.65)] * 4)))


def bayesian_pricing(_: Draw, __: Setting) -> Mechanism:
    """Bayesian pricing, also where it is not the explicit mechanism."""
    return BayesianPricing()


MECHANISMS: dict[str, Callable[[Draw, Setting], Mechanism]] = {
    "explicit": lambda _, setting: explicit_mechanism(setting),
    "static": static_prices,
    "good static": good_static_prices,
    "by counts": count_prices,
    "RSD": lambda _, setting: random_serial_dictatorship(setting),
    "premiums": premiums,
    "Bayesian pricing": bayesian_pricing,
}
"""How a mechanism of each kind is drawn."""


@st.composite
def lotteries(draw: Draw, n_types: int) -> Lottery:
    """A lottery over up to 3 value vectors of small whole numbers, so that ties are common."""
    weights = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    rows = [vector(draw(st.lists(st.integers(0, 4), min_size=n_types, max_size=n_types))) for _ in weights]
    return tuple((chance, row) for chance, row in zip(shares(weights), rows, strict=True))


def shares(weights: list[int]) -> list[Fraction]:
    """Probabilities in proportion to weights."""
    return [Fraction(weight, sum(weights)) for weight in weights]


@st.composite
def finite_settings(draw: Draw) -> Setting:
    """Up to 3 groups, 4 agents, 2 types and 3 worlds; every demand and objective that the solver takes."""
    n_types = draw(st.integers(1, 2))
    sizes = draw(st.sampled_from([(1, 1), (2,), (3,), (1, 2), (1, 1, 1), (2, 2), (4,)]))
    worlds = shares(draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    values: FiniteModel = model(
        {f"group {k}": size for k, size in enumerate(sizes)},
        [(chance, [draw(lotteries(n_types)) for _ in sizes]) for chance in worlds],
    )
    supply = {f"type {t}": draw(st.integers(1, 3)) for t in range(n_types)}
    demand = draw(st.sampled_from(["unit", "additive"]))
    return finite_setting("drawn", "", supply, values, demand, draw(st.sampled_from(OBJECTIVES)))


OBJECTIVES = ("welfare", "revenue", "max-min")


@st.composite
def additive_settings(draw: Draw) -> Setting:
    """One or two types, additive demand, more copies than agents included."""
    n, supply = draw(st.integers(1, 3)), tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=2)))
    delta, objective = draw(DELTAS), draw(st.sampled_from(["welfare", "revenue"]))
    agents, types = tuple(f"agent {k}" for k in range(n)), tuple("AB"[: len(supply)])
    values = CorrelatedModel(n, delta, len(supply))
    return Setting("drawn", "", agents, types, supply, "additive", get_objective(objective), Fraction(1), values)


def one_type(objective: str) -> st.SearchStrategy[Setting]:
    """Correlated settings of one type, more items than agents included."""
    return st.builds(setting_module.correlated, st.integers(1, 4), st.integers(1, 5), DELTAS, st.just(objective))


SETTINGS: dict[str, st.SearchStrategy[Setting]] = {
    "finite": finite_settings(),
    "correlated": one_type("welfare"),
    "additive": additive_settings(),
    "revenue": one_type("revenue"),
    "max-min": st.just(get_setting("max-min")),
    "adaptivity map": (one_type("welfare") | one_type("revenue")).filter(lambda s: s.supply[0] <= s.n_agents),
}
"""How the settings of each rule are drawn."""


def main() -> int:
    """Search every rule and print what was found; the status is 1 if a bound was beaten."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=100, help="accepted draws for each rule")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(f"seed {given.seed}")
    beaten = 0
    for rule in SETTINGS:
        start = time.perf_counter()
        report = search(rule, given.draws, given.seed)
        beaten += len(report.beaten)
        print(
            f"{rule:15} {report.draws:4} draws, {len(report.settings):3} settings, "
            f"{len(report.beaten)} beaten (highest {report.highest:+.1f} standard errors), "
            f"{len(report.planted)} times the planted one, "
            f"{time.perf_counter() - start:.0f} s: {dict(report.accepted)}",
            flush=True,
        )
        for excess, case in report.beaten[:3]:
            print("   ", f"{excess:.1f} standard errors above {case.upper}:", case)
    return int(beaten > 0)


if __name__ == "__main__":
    raise SystemExit(main())
