"""Objectives of the reader's own: registered once, told apart by what they do, checked at once."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from spm.settings import Objective, correlated, get_objective
from spm.settings.objective import OBJECTIVES, objective


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spm.settings.objective.OBJECTIVES", OBJECTIVES.copy())


def defined(power: int) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """A function as a notebook's cell defines it."""
    return lambda received, payments: (received**power).sum(axis=1)


def test_a_cell_may_be_run_again_but_not_with_another_objective() -> None:
    objective("powers")(defined(2))
    objective("powers")(defined(2))
    assert get_objective("powers").score(np.array([[0.5, 1.0]]), np.zeros((1, 2))).tolist() == [1.25]
    with pytest.raises(ValueError, match="objective 'powers' is another one already; choose a new name for yours"):
        objective("powers")(defined(3))
    with pytest.raises(ValueError, match="'welfare' is another one already"):
        correlated(3, 2, 0.5, objective=Objective("welfare", defined(2)))


def test_a_built_in_objective_survives_its_journey() -> None:
    for name in OBJECTIVES:
        setting = pickle.loads(pickle.dumps(correlated(3, 2, 0.5, objective=name)))
        assert setting.objective.score is get_objective(name).score


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "name": (lambda: Objective("", defined(1)), "name must be a text that is not empty, not ''"),
    "score": (lambda: Objective("mine", 3), "objective 'mine' needs functions as score and combine"),  # type: ignore[arg-type]
    "one number": (
        lambda: correlated(3, 2, 0.5, objective=Objective("mine", lambda received, _: received.sum())),
        r"objective 'mine' must return one number per market, shape \(2,\) for 2 markets, not \(\)",
    ),
    "per agent": (
        lambda: correlated(2, 2, 0.5, objective=Objective("mine", lambda received, _: received.sum(axis=0))),
        r"shape \(3,\) for 3 markets, not \(2,\)",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_objective_is_refused(what: str) -> None:
    make, message = BAD[what]
    with pytest.raises(ValueError, match=message):
        make()
