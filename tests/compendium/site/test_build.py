"""A small book, built with the real configuration, is complete, readable offline, and its faults are told."""

import re
import shutil
from pathlib import Path

import notebooks
import pytest
from bs4 import BeautifulSoup
from notebooks import code, parameters, text

from spm.compendium.site import build
from spm.compendium.site.chapters import BookError

COMPENDIUM = Path(__file__).parents[3]

INTRO = """# A small book
About {cite:t}`brero2021`, {numref}`fig-line` and {prf:ref}`prop-one`: $x^2$.

:::{prf:proposition} Order
:label: prop-one
Order matters.
:::
"""

DRAWING = """import matplotlib.pyplot as plt
plt.plot([0, 1])
plt.show()"""

FIGURE = {"figure": {"caption": "A line from 0 to 1.", "name": "fig-line"}, "image": {"alt": "a rising line"}}


def small_book(root: Path) -> Path:
    """Write a book of three pages below ``root`` that uses the compendium's configuration."""
    for folder in ("_ext", "_extra", "_static"):
        shutil.copytree(COMPENDIUM / "book" / folder, root / "book" / folder)
    for name in ("_config.yml", "book/references.bib", "book/references.md"):
        shutil.copy(COMPENDIUM / name, root / name)
    (root / "book" / "_toc.yml").write_text(
        "format: jb-book\nroot: intro\nchapters: [{file: line}, {file: references}]\n"
    )
    notebooks.write(root / "book" / "intro.ipynb", text(INTRO), parameters(), code("print(profile)"))
    notebooks.write(root / "book" / "line.ipynb", text("# Line"), code(DRAWING, mystnb=FIGURE))
    return root


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the small book."""
    root = small_book(tmp_path_factory.mktemp("compendium"))
    assert build.make(root, {"profile": "quick"}, jobs=2) == root / "_build" / "site" / "index.html"
    return root / "_build" / "site"


@pytest.mark.endurance
def test_a_site_is_built_again_only_when_what_it_is_built_from_changes(built: Path, tmp_path: Path) -> None:
    """``built`` belongs to all tests, so a copy is changed."""
    root = tmp_path / "copy"
    shutil.copytree(built.parents[1], root)
    page = root / "_build" / "site" / "references.html"
    when = page.stat().st_mtime_ns
    build.build_site(root)
    assert page.stat().st_mtime_ns == when
    with (root / "book" / "references.md").open("a", encoding="utf-8") as file:
        file.write("\nOne more sentence.\n")
    build.build_site(root)
    assert "One more sentence." in page.read_text(encoding="utf-8")
    page.unlink()
    build.build_site(root)
    assert page.exists()


def page(built: Path, name: str) -> BeautifulSoup:
    return BeautifulSoup((built / f"{name}.html").read_text(encoding="utf-8"), "html.parser")


def test_the_book_is_complete_and_loads_nothing_from_elsewhere(built: Path) -> None:
    build.check_site(built, ["intro", "line", "references"])
    assert "thebe" not in str(page(built, "intro").find_all("script", src=True))


def test_formulas_are_drawn_by_the_sites_own_mathjax(built: Path) -> None:
    scripts = [str(script["src"]) for script in page(built, "intro").find_all("script", src=True)]
    mathjax = [source for source in scripts if "mathjax" in source.lower()]
    assert len(mathjax) == 1
    assert (built / mathjax[0].split("?")[0]).resolve().stat().st_size > 1_000_000


def test_a_figure_has_number_caption_and_alternative_text(built: Path) -> None:
    figure = page(built, "line").find("figure")
    assert figure is not None
    assert re.search(r"Fig\. \d+.*A line from 0 to 1", figure.get_text(" ", strip=True))
    assert 'alt="a rising line"' in str(figure)


def test_references_to_figures_works_and_propositions_are_resolved(built: Path) -> None:
    read = " ".join(page(built, "intro").get_text(" ").split())
    assert "Brero et al" in read
    assert re.search(r"Fig\. \d+ and Proposition \d+", read)
    assert "Reinforcement learning of sequential price" in page(built, "references").get_text()


def test_the_parameters_cell_is_not_shown(built: Path) -> None:
    assert "quick" in page(built, "intro").get_text()
    assert "profile = " not in page(built, "intro").get_text()


def test_a_missing_page_and_an_external_address_are_told(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text('<script src="https://x.org/a.js"></script>')
    with pytest.raises(BookError) as error:
        build.check_site(tmp_path, ["intro"])
    assert str(error.value).splitlines() == [
        "page intro.html is missing",
        "page index.html would load https://x.org/a.js",
    ]


@pytest.mark.endurance
def test_a_warning_of_jupyter_book_fails_the_build_and_keeps_the_old_site(tmp_path: Path) -> None:
    root = small_book(tmp_path)
    notebooks.write(root / "book" / "intro.ipynb", text("# A small book\n{cite:t}`nobody1900`"), parameters())
    notebooks.write(root / "book" / "line.ipynb", text("# Line"))
    (root / "_build" / "site").mkdir(parents=True)
    (root / "_build" / "site" / "index.html").write_text("the old site")
    with pytest.raises(BookError, match="nobody1900"):
        build.make(root, {"profile": "quick"}, jobs=1)
    assert (root / "_build" / "site" / "index.html").read_text() == "the old site"


@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        (["-p", "profil", "quick"], 2, "unknown parameter 'profil'; did you mean profile?"),
        (["-p", "profile", "quik"], 2, "unknown profile 'quik'; did you mean quick?"),
        (["--jobs", "0"], 2, "jobs must be at least 1, not 0"),
        (["--jobs", "1000000000"], 2, "--jobs must be at most "),
        (["--jobs", "٣"], 2, "--jobs must be a whole number of at most 18 digits, not '٣'"),
        (["-p", "profile", "["], 2, "parameter 'profile': '[' is not YAML: expected the node content"),
        (["-p", "profile", "{a: b: c}"], 2, "parameter 'profile': '{a: b: c}' is not YAML: "),
        (["-p", "profile", "*nowhere"], 2, "is not YAML: found undefined alias 'nowhere'"),
        (["-p", "profile", "!!python/object:os.system {}"], 2, "is not YAML: could not determine a constructor"),
        (
            ["-p", "profile", "2026-13-45"],
            2,
            "parameter 'profile': '2026-13-45' is not YAML: month must be in 1..12",
        ),
        (["-p", "profile", "\x00"], 2, r"parameter 'profile': '\x00' is not YAML: "),
        (["-p", "profile", "[" * 2_000], 2, "is not YAML: maximum recursion depth exceeded"),
        (["-p", "profile", "q" * 5_000], 2, "unknown profile 'qqqq"),
        (["-p", "profile", ""], 2, "unknown profile 'None'; known: smoke, quick, paper"),
        (["-p", "profile", "&a [*a]"], 2, "unknown profile '[[...]]'"),
        (["-p", "p" * 5_000, "quick"], 2, "unknown parameter 'pppp"),
        (["-p", "\x1b[2J", "quick"], 2, r"unknown parameter '\x1b[2J'; known: "),
        (
            ["-p", "profile"],
            2,
            "argument -p: expected 2 arguments (see python -m spm.compendium.site.build --help)",
        ),
        (["line"], 2, "unrecognized arguments: line"),
        (["--check"], 1, "page index.html is missing"),
    ],
)
def test_bad_input_is_one_sentence_and_an_exit_status(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
    complaint: str,
) -> None:
    monkeypatch.setenv("SPM_HOME", str(small_book(tmp_path)))
    assert build.main(arguments) == status
    sentence = capsys.readouterr().err.removesuffix("\n")
    assert complaint in sentence
    assert status == 1 or (sentence.isprintable() and len(sentence) <= 300)
    assert not (tmp_path / "_build").exists(), "nothing half-written"


def test_the_api_reference_has_every_module_once() -> None:
    listed = re.findall(r"automodule:: (\S+)", (COMPENDIUM / "book" / "api.md").read_text(encoding="utf-8"))
    paths = [
        path.relative_to(COMPENDIUM) for path in (COMPENDIUM / "spm").rglob("*.py") if path.stem != "__init__"
    ]
    assert len(listed) == len(set(listed))
    assert set(listed) == {".".join(path.with_suffix("").parts) for path in paths}
