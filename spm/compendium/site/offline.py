"""What a built page would fetch from another machine: it should be nothing.

A hyperlink that the reader may follow is fine; a script, style, font, image, frame or import is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bs4 import BeautifulSoup, Tag

EXTERNAL = re.compile(r"^\s*(?:https?:)?//", re.IGNORECASE)
IN_STYLE = re.compile(r"""(?:url\(\s*|@import\s+)["']?\s*((?:https?:)?//[^\s"')]+)""", re.IGNORECASE)
IN_SCRIPT = re.compile(
    r"""(?:\bimport\b[^;"'`]*|\bfrom\s*|\bfetch\(\s*|\bsrc\s*=\s*)["'`]((?:https?:)?//[^\s"'`]+)""", re.IGNORECASE
)
FETCHED = ("src", "srcset", "data", "poster", "background", "xlink:href")
FOLLOWED = {"a", "area", "base", "form"}
"""Elements whose ``href`` is loaded only when the reader asks for it."""
DESCRIPTIVE = {"canonical", "license", "author", "alternate", "help", "search", "next", "prev", "index"}
"""Relations of a ``<link>`` that say something about the page and load nothing."""


def external_references(html: str) -> list[str]:
    """Return the addresses on other machines that a browser would load with this page, in order.

    >>> external_references('<a href="https://x.org">x</a> <script src="local.js"></script>')
    []
    >>> external_references('<link rel="stylesheet" href="//x.org/a.css"> <img src="https://x.org/b.png">')
    ['//x.org/a.css', 'https://x.org/b.png']
    """
    page = BeautifulSoup(html, "html.parser")
    return [address for tag in page.find_all(True) for address in _of_tag(tag)]


def _of_tag(tag: Tag) -> Iterator[str]:
    for name, value in tag.attrs.items():
        text = " ".join(value) if isinstance(value, list) else str(value)
        if name == "style":
            yield from IN_STYLE.findall(text)
        elif name in FETCHED or (name == "href" and _loads(tag)):
            yield from (part.strip() for part in _addresses(name, text) if EXTERNAL.match(part))
    if tag.name == "style":
        yield from IN_STYLE.findall(tag.get_text())
    elif tag.name == "script":
        yield from IN_SCRIPT.findall(tag.get_text())
    elif tag.name == "meta" and str(tag.get("http-equiv", "")).lower() == "refresh":
        yield from re.findall(r"(?:https?:)?//\S+", str(tag.get("content", "")))


def _loads(tag: Tag) -> bool:
    relations = {str(word).lower() for word in tag.get_attribute_list("rel") if word}
    return tag.name not in FOLLOWED and not (tag.name == "link" and relations and relations <= DESCRIPTIVE)


def _addresses(name: str, text: str) -> list[str]:
    return [part.split()[0] for part in text.split(",") if part.strip()] if name == "srcset" else [text]


def problems(site: Path) -> list[str]:
    """Return a sentence for each external address that a page or style sheet below ``site`` would load."""
    found = []
    for path in sorted([*site.rglob("*.html"), *site.rglob("*.css")]):
        text = path.read_text(encoding="utf-8")
        addresses = external_references(text) if path.suffix == ".html" else IN_STYLE.findall(text)
        found += [f"page {path.relative_to(site)} would load {address}" for address in addresses]
    return found
