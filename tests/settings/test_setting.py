from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import joint_profiles

from spm.market import first_best
from spm.mechanisms import StaticPrices, play_values, random_serial_dictatorship
from spm.settings import (
    FIGURES,
    MORE_SETTINGS,
    PANELS,
    CorrelatedModel,
    FiniteModel,
    Lottery,
    Setting,
    correlated,
    finite_setting,
    from_samples,
    get_setting,
    valuations,
)

RECORDS: dict[str, tuple[object, ...]] = {
    "delta-0": (20, (5,), "unit", "welfare", 1),
    "delta-0.25": (20, (5,), "unit", "welfare", 1),
    "delta-0.33": (20, (5,), "unit", "welfare", 1),
    "delta-0.5": (20, (5,), "unit", "welfare", 1),
    "colors": (30, (10, 10), "unit", "welfare", 2),
    "two-worlds": (10, (1,), "unit", "welfare", 1),
    "inventory": (20, (10,), "unit", "welfare", 1),
    "kitchen-sink": (3, (1, 1, 1), "unit", "welfare", 5),
    "id": (6, (2,), "unit", "welfare", 60),
    "additive": (10, (2, 4), "additive", "welfare", 1),
    "revenue": (20, (5,), "unit", "revenue", 1),
    "max-min": (9, (5, 5), "unit", "max-min", 1),
    "licences": (8, (1, 1, 1, 1), "combinatorial", "welfare", 1),
}
"""Agents, supply, demand, objective and unit of each setting, from the paper."""

NAMES = sorted(RECORDS)


def finite_model(name: str) -> FiniteModel:
    """The latent-class model of a finite panel."""
    model = get_setting(name).model
    assert isinstance(model, FiniteModel)
    return model


def test_the_panels_are_the_papers_twelve() -> None:
    panels = [name for figure in FIGURES.values() for name in figure]
    assert len(panels) == 12
    assert set(panels) == set(PANELS)
    assert set(PANELS) | set(MORE_SETTINGS) == set(RECORDS)


@pytest.mark.parametrize("name", NAMES)
def test_record_of_each_setting(name: str) -> None:
    setting = get_setting(name)
    assert setting.name == name
    assert RECORDS[name] == (
        setting.n_agents,
        setting.supply,
        setting.demand,
        setting.objective.name,
        setting.unit,
    )
    assert len(set(setting.agents)) == setting.n_agents
    assert len(set(setting.types)) == setting.n_types == len(setting.supply)


@pytest.mark.parametrize("name", NAMES)
def test_profiles_have_the_right_shape_and_reach_from_0_to_1(name: str) -> None:
    setting = get_setting(name)
    values = setting.sample(np.random.default_rng(0), 3000)
    width = 2**setting.n_types if setting.demand == "combinatorial" else setting.n_types
    assert values.shape == (3000, setting.n_agents, width)
    assert values.min() >= 0.0
    assert 0.97 <= values.max() <= 1.0


@pytest.mark.parametrize("name", NAMES)
def test_the_same_generator_gives_the_same_profiles(name: str) -> None:
    first, again = (get_setting(name).sample(np.random.default_rng(7), 50) for _ in range(2))
    assert (first == again).all()
    assert len(np.unique(first.reshape(50, -1), axis=0)) > 1


@pytest.mark.parametrize(
    ("name", "delta", "n_types"),
    [
        ("delta-0", 0.0, 1),
        ("delta-0.25", 0.25, 1),
        ("delta-0.33", 0.33, 1),
        ("delta-0.5", 0.5, 1),
        ("revenue", 0.5, 1),
        ("additive", 0.5, 2),
    ],
)
def test_correlated_panels_have_their_delta(name: str, delta: float, n_types: int) -> None:
    setting = get_setting(name)
    assert setting.model == CorrelatedModel(setting.n_agents, delta, n_types)


def test_colors_agents() -> None:
    colors = get_setting("colors")
    model = finite_model("colors")
    assert Counter(agent.split()[0] for agent in colors.agents) == {"red": 10, "yellow": 10, "blue": 10}
    assert colors.types == ("red item", "yellow item")
    (world,) = model.worlds
    assert [dict(values_of(lottery)) for lottery in world.lotteries] == [
        {(1, 0): 1},
        {(0, 1): 1},
        {(2, 0): Fraction(1, 2), (0, 2): Fraction(1, 2)},
    ]


