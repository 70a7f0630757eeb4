from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm.compendium.theory.economies import UNVISITED, economy
from spm.compendium.theory.histories import HistorySolver
from spm.compendium.theory.offers import NOTHING, Vector
from spm.compendium.theory.scores import (
    Features,
    certificate,
    coefficients,
    linear_features,
    proves,
    rows_of,
    score_systems,
    solution,
    with_interaction,
)
from spm.settings import prop_1, prop_7

ORDER = (0, 1, 2)


@st.composite
def systems(draw: st.DrawFn) -> frozenset[tuple[Vector, int]]:
    """Visits demanded at some histories of three agents and one item, at least two agents left."""
    held = st.sampled_from([UNVISITED, NOTHING, 0])
    histories = draw(
        st.lists(
            st.tuples(held, held, held).filter(lambda b: b.count(UNVISITED) > 1 and b.count(0) < 2),
            min_size=1,
            max_size=8,
            unique=True,
        )
    )
    visits = {b: draw(st.sampled_from([i for i in range(3) if b[i] == UNVISITED])) for b in histories}
    return frozenset(visits.items())


@given(systems())
def test_a_system_has_either_a_solution_or_a_certificate(system: frozenset[tuple[Vector, int]]) -> None:
    proof = certificate(system, linear_features, 1, ORDER)
    weights = solution(system, linear_features, 1, ORDER)
    assert (proof is None) != (weights is None)


@given(systems())
def test_solutions_visit_as_demanded(system: frozenset[tuple[Vector, int]]) -> None:
    weights = solution(system, linear_features, 1, ORDER)
    for bought, agent in system if weights else ():
        assert weights is not None
        x = linear_features(bought, 1)
        scores = [sum((w * a for w, a in zip(row, x, strict=True)), Fraction(0)) for row in weights]
        left = [i for i in range(3) if bought[i] == UNVISITED]
        assert max(left, key=lambda i: (scores[i], -i)) == agent


def test_certificates_are_checked() -> None:
    matrix, strict = np.array([[1, -1], [-1, 1]]), np.array([False, True])
    assert proves([Fraction(1), Fraction(1)], matrix, strict)
    assert not proves([Fraction(1), Fraction(2)], matrix, strict)
    assert not proves([Fraction(-1), Fraction(-1)], matrix, strict)
    assert not proves([Fraction(1), Fraction(1)], matrix, np.array([False, False]))


def test_every_certificate_adds_up_to_nothing() -> None:
    market = economy(prop_7())
    for system in score_systems(HistorySolver(market), market.start):
        proof = certificate(system, linear_features, 3, (0, 1, 2, 3))
        assert proof is not None
        assert set(proof) <= set(rows_of(system, (0, 1, 2, 3)))
        total = sum(m * coefficients(row, linear_features, 3).astype(object) for row, m in proof.items())
        assert not np.any(total)
        assert any(row.strict for row in proof)


@pytest.mark.parametrize("features", [linear_features, with_interaction])
def test_features_tell_histories_apart(features: Features) -> None:
    histories = [(0, UNVISITED), (NOTHING, UNVISITED), (UNVISITED, UNVISITED), (0, 1), (1, 0)]
    assert len({features(bought, 2) for bought in histories}) == len(histories)


def test_systems_of_proposition_1_are_either_agent_first() -> None:
    market = economy(prop_1())
    start = (UNVISITED, UNVISITED)
    assert score_systems(HistorySolver(market), market.start) == {frozenset({(start, 0)}), frozenset({(start, 1)})}
