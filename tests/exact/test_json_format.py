"""A reader's own finite setting: what the file means, and what is said about a wrong one."""

from __future__ import annotations

import json
from copy import deepcopy
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from spm.exact import ORDERS, PRICES, Solver, read_setting, result
from spm.exact.json_format import parse_setting
from spm.settings import FiniteModel, chance, construction, model, surely, uniform

SEATS: dict[str, Any] = {
    "name": "two seats",
    "objective": "welfare",
    "demand": "unit",
    "types": {"seat": 2},
    "groups": {"student": 2, "guest": 1},
    "worlds": [
        {
            "probability": "1/2",
            "lotteries": {
                "student": [{"probability": "1/2", "values": [1]}, {"probability": 0.5, "values": ["3"]}],
                "guest": [{"probability": 0.1, "values": ["2.5"]}, {"probability": 0.9, "values": [0.3]}],
            },
        },
        {
            "probability": 0.5,
            "lotteries": {
                "student": [{"probability": 1, "values": [2]}],
                "guest": [{"probability": 1, "values": [0]}],
            },
        },
    ],
}
STUDENT = ("worlds", 0, "lotteries", "student")


def test_a_file_is_read_exactly(tmp_path: Path) -> None:
    path = tmp_path / "seats.json"
    path.write_text(json.dumps(SEATS), encoding="utf-8")
    setting = read_setting(path)
    first = [uniform(1, 3), chance("1/10", "5/2", "3/10")]
    assert setting.model == model({"student": 2, "guest": 1}, [("1/2", first), ("1/2", [surely(2), surely(0)])])
    assert (setting.name, setting.types, setting.supply) == ("two seats", ("seat",), (2,))
    assert setting.unit == 3
    assert setting.agents == ("student 1", "student 2", "guest")
    assert Solver(setting).value() <= Solver(setting).first_best


@pytest.mark.parametrize("name", ["prop-3", "kitchen-sink", "prop-5"])
def test_a_construction_written_as_a_file_has_the_same_model(name: str) -> None:
    setting = construction(name)
    assert isinstance(setting.model, FiniteModel)
    names = [group.name for group in setting.model.groups]
    worlds = [
        {
            "probability": str(world.probability),
            "lotteries": {
                group: [{"probability": str(p), "values": [str(x) for x in values]} for p, values in lottery]
                for group, lottery in zip(names, world.lotteries, strict=True)
            },
        }
        for world in setting.model.worlds
    ]
    data = {
        "name": name,
        "objective": setting.objective.name,
        "demand": setting.demand,
        "types": dict(zip(setting.types, setting.supply, strict=True)),
        "groups": {group.name: group.size for group in setting.model.groups},
        "worlds": worlds,
    }
    assert parse_setting(json.dumps(data)).model == setting.model


def changed(*path: str | int, to: Any) -> str:
    """The example with one entry replaced."""
    data = deepcopy(SEATS)
    place: Any = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return json.dumps(data)


def lacking(*path: str | int) -> str:
    """The example with one entry removed."""
    data = deepcopy(SEATS)
    place: Any = data
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return json.dumps(data)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (changed("worlds", 0, "probability", to="1/3"), "the worlds: probabilities sum to 5/6, not 1"),
        (
            changed(*STUDENT, 0, "probability", to=0.4),
            "'student' in world 0: probabilities sum to 9/10, not 1",
        ),
        (
            changed(*STUDENT, 0, "values", to=[-1]),
            "'student' in world 0: a value must be at least 0, not -1",
        ),
        (changed(*STUDENT, 0, "probability", to=-1), "probability must be at least 0, not -1"),
        (changed(*STUDENT, 0, "values", to=[1, 2]), "values must be a list of 1 numbers, not [1, 2]"),
        (changed(*STUDENT, 0, "values", to=1), "values must be a list of 1 numbers"),
        (changed(*STUDENT, 0, "values", to=["x"]), "a value must be a number such as 2, 0.5 or \"1/3\", not 'x'"),
        (changed(*STUDENT, 0, "values", to=["1/0"]), "a value must be a number"),
        (changed(*STUDENT, 0, "values", to=[True]), "a value must be a number"),
        (changed(*STUDENT, 0, "values", to=[None]), "a value must be a number"),
        (changed(*STUDENT, 0, "values", to=[float("nan")]), "a value must be a number"),
        (changed(*STUDENT, 0, "values", to=["1e999999999"]), "a value must be a number"),
        (changed(*STUDENT, to=[]), "group 'student' in world 0 must have a list of at least one outcome"),
        (changed(*STUDENT, 0, to=3), "an outcome of group 'student' in world 0 must be an object"),
        (lacking(*STUDENT, 0, "values"), "an outcome of group 'student' in world 0 lacks 'values'"),
        (
            changed("worlds", 1, "lotteries", "guests", to=[]),
            "unknown group in world 1 'guests'; did you mean",
        ),
        (lacking("worlds", 1, "lotteries", "guest"), "world 1 has no lottery for group 'guest'"),
        (changed("worlds", 1, "lotteries", to=[]), "world 1: lotteries must be an object"),
        (changed("worlds", 1, to=[]), "world 1 must be an object with probability, lotteries"),
        (changed("worlds", to=[]), "worlds must be a list of at least one world"),
        (changed("types", "seat", to=0), "types: 'seat' must be a whole number of at least 1, not 0"),
        (changed("types", "seat", to=True), "types: 'seat' must be a whole number"),
        (changed("groups", "guest", to="2"), "groups: 'guest' must be a whole number"),
        (changed("groups", to={}), "groups must be an object of at least one name"),
        (changed("demand", to="combinatorial"), "unknown demand 'combinatorial'; known: unit, additive"),
        (changed("demand", to=["unit"]), "unknown demand"),
        (changed("objective", to="wellfare"), "unknown objective 'wellfare'; did you mean welfare"),
        (changed("name", to=3), "name must be a text"),
        (changed("supply", to=3), "unknown key in the setting 'supply'"),
        (lacking("demand"), "the setting lacks 'demand'"),
        ("[]", "the setting must be an object"),
        ("{", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ('{"name": "a", "name": "b"}', "'name' occurs twice"),
    ],
)
def test_a_wrong_file_is_explained(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^\S") as caught:
        parse_setting(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"can't read the setting .*missing\.json"):
        read_setting(tmp_path / "missing.json")
    (tmp_path / "latin.json").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ValueError, match=r"can't read the setting .*latin\.json"):
        read_setting(tmp_path / "latin.json")
    (tmp_path / "wrong.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"wrong\.json: the setting lacks 'name'"):
        read_setting(tmp_path / "wrong.json")


def test_the_result_is_in_lowest_terms_before_normalisation() -> None:
    data = json.loads(json.dumps(result(Solver(construction("kitchen-sink")))))
    assert list(data) == ["name", "objective", "unit", "first_best", "values"]
    assert (data["name"], data["objective"], data["unit"]) == ("kitchen-sink", "welfare", "5")
    assert list(data["values"]) == list(PRICES)
    for row in data["values"].values():
        assert list(row) == list(ORDERS)
        assert all(str(Fraction(value)) == value for value in row.values())
    assert data["values"]["adaptive"]["adaptive"] == data["first_best"] == "1637/1250"
