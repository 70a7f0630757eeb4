"""Chapters are found, parametrised, executed when needed, and their faults told."""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import notebooks
import papermill
import pytest
from notebooks import code, parameters, text

from spm.compendium.site.chapters import BookError, Chapter, chapters, execute_all, pages

BOOK = Path(__file__).parents[3] / "book"


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


def cells(kind: str) -> Iterator[tuple[str, str]]:
    """Yield (chapter, source) of every cell of a kind in the book's own notebooks."""
    for path in sorted(BOOK.glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == kind:
                yield path.stem, "".join(cell["source"])


def test_cells_call_the_package_and_do_no_work_of_their_own() -> None:
    long = [(chapter, source) for chapter, source in cells("code") if len(source.splitlines()) > 10]
    assert long == []


def test_what_the_book_says_it_says_once() -> None:
    paragraphs = [
        (part, chapter)
        for chapter, source in cells("markdown")
        for part in source.split("\n\n")
        if len(part) > 200
    ]
    places: dict[str, list[str]] = defaultdict(list)
    for part, chapter in paragraphs:
        places[part].append(chapter)
    assert len(paragraphs) > 50
    assert {part: chapters for part, chapters in places.items() if len(chapters) > 1} == {}


def test_a_chapter_that_declares_the_profile_uses_it() -> None:
    """And no chapter reads records without one: ``make book PROFILE=quick`` reaches every figure."""
    sources: dict[str, str] = defaultdict(str)
    for chapter, source in cells("code"):
        sources[chapter] += f"{source}\n"
    uses = {chapter for chapter, source in sources.items() if "get_protocol(profile)" in source}
    declares = {path.stem for path in BOOK.glob("*.ipynb") if "profile" in papermill.inspect_notebook(path)}
    assert uses == declares
    assert {"figure-2", "figure-3", "figure-4"} <= uses
