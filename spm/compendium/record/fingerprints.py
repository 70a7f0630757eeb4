"""Fingerprints of code: on which modules and packages a module's numbers depend, and in which version.

Comments and docstrings do not count. If a fingerprint is the same, nothing can have changed. If it differs, that
proves nothing yet: a sentence may have been reworded or a module renamed
(:mod:`spm.compendium.record.replay` tells).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

from spm.files import code_digest

PACKAGES = ("numpy", "torch", "stable-baselines3", "gymnasium")
"""Packages on whose versions a run's numbers may depend."""


MOST_NAMED = 8
"""Changed modules that a sentence names one by one."""


def conditions(module: str) -> dict[str, str]:
    """Return the fingerprint of every module of this package that ``module`` needs, and the packages' versions.

    >>> "market.market.py" in conditions("learning.ppo"), "torch" in conditions("learning.ppo")
    (True, True)
    """
    return {f"{name}.py": found for name, found in source_digests(dependencies(module)).items()} | packages()


def packages() -> dict[str, str]:
    """Return the versions of the packages that a run's numbers may depend on."""
    return {name: version(name) for name in PACKAGES}


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """Say in which modules and packages two conditions differ; empty if in none.

    >>> differences({"market.market.py": "1f", "torch": "2.13.0"}, {"market.market.py": "2e", "torch": "2.14.0"})
    'market.market.py, torch (2.13.0, now 2.14.0)'
    """
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    packages = [f"{name} ({old.get(name)}, now {new.get(name)})" for name in names if not name.endswith(".py")]
    modules = [name for name in names if name.endswith(".py")]
    more = [f"{len(modules) - MOST_NAMED} more modules"] if len(modules) > MOST_NAMED else []
    return ", ".join(modules[:MOST_NAMED] + more + packages)


def dependencies(module: str) -> set[str]:
    """Return a module of this package and all others of it that it imports, directly or through others.

    >>> "settings.finite" in dependencies("market"), "market" in dependencies("settings")
    (True, False)
    """
    found, waiting = set[str](), [module]  # a module comes with the folders in which it lies
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [name.rpartition(".")[0]] if "." in name else []
            waiting += _imports(ast.parse(_file(name).read_text(encoding="utf-8")))
    return found


def _file(module: str) -> Path:
    """Where a module of this package lies; packages are represented by their ``__init__.py``."""
    base = Path(__file__).parents[2].joinpath(*module.split("."))
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


def _imports(tree: ast.Module) -> list[str]:
    """Names of this package's modules that a module imports, and of those that define what it takes from a
    face.
    """
    taken = [
        (node.module, alias.name)
        for node in _executed(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "spm"
        for alias in node.names
    ]
    return [found for module, name in taken for found in _homes(module, name)]


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """Every node of a tree that may be executed: all but those under ``if TYPE_CHECKING``."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield from _executed(child)


def _homes(module: str, name: str) -> list[str]:
    """The module ``name`` of a folder, or the module that defines what the folder's face calls ``name``."""
    inside = module.removeprefix("spm").removeprefix(".")
    whole = f"{inside}.{name}".removeprefix(".")
    if _file(whole).exists():
        return [whole]
    face = ast.walk(ast.parse(_file(inside).read_text(encoding="utf-8"))) if _is_folder(inside) else ()
    behind = [
        home
        for node in face
        if isinstance(node, ast.ImportFrom) and node.module and name in [alias.name for alias in node.names]
        for home in _homes(node.module, name)
    ]
    return [inside, *behind]


def _is_folder(module: str) -> bool:
    return _file(module).name == "__init__.py"


def source_digests(modules: Iterable[str]) -> dict[str, str]:
    """Return a fingerprint of each named module of this package that ignores comments and docstrings.

    >>> sorted(source_digests(["settings.demand", "names"]))
    ['names', 'settings.demand']
    """
    return {name: code_digest(_file(name).read_text(encoding="utf-8")) for name in sorted(modules)}
