"""Atomic writing."""

from __future__ import annotations

import errno
import io
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from spm.files import canonical, read_regular, write_atomic


@pytest.mark.parametrize("step", ["write", "fsync", "chmod", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_a_failed_write_is_one_sentence_and_leaves_the_old_file_and_nothing_else(
    step: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "table.csv"
    write_atomic(target, b"old")

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    class Full(io.BytesIO):
        write = fail  # type: ignore[assignment]

    def full(handle: int, _: str) -> Full:
        os.close(handle)
        return Full()

    with monkeypatch.context() as broken:
        broken.setattr(os, *(("fdopen", full) if step == "write" else (step, fail)))
        with pytest.raises(ValueError, match=rf"can't write .*table.csv: {os.strerror(number)}"):
            write_atomic(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_an_error_without_a_number_is_told_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_replace(*_: object) -> None:
        raise OSError("power cut")

    monkeypatch.setattr(os, "replace", no_replace)
    with pytest.raises(ValueError, match=r"can't write .*table.csv: power cut"):
        write_atomic(tmp_path / "table.csv", b"new")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_leaves_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "table.csv", b"new")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 KiB, where one can be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "spm-test", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting takes more rights than this process has")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    write_atomic(small_disk / "a" / "old", b"x" * 150_000)
    for name in ("a/new", "a/old"):
        with pytest.raises(ValueError, match=f"can't write .*{name}: No space left on device"):
            write_atomic(small_disk / name, b"y" * 150_000)
    assert (small_disk / "a" / "old").read_bytes() == b"x" * 150_000
    assert len(list(small_disk.rglob("*"))) == 2
    (small_disk / "a" / "old").unlink()
    write_atomic(small_disk / "a" / "new", b"y" * 150_000)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("folder", "Is a directory"),
        ("file/below", "a file lies where its folder belongs"),
        ("file/two/below", "Not a directory"),
        ("n" * 5_000, "File name too long"),
        ("n" * 256, "File name too long"),
        ("a\0b", r".*embedded null (byte|character)"),
    ],
)
def test_a_path_that_can_not_be_written(name: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=f"can't write /.*: {reason}") as error:
        write_atomic(tmp_path / name, b"x")
    assert len(str(error.value)) < 300
    assert str(error.value).isprintable()
    assert {path.name for path in tmp_path.iterdir()} == {"folder", "file"}


def test_the_longest_name_that_the_system_takes(tmp_path: Path) -> None:
    for name in ("n" * 255, "☃" * 85):
        write_atomic(tmp_path / name, b"x")
    assert len(list(tmp_path.iterdir())) == 2


def test_only_regular_files_of_a_sane_size_are_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_regular(path, most=5) == b"12345"
    with pytest.raises(OSError, match="more than 4 bytes"):
        read_regular(path, most=4)
    os.mkfifo(tmp_path / "pipe")
    for other in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(OSError, match="not a regular file"):
            read_regular(other)
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "missing")


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
