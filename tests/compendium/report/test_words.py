"""Golden transcripts: one whole episode of every setting, step by step, to be read as well as compared.

``pytest tests/compendium/report/test_words.py --regenerate`` writes them anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from spm.compendium.report.words import episode
from spm.mechanisms import Rule
from spm.settings import MORE_SETTINGS, PANELS, Setting, get_setting

FOLDER = Path(__file__).parents[2] / "transcripts"
SEED = 111


@dataclass(frozen=True)
class RandomVisits:
    """A random order and random, mostly low prices."""

    def begin(self, setting: Setting, n_markets: int, rng: np.random.Generator) -> Rule:
        order = rng.permutation(setting.n_agents)
        table = np.array([np.round(rng.random(setting.n_types) ** 3, 2) for _ in order])
        return lambda market: (order[market.rounds], table[market.rounds])


def transcript(setting: Setting) -> str:
    """One episode with a drawn profile."""
    return episode(RandomVisits(), setting, SEED) + "\n"


@pytest.mark.parametrize("name", PANELS | MORE_SETTINGS)
def test_the_episode_goes_as_it_went(name: str, regenerate: bool) -> None:
    path, told = FOLDER / f"{name}.txt", transcript(get_setting(name))
    if regenerate:
        FOLDER.mkdir(exist_ok=True)
        path.write_text(told, encoding="utf-8")
    assert told == path.read_text(encoding="utf-8")


def test_every_transcript_is_of_a_setting_that_exists() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(PANELS | MORE_SETTINGS)
