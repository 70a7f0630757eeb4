"""The floor plan: few rooms, one meaning for each name, no import that costs more than it must."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SPM = ROOT / "spm"
MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in SPM.rglob("*.py")}
HEAVY = ("torch", "stable_baselines3", "gymnasium", "matplotlib")


def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def imports(module: str) -> Iterator[tuple[str, str]]:
    """Yield what a module imports from this package, as pairs (module, name)."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "spm":
            yield from ((str(node.module), alias.name) for alias in node.names)


def defined(module: str) -> Iterator[str]:
    """Yield the public names that a module defines; type variables and ``main`` are no names to be imported."""
    for node in tree(module).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found = [node.name]
        elif isinstance(node, ast.Assign) and not re.match(r"(TypeVar|ParamSpec)\(", ast.unparse(node.value)):
            found = [name.id for goal in node.targets for name in ast.walk(goal) if isinstance(name, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found = [node.target.id]
        else:
            found = []
        yield from (name for name in found if not name.startswith("_") and name != "main")


def test_few_entries_lie_directly_in_the_package() -> None:
    assert len([entry for entry in SPM.iterdir() if entry.name != "__pycache__"]) <= 13


def test_a_public_name_means_one_thing() -> None:
    homes = defaultdict(set)
    for module in MODULES:
        if not module.endswith("__init__"):
            for name in defined(module):
                homes[name].add(module)
    assert {name: sorted(found) for name, found in homes.items() if len(found) > 1} == {}


def test_no_module_bears_a_name_that_its_folder_exports() -> None:
    for module, path in MODULES.items():
        if module.endswith(".__init__"):
            exported = {name for _, name in imports(module)} | set(defined(module))
            files = {other.stem for other in path.parent.glob("*.py")}
            folders = {other.parent.name for other in path.parent.glob("*/__init__.py")}
            assert exported & (files | folders) == set(), module


def test_private_names_stay_in_their_module() -> None:
    for module in MODULES:
        taken = [
            f"{home}.{name}" for home, name in imports(module) if name.startswith("_") and name != "__version__"
        ]
        assert taken == [], module


def test_the_compendium_is_imported_by_the_command_line_alone() -> None:
    for module in MODULES:
        if not module.startswith(("spm.compendium", "spm.__main__")):
            assert [home for home, _ in imports(module) if home.startswith("spm.compendium")] == [], module


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import spm", HEAVY),
        ("import spm.settings, spm.market, spm.exact, spm.mechanisms, spm.bounds, spm.learning", HEAVY),
        ("import spm.compendium.report.curves, spm.compendium.report.tables", HEAVY[:3]),
        ("from spm.__main__ import main; main(['list'])", HEAVY),
    ],
)
def test_what_is_not_needed_is_not_imported(code: str, absent: tuple[str, ...]) -> None:
    loaded = f"{code}; import sys; print(sorted(set({absent!r}) & set(sys.modules)))"
    printed = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True, cwd=ROOT)
    assert printed.stdout.splitlines()[-1] == "[]"
