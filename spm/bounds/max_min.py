"""Max-min fairness in the setting of Figure 4(c): the optimum, explicit mechanisms, and static prices.

The proof below holds for that setting and no other (:func:`check_max_min`): it fails for another supply, demand,
objective or model of values.

Orange goes first at price 0 and her choice reveals the world: black in world 0, white in world 1. Call the group
that is content with black *modest* (blue in world 0, red in world 1) and the other one *demanding*.

*The optimum.* A modest agent who holds white, or anyone who holds nothing, makes the minimum at most 1/4, while
0.4 can be reached in every profile. So every modest agent needs black, and everyone else white, except for one
demanding agent in world 1, where five black items are left for four modest agents. World 0: the allocation is
forced, and the paper's mechanism reaches the first best, 0.4 + 0.1 E[min of 8 uniform] = 0.4 + 0.1/9. World 1: the
spare black item should go to the demanding agent with the lowest value for white, but she can only be screened by
the premium of black over white at which she takes black. This is an optimal stopping problem, since agents are
independent and a declined premium reveals nothing about the others. To let an agent buy nothing, to sell a second
spare item, or to price a modest agent out of black only replaces outcomes of at least 0.4 by outcomes of at most
1/4. Knowing the world from the start would not help, so the value of the best premiums (:func:`best_premiums`) is
the optimum over all SPMs.

The paper's mechanism has no premiums: it guarantees 0.4 as well, and earns slightly less on average.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from scipy.optimize import minimize

from spm.market import Market
from spm.mechanisms import Agents, Rule, StaticPrices, play
from spm.settings import Array, Setting, max_min_setting

PROVED = max_min_setting()
(ORANGE,), BLUE, RED = (tuple(np.flatnonzero(PROVED.model.group_of == colour).tolist()) for colour in range(3))
BLACK = PROVED.types.index("black")
WITHHELD = 2.0
"""A price above every value."""
PREMIUM, SCALE, FLOOR = 0.5, 0.1, 0.4
"""A demanding agent's premium for black is 0.5 + 0.1 (x - y), and what counts is 0.4 + 0.1 y; x, y uniform."""


def check_max_min(setting: Setting) -> None:
    """Check that a setting is the one for which the optimum is proved; names and titles do not matter.

    Raises:
        ValueError: another model, supply, demand or objective.

    >>> from dataclasses import replace
    >>> check_max_min(replace(PROVED, supply=(9, 9)))
    Traceback (most recent call last):
    ValueError: setting 'max-min' must have supply (5, 5) for a bracket to be proved, not (9, 9)
    """
    for field in ("model", "supply", "demand", "objective"):
        given, proved = getattr(setting, field), getattr(PROVED, field)
        if given != proved:
            raise ValueError(
                f"setting {setting.name!r} must have {field} {proved!r} for a bracket to be proved, not {given!r}"
            )


@dataclass(frozen=True)
class OrangeFirst:
    """Orange goes first, then the modest group, then the demanding one, with premiums on black for the last.

    Attributes:
        premiums: the price of black for each demanding agent, in the order of the visits; every other price is 0,
            and without premiums this is the paper's mechanism.

    >>> outcomes = play(OrangeFirst(), PROVED, 2000)
    >>> round(outcomes.mean, 2), bool(outcomes.objective.min() >= 0.4)
    (0.41, True)
    """

    premiums: tuple[float, ...] = ()

    def begin(self, setting: Setting, n_markets: int, rng: np.random.Generator) -> Rule:
        """Nothing is drawn."""
        modest_first = np.array([[ORANGE, *BLUE, *RED], [ORANGE, *RED, *BLUE]])
        black = np.zeros(setting.n_agents)
        after_modest = 1 + len(BLUE)
        black[after_modest : after_modest + len(self.premiums)] = self.premiums

        def rule(market: Market) -> tuple[Agents, Array]:
            world = 1 - market.allocation[:, ORANGE, BLACK]
            step = np.minimum(market.rounds, setting.n_agents - 1)
            prices = np.stack([black[step], np.zeros(len(market))], axis=1)
            return modest_first[world, step], prices

        return rule


def spare_value(premiums: Sequence[float], nodes: int = 2000) -> float:
    """Return what world 1 is worth when the demanding agents face ``premiums`` for the spare black item.

    Let f(s) be the probability that the modest agents' values for black and the white holders' values for white
    all exceed 0.4 + 0.1 s. The expected minimum is 0.4 + 0.1 times the integral of f.

    >>> round(spare_value([0, 0, 0, 0]), 5)  # the first one takes it: 0.4 + 0.1/8
    0.4125
    """
    # At each s, the probability that the item is sold and all exceed s, and that it is not sold yet and all so far
    # do.
    s = (np.arange(nodes) + 0.5) / nodes
    above = np.zeros(nodes)
    waiting = np.ones(nodes)
    for agent, premium in enumerate(premiums):
        cut = (premium - PREMIUM) / SCALE
        takes = float(_area(1 - cut) - _area(-cut))
        declines = _area(cut + 1) - _area(cut + s)
        above += waiting * takes * (1 - s) ** (len(premiums) - agent - 1)
        waiting = waiting * declines
    return FLOOR + SCALE * float(((1 - s) ** 4 * (above + waiting)).mean())


