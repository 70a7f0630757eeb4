"""Chapters are found, parametrised, executed when needed, and their faults told."""

import json
from pathlib import Path
from typing import Any

import notebooks
import pytest
from notebooks import code, parameters, text

from spm.compendium.site.chapters import BookError, Chapter, chapters, execute_all, pages


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A compendium with two chapters, one of which declares a second parameter."""
    book = tmp_path / "book"
    book.mkdir()
    (tmp_path / "spm").mkdir()
    (tmp_path / "spm" / "module.py").write_text("x = 1")
    (book / "_toc.yml").write_text("format: jb-book\nroot: one\nchapters: [{file: two}, {file: words}]\n")
    (book / "words.md").write_text("# Words")
    notebooks.write(book / "one.ipynb", text("# One"), parameters(), code("print(profile)"))
    notebooks.write(
        book / "two.ipynb", text("# Two"), parameters('profile = "quick"\nseeds = 2'), code("profile, seeds")
    )
    return tmp_path


def execute(root: Path, **given: Any) -> list[Chapter]:
    """Execute what needs it; return which chapters these were."""
    todo = [chapter for chapter in chapters(root, given) if not chapter.is_done]
    execute_all(todo, 1, root / "_build" / "ipython")
    return todo


def names(todo: list[Chapter]) -> list[str]:
    return [chapter.name for chapter in todo]


def test_pages_come_in_reading_order(root: Path) -> None:
    assert pages(root / "book") == ["one", "two", "words"]


def test_a_chapter_gets_the_parameters_that_it_declares(root: Path) -> None:
    assert [chapter.parameters for chapter in chapters(root, {"profile": "paper", "seeds": 6})] == [
        {"profile": "paper"},
        {"profile": "paper", "seeds": 6},
    ]


def test_an_unknown_parameter_is_refused_with_the_nearest_name(root: Path) -> None:
    with pytest.raises(ValueError, match="unknown parameter 'profil'; did you mean profile"):
        chapters(root, {"profil": "paper"})


@pytest.mark.parametrize(
    ("toc", "complaint"),
    [
        ("format: jb-book\nroot: absent\n", "names the page 'absent', but there is neither absent.ipynb nor"),
        ("format: jb-book\nchapters: []\n", "is malformed"),
        ("format: [", "is malformed"),
    ],
)
def test_a_bad_table_of_contents_is_refused(root: Path, toc: str, complaint: str) -> None:
    (root / "book" / "_toc.yml").write_text(toc)
    with pytest.raises(ValueError, match=complaint):
        pages(root / "book")


def test_no_table_of_contents_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no table of contents"):
        pages(tmp_path)


def test_chapters_are_executed_once_and_again_when_something_changed(root: Path) -> None:
    assert names(execute(root, profile="quick")) == ["one", "two"]
    executed = json.loads((root / "_build" / "executed" / "one.ipynb").read_text())
    assert executed["cells"][-1]["outputs"][0]["text"] == "quick\n"
    shown = [cell for cell in executed["cells"] if "remove-cell" not in cell["metadata"].get("tags", [])]
    assert not any("profile = " in cell["source"] for cell in shown)

    assert names(chapters(root, {"profile": "quick"})) == ["one", "two"]
    assert all(chapter.is_done for chapter in chapters(root, {"profile": "quick"}))

    notebooks.write(root / "book" / "one.ipynb", text("# One"), parameters(), code("print(profile * 2)"))
    assert [chapter.is_done for chapter in chapters(root, {"profile": "quick"})] == [False, True]
    assert [chapter.is_done for chapter in chapters(root, {"profile": "paper"})] == [False, False]
    (root / "_build" / "executed" / "two.ipynb").write_text("cut off")
    assert not any(chapter.is_done for chapter in chapters(root, {"profile": "quick"}))


@pytest.mark.parametrize(
    "changed", ["spm/module.py", "spm/deep/other.py", "data/table.csv", "_build/runs/quick/r.json"]
)
def test_every_file_that_chapters_read_counts(root: Path, changed: str) -> None:
    before = [chapter.key for chapter in chapters(root, {})]
    (root / changed).parent.mkdir(parents=True, exist_ok=True)
    (root / changed).write_text("changed")
    after = [chapter.key for chapter in chapters(root, {})]
    assert all(old != new for old, new in zip(before, after, strict=True))


def test_a_failing_chapter_is_named_with_cell_and_error_and_leaves_nothing(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebooks.write(root / "book" / "one.ipynb", text("# One"), parameters(), code("y = 1\nundefined_name + y"))
    with pytest.raises(BookError) as error:
        execute(root, profile="quick")
    assert "chapter one, cell" in str(error.value)
    assert "NameError: name 'undefined_name' is not defined" in str(error.value)
    assert "    | undefined_name + y" in str(error.value)
    assert not (root / "_build" / "executed" / "one.ipynb").exists()
    assert (root / "_build" / "executed" / "two.ipynb").exists(), "one chapter's fault does not stop the others"
    assert "FAILED one" in capsys.readouterr().out
