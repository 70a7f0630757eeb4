from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from strategies import Case, allowed, cases, useful, worth

from spm.settings import bundles, valuations
from spm.settings.demand import DEMANDS, MOST_ITEMS, masks


@pytest.mark.parametrize("demand", DEMANDS)
@pytest.mark.parametrize("n_types", [1, 2, 3, 5])
def test_bundles_are_all_allowed_sets_largest_first(demand: str, n_types: int) -> None:
    rows = bundles(demand, n_types)
    assert [tuple(np.flatnonzero(row)) for row in rows] == allowed(demand, n_types)
    assert rows[-1].sum() == 0


@given(cases())
def test_valuations_follow_the_definition_of_demand(case: Case) -> None:
    demand, n_types = case.setting.demand, case.setting.n_types
    for row, found in zip(case.tenths.reshape(-1, case.tenths.shape[-1]), _flat(case), strict=True):
        sets = allowed(demand, n_types)
        expected = [worth(demand, row, b) / 10 if useful(demand, row, b) else -np.inf for b in sets]
        assert found == pytest.approx(expected)


def _flat(case: Case) -> list[list[float]]:
    found: list[list[float]] = case.valuations.reshape(-1, case.valuations.shape[-1]).tolist()
    return found


def test_masks_are_the_bits_of_the_bundle() -> None:
    assert masks(np.array([[1, 0, 1], [0, 1, 0]], dtype=np.int8)).tolist() == [0b101, 0b010]


def test_complements_are_wanted_only_together() -> None:
    table = np.array([[[0.0, 0.0, 0.0, 1.0]]])
    assert valuations("combinatorial", table).tolist() == [[[1.0, -np.inf, -np.inf, 0.0]]]


def test_unknown_demand_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="unknown demand model 'additiv'; did you mean additive"):
        bundles("additiv", 2)


def test_too_many_items_are_refused() -> None:
    assert len(bundles("combinatorial", MOST_ITEMS)) == 2**MOST_ITEMS
    with pytest.raises(ValueError, match="at most 8 items, not 9"):
        bundles("combinatorial", MOST_ITEMS + 1)
