"""Max-min fairness: what the mechanism described guarantees, and whether the order must adapt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from spm import settings
from spm.claims.claim import FULL_VERSION, PART_3, Claim, Finding, judge
from spm.claims.evidence import Evidence
from spm.compare import of_mean
from spm.demand import Array
from spm.market import Market
from spm.mechanisms import Agents, Rule, StaticPrices, play
from spm.optimum.max_min import (
    BLACK,
    BLUE,
    ORANGE,
    PREMIUM_GRID,
    RED,
    WITHHELD,
    OrangeFirst,
    best_premiums,
    optimum,
)
from spm.settings import Setting

GUARANTEE, STATIC_GUARANTEE = 0.4, 0.25
PROFILES, FEW, COARSE = 20_000, 64, 3
LAST_BLACK = 4
"""Black items that must be kept for the modest agents."""


@dataclass(frozen=True)
class OrangeBlueRed:
    """Orange, then blue, then red, whatever is bought; only prices adapt to what orange takes.

    If she takes black, everything is free. If she takes white, the blue agents are the demanding ones: they face
    the ``premiums`` for black while one may be spared, and black is withheld from them afterwards.
    """

    premiums: tuple[float, ...]

    def begin(self, setting: Setting, n_markets: int, rng: np.random.Generator) -> Rule:
        """Nothing is drawn."""
        order = np.array([ORANGE, *BLUE, *RED])
        black = np.zeros(setting.n_agents)
        black[list(BLUE)] = self.premiums

        def rule(market: Market) -> tuple[Agents, Array]:
            agents = order[np.minimum(market.rounds, len(order) - 1)]
            screened = (market.allocation[:, ORANGE, BLACK] == 0) & np.isin(agents, BLUE)
            asked = np.where(market.items_left[:, BLACK] > LAST_BLACK, black[agents], WITHHELD)
            prices = np.where(screened, asked, 0.0)
            return agents, np.stack([prices, np.zeros(len(market))], axis=1)

        return rule


def guarantee(_: Evidence) -> Finding:
    """Take the lowest value over many profiles of the mechanism described."""
    lowest = float(play(OrangeFirst(), settings.get("max-min"), PROFILES, seed=1).objective.min())
    ours = f"lowest of {PROFILES:,} profiles {lowest:.4f}"
    return judge(
        lowest >= GUARANTEE - 1e-9, "", f"A profile gives {lowest:.4f} only.", ours, "all profiles played"
    )


def described_optimum(_: Evidence) -> Finding:
    """Compare the mechanism described with the optimum over all SPMs, profile by profile."""
    setting = settings.get("max-min")
    plain, best = (play(one, setting, PROFILES, seed=1) for one in (OrangeFirst(), OrangeFirst(best_premiums())))
    gain = of_mean(best.objective - plain.objective)
    earned = of_mean(plain.objective)
    correction = (
        f"On average it earns {earned.mean:.5f} and the optimum is "
        f"{optimum():.5f}: where a black item can be spared, a premium for it finds the agent who gains most. "
        f"That adds {gain.mean:.5f} {gain.bounds}."
    )
    ours = f"described {earned.mean:.5f}, optimum {optimum():.5f}"
    return judge(
        earned.mean > 0.99 * optimum(),
        correction if gain.low > 0 else "",
        f"It earns {earned.mean:.5f}, the optimum is {optimum():.5f}.",
        ours,
        f"[{earned.low:.5f}, {earned.high:.5f}]",
    )


def static_guarantee(_: Evidence) -> Finding:
    """Search static orders and premiums for the highest guarantee."""
    setting = settings.get("max-min")
    found = max(float(play(plan, setting, FEW, seed=2).objective.min()) for plan in static_plans(setting.n_agents))
    ours = f"highest guarantee found at most {found:.4f}"
    refutation = f"A static mechanism has its lowest value at {found:.4f} on {FEW} profiles."
    return judge(found <= STATIC_GUARANTEE, "", refutation, ours, "minimum over 64 profiles, so from above")


def static_plans(n_agents: int) -> Iterator[StaticPrices]:
    """Yield static mechanisms: every colour order with orange first, premiums of black for blue and for red."""
    for rounds in combinations(range(1, n_agents), len(BLUE)):
        blue, red = iter(BLUE), iter(RED)
        order = [ORANGE, *(next(blue) if step in rounds else next(red) for step in range(1, n_agents))]
        for blues, reds in product(PREMIUM_GRID[::COARSE], repeat=2):
            asked = [blues if agent in BLUE else reds for agent in range(n_agents)]
            yield StaticPrices(tuple((max(premium, 0.0), max(-premium, 0.0)) for premium in asked), order)


def order_required(_: Evidence) -> Finding:
    """Play the optimal mechanism and one with a static order on the same profiles."""
    setting, premiums = settings.get("max-min"), best_premiums()
    adaptive, fixed = (
        play(one, setting, PROFILES, seed=1) for one in (OrangeFirst(premiums), OrangeBlueRed(premiums))
    )
    missing = of_mean(adaptive.objective - fixed.objective)
    ours = f"static order with adaptive prices loses {missing.mean:.5f}"
    refutation = (
        f"An adaptive order is one way. A static order (orange, blue, red) with adaptive prices earns "
        f"{fixed.mean:.5f}, {missing.mean:.5f} less than the optimal mechanism on the same profiles: if "
        f"orange takes "
        "white, a high price of black makes the blue agents take white before the red ones come. What is "
        "required is "
        "that either order or prices adapt."
    )
    return judge(missing.low > 0, "", refutation, ours, missing.bounds)


CLAIMS = (
    Claim(
        "max-min-order",
        PART_3,
        "Max-min fairness",
        "The optimal reward requires an adaptive order.",
        "static order < optimum",
        "The optimal mechanism and one with static order and adaptive prices are played on the same profiles.",
        order_required,
    ),
    Claim(
        "max-min-guarantee",
        FULL_VERSION,
        "Max-min fairness",
        "Orange first at price 0, then the side with one good choice, guarantees everybody 0.4.",
        "minimum at least 0.4",
        "The mechanism is played on many profiles.",
        guarantee,
    ),
    Claim(
        "max-min-mechanism",
        FULL_VERSION,
        "Max-min fairness",
        "That mechanism is optimal.",
        "described = optimum",
        "It is played on the same profiles as the optimal mechanism, which solves a stopping problem.",
        described_optimum,
    ),
    Claim(
        "max-min-static",
        FULL_VERSION,
        "Max-min fairness",
        "No static mechanism guarantees more than 0.25.",
        "static guarantee at most 0.25",
        "All colour orders with orange first and a grid of premiums for each colour are searched; a minimum "
        "over few profiles bounds "
        "a guarantee from above.",
        static_guarantee,
    ),
)
