"""A profile of record that is done in seconds: two small panels, few seeds, markets and profiles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from spm.compendium.record import computed, grid, publish, published, runs
from spm.compendium.record.grid import Protocol
from spm.files import digest
from spm.learning import HYPERPARAMETERS, VARIANTS
from spm.settings import FIGURES

TINY = Protocol("paper", 3, 2, 192, dict.fromkeys(VARIANTS, 240), 3, 60, 120, of_record=True)
PANELS = ("kitchen-sink", "two-worlds")
N_RUNS = 2 * 2 * 5 * 3


@contextmanager
def tiny(home: Path) -> Iterator[pytest.MonkeyPatch]:
    """Let the profile ``paper`` be :data:`TINY` and the compendium lie in ``home``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPM_HOME", str(home))
        patch.setattr("os.cpu_count", lambda: 1)  # replays in this process, where patches hold
        patch.setitem(grid.PROTOCOLS, "paper", TINY)
        patch.setattr(computed, "calls", list)  # they have tests of their own
        for figure in FIGURES:
            patch.setitem(FIGURES, figure, PANELS if figure == "figure-3" else ())
        for curve, hyper in HYPERPARAMETERS.items():
            patch.setitem(HYPERPARAMETERS, curve, replace(hyper, n_markets=16, batch_size=64, width=8))
        yield patch
        published.read_tables.cache_clear()


def make(home: Path) -> Path:
    """Do the tiny profile's runs in ``home`` and publish them; return ``home``."""
    with tiny(home):
        runs.run_grid("all", TINY)
        publish.publish(TINY)
    return home


def reseal(root: Path) -> None:
    """Write the manifest anew, as one would who alters a file and hides it."""
    manifest = json.loads((root / "manifest.json").read_bytes())
    manifest["files"] = {name: digest((root / name).read_bytes()) for name in manifest["files"]}
    (root / "manifest.json").write_text(json.dumps(manifest))
    published.read_tables.cache_clear()
