from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache, partial
from itertools import pairwise

import numpy as np
import pytest

from spm.bounds import (
    Bracket,
    OrangeFirst,
    best_static,
    bracket,
    brackets,
    covered_bound,
    explicit_mechanism,
    upper_bound,
)
from spm.bounds.brackets import Value
from spm.bounds.known_latent import mean_known
from spm.bounds.lattice import numerical_error
from spm.mechanisms import StaticPrices, play
from spm.settings import (
    CorrelatedModel,
    MaxMinModel,
    Objective,
    Setting,
    correlated,
    finite_setting,
    from_samples,
    get_objective,
    get_setting,
    model,
    uniform,
)
from spm.settings.continuous import SampleModel

EXACT = ["two-worlds", "kitchen-sink", "id", "inventory"]
KEYS = ["first_best", "upper", "lower", "anonymous_static", "personalised_static", "rsd"]
TYPES = ("correlated-10-2-0.5", "correlated-10-4-0.5")
SMALL = [f"correlated-{size}" for size in ("6-2-0", "6-2-0.3", "6-2-0.5", "4-4-0.5", "5-2-1", "1-1-0.5")]


@cache
def found_for(name: str) -> Bracket:
    """The bracket of a named setting."""
    return bracket(get_setting(name))


@pytest.mark.parametrize("name", EXACT)
def test_finite_panels_are_exact_and_their_mechanism_earns_it(name: str) -> None:
    found = found_for(name)
    assert found.upper == found.lower
    played = play(explicit_mechanism(get_setting(name)), get_setting(name), 20_000)
    assert played.mean == pytest.approx(found.lower.value, abs=4 * played.standard_error)


@pytest.mark.parametrize("name", [*EXACT, *SMALL, "max-min", "delta-0"])
def test_values_are_in_order(name: str) -> None:
    found = found_for(name)
    chain = [
        found.rsd,
        found.anonymous_static,
        found.personalised_static,
        found.lower,
        found.upper,
        found.first_best,
    ]
    for worse, better in pairwise(chain):
        assert worse.value <= better.value + 4 * math.hypot(worse.error, better.error) + 1e-9


@pytest.mark.parametrize("name", [*SMALL, "max-min"])
def test_the_explicit_mechanism_earns_the_lower_bound_and_none_more_than_the_upper(name: str) -> None:
    found, setting = found_for(name), get_setting(name)
    played = play(explicit_mechanism(get_setting(name)), setting, 4000, seed=5)
    slack = 4 * math.hypot(played.standard_error, found.lower.error)
    assert played.mean == pytest.approx(found.lower.value, abs=slack + 1e-9)
    others = [play(StaticPrices((price,) * setting.n_types), setting, 4000) for price in (0.0, 0.4, 0.6)]
    assert all(other.mean - 3 * other.standard_error <= found.upper.value for other in others)


def test_the_strongest_correlation_of_figure_2_within_a_percent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brackets, "BRACKET_PROFILES", 2048)
    found = bracket(get_setting("delta-0.5"))
    assert found.width < 0.01
    assert found.lower.error < 0.002
    assert found.first_best.value == pytest.approx(1.25 + 0.5 * 4.2857, abs=1e-4)


def test_the_solved_correlated_panel() -> None:
    found = found_for("delta-0")
    assert found.upper == found.lower
    assert found.lower.value == pytest.approx(4.12928, abs=5e-6)


def test_additive_types_sum_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each type's upper bound, first best and static values on its own; the mechanism runs both side by side."""
    monkeypatch.setattr(brackets, "BRACKET_PROFILES", 1024)
    whole, *parts = (bracket(get_setting(name)) for name in ("additive", *TYPES))
    for key in KEYS:
        total = sum(getattr(part, key).value for part in parts)
        error = sum(getattr(part, key).error for part in parts) + getattr(whole, key).error
        assert getattr(whole, key).value == pytest.approx(total, abs=4 * error + 1e-9)
    assert whole.width < 0.03


def test_the_record_as_json() -> None:
    record = json.loads(json.dumps(found_for("two-worlds").as_dict()))
    assert set(record) == {*KEYS, *(f"{key}_error" for key in KEYS), "upper_method", "lower_method"}
    assert record["upper"] == record["lower"] == 0.6921875


def test_width_is_relative_to_the_lower_bound() -> None:
    one = Value(1.0)
    assert Bracket(one, Value(1.1), one, one, one, one, "", "").width == pytest.approx(0.1)


class Shifted(CorrelatedModel):
    """A model of one's own that looks like a known one."""


class OtherSupports(MaxMinModel):
    """Another distribution under the same name."""