def values_of(lottery: Lottery) -> list[tuple[tuple[Fraction, ...], Fraction]]:
    """A lottery as pairs of value vector and probability."""
    return [(values, probability) for probability, values in lottery]


def test_first_best_of_colors_is_30_and_blue_first_at_any_price_below_1_reaches_it() -> None:
    colors = get_setting("colors")
    values = colors.sample(np.random.default_rng(1), 300)
    best = first_best(colors, valuations(colors.demand, values)) * float(colors.unit)
    assert best == pytest.approx(np.full(300, 30.0))
    blue_first = [*range(20, 30), *range(20)]
    for price in (0.02, 0.25, 0.48):
        outcomes = play_values(StaticPrices((price, price), blue_first), colors, values, np.random.default_rng(0))
        assert outcomes.regret == pytest.approx(np.zeros(300))


def test_two_worlds_profiles() -> None:
    expected: Counter[tuple[Fraction, ...]] = Counter()
    for world in (("0.6", "1"), ("0.1", "0.4")):
        for profile in product(map(Fraction, world), repeat=10):
            expected[profile] += Fraction(1, 2) / 2**10  # type: ignore[assignment]
    assert one_type_law("two-worlds") == expected


def one_type_law(name: str) -> dict[tuple[Fraction, ...], Fraction]:
    """Probability of each joint profile of a panel with one item type, by enumeration."""
    law: dict[tuple[Fraction, ...], Fraction] = {}
    for probability, profile in joint_profiles(finite_model(name)):
        key = tuple(value for (value,) in profile)
        law[key] = law.get(key, Fraction(0)) + probability
    return law


def test_id_profiles() -> None:
    """The construction as it is told: three coin flips, then a draw that depends on who alone is rich."""
    expected: dict[tuple[Fraction, ...], Fraction] = {}
    for firsts in product((0, 60), repeat=3):
        alone = firsts.count(60) == 1
        supports = [(0, 40) if v == 60 else (0, 21) for v in firsts] if alone else [(0,)] * 3
        many = list(product(*supports))
        for thens in many:
            expected[tuple(map(Fraction, firsts + thens))] = Fraction(1, 8 * len(many))
    assert one_type_law("id") == expected


def test_kitchen_sink_profiles() -> None:
    """Items A, B, C; each world's joint law over (agent 1, agent 2, agent 3)."""
    cent, half, later = Fraction("0.01"), Fraction("0.5"), Fraction("0.499")
    expected: dict[object, Fraction] = {
        ((cent, 0, 0), (0, 0, 1), (0, 0, 5)): Fraction(1, 10),
        ((cent, 0, 0), (0, 0, 1), (0, 0, half)): Fraction(4, 10),
        ((0, cent, 0), (0, 0, 2), (0, 0, later)): Fraction(1, 10),
        ((0, cent, 0), (0, 0, 0), (0, 0, later)): Fraction(4, 10),
    }
    joint = joint_profiles(finite_model("kitchen-sink"))
    found: dict[object, Fraction] = {profile: probability for probability, profile in joint}
    assert found == expected


def test_inventory_values() -> None:
    (world,) = finite_model("inventory").worlds
    (lottery,) = world.lotteries
    assert dict(values_of(lottery)) == {(Fraction(1, 2),): Fraction(1, 2), (Fraction(1),): Fraction(1, 2)}


def test_max_min_guarantees_at_least_two_fifths_in_the_papers_order() -> None:
    setting = get_setting("max-min")
    values = setting.sample(np.random.default_rng(2), 2000)
    black = values[:, 0, 0] > 0
    blue_next, red_next = list(range(9)), [0, *range(5, 9), *range(1, 5)]
    for rows, order in ((black, blue_next), (~black, red_next)):
        played = play_values(
            StaticPrices((0.0,) * setting.n_types, order), setting, values[rows], np.random.default_rng(0)
        )
        assert played.objective.min() >= 0.4


