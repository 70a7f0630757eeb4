"""The design problem as a POMDP: what is optimal, rewards, and the price-allocation matrix."""

from __future__ import annotations

import numpy as np

from spm import settings, statistics
from spm.claims.claim import CONTRIBUTION, LEARNING, PROTOCOL, Claim, Finding, judge, shown
from spm.claims.evidence import Evidence
from spm.claims.solved import value
from spm.constructions import construction
from spm.demand import valuations
from spm.environment import BatchedMarkets
from spm.market import Market
from spm.settings import Setting
from spm.theory.histories import optimum

DESIGN = ("prop-1", "prop-2", "prop-4", "prop-6", "prop-7", "prop-8", "kitchen-sink")
"""Constructions small enough for the tree of whole histories."""
REWARD_PANELS = ("delta-0.5", "revenue", "max-min")
STEPS, MARKETS = 60, 256


def same_problem(_: Evidence) -> Finding:
    """Solve the POMDP over histories and the mechanism design problem over beliefs, with different solvers."""
    pairs = [(optimum(construction(name)), value(name)) for name in DESIGN]
    equal = sum(a == b for a, b in pairs)
    ours = f"equal in {equal} of {len(pairs)} settings: " + ", ".join(shown(a) for a, _ in pairs)
    return judge(equal == len(pairs), "", f"The optima differ in {len(pairs) - equal} settings.", ours)


def terminal_rewards(_: Evidence) -> Finding:
    """Step the environment with random actions; compare rewards with the outcomes' objectives."""
    early, last, episodes = 0.0, 0.0, 0
    for panel in REWARD_PANELS:
        setting = settings.get(panel)
        batch = BatchedMarkets(setting, statistics.get("none"), MARKETS, seed=3)
        rng = np.random.default_rng(3)
        batch.reset()
        for _step in range(STEPS):
            actions = rng.random((MARKETS, setting.n_agents + setting.n_types)).astype(np.float32)
            _seen, rewards, over, infos = batch.step(actions)
            early = max(early, float(np.abs(rewards[~over]).max(initial=0.0)))
            fair = setting.objective.name == "max-min"
            ends = [info["objective"] - (0.0 if fair else info["first_best"]) for info in infos if info]
            last = max(last, float(np.abs(rewards[over] - np.array(ends)).max(initial=0.0)))
            episodes += len(ends)
    ours = f"largest reward before the end {early:.0e}, largest error at the end {last:.0e}, {episodes:,} episodes"
    return judge(early == 0 and last < 1e-5, "", "Rewards are not those of the outcome.", ours)


def whole_history(_: Evidence) -> Finding:
    """Look for histories with the same price-allocation matrix in which an agent chose from other items."""
    market = _played(construction("prop-9"))
    seen: dict[bytes, set[bytes]] = {}
    for row, menu in zip(statistics.get("price-allocation").observe(market), _menus(market), strict=True):
        seen.setdefault(row.tobytes(), set()).add(menu.tobytes())
    mixed = sum(len(menus) > 1 for menus in seen.values())
    correction = (
        f"The matrix does not hold the order of visits, so it does not tell what an agent who bought nothing "
        f"could "
        f"have bought: {mixed} of the {len(seen)} observations of a small market stem from different menus. "
        f"Together "
        "with a deterministic policy it determines the history (Theorem 1), so it does suffice for optimal "
        "policies."
    )
    ours = f"{mixed} of {len(seen)} observations stem from more than one history"
    return judge(True, correction if mixed else "", "", ours)


def _played(setting: Setting) -> Market:
    """Two visits to random agents at prices of 0 or 1/2."""
    rng = np.random.default_rng(5)
    market = Market(setting, valuations(setting.demand, setting.sample(rng, 2048)))
    for _ in range(2):
        agents = np.where(market.agents_left, rng.random(market.agents_left.shape), -1.0).argmax(axis=1)
        market.visit(agents, rng.integers(0, 2, (len(market), setting.n_types)) / 2)
    return market


def _menus(market: Market) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Copies left of each type when each agent was visited, ``(B, n, T)``; -1 before her visit."""
    earlier = (market.visited_at[:, None, :] < market.visited_at[:, :, None]) & (market.visited_at >= 0)[
        :, None, :
    ]
    left = market.supply - earlier.astype(np.int64) @ market.allocation.astype(np.int64)
    return np.where((market.visited_at >= 0)[:, :, None], left, -1)


CLAIMS = (
    Claim(
        "same-problem",
        CONTRIBUTION,
        "Our contribution",
        "An optimal policy of the POMDP is an optimal mechanism.",
        "optimal policy = optimal SPM",
        "A tree of whole histories and a recursion over beliefs solve small settings exactly, independently.",
        same_problem,
    ),
    Claim(
        "terminal-reward",
        LEARNING,
        "POMDP, Footnote 2",
        "Only the end of an episode is rewarded, by the objective of the outcome.",
        "reward 0 before the end",
        "Three environments are stepped with random actions.",
        terminal_rewards,
    ),
    Claim(
        "whole-history",
        PROTOCOL,
        "Statistics, 3",
        "The price-allocation matrix captures the whole history of observations.",
        "one history an observation",
        "Random policies are played in a small market; histories with equal observations are compared.",
        whole_history,
    ),
)
