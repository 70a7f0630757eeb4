"""What two chapters show, on small cases."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from spm.bounds import bracket
from spm.compendium.report import exhibits
from spm.compendium.theory import episodes
from spm.exact import Solver
from spm.settings import FiniteModel, construction, correlated


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


def test_bounds_fall_with_more_beliefs_and_more_cells() -> None:
    table = exhibits.cover_table(3, 1, 0.5, beliefs=[20, 30, 40], cells=[4, 8]).to_numpy()
    assert (np.diff(table, axis=0) <= 1e-9).all()
    assert table[-1, 1] < table[-1, 0]
    assert table[0, 0] < 1


def test_the_explicit_mechanism_of_a_finite_setting_earns_its_optimum() -> None:
    setting = construction("prop-1")
    table = exhibits.explicit_table(setting, bracket(setting).as_dict(), n_profiles=5000)["welfare"]
    exact = float(Solver(setting).value() / setting.unit)
    assert table["upper bound on any mechanism"] == pytest.approx(exact)
    assert table["explicit mechanism, mean"] == pytest.approx(exact, abs=5 * table["its standard error"])
    assert table["best static mechanism"] == pytest.approx(exact)  # personalised prices are enough
    # The last agent faces the low price, so the item is always sold, at worst to somebody of the lowest value.
    model = setting.model
    assert isinstance(model, FiniteModel)
    lowest = min(value for _, (value,) in model.worlds[0].lotteries[0])
    assert table["its lowest over all profiles"] == pytest.approx(float(lowest / setting.unit))
