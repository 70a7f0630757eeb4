"""The book: executed chapters built into one HTML site that is read offline::

    _build/executed/*.ipynb --jupyter-book--> _build/site/index.html

A new site replaces the old one only when it is complete and loads nothing from elsewhere
(:mod:`spm.compendium.site.offline`). If nothing that it is built from has changed, the old one stays. Run it with
``python -m spm.compendium.site.build``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from spm.compendium.command_line import Parser, jobs, status_of
from spm.compendium.record import published
from spm.compendium.record.grid import get_protocol
from spm.compendium.site.chapters import BookError, chapter_digest, chapters, execute_all, pages
from spm.compendium.site.offline import problems
from spm.files import home
from spm.names import quoted

JUPYTER_BOOK = (sys.executable, "-c", "from jupyter_book.cli.main import main; main()")
SPHINX_STRICT = ("-W", "--keep-going", "--all", "-q")
"""Every warning is an error, all pages are rewritten, and only warnings are shown."""
BUILT_FROM = ("requirements.lock", "_config.yml", "book/_ext/*.py", "spm/**/*.py", "_build/source/**/*")
"""Files on which the site may depend; the reference of functions is made from the modules."""


def assemble(root: Path) -> Path:
    """Copy the book's files, with executed chapters for the clean ones, to a fresh folder; return it."""
    folder = root / "_build" / "source"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(
        root / "book", folder, ignore=shutil.ignore_patterns("*.ipynb", "__pycache__", ".ipynb_checkpoints")
    )
    for name in pages(root / "book"):
        executed = root / "_build" / "executed" / f"{name}.ipynb"
        if (root / "book" / executed.name).is_file():
            shutil.copy(executed, folder)
    return folder


def build_site(root: Path) -> Path:
    """Build the HTML from executed chapters, check it, put it at ``_build/site``; return its first page.

    Raises:
        BookError: Jupyter Book warns or fails, a page is missing, or one would load something from elsewhere.
    """
    source, work, site = assemble(root), root / "_build" / "jupyter-book", root / "_build" / "site"
    key, seal = chapter_digest(root, BUILT_FROM), site / "built-from.txt"
    if seal.is_file() and seal.read_text() == key and not faults(site, pages(root / "book")):
        return site / "index.html"
    places = ["build", str(source), "--config", str(root / "_config.yml"), "--path-output", str(work)]
    built = subprocess.run([*JUPYTER_BOOK, *places, *SPHINX_STRICT], cwd=root, capture_output=True, text=True)
    if built.returncode:
        raise BookError(f"Jupyter Book did not build the site:\n{built.stderr}{built.stdout}")
    check_site(work / "_build" / "html", pages(root / "book"))
    (work / "_build" / "html" / seal.name).write_text(key)
    shutil.rmtree(site, ignore_errors=True)
    os.replace(work / "_build" / "html", site)
    return site / "index.html"


def check_site(site: Path, names: Sequence[str]) -> None:
    """Check that the site has all its pages and loads nothing from elsewhere.

    Raises:
        BookError: it is not or does; the message names the pages and addresses.
    """
    if found := faults(site, names):
        raise BookError("\n".join(found))


def faults(site: Path, names: Sequence[str]) -> list[str]:
    """Return what is wrong with a site: pages that are missing, and what it would load from elsewhere."""
    missing = [name for name in ["index", *names] if not (site / f"{name}.html").is_file()]
    return [f"page {name}.html is missing" for name in missing] + problems(site)


def make(root: Path, given: Mapping[str, Any], jobs: int) -> Path:
    """Execute the chapters that need it and build the site; return its first page.

    Raises:
        ValueError: a bad table of contents, parameter or protocol.
        BookError: a chapter fails, or the site is not what it should be.
    """
    protocol = get_protocol(str(given["profile"])) if "profile" in given else None
    everything = chapters(root, given)
    todo = [chapter for chapter in everything if not chapter.is_done]
    if todo and protocol and protocol.of_record:
        print(
            published.check_published(protocol, jobs) or "The results of record are those of the present code.",
            flush=True,
        )
    print(f"{len(todo)} of {len(everything)} chapters to execute", flush=True)
    execute_all(todo, jobs, root / "_build" / "ipython")
    print("Building the HTML", flush=True)
    return build_site(root)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status (1: the book can't be made, 2: bad input)."""
    try:
        return status_of(
            "book", lambda: _do(_parser().parse_args(arguments)), "interrupted; finished chapters are kept"
        )
    except BookError as error:
        print(f"book: {error}", file=sys.stderr)
        return 1


def _do(options: argparse.Namespace) -> None:
    """Check the site, or make it with the parameters given."""
    root = home()
    if options.check:
        check_site(root / "_build" / "site", pages(root / "book"))
        print("The book is complete and loads nothing from elsewhere.")
    else:
        given = {name: _value(name, text) for name, text in options.parameter}
        print(f"The book: {make(root, given, options.jobs).as_uri()}")


def _value(name: str, text: str) -> Any:
    """The value of a papermill parameter, which is given as YAML."""
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = getattr(error, "problem", None) or error
        raise ValueError(f"parameter {quoted(name)}: {quoted(text)} is not YAML: {reason}") from None


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m spm.compendium.site.build", description="Execute the chapters and build the book."
    )
    parser.add_argument(
        "-p",
        dest="parameter",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="a papermill parameter, for the chapters that declare it",
    )
    parser.add_argument("--jobs", type=jobs(), default=1, help="chapters executed at a time (default 1)")
    parser.add_argument("--check", action="store_true", help="only check the site that was built")
    return parser


if __name__ == "__main__":
    sys.exit(main())
