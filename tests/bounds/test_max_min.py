from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from spm.bounds import OrangeFirst, best_premiums, max_min, max_min_optimum
from spm.bounds.max_min import best_max_min_prices, spare_value
from spm.mechanisms import StaticPrices, play, random_serial_dictatorship
from spm.settings import Array, get_setting

SETTING = get_setting("max-min")


def drawn(premiums: list[float], count: int = 100_000) -> Array:
    """World 1 by drawing: four modest values for black, four demanding pairs (black, white)."""
    rng = np.random.default_rng(3)
    modest = rng.uniform(0.4, 0.5, (count, 4)).min(axis=1)
    black, white = rng.uniform(0.9, 1.0, (count, 4)), rng.uniform(0.4, 0.5, (count, 4))
    spare, worst = np.ones(count, bool), modest
    for k, premium in enumerate(premiums):
        takes = spare & (black[:, k] - premium >= white[:, k])
        worst = np.minimum(worst, np.where(takes, 1.0, white[:, k]))
        spare &= ~takes
    return np.asarray(worst)


@pytest.mark.parametrize("premiums", [[0.0] * 4, [0.54, 0.52, 0.5, 0.0], [0.45, 0.58, 0.41, 0.0], [0.7] * 4])
def test_the_integral_agrees_with_drawing(premiums: list[float]) -> None:
    sample = drawn(premiums)
    assert spare_value(premiums) == pytest.approx(sample.mean(), abs=4 * sample.std() / np.sqrt(len(sample)))


def test_no_premiums_on_a_grid_are_better() -> None:
    best = spare_value(best_premiums())
    grid = np.linspace(0.4, 0.6, 9)
    assert max(spare_value([*premiums, 0.0], 200) for premiums in product(grid, repeat=3)) <= best + 1e-7


def box_bound(low: Array, high: Array, nodes: int = 40) -> Array:
    """What no premiums in boxes exceed: agents take black as at the lowest ones, and decline as at the highest.

    Boxes ``(X, 2)`` are of the first two premiums, less 1/2, in tenths. The third is 1/2: of the last two agents,
    who are alike, the one who gains more should take black.
    """
    s = (np.arange(nodes) + 0.5) / nodes
    total, waiting = np.zeros((len(low), nodes)), np.ones((len(low), nodes))
    for agent in range(2):
        total += waiting * (area(1 - low[:, [agent]]) - area(-low[:, [agent]])) * (1 - s) ** (3 - agent)
        waiting = waiting * (area(high[:, [agent]] + 1) - area(high[:, [agent]] + s))
    total += waiting * (0.5 * (1 - s) + area(np.ones(1)) - area(s))
    return np.asarray(0.4 + 0.1 * ((1 - s) ** 4 * total).mean(axis=1))


def area(x: Array) -> Array:
    """The integral of clip(x, 0, 1)."""
    return np.asarray(np.where(x < 1, np.maximum(x, 0) ** 2 / 2, x - 0.5))


def test_no_premiums_at_all_are_better_by_branch_and_bound() -> None:
    best = spare_value(best_premiums(), 40)
    assert best_premiums()[2] == pytest.approx(0.5, abs=1e-6)
    side, low = 0.25, np.array(list(product(np.arange(-1, 1, 0.25), repeat=2)))
    while len(low) and side > 1e-4:
        open_boxes = low[box_bound(low, low + side) > best + 1e-5]
        side /= 2
        low = (open_boxes[:, None] + side * np.array(list(product((0, 1), repeat=2)))).reshape(-1, 2)
    assert len(low) == 0, "every box is shown to hold nothing better"
    assert box_bound(np.full((1, 2), 0.3), np.full((1, 2), 0.3)) <= best


def test_the_mechanism_earns_the_optimum_and_guarantees_what_the_papers_does() -> None:
    ours, papers = play(OrangeFirst(best_premiums()), SETTING, 30_000), play(OrangeFirst(), SETTING, 30_000)
    assert ours.mean == pytest.approx(max_min_optimum(), abs=4 * ours.standard_error)
    plain = (0.4 + 0.1 / 9 + 0.4 + 0.1 / 8) / 2
    assert papers.mean == pytest.approx(plain, abs=4 * papers.standard_error)
    assert min(ours.objective.min(), papers.objective.min()) >= 0.4
    assert ours.mean > papers.mean


def test_the_first_best_agrees_with_the_general_one() -> None:
    played = play(OrangeFirst(), SETTING, 30_000)
    error = played.first_best.std() / np.sqrt(30_000)
    assert max_min.max_min_first_best() == pytest.approx(played.first_best.mean(), abs=4 * error)
    assert max_min_optimum() < max_min.max_min_first_best() < 1.005 * max_min_optimum()


def test_where_orange_takes_black_the_first_best_is_reached() -> None:
    played = play(OrangeFirst(), SETTING, 2000)
    black = played.allocation[:, 0, 0] == 1
    assert (played.regret[black] < 1e-12).all()
    assert played.regret[~black].mean() > 0


@pytest.mark.parametrize("prices", [(0.0, 0.0), (0.0, 0.2), (0.3, 0.0), (0.5, 0.5)])
def test_static_mechanisms_stay_below_the_best_static_prices(prices: tuple[float, float]) -> None:
    best = play(best_max_min_prices(SETTING, False), SETTING, 10_000, seed=9)
    for order in (None, range(9), [0, 1, 5, 2, 6, 3, 7, 4, 8]):
        other = play(StaticPrices(prices, order), SETTING, 10_000, seed=9)
        assert (best.objective - other.objective).mean() >= -0.003
        assert other.mean < max_min_optimum()


def test_personalised_prices_are_worth_a_little() -> None:
    found = [play(best_max_min_prices(SETTING, kind), SETTING, 20_000, seed=9).mean for kind in (False, True)]
    assert play(random_serial_dictatorship(SETTING), SETTING, 5000).mean < found[0] < found[1] < 0.3
