"""What the README and its neighbours say is so: the example, the commands, the folders, the files, the columns."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pandas as pd
import pytest
from documents import ROOT, blocks, links

from spm.__main__ import parser

DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "data/README.md"]


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """What the example prints where no results of record are at hand: name and value on each line."""
    (example,) = blocks("README.md", "python")
    folder = tmp_path_factory.mktemp("elsewhere")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "SPM_HOME": str(folder)}
    command = [sys.executable, "-c", example]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder, env=environment)
    return pairs(done.stdout)


def pairs(text: str) -> list[tuple[str, str]]:
    return [(name, value) for name, _, value in (line.partition(": ") for line in text.splitlines())]


def test_the_example_is_seven_lines_and_prints_what_is_shown(printed: list[tuple[str, str]]) -> None:
    (example,) = blocks("README.md", "python")
    assert len([line for line in example.splitlines() if line]) == 7
    (shown,) = (pairs(block) for block in blocks("README.md", "") if block.startswith("optimum: "))
    assert [name for name, _ in printed] == [name for name, _ in shown]
    assert printed[:-1] == shown[:-1]


def test_the_example_learns_a_mechanism_between_the_static_price_and_the_optimum(
    printed: list[tuple[str, str]],
) -> None:
    _, upper, static, learned = (value for _, value in printed)
    assert float(static) + 0.03 < float(learned) < float(upper)


def help_of(command: str) -> str:
    """The help of a command; empty if there is none."""
    told = io.StringIO()
    with redirect_stdout(told), redirect_stderr(io.StringIO()), pytest.raises(SystemExit):
        parser().parse_args([command, "--help"])
    return told.getvalue()


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "data/README.md", "book/clusters.md"])
def test_every_command_and_option_exists(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = re.findall(r"(?:\.venv/bin/spm|`spm) ([a-z]+)([^`\n#]*)", text)
    targets = re.findall(r"(?:`|^)make ([a-z]+)", text, re.M)
    assert commands or targets
    for command, rest in commands:
        told = help_of(command)
        assert told, command
        assert [option for option in re.findall(r"--[a-z-]+", rest) if option not in told] == []
    assert [target for target in targets if f"\n{target}: " not in makefile] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_linked_file_exists(name: str) -> None:
    assert [link for link in links(name) if not (ROOT / name).parent.joinpath(link).exists()] == []


def test_the_layout_names_every_folder_of_the_package() -> None:
    (table,) = re.findall(r"^\| Wing .*?\n\n", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    rows = table.strip().splitlines()[2:]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[2])}
    folders = {
        path.parent.name for wing in ("spm", "spm/compendium") for path in (ROOT / wing).glob("*/__init__.py")
    }
    assert named == folders - {"compendium"}


@pytest.mark.parametrize("path", sorted((ROOT / "data").rglob("*.csv")), ids=lambda path: str(path.name))
def test_the_data_dictionary_names_every_column(path: Path) -> None:
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    columns = pd.read_csv(path, nrows=0).columns
    assert [name for name in columns if f"`{name}`" not in text] == []


def test_the_data_dictionary_names_every_file() -> None:
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    files = [path for path in (ROOT / "data").rglob("*") if path.suffix in (".csv", ".json")]
    names = {path.stem if path.parent.name == "computed" else path.name for path in files}
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []


def renamed(heading: str) -> list[str]:
    """New names in a table of the unreleased changes."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split("\n## ")[1]
    (part,) = (part for part in text.split("\n### ") if part.startswith(heading))
    rows = [line.split(" | ")[1] for line in part.splitlines() if line.startswith("| `")]
    return [name for row in rows for name in re.findall(r"`([\w.]+)`", row)]


def test_every_renamed_module_and_name_is_there() -> None:
    modules, names = renamed("Renamed: modules"), renamed("Renamed: public names")
    assert len(modules) > 40
    assert len(names) > 60
    files = [ROOT.joinpath(*module.split(".")) for module in modules]
    assert [path for path in files if not path.with_suffix(".py").exists() and not path.is_dir()] == []
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "spm").rglob("*.py"))
    found = set(re.findall(r"^(?:def |class )?(\w+)\b", code, re.M))
    found |= {name for row in re.findall(r"^([A-Z_]+(?:, [A-Z_]+)+) = ", code, re.M) for name in row.split(", ")}
    assert [name for name in names if name not in found] == []