@given(st.integers(1, 40), st.integers(1, 40), st.floats(0, 1))
def test_correlated_takes_any_size(n_agents: int, n_items: int, delta: float) -> None:
    setting = correlated(n_agents, n_items, delta)
    assert setting.supply == (n_items,)
    assert setting.sample(np.random.default_rng(0), 2).shape == (2, n_agents, 1)


def test_thirty_agents_and_thirty_items() -> None:
    setting = get_setting("correlated-30-30-0.5")
    values = setting.sample(np.random.default_rng(0), 100)
    played = play_values(random_serial_dictatorship(setting), setting, values, np.random.default_rng(0))
    assert played.objective == pytest.approx(values.sum(axis=(1, 2)))


ONE = [[[1.0]]]
MINE = from_samples("mine", ONE, {"a": 1})


def frame(types: str) -> pd.DataFrame:
    """One profile of Ann and Bob, who value each type one more than the one before."""
    columns = pd.MultiIndex.from_product([["Ann", "Bob"], list(types)])
    return pd.DataFrame([range(1, len(columns) + 1)], columns=columns)


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "no agents": (lambda: correlated(0, 1, 0.5), "n_agents must be at least 1, not 0"),
    "no items": (lambda: correlated(1, 0, 0.5), "n_items must be at least 1, not 0"),
    "low delta": (lambda: correlated(1, 1, -0.1), r"delta must lie in \[0, 1\], not -0.1"),
    "high delta": (lambda: get_setting("correlated-20-5-1.5"), r"delta must lie in \[0, 1\], not 1.5"),
    "delta nan": (lambda: get_setting("correlated-20-5-nan"), r"delta must lie in \[0, 1\], not nan"),
    "form": (lambda: get_setting("correlated-20"), "not of the form correlated-AGENTS-ITEMS-DELTA"),
    "unicode digits": (
        lambda: get_setting("correlated-３-1-0.5"),
        "not of the form correlated-AGENTS-ITEMS-DELTA",
    ),
    "many digits": (lambda: get_setting(f"correlated-3-{'9' * 30}-0.5"), "a whole number of at most 18 digits"),
    "billion agents": (lambda: get_setting("correlated-1000000000-1-0.5"), "at most 1,000,000 agents"),
    "copies without end": (lambda: get_setting("correlated-3-1000000001-0.5"), "at most 1,000,000,000 copies"),
    "words": (lambda: get_setting("correlated-a-b-c"), "not of the form correlated-AGENTS-ITEMS-DELTA"),
    "panel": (
        lambda: get_setting("kitchensink"),
        "unknown panel 'kitchensink'; did you mean kitchen-sink",
    ),
    "no supply": (lambda: finite_with_supply({"item": 0}), "at least 1 copy of each item type"),
    "demand": (
        lambda: from_samples("mine", np.ones((1, 1, 1)), {"a": 1}, demand="unti"),
        "unknown demand model 'unti'; did you mean unit",
    ),
    "nine items": (
        lambda: from_samples("mine", np.ones((1, 1, 512)), dict.fromkeys("abcdefghi", 1), "combinatorial"),
        "at most 8 items, not 9",
    ),
    "shape": (
        lambda: from_samples("mine", np.ones((5, 2)), {"a": 1}),
        r"shape \(profiles, agents, 1\), not \(5, 2\)",
    ),
    "types": (
        lambda: from_samples("mine", np.ones((5, 2, 3)), {"a": 1, "b": 1}),
        r"shape \(profiles, agents, 2\), not \(5, 2, 3\)",
    ),
    "nobody": (lambda: from_samples("mine", np.ones((5, 0, 1)), {"a": 1}), r"not \(5, 0, 1\)"),
    "nan": (
        lambda: from_samples("mine", np.full((1, 1, 1), np.nan), {"a": 1}),
        "samples must be finite and at least 0",
    ),
    "no agents' number": (lambda: correlated(2.0, 1, 0.5), "n_agents must be a whole number, not 2.0"),  # type: ignore[arg-type]
    "half an item": (lambda: correlated(2, 1.5, 0.5), "n_items must be a whole number, not 1.5"),  # type: ignore[arg-type]
    "delta of text": (lambda: correlated(2, 1, "x"), r"delta must lie in \[0, 1\], not 'x'"),  # type: ignore[arg-type]
    "delta true": (lambda: correlated(2, 1, True), r"delta must lie in \[0, 1\], not True"),
    "objective": (
        lambda: from_samples("mine", ONE, {"a": 1}, objective="welfrae"),
        r"unknown objective 'welfrae'; did you mean welfare\?",
    ),
    "objective's type": (lambda: from_samples("mine", ONE, {"a": 1}, objective=3), "or the name of one, not 3"),  # type: ignore[arg-type]
    "demand's type": (lambda: from_samples("mine", ONE, {"a": 1}, demand=3), "unknown demand model '3'"),  # type: ignore[arg-type]
    "supply": (lambda: from_samples("mine", ONE, 1.5), r'each type there are, as \{"seat": 2\}, not 1.5'),  # type: ignore[arg-type]
    "no types": (lambda: from_samples("mine", ONE, {}), r"how many copies of each type there are, .* not \{\}"),
    "copies": (lambda: from_samples("mine", ONE, {"a": 1.5}), "supply of 'a' must be a whole number, not 1.5"),  # type: ignore[dict-item]
    "copies true": (
        lambda: from_samples("mine", ONE, {"a": True}),
        "supply of 'a' must be a whole number, not True",
    ),
    "copies finite": (lambda: finite_with_supply({"a": 1.5}), "supply of 'a' must be a whole number"),  # type: ignore[dict-item]
    "types' names": (lambda: from_samples("mine", ONE, {1: 1}), r"types must be a tuple of names, not \(1,\)"),  # type: ignore[dict-item]
    "name": (lambda: from_samples("", ONE, {"a": 1}), "name must be a text that is not empty, not ''"),
    "model": (lambda: finite_setting("m", "M", {"a": 1}, ONE), "values must be a FiniteModel"),  # type: ignore[arg-type]
    "truth": (lambda: from_samples("mine", [[[True], [1.0]]], {"a": 1}), "samples must be numbers, not True"),  # type: ignore[arg-type]
    "truths": (lambda: from_samples("mine", np.ones((1, 1, 1), bool), {"a": 1}), "numbers, not of type bool"),
    "text": (lambda: from_samples("mine", [[["1"]]], {"a": 1}), "samples must be numbers, not '1'"),
    "texts": (lambda: from_samples("mine", np.array([[["1"]]]), {"a": 1}), "numbers, not of type <U1"),
    "nothing": (lambda: from_samples("mine", None, {"a": 1}), "samples must be numbers, not None"),  # type: ignore[arg-type]
    "ragged": (lambda: from_samples("mine", [[[1]], [[1], [2]]], {"a": 1}), "parts have unequal shapes"),
    "ragged arrays": (
        lambda: from_samples("mine", [np.ones((2, 1)), np.ones((3, 1))], {"a": 1}),
        "parts have unequal shapes",
    ),
    "endless": (lambda: from_samples("mine", [[[10**400]]], {"a": 1}), "finite and at least 0"),
    "masked": (
        lambda: from_samples("mine", np.ma.masked_equal([[[1.0], [2.0]]], 2.0), {"a": 1}),
        "finite and at least 0",
    ),
    "frame of one level": (
        lambda: from_samples("mine", pd.DataFrame([[1, 2]], columns=["Ann", "Bob"]), {"a": 1, "b": 1}),
        r"samples need columns \(agent, type\), a MultiIndex, for the types \('a', 'b'\)",
    ),
    "frame of other types": (
        lambda: from_samples("mine", frame("ab"), {"a": 1, "c": 1}),
        r"exactly one column for each agent and type, which fails for \('Ann', 'b'\)",
    ),
    "frame with a gap": (lambda: from_samples("mine", frame("ab").iloc[:, :3], {"a": 1, "b": 1}), "'Bob', 'b'"),
    "frame twice": (
        lambda: from_samples("mine", pd.DataFrame([[1, 2]], columns=["Ann", "Ann"]), {"a": 1}),
        r"which fails for \('Ann', 'a'\)",
    ),
    "frame of text": (lambda: from_samples("mine", pd.DataFrame({"Ann": ["x"]}), {"a": 1}), "numbers, not 'x'"),
    "frame with holes": (
        lambda: from_samples("mine", pd.DataFrame({"Ann": [1, None]}), {"a": 1}),
        "finite and at least 0",
    ),
    "agents' type": (lambda: replace(MINE, agents=["Ann"]), r"agents must be a tuple of names, not \['Ann'\]"),  # type: ignore[arg-type]
    "supply's type": (lambda: replace(MINE, supply=1), "supply must be a tuple of whole numbers, not 1"),  # type: ignore[arg-type]
    "unit's type": (lambda: replace(MINE, unit=1.0), "unit must be a Fraction above 0, not 1.0"),  # type: ignore[arg-type]
    "model's type": (lambda: replace(MINE, model=ONE), "model must be a model of values"),  # type: ignore[arg-type]
    "objective's name": (lambda: replace(MINE, objective="welfare"), "objective must be an Objective"),  # type: ignore[arg-type]
    "negative": (
        lambda: from_samples("mine", np.full((1, 1, 1), -1.0), {"a": 1}),
        "samples must be finite and at least 0",
    ),
}


