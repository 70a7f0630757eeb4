"""Chapters: the notebooks of the table of contents, executed with papermill::

    book/*.ipynb --papermill--> _build/executed/*.ipynb

A chapter is executed again only when something that it may read has changed (:func:`chapter_digest`).
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import papermill
import yaml
from papermill.exceptions import PapermillExecutionError
from sphinx_external_toc.parsing import MalformedError, parse_toc_yaml

from spm.compendium.record.processes import in_processes
from spm.files import write_atomic
from spm.names import check_whole, unknown

READ_BY_CHAPTERS = ("requirements.lock", "spm/**/*.py", "data/**/*", "_build/runs/**/*")
"""Files, besides its own notebook, on which a chapter's outputs may depend."""

QUIET_KERNEL = ["--log-level=50"]
"""A kernel's own log says nothing about the chapter; a cell's error comes back all the same."""


class BookError(RuntimeError):
    """The book can't be made: a chapter fails, or the site is not what it should be."""


@dataclass(frozen=True)
class Chapter:
    """One notebook to execute.

    Attributes:
        name: its name in the table of contents.
        notebook: the source, without outputs.
        output: where the executed copy goes.
        parameters: values for the names that its ``parameters`` cell declares.
        key: fingerprint of everything that it reads.
    """

    name: str
    notebook: Path
    output: Path
    parameters: Mapping[str, Any]
    key: str

    @property
    def is_done(self) -> bool:
        """Whether the executed copy was made from the same sources and parameters."""
        try:
            return bool(json.loads(self.output.read_bytes())["metadata"]["spm"]["made_from"] == self.key)
        except (OSError, ValueError, KeyError, TypeError):
            return False


def pages(source: Path) -> list[str]:
    """Return the names of the pages in the table of contents, in reading order.

    Raises:
        ValueError: there is no table of contents, it is malformed, or it names a page that is not there.
    """
    toc = source / "_toc.yml"
    if not toc.is_file():
        raise ValueError(f"there is no table of contents at {toc}")
    try:
        names = [name.removesuffix(".ipynb").removesuffix(".md") for name in parse_toc_yaml(toc)]
    except (MalformedError, yaml.YAMLError) as error:
        raise ValueError(f"{toc} is malformed: {' '.join(str(error).split())}") from None
    for name in names:
        if not any((source / f"{name}{suffix}").is_file() for suffix in (".ipynb", ".md")):
            raise ValueError(f"{toc} names the page {name!r}, but there is neither {name}.ipynb nor {name}.md")
    return names


def chapters(root: Path, given: Mapping[str, Any]) -> list[Chapter]:
    """Return the notebooks of the table of contents, each with those parameters that it declares.

    Raises:
        ValueError: no chapter declares one of the parameters; the nearest declared names are listed.
    """
    paths = [root / "book" / f"{name}.ipynb" for name in pages(root / "book")]
    declared = {path: list(papermill.inspect_notebook(path)) for path in paths if path.is_file()}
    for name in given:
        if not any(name in names for names in declared.values()):
            raise unknown("parameter", name, sorted({known for names in declared.values() for known in names}))
    common = chapter_digest(root)
    return [
        _chapter(root, path, {name: given[name] for name in names if name in given}, common)
        for path, names in declared.items()
    ]


def _chapter(root: Path, path: Path, parameters: dict[str, Any], common: str) -> Chapter:
    mine = common.encode() + path.read_bytes() + repr(sorted(parameters.items())).encode()
    output = root / "_build" / "executed" / path.name
    return Chapter(path.stem, path, output, parameters, hashlib.sha256(mine).hexdigest())


def chapter_digest(root: Path, patterns: Iterable[str] = READ_BY_CHAPTERS) -> str:
    """Return the SHA-256 of names and contents of files below ``root``, by default all that chapters may read."""
    total = hashlib.sha256()
    for pattern in patterns:
        for path in sorted(path for path in root.glob(pattern) if path.is_file()):
            total.update(f"{path.relative_to(root)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def execute(chapter: Chapter) -> tuple[Chapter, float, str]:
    """Execute a chapter; return it with its seconds and what went wrong (empty if nothing did)."""
    start = time.perf_counter()
    try:
        notebook = papermill.execute_notebook(
            chapter.notebook,
            None,
            dict(chapter.parameters),
            kernel_name="python3",
            progress_bar=False,
            cwd=chapter.notebook.parent,
            extra_arguments=QUIET_KERNEL,
        )
    except PapermillExecutionError as error:
        return chapter, time.perf_counter() - start, _explain(error)
    for cell in notebook.cells:
        if {"parameters", "injected-parameters"} & set(cell.metadata.get("tags", [])):
            cell.metadata["tags"].append("remove-cell")
    notebook.metadata["spm"] = {"made_from": chapter.key}
    write_atomic(chapter.output, json.dumps(notebook, indent=1, ensure_ascii=False).encode())
    return chapter, time.perf_counter() - start, ""


def _explain(error: PapermillExecutionError) -> str:
    """Cell, error and source in a few lines."""
    source = "\n".join(f"    | {line}" for line in error.source.splitlines()[:10])
    return f"cell {error.cell_index}: {error.ename}: {error.evalue}\n{source}"


def execute_all(todo: Sequence[Chapter], jobs: int, folder: Path) -> None:
    """Execute chapters, ``jobs`` at a time, with a line for each as it ends; ``folder`` is the kernels' own.

    Raises:
        ValueError: fewer than 1 job.
        BookError: chapters failed; the message says which, in which cell, and why.
    """
    check_whole("jobs", jobs)
    _isolate(folder)
    failures = []
    with in_processes(execute, todo, jobs, ordered=False) as executed:
        for chapter, seconds, failure in executed:
            print(f"  {'FAILED ' if failure else ''}{chapter.name}: {seconds:.1f} s", flush=True)
            if failure:
                failures.append(f"chapter {chapter.name}, {failure}")
    if failures:
        raise BookError("\n".join(failures))


def _isolate(folder: Path) -> None:
    """Let kernels be those of this environment, free of the reader's own IPython settings, one thread each."""
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["IPYTHONDIR"] = str(folder)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