def _area(x: Array | float) -> Array:
    """The integral of clip(x, 0, 1), of which P(x' - y' >= cut) and P(x' - y' < cut, y' > s) are differences."""
    kept = np.clip(x, 0.0, 1.0)
    return np.asarray(kept**2 / 2 + np.maximum(np.asarray(x) - 1.0, 0.0))


@cache
def best_premiums() -> tuple[float, ...]:
    """Return the best premiums for the four demanding agents; the last one takes what is left.

    They are found by a local search. The third is 1/2: of the last two agents, who are alike, the one who gains
    more should take black. Branch and bound over the first two finds no better ones (in the tests).

    >>> [round(premium, 2) for premium in best_premiums()]
    [0.54, 0.53, 0.5, 0.0]
    """

    def lost(premiums: Array) -> float:
        return -spare_value([*premiums, 0.0])

    found = minimize(lost, np.array([0.54, 0.52, 0.5]), method="Nelder-Mead", tol=1e-10)
    return (*(float(premium) for premium in found.x), 0.0)


def max_min_optimum() -> float:
    """Return the optimum over all SPMs, the mean over the two worlds.

    >>> round(max_min_optimum(), 5), round(max_min_first_best(), 5)
    (0.41262, 0.41389)
    """
    return (FLOOR + SCALE / 9 + spare_value(best_premiums())) / 2


def max_min_first_best() -> float:
    """Return the expected first best: in world 1 the demanding agent with the lowest value for white is spared.

    That is ∫ (1 - s)^8 + 4 s (1 - s)^7 ds = 1/9 + 4/72 on the scale of :func:`spare_value`.
    """
    return FLOOR + SCALE * (1 / 9 + (1 / 9 + 4 / 72)) / 2


ScreeningPlan = tuple[list[int], list[float]]
"""An order, and each agent's premium of black over white, which may be negative."""
ROUNDS = range(2, PROVED.n_agents)
"""The rounds after orange and the first blue agent."""
PREMIUM_GRID = [0.075 * k for k in range(-6, 9)]
SIEVE_PROFILES, SEARCH_PROFILES, FINALISTS = 128, 1024, 25
"""Plans are screened on few profiles; the finalists are compared on more."""


@cache
def best_max_min_prices(setting: Setting, personalised: bool) -> StaticPrices:
    """Return the best static prices and order found, by a search on common samples.

    A plan is an order and each agent's premium of black over white: an agent who buys nothing makes the minimum 0,
    so the cheaper type is free. Orange goes first, at prices 0; the worlds are symmetric, so blue goes second.
    Anonymous: every order, and every premium of a grid. Personalised: starting from the best of these, one agent's
    premium after another.
    """
    orders = [_order(set(blue)) for blue in combinations(ROUNDS, len(BLUE) - 1)]
    alike: list[ScreeningPlan] = [(order, [premium] * len(order)) for order in orders for premium in PREMIUM_GRID]
    sieved = sorted(alike, key=lambda plan: -_mean(setting, plan, SIEVE_PROFILES))
    best = max(sieved[:FINALISTS], key=lambda plan: _mean(setting, plan))
    return _static(*(_climb(setting, best) if personalised else best))


def _order(blue: set[int]) -> list[int]:
    """Orange, then blue, then blue in the rounds ``blue`` and red in the others."""
    blues, reds = iter(BLUE), iter(RED)
    return [ORANGE, next(blues), *(next(blues) if step in blue else next(reds) for step in ROUNDS)]


def _static(order: list[int], premiums: list[float]) -> StaticPrices:
    return StaticPrices(tuple((max(p, 0.0), abs(min(p, 0.0))) for p in premiums), order)


def _mean(setting: Setting, plan: ScreeningPlan, count: int = SEARCH_PROFILES) -> float:
    return play(_static(*plan), setting, count, seed=1).mean


def _climb(setting: Setting, plan: ScreeningPlan) -> ScreeningPlan:
    """Improve one agent's premium at a time, in two passes over the agents."""
    order, current = plan
    for agent in order[1:] * 2:
        options = [[*current[:agent], p, *current[agent + 1 :]] for p in PREMIUM_GRID]
        current = max(options, key=lambda option: _mean(setting, (order, option)))
    return order, current
