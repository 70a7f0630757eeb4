"""Atomic writing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spm.files import canonical, write_atomic


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "table.csv"
    write_atomic(target, b"old")

    def no_replace(*_: object) -> None:
        raise OSError("power cut")

    monkeypatch.setattr(os, "replace", no_replace)
    with pytest.raises(ValueError, match=r"can't write .*table.csv: power cut"):
        write_atomic(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_folders_are_made_and_contents_arrive_whole(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "c.json"
    write_atomic(target, b"x" * 100_000)
    assert target.read_bytes() == b"x" * 100_000


def test_a_folder_that_is_a_file_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="can't write"):
        write_atomic(tmp_path / "file" / "x", b"")


def test_canonical_json_refuses_what_json_cannot_say() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical({"x": float("nan")})
