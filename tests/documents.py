"""Reading the repository's Markdown files, for the tests that run what they say."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def blocks(name: str, language: str) -> list[str]:
    """Return the contents of a file's code blocks in a language, ``""`` for those that name none."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return [code for found, code in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S) if found == language]


def links(name: str) -> list[str]:
    """Return the files of the repository that a file links to."""
    found = re.findall(r"\]\(([^)#]+)\)", (ROOT / name).read_text(encoding="utf-8"))
    return [target for target in found if "://" not in target]
