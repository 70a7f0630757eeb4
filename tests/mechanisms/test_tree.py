from __future__ import annotations

import numpy as np
import pytest
from strategies import joint_profiles

from spm.exact import Solver
from spm.mechanisms import TreeMechanism, play_values
from spm.settings import FiniteModel, Setting, get_setting, prop_1
from spm.settings.constructions import prop_2

SETTINGS = {s.name: s for s in (prop_1(), prop_2(), get_setting("kitchen-sink"), get_setting("id"))}
CELLS = [("adaptive", "adaptive"), ("personalised-static", "static"), ("zero", "static")]


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("cell", CELLS)
def test_trees_earn_their_exact_value_over_all_joint_profiles(setting: Setting, cell: tuple[str, str]) -> None:
    assert isinstance(setting.model, FiniteModel)
    solver = Solver(setting)
    weights, profiles = zip(*joint_profiles(setting.model), strict=True)
    values = np.array([[[float(x / setting.unit) for x in row] for row in profile] for profile in profiles])
    outcomes = play_values(TreeMechanism(solver.tree(*cell)), setting, values, np.random.default_rng(0))
    mean = sum(float(w) * x for w, x in zip(weights, outcomes.objective, strict=True))
    assert mean == pytest.approx(float(solver.value(*cell) / setting.unit))
