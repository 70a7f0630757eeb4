from __future__ import annotations

import pytest

from spm.names import lookup, unknown


def test_nearest_names_are_proposed_nearest_first() -> None:
    message = str(unknown("panel", "kitchen-sin", ["colors", "kitchen-sink", "kitchen"]))
    assert message == "unknown panel 'kitchen-sin'; did you mean kitchen-sink or kitchen?"


def test_without_near_names_all_are_listed() -> None:
    assert str(unknown("profile", "zzz", ["quick", "paper"])) == "unknown profile 'zzz'; known: quick, paper"


def test_lookup_finds_and_refuses() -> None:
    table = {"colors": 1, "id": 2}
    assert lookup("panel", "id", table) == 2
    with pytest.raises(ValueError, match="unknown panel 'colours'; did you mean colors"):
        lookup("panel", "colours", table)
