from __future__ import annotations

import json
import math
from itertools import pairwise

import pytest

from spm import bounds, settings
from spm.bounds import Bounds, Value, mechanism, panel
from spm.mechanisms import StaticPrices, play

EXACT = ["two-worlds", "kitchen-sink", "id", "inventory"]
KEYS = ["first_best", "upper", "lower", "anonymous_static", "personalised_static", "rsd"]
TYPES = ("correlated-10-2-0.5", "correlated-10-4-0.5")
SMALL = [f"correlated-{size}" for size in ("6-2-0", "6-2-0.3", "6-2-0.5", "4-4-0.5", "5-2-1", "1-1-0.5")]


@pytest.mark.parametrize("name", EXACT)
def test_finite_panels_are_exact_and_their_mechanism_earns_it(name: str) -> None:
    found = panel(name)
    assert found.upper == found.lower
    played = play(mechanism(name), settings.get(name), 20_000)
    assert played.mean == pytest.approx(found.lower.value, abs=4 * played.standard_error)


@pytest.mark.parametrize("name", [*EXACT, *SMALL, "max-min", "delta-0"])
def test_values_are_in_order(name: str) -> None:
    found = panel(name)
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
    found, setting = panel(name), settings.get(name)
    played = play(mechanism(name), setting, 4000, seed=5)
    slack = 4 * math.hypot(played.standard_error, found.lower.error)
    assert played.mean == pytest.approx(found.lower.value, abs=slack + 1e-9)
    others = [play(StaticPrices((price,) * setting.n_types), setting, 4000) for price in (0.0, 0.4, 0.6)]
    assert all(other.mean - 3 * other.standard_error <= found.upper.value for other in others)


def test_the_strongest_correlation_of_figure_2_within_a_percent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "PROFILES", 2048)
    found = bounds.bounds(settings.get("delta-0.5"))
    assert found.width < 0.01
    assert found.lower.error < 0.002
    assert found.first_best.value == pytest.approx(1.25 + 0.5 * 4.2857, abs=1e-4)


def test_the_solved_correlated_panel() -> None:
    found = panel("delta-0")
    assert found.upper == found.lower
    assert found.lower.value == pytest.approx(4.12928, abs=5e-6)


def test_additive_types_sum_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each type's upper bound, first best and static values on its own; the mechanism runs both side by side."""
    monkeypatch.setattr(bounds, "PROFILES", 1024)
    whole, *parts = (bounds.bounds(settings.get(name)) for name in ("additive", *TYPES))
    for key in KEYS:
        total = sum(getattr(part, key).value for part in parts)
        error = sum(getattr(part, key).error for part in parts) + getattr(whole, key).error
        assert getattr(whole, key).value == pytest.approx(total, abs=4 * error + 1e-9)
    assert whole.width < 0.03


def test_the_record_as_json() -> None:
    record = json.loads(json.dumps(panel("two-worlds").as_dict()))
    assert set(record) == {*KEYS, *(f"{key}_error" for key in KEYS), "upper_method", "lower_method"}
    assert record["upper"] == record["lower"] == 0.6921875


def test_width_is_relative_to_the_lower_bound() -> None:
    one = Value(1.0)
    assert Bounds(one, Value(1.1), one, one, one, one, "", "").width == pytest.approx(0.1)


@pytest.mark.parametrize("act", [panel, mechanism])
def test_settings_without_bounds_are_refused(act: object) -> None:
    with pytest.raises(ValueError, match="licences"):
        act("licences")  # type: ignore[operator]
