"""Options of the test suite."""

from __future__ import annotations

import os

import hypothesis
import pytest

# One thread per process, in the tests and in what they start: the tests themselves run side by side.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The same examples everywhere, and no timed assertions: a slow machine is not an error.
hypothesis.settings.register_profile("spm", deadline=None, derandomize=True, max_examples=60, database=None)
hypothesis.settings.load_profile("spm")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regenerate", action="store_true", help="write the golden transcripts anew")


@pytest.fixture
def regenerate(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written anew instead of compared."""
    return bool(request.config.getoption("--regenerate"))