NASH = Objective("nash", lambda received, payments: received.prod(axis=1))
CORRELATED, TWO_TYPES = correlated(4, 2, 0.5), get_setting("additive")
FAIR, FINITE = get_setting("max-min"), get_setting("two-worlds")
TWENTY = tuple(f"agent {k}" for k in range(20))
REFUSED = [
    (
        get_setting("licences"),
        "drawn by LicencesModel; one is for FiniteModel, CorrelatedModel, MaxMinModel",
    ),
    (from_samples("mine", np.ones((2, 2, 1)), {"seat": 1}), "drawn by SampleModel"),
    (replace(FAIR, supply=(9, 9)), r"must have supply \(5, 5\) for a bracket to be proved, not \(9, 9\)"),
    (replace(FAIR, supply=(5, 4)), r"must have supply \(5, 5\)"),
    (replace(FAIR, demand="additive"), "must have demand 'unit'"),
    (replace(FAIR, objective=get_objective("welfare")), "must have objective 'max-min'"),
    (replace(FAIR, objective=get_objective("revenue")), "must have objective 'max-min'"),
    (replace(FAIR, model=OtherSupports()), "drawn by OtherSupports"),
    (replace(FAIR, model=SampleModel(np.ones((1, 9, 2)))), "drawn by SampleModel"),
    (replace(CORRELATED, objective=get_objective("max-min")), "unknown objective that sums over visits 'max-min'"),
    (replace(CORRELATED, objective=NASH), "unknown objective that sums over visits 'nash'"),
    (replace(CORRELATED, model=CorrelatedModel(4, 1.5)), r"must have delta in \[0, 1\], not 1.5"),
    (replace(CORRELATED, model=CorrelatedModel(4, math.nan)), r"must have delta in \[0, 1\], not nan"),
    (replace(CORRELATED, model=Shifted(4, 0.5)), "drawn by Shifted"),
    (replace(CORRELATED, model=CorrelatedModel(4, 0.5, n_types=2)), "has 1 item types, its model 2"),
    (replace(CORRELATED, demand="combinatorial"), "not combinatorial demand and 1"),
    (replace(TWO_TYPES, demand="unit"), "must have additive demand, or unit demand and one type, not unit"),
    (replace(TWO_TYPES, objective=get_objective("max-min")), "unknown objective that sums over visits 'max-min'"),
    (replace(TWO_TYPES, types=("A",), supply=(2,)), "has 1 item types, its model 2"),
    (replace(FINITE, objective=NASH), "takes welfare, revenue or max-min, not 'nash'"),
    (replace(FINITE, demand="combinatorial"), "takes unit or additive demand"),
    (replace(FINITE, unit=Fraction(2)), "must have its highest value, 1, as unit, not 2"),
    (replace(FINITE, types=("a", "b"), supply=(1, 1)), "has 2 item types, its model 1"),
]


@pytest.mark.parametrize(("setting", "message"), REFUSED, ids=[message for _, message in REFUSED])
@pytest.mark.parametrize("act", [bracket, explicit_mechanism])
def test_outside_its_proof_a_rule_refuses(
    act: Callable[[Setting], object], setting: Setting, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        act(setting)


@pytest.mark.parametrize("setting", [CORRELATED, TWO_TYPES, FAIR, FINITE])
def test_other_agents_than_the_model_draws_are_no_setting(setting: Setting) -> None:
    with pytest.raises(ValueError, match=f"must name the {setting.n_agents} agents that its model draws, not 20"):
        replace(setting, agents=TWENTY)


def test_names_and_titles_do_not_matter() -> None:
    renamed = replace(FAIR, name="other", title="Other", agents=tuple("abcdefghi"), types=("x", "y"))
    assert isinstance(explicit_mechanism(renamed), OrangeFirst)


@pytest.mark.parametrize(("n", "m", "delta"), [(0, 1, 0.5), (3, 0, 0.5), (3, 1, -0.1), (3, 1, 1.1)])
@pytest.mark.parametrize("act", [mean_known, covered_bound, upper_bound, partial(best_static, personalised=True)])
def test_impossible_sizes_are_refused_by_every_rule(
    act: Callable[..., object], n: int, m: int, delta: float
) -> None:
    with pytest.raises(ValueError, match=r"must be at least 1, not 0|delta must lie in \[0, 1\]"):
        act(n, m, delta, objective=get_objective("welfare"))
    with pytest.raises(ValueError, match="unknown objective that sums over visits 'max-min'"):
        act(3, 1, 0.5, objective=get_objective("max-min"))


def test_the_revenue_of_a_decision_tree_stays_below_the_supremum() -> None:
    """Item 1 wins ties, so she who should take item 2 must strictly prefer it: 3/2 is approached only."""
    values = model({"a": 1}, [(1, [uniform([1, 0], [2, 3])])])
    setting = finite_setting("approached", "", {"one": 1, "two": 1}, values, objective=get_objective("revenue"))
    found, played = bracket(setting), play(explicit_mechanism(setting), setting, 2000)
    assert 0.5 - 1e-4 < found.lower.value < found.upper.value == 0.5
    assert played.mean == pytest.approx(found.lower.value, abs=4 * played.standard_error + 1e-12)


@pytest.mark.parametrize("delta", [1 - 1e-4, 1 - 1e-8, 1 - 1e-11, 1 - 1e-13, 1e-13])
def test_at_the_edges_of_correlation_rounding_is_allowed_for(delta: float) -> None:
    """Near delta = 1 values are too narrow for the lattice's rounding, which would find less than RSD earns."""
    upper, _ = upper_bound(4, 2, delta)
    assert upper + numerical_error(4, 2, 1 - delta) >= 1.0 - 1e-12
    assert upper <= mean_known(4, 2, delta)
