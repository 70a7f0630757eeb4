"""What two chapters show, on small cases."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from spm.compendium.report import exhibits
from spm.compendium.theory import episodes
from spm.exact import Solver
from spm.settings import construction, correlated


def test_the_described_mechanisms_lose_in_two_worlds_alone() -> None:
    table = exhibits.described_table()
    losses = dict(zip(table["setting"], map(Fraction, table["loss"]), strict=True))
    assert losses.pop("Two worlds") == Fraction(443, 640) - Fraction(221, 320)
    assert set(losses.values()) == {Fraction(0)}


def test_trees_earn_what_they_promise() -> None:
    table = exhibits.played_table(["prop-1", "prop-3"], 5000).set_index("setting")
    exact = Solver(construction("prop-3")).value("anonymous-static", "adaptive")
    unit = construction("prop-3").unit
    assert table.loc["Proposition 3", "exact value (normalised)"] == pytest.approx(float(exact / unit))
    assert (table["standard errors"].abs() < 4).all()


def test_only_trees_of_the_chapter_are_drawn() -> None:
    assert exhibits.construction_tree("prop-1").name == "tree-prop-1"
    with pytest.raises(KeyError):
        exhibits.construction_tree("prop-7")


def test_an_episode_is_stepped_on_the_profile_that_is_told() -> None:
    # The episode with seed 10 sells both items at 0.6, for 1.5122 of a first best of 1.5804.
    small = correlated(n_agents=4, n_items=2, delta=0.5)
    played = episodes.stepped(small, [0.9, 0.6, 0.3, 0.0, 0.6], seed=10)
    assert played.rounds["over"].tolist() == [False, True]
    assert played.rounds["reward"].tolist() == pytest.approx([0.0, 1.5122 - 1.5804], abs=2e-4)
    blocks = episodes.blocks_table(small, played.observation)["entries"]
    assert blocks["allocation"] == [1.0, 1.0, 0.0, 0.0]
    assert blocks["prices"] == pytest.approx([0.6, 0.6, 0.0, 0.0])
    assert sum(map(len, blocks)) == len(played.observation)


def test_many_markets_earn_what_their_prices_must() -> None:
    # One agent, one item, free: welfare is the first best, 1/2 on average.
    alone = correlated(n_agents=1, n_items=1, delta=0.0)
    told = episodes.many_markets(alone, [0.0, 0.0], n_markets=64, n_steps=50)
    count, welfare, best = (float(word.strip(":,").replace(",", "")) for word in np.array(told.split())[[0, 4, 8]])
    assert count == 64 * 50
    assert welfare == best == pytest.approx(0.5, abs=0.03)
