from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from strategies import joint_profiles

from spm.settings import FiniteModel, chance, model, surely, uniform, vector


@st.composite
def models(draw: st.DrawFn) -> FiniteModel:
    """Models of up to 2 groups, 3 worlds and 3 outcomes, with probabilities in twelfths."""
    sizes = draw(st.lists(st.integers(1, 2), min_size=1, max_size=2))
    weights = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    value = st.lists(st.integers(0, 3), min_size=2, max_size=2)

    def lottery() -> tuple[tuple[Fraction, tuple[Fraction, ...]], ...]:
        outcomes = draw(st.lists(st.tuples(st.integers(1, 3), value), min_size=1, max_size=3))
        total = sum(weight for weight, _ in outcomes)
        return tuple((Fraction(weight, total), vector(values)) for weight, values in outcomes)

    worlds = [(Fraction(w, sum(weights)), [lottery() for _ in sizes]) for w in weights]
    return model({f"group {g}": size for g, size in enumerate(sizes)}, worlds)


@given(models())
def test_the_sampler_draws_each_joint_profile_as_often_as_its_probability(finite: FiniteModel) -> None:
    n_profiles = 4000
    drawn = finite.sample(np.random.default_rng(1), n_profiles) * float(finite.unit)
    expected: dict[bytes, float] = {}
    for probability, profile in joint_profiles(finite):
        key = np.array(profile, dtype=float).round().astype(int).tobytes()
        expected[key] = expected.get(key, 0.0) + float(probability)
    found = [profile.tobytes() for profile in drawn.round().astype(int)]
    assert set(found) <= set(expected)
    for key, p in expected.items():
        law = stats.binom(n_profiles, p)
        assert law.ppf(1e-9) <= found.count(key) <= law.ppf(1 - 1e-9)


@given(models())
def test_values_are_divided_by_the_highest_that_can_occur(finite: FiniteModel) -> None:
    highest = max(value for _, profile in joint_profiles(finite) for values in profile for value in values)
    assert finite.unit == (highest or 1)
    assert finite.sample(np.random.default_rng(0), 200).max() <= 1.0


def test_groups_of_a_world_are_independent_given_the_world() -> None:
    finite = model({"a": 1, "b": 1}, [("1/4", [uniform(0, 1), uniform(0, 1)]), ("3/4", [surely(2), surely(2)])])
    drawn = finite.sample(np.random.default_rng(0), 40_000)[:, :, 0] * 2
    first = drawn[drawn[:, 0] < 2]
    assert len(first) / len(drawn) == pytest.approx(1 / 4, abs=0.01)
    assert np.abs(np.corrcoef(first.T) - np.eye(2)).max() < 0.05
    assert (drawn[drawn[:, 0] == 2] == 2).all()


def test_agents_are_numbered_group_after_group() -> None:
    finite = model({"a": 2, "b": 1}, [(1, [surely(1), surely(2)])])
    assert finite.n_agents == 3
    assert finite.group_of.tolist() == [0, 0, 1]
    assert finite.sample(np.random.default_rng(0), 1).tolist() == [[[0.5], [0.5], [1.0]]]


def test_lotteries() -> None:
    assert chance("0.2", 5, "0.5") == ((Fraction(1, 5), (Fraction(5),)), (Fraction(4, 5), (Fraction(1, 2),)))
    assert uniform([2, 0], [0, 2])[1] == (Fraction(1, 2), (Fraction(0), Fraction(2)))


BAD: dict[str, tuple[Callable[[], FiniteModel], str]] = {
    "prior": (lambda: model({"a": 1}, [("1/2", [surely(1)])]), "the worlds: probabilities sum to 1/2, not 1"),
    "lottery": (
        lambda: model({"a": 1}, [(1, [((Fraction(1, 3), vector(1)),)])]),
        "group 'a' in world 0: probabilities sum to 1/3, not 1",
    ),
    "negative probability": (
        lambda: model({"a": 1}, [(1, [chance("3/2", 1, 2)])]),
        "group 'a' in world 0: a probability is negative",
    ),
    "negative value": (lambda: model({"a": 1}, [(1, [surely(-1)])]), "group 'a' in world 0 has a negative value"),
    "groups": (
        lambda: model({"a": 1, "b": 1}, [(1, [surely(1)])]),
        "world 0 has 1 lotteries for 2 groups",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_record_that_is_no_probability_model_is_refused(what: str) -> None:
    make, message = BAD[what]
    with pytest.raises(ValueError, match=message):
        make()
