"""The floor plan: few rooms, one meaning per name, no import that costs more than it must."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SPM = ROOT / "spm"
TREES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(SPM.rglob("*.py"))
}
"""The syntax tree of every module; a folder's face ends in ``__init__``."""
TORCH = ("torch", "stable_baselines3", "gymnasium")
HEAVY = (*TORCH, "matplotlib", "seaborn")


def imports(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """Yield what a module imports from this package as triples: module, name, and what it is called here."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "spm":
            yield from ((str(node.module), alias.name, alias.asname or alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            names = (alias for alias in node.names if alias.name.split(".")[0] == "spm")
            yield from ((alias.name, "", alias.asname or "spm") for alias in names)


def defined(tree: ast.Module) -> Iterator[str]:
    """Yield the public names that a module defines; type variables and ``main`` are not there to be imported."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found = [node.name]
        elif isinstance(node, ast.Assign) and not re.match(r"(TypeVar|ParamSpec)\(", ast.unparse(node.value)):
            found = [name.id for goal in node.targets for name in ast.walk(goal) if isinstance(name, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found = [node.target.id]
        else:
            found = []
        yield from (name for name in found if not name.startswith("_") and name != "main")


def defined_twice(trees: Mapping[str, ast.Module]) -> dict[str, list[str]]:
    """Return the public names that more than one module defines, with these modules."""
    homes = defaultdict(set)
    for module, tree in trees.items():
        if not module.endswith("__init__"):
            for name in defined(tree):
                homes[name].add(module)
    return {name: sorted(found) for name, found in homes.items() if len(found) > 1}


def shadowed(trees: Mapping[str, ast.Module]) -> set[str]:
    """Return the submodules that bear a name which their folder exports."""
    exported = {
        f"{module.removesuffix('__init__')}{name}"
        for module, tree in trees.items()
        if module.endswith("__init__")
        for name in {here for _, _, here in imports(tree)} | set(defined(tree))
    }
    return exported & {module.removesuffix(".__init__") for module in trees}


def private_uses(tree: ast.Module) -> list[str]:
    """Return the private names that a module imports, or takes as attributes of what it imports."""
    known = list(imports(tree))
    taken = [f"{module}.{name}" for module, name, _ in known if is_private(name)]
    here = {called for _, _, called in known}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            root = node.value
            while isinstance(root, ast.Attribute):
                root = root.value
            taken += [ast.unparse(node)] if isinstance(root, ast.Name) and root.id in here else []
    return taken


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def test_few_entries_lie_directly_in_the_package() -> None:
    assert len([entry for entry in SPM.iterdir() if entry.name != "__pycache__"]) <= 13


def test_a_public_name_means_one_thing() -> None:
    assert defined_twice(TREES) == {}


def test_no_module_bears_a_name_that_its_folder_exports() -> None:
    assert shadowed(TREES) == set()


@pytest.mark.parametrize("module", TREES)
def test_private_names_stay_in_their_module(module: str) -> None:
    assert private_uses(TREES[module]) == []


def test_a_violation_of_the_plan_would_be_seen() -> None:
    one, other = ast.parse("def play(): ...\nX, Y = 1, 2"), ast.parse("class play: ...\nY: int = 3\n_X = 4")
    assert defined_twice({"spm.a": one, "spm.b": other}) == {"play": ["spm.a", "spm.b"], "Y": ["spm.a", "spm.b"]}
    face = ast.parse("from spm.a.b import play")
    assert shadowed({"spm.a.__init__": face, "spm.a.play": one, "spm.a.b": other}) == {"spm.a.play"}
    assert shadowed({"spm.a.__init__": face, "spm.a.play.__init__": one}) == {"spm.a.play"}
    reaching = "import spm.c\nfrom spm.a import _x, b as d\nfrom os import path\nd._y; spm.c._z; path._w; d.e.f._g"
    assert private_uses(ast.parse(reaching)) == ["spm.a._x", "d._y", "spm.c._z", "d.e.f._g"]


def test_the_compendium_is_imported_by_the_command_line_alone() -> None:
    for module, tree in TREES.items():
        if not module.startswith(("spm.compendium", "spm.__main__")):
            assert [home for home, _, _ in imports(tree) if home.startswith("spm.compendium")] == [], module


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import spm", (*HEAVY, "numpy")),
        ("import spm.settings, spm.market, spm.exact, spm.mechanisms, spm.bounds, spm.learning", HEAVY),
        ("import spm.compendium.report.curves, spm.compendium.report.tables", TORCH),
        ("from spm.__main__ import main; main(['list'])", (*HEAVY, "pandas", "scipy", "joblib")),
        ("from spm.__main__ import parser; parser().format_help()", (*HEAVY, "pandas", "scipy", "joblib")),
    ],
)
def test_what_is_not_needed_is_not_imported(code: str, absent: tuple[str, ...]) -> None:
    loaded = f"{code}; import sys; print(sorted(set({absent!r}) & set(sys.modules)))"
    printed = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True, cwd=ROOT)
    assert printed.stdout.splitlines()[-1] == "[]"
