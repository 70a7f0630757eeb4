"""Files are read whole or refused with one sentence that names them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hostile import NO_FILES, is_one_sentence

from spm.compendium.record.schema import naming, parsed, read_file, read_table

COLUMNS = {"name": str, "seed": int, "kept": bool, "regret": float, "rate": float | None}
GOOD = "name,seed,kept,regret,rate\n1e5,0,True,0.1,\nb,1,False,2,0.5\n"


def refusal(read: Callable[[Path], object], path: Path) -> str:
    with pytest.raises(ValueError, match=r"\S") as error:
        read(path)
    assert is_one_sentence(str(error.value), path.name)
    return str(error.value)


@pytest.mark.parametrize("put", [put for put in NO_FILES if put.__name__ not in ("empty", "deep")])
def test_what_is_no_file_is_refused_at_once(put: Callable[[Path], None], tmp_path: Path) -> None:
    put(tmp_path / "it")
    refusal(lambda path: read_file(path, "record"), tmp_path / "it")


def test_the_name_stays_however_long_the_path_and_the_error(tmp_path: Path) -> None:
    path = tmp_path.joinpath(*["long" * 20] * 12, "last.json")

    def fails(path: Path) -> None:
        with naming(path):
            raise ValueError("much\nto say " * 100)

    assert re.fullmatch(
        r"there is no record at /.+\.\.\..+/last\.json", refusal(lambda path: read_file(path, "record"), path)
    )
    assert "last.json: much to say much" in refusal(fails, path)
    with pytest.raises(ValueError, match=r"^a b\\x1b\[31m: no$"), naming(Path("a\nb\x1b[31m")):
        raise ValueError("no")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Invalid JSON"),
        (b"[" * 200_000, "recursion limit exceeded"),
        (b"[1]", "should be an object"),
        (b'{"a": 1.0}', "a: Input should be a valid integer"),
        (b'{"a": true}', "a: Input should be a valid integer"),
        (b'{"a": "1"}', "a: Input should be a valid integer"),
        (b'{"a": ' + b"1" * 5000 + b"}", "number out of range"),
        (b'{"\xff": 1}', "Invalid JSON"),
    ],
)
def test_types_are_not_taken_for_one_another(content: bytes, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parsed(dict[str, int], content)


def test_a_table_has_the_types_of_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(GOOD)
    rows = read_table(path, COLUMNS)
    assert rows["name"].tolist() == ["1e5", "b"]
    assert rows["kept"].tolist() == [True, False]
    assert rows["regret"].tolist() == [0.1, 2.0]
    assert rows["rate"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rate\n", "rates\n"),
        ("name,seed", "seed,name"),
        (",rate\n", "\n"),
        ("name,", ""),
        ("0,True", "0.5,True"),
        ("0,True", ",True"),
        ("True", "perhaps"),
        ("True", "1"),
        ("True", "true"),
        ("True", ""),
        ("0.1", "nan"),
        ("0.1", "inf"),
        ("0.1", ""),
        ("0.1", "x"),
        ("0.5\n", "inf\n"),
        ("0.5\n", "0.5,7\n"),
        ("2,0.5\n", "2\n"),
        ("b,1,", '"b,1,'),
        (GOOD, ""),
    ],
)
def test_a_table_of_another_form_is_refused(old: str, new: str, tmp_path: Path) -> None:
    assert old in GOOD
    (tmp_path / "table.csv").write_text(GOOD.replace(old, new, 1))
    if (old, new) == ("2,0.5\n", "2\n"):  # the last cell may be empty
        assert len(read_table(tmp_path / "table.csv", COLUMNS)) == 2
        return
    refusal(lambda path: read_table(path, COLUMNS), tmp_path / "table.csv")


def test_a_table_of_other_bytes_is_refused(tmp_path: Path) -> None:
    for content in (b"\xff" * 100, GOOD.encode().replace(b"1e5", b"\xff\x00"), b"\x00" * 100):
        (tmp_path / "table.csv").write_bytes(content)
        refusal(lambda path: read_table(path, COLUMNS), tmp_path / "table.csv")
