"""Sphinx extension: pages that ask nothing of the network.

The book's live-code extension (thebe) puts a script that loads from elsewhere into every page, also when its
button is off. Here those script tags are dropped. Formulas are drawn by the copy of MathJax in the site.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx


def is_thebe(script: Any) -> bool:
    """Tell whether a page's script tag belongs to thebe, by its file or its inline text."""
    return (
        "thebe" in f"{script.filename or ''} {script.attributes.get('body', '')}".lower()
    )


def drop_thebe(
    _app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: object
) -> None:
    """Take thebe's script tags out of the page that is about to be written."""
    context["script_files"] = [
        script for script in context["script_files"] if not is_thebe(script)
    ]


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx, after the extensions that add scripts."""
    app.connect("html-page-context", drop_thebe, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
