from __future__ import annotations

import pytest

from spm.names import MOST_QUOTED, decimal_number, lookup, quoted, shortened, unknown, whole_number


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


def test_a_long_input_is_repeated_in_part_and_without_control_characters() -> None:
    assert quoted("colour") == "'colour'"
    long = quoted("a" * 1_000_000 + "z")
    assert len(long) == MOST_QUOTED
    assert long.endswith("az'")
    hostile = quoted("\x1b[2J\u202eevil\ud800\n\0")
    assert hostile.isprintable()
    assert r"\x1b[2J\u202eevil" in hostile
    assert len(str(unknown("panel", "x" * 5_000, ["colors"]))) < 100


def test_shortening_keeps_both_ends() -> None:
    assert shortened("short", 5) == "short"
    assert [len(shortened("0123456789" * 9, most)) for most in (10, 11, 89)] == [10, 11, 89]
    assert shortened("unknown; did you mean this?", 20).endswith("n this?")


@pytest.mark.parametrize(
    "text", ["", " 1", "1 ", "1\n", "+1", "1.0", "1_000", "٣", "３", "1e3", "0x1", "-", "9" * 19]
)
def test_only_plain_digits_are_whole_numbers(text: str) -> None:
    with pytest.raises(ValueError, match="visits must be a whole number of at most 18 digits, not '"):
        whole_number(text, "visits")


def test_whole_numbers_keep_to_their_limits() -> None:
    assert [whole_number(text, "visits", -1, 7) for text in ("-1", "007", "0")] == [-1, 7, 0]
    with pytest.raises(ValueError, match="visits must be at least 1, not 0"):
        whole_number("0", "visits", least=1)
    with pytest.raises(ValueError, match="visits must be at most 9, not 10"):
        whole_number("10", "visits", most=9)
    assert whole_number("9" * 18, "visits") == 10**18 - 1


@pytest.mark.parametrize(
    "text", ["", "nan", "inf", "-inf", "1_0", "1e999", "9" * 400, "٣", "0.٥", "1.5.", ".", "e3", "1 "]
)
def test_only_finite_decimals_in_plain_digits_are_numbers(text: str) -> None:
    with pytest.raises(ValueError, match="delta must be a number such as"):
        decimal_number(text, "delta")


def test_decimals_are_read() -> None:
    assert [decimal_number(text, "delta") for text in ("2", "2.", "-.5", "1e-3", "1E+3")] == [
        2,
        2,
        -0.5,
        0.001,
        1000,
    ]
