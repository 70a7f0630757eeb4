"""Fingerprints of code: what they see and what they do not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from spm.compendium.record.fingerprints import conditions, dependencies, differences
from spm.files import code_digest


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("def f(x):\n    return x + 1", 'def f(x):\n    """Add."""\n    # one\n    return x+1', True),
        ("def f(x):\n    return x + 1", "def f(x):\n    return x + 2", False),
        ("x = 'a'", "x = 'b'", False),
        ("f(1)", "f(True)", False),
        ("x = 1", "y = 1", False),
    ],
)
def test_the_fingerprint_sees_code_and_not_comments(one: str, other: str, same: bool) -> None:
    assert (code_digest(one) == code_digest(other)) == same


def test_conditions_name_every_module_that_was_imported() -> None:
    """A fresh interpreter that imports the learning module loads these modules of the package and no others."""
    code = "import sys, spm.learning.ppo; print(*[m for m in sys.modules if m.startswith('spm.')])"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert {name.removeprefix("spm.") for name in loaded} == dependencies("learning.ppo")
    assert {f"{name.removeprefix('spm.')}.py" for name in loaded} < set(conditions("learning.ppo"))


def test_differences_name_what_is_new_gone_and_other() -> None:
    old = {"a.py": "1", "b.py": "2", "torch": "2.13.0"}
    assert differences(old, old) == ""
    assert (
        differences(old, {"a.py": "1", "c.py": "2", "torch": "2.14.0"}) == "b.py, c.py, torch (2.13.0, now 2.14.0)"
    )