def finite_with_supply(supply: dict[str, int]) -> Setting:
    """Two worlds with another supply."""
    return finite_setting("mine", "Mine", supply, finite_model("two-worlds"))


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_refused_in_one_clear_sentence(what: str) -> None:
    make, message = BAD[what]
    with pytest.raises(ValueError, match=message) as error:
        make()
    assert "\n" not in str(error.value)
    assert len(str(error.value)) <= 300


def test_a_setting_from_samples_draws_those_and_shares_their_unit() -> None:
    samples = np.array([[[3.0], [6.0]], [[1.0], [2.0]]])
    setting = from_samples("mine", samples, {"seat": 2})
    drawn = setting.sample(np.random.default_rng(0), 100) * float(setting.unit)
    assert {tuple(profile.ravel()) for profile in drawn} == {(3.0, 6.0), (1.0, 2.0)}
    assert (setting.n_agents, setting.supply) == (2, (2,))
    assert setting.unit == 6


def test_samples_may_be_lists_arrays_or_frames() -> None:
    listed = [[[3, 1], [6, 2]], [[1, 0], [2, 5]]]
    columns = pd.MultiIndex.from_product([["Ann", "Bob"], ["a", "b"]])
    table = pd.DataFrame(np.array(listed).reshape(2, 4), columns=columns)
    settings = [from_samples("mine", samples, {"a": 1, "b": 2}) for samples in (listed, np.array(listed), table)]
    profiles = [setting.sample(np.random.default_rng(0), 9) for setting in settings]
    assert all((found == profiles[0]).all() for found in profiles)
    assert settings[0].digest == settings[1].digest != settings[2].digest
    assert [setting.agents for setting in settings] == [("agent 1", "agent 2")] * 2 + [("Ann", "Bob")]


