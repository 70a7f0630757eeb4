"""Every result that is kept has a schema, and it is no looser than the result."""

from __future__ import annotations

from typing import Any

import pytest
from hostile import as_json

from spm.compendium.record import computed, kept
from spm.compendium.record.kept import encoded
from spm.compendium.record.schema import parsed
from spm.compendium.record.values import VALUES
from spm.compendium.theory.described import optima

ONE = encoded(optima("prop-1"))
MAP = next(iter(kept._opened(kept.of_record("correlated_map"), "correlated_map").values.values()))


def test_every_function_that_is_called_is_declared() -> None:
    assert {call.name for call in computed.calls()} == VALUES.keys()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("optima", ONE | {"zero": ONE["zero"] | {"static": {"fraction": "1/0"}}}),
        ("optima", ONE | {"zero": ONE["zero"] | {"static": {"fraction": "1e999999999"}}}),
        ("optima", ONE | {"zero": ONE["zero"] | {"static": {"fraction": "9" * 5000}}}),
        ("optima", ONE | {"zero": ONE["zero"] | {"static": 0.5}}),
        ("optima", ONE | {"zero": {}}),
        ("optima", ONE | {"one": ONE["zero"]}),
        ("correlated_map", MAP | {"columns": MAP["columns"][::-1]}),
        ("correlated_map", MAP | {"rows": [[*row, 1.0] for row in MAP["rows"]]}),
        ("correlated_map", MAP | {"rows": [[str(cell) for cell in row] for row in MAP["rows"]]}),
        ("correlated_map", {"columns": MAP["columns"]}),
        ("record", {}),
        ("record", {"upper": 1.0}),
    ],
)
def test_another_value_is_refused(name: str, value: Any) -> None:
    parsed(VALUES["optima"], as_json(ONE))
    parsed(VALUES["correlated_map"], as_json(MAP))
    with pytest.raises(ValueError, match=r"\S"):
        parsed(VALUES[name], as_json(value))
