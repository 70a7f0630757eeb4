"""Small notebooks for the tests of the book."""

import json
from pathlib import Path
from typing import Any

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def text(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code(source: str, **metadata: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": [], "execution_count": None}


def parameters(source: str = 'profile = "quick"') -> dict[str, Any]:
    return code(source, tags=["parameters"])


def write(path: Path, *cells: dict[str, Any]) -> Path:
    """Write a notebook of these cells to ``path``."""
    numbered = [{"id": f"cell-{number}", **cell} for number, cell in enumerate(cells)]
    content = {"cells": numbered, "metadata": {"kernelspec": KERNEL, "language_info": {"name": "python"}}}
    path.write_text(json.dumps(content | {"nbformat": 4, "nbformat_minor": 5}))
    return path