def test_a_frame_is_read_by_its_labels() -> None:
    """Columns in any order; one item type needs no second level; sets of items are numbered."""
    swapped = frame("ab")[[("Bob", "b"), ("Bob", "a"), ("Ann", "a"), ("Ann", "b")]]
    found = from_samples("mine", swapped, {"b": 1, "a": 1})
    assert found.agents == ("Bob", "Ann")
    assert (found.sample(np.random.default_rng(0), 1) * 4).tolist() == [[[4, 3], [2, 1]]]
    assert from_samples("mine", pd.DataFrame({"Ann": [1, 2], "Bob": [3, 4]}), {"a": 1}).agents == ("Ann", "Bob")
    sets = pd.DataFrame([[0, 1, 2, 4]], columns=pd.MultiIndex.from_product([["Ann"], range(4)]))
    whole = from_samples("mine", sets, {"a": 1, "b": 1}, demand="combinatorial")
    assert whole.sample(np.random.default_rng(0), 1).tolist() == [[[0, 0.25, 0.5, 1]]]


def test_numbers_of_numpy_are_numbers() -> None:
    plain = correlated(3, 2, 1.0)
    three: Any = np.int64(3)
    two: Any = np.int32(2)
    one: Any = np.float32(1)
    assert correlated(three, two, one).digest == correlated(3, 2, 1).digest == plain.digest
    assert from_samples("mine", ONE, {"a": three}).digest == from_samples("mine", ONE, {"a": 3}).digest
