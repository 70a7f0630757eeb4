"""No mechanism beats a proved bound: a small search of every rule, and bounds planted too low, which it finds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from certified_search import (
    SETTINGS,
    STANDARD_ERRORS,
    ShortLearned,
    planted,
    search,
    standard_errors_above,
    upper,
)

from spm.bounds import explicit_mechanism
from spm.mechanisms import play
from spm.settings import CorrelatedModel, Setting, correlated, get_setting

DRAWS, SEED, FEW, MANY = 18, 7, 8_000, 80_000
ADDITIVE = replace(get_setting("additive"), model=CorrelatedModel(10, 0.0, n_types=2))
TIGHT = {
    "finite": get_setting("inventory"),
    "correlated": correlated(4, 2, 0.0),
    "additive": ADDITIVE,
    "revenue": correlated(8, 4, 0.0, "revenue"),
    "max-min": get_setting("max-min"),
    "adaptivity map": correlated(3, 2, 0.0),
}
"""A setting of each rule whose explicit mechanism earns nearly the bound."""


@pytest.mark.parametrize("rule", SETTINGS)
def test_the_search_beats_no_bound(rule: str) -> None:
    report = search(rule, DRAWS, SEED, learned=False, profiles=FEW)
    assert report.draws >= DRAWS
    assert report.beaten == []


def test_what_is_learned_beats_no_bound() -> None:
    setting = get_setting("correlated-3-2-0.5")
    played = play(ShortLearned(setting.name, 0), setting, FEW)
    assert standard_errors_above(played, upper("correlated", setting)) < STANDARD_ERRORS


@pytest.mark.parametrize(("rule", "setting"), TIGHT.items())
def test_a_bound_planted_one_percent_too_low_is_beaten(rule: str, setting: Setting) -> None:
    played, bound = play(explicit_mechanism(setting), setting, MANY, seed=SEED), upper(rule, setting)
    assert standard_errors_above(played, bound) < STANDARD_ERRORS
    assert standard_errors_above(played, planted(bound)) > STANDARD_ERRORS


def test_the_search_finds_a_planted_bound() -> None:
    assert search("max-min", DRAWS, SEED, learned=False, profiles=FEW).planted
