"""The lock, the conda environment, the citation, CI and the wheel say the same."""

import re
import shlex
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
CONDA_NAMES = {"pytorch": "torch", "matplotlib-base": "matplotlib"}


def normal(name: str) -> str:
    """A package's name as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def lock() -> dict[str, str]:
    """Versions of the lock by normalised name."""
    pins = (line.split("==") for line in (ROOT / "requirements.lock").read_text().splitlines())
    return {normal(name): version for name, version in pins}


def project() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return table


def conda() -> list[Any]:
    entries: list[Any] = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    return entries


def test_every_line_of_the_lock_is_an_exact_version_and_no_address() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    assert len(lines) > 50
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+", line)] == []
    assert len(lock()) == len(lines)


def test_the_lock_holds_every_dependency_at_the_version_that_is_required() -> None:
    for requirement in chain(project()["dependencies"], *project()["optional-dependencies"].values()):
        name, _, version = requirement.partition("==")
        assert normal(name) in lock()
        assert version in ("", lock()[normal(name)])


def test_conda_installs_the_versions_of_the_lock() -> None:
    pins = dict(entry.split("=")[:2] for entry in conda() if isinstance(entry, str) and "=" in entry)
    assert pins.pop("python") == "3.11"
    assert {CONDA_NAMES.get(name, name): version for name, version in pins.items()} == {
        name: lock()[normal(name)]
        for name in (requirement.split("==")[0] for requirement in project()["dependencies"])
    }


def test_conda_leaves_the_rest_to_the_lock_and_takes_torch_for_the_cpu() -> None:
    assert {"pip": ["-r requirements.lock", "-e ."]} in conda()
    assert any(isinstance(entry, str) and re.fullmatch(r"pytorch=[\d.]+=cpu\*", entry) for entry in conda())


def test_ci_runs_the_two_commands_and_then_what_checks_the_results() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    (targets,) = re.findall(r"^for target in (.+); do$", script, re.MULTILINE)
    names = [name.split()[0] for name in shlex.split(targets)]
    assert names == ["test", "book", "figures", "verify"]
    makefile = (ROOT / "Makefile").read_text()
    assert all(f"\n{name.split()[0]}:" in makefile for name in shlex.split(targets))
    assert "set -euo pipefail" in script.splitlines()
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_versions_and_the_cited_paper_agree() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == project()["version"]
    assert citation["preferred-citation"] in citation["references"]
    title = citation["preferred-citation"]["title"]
    assert title in (ROOT / "book" / "references.bib").read_text(encoding="utf-8")


def workflow(name: str) -> tuple[Any, list[dict[str, Any]]]:
    """When a workflow runs, and its steps."""
    content = yaml.load((ROOT / ".github" / "workflows" / name).read_text(), yaml.BaseLoader)  # "on" is no bool
    (job,) = content["jobs"].values()
    return content["on"], job["steps"]


def test_every_push_and_pull_request_runs_what_ci_runs() -> None:
    when, steps = workflow("ci.yml")
    assert set(when) == {"push", "pull_request"}
    assert [step["run"] for step in steps if "run" in step] == [".ci/run"]


def test_the_built_book_is_what_is_published() -> None:
    when, steps = workflow("pages.yml")
    assert when["push"] == {"branches": ["main"]}
    assert [step["run"] for step in steps if "run" in step] == ["make book"]
    (upload,) = (step for step in steps if step.get("uses", "").startswith("actions/upload-pages-artifact@"))
    assert ROOT / upload["with"]["path"] == ROOT / "_build" / "site"
    assert "_build/site/index.html" in (ROOT / "README.md").read_text()


def test_workflows_take_the_python_that_the_lock_is_for() -> None:
    for name in ("ci.yml", "pages.yml"):
        _, steps = workflow(name)
        (python,) = (step["with"] for step in steps if step.get("uses", "").startswith("actions/setup-python@"))
        assert python["python-version"] == "3.11"
        assert (ROOT / python["cache-dependency-path"]).is_file()


def test_a_wheel_holds_every_folder_with_code() -> None:
    folders = {path.parent for path in (ROOT / "spm").rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []
