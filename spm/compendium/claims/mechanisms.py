"""What SPMs are: incentives, classes and special cases, and their design as a POMDP."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from spm.compendium.claims.adaptivity import SOLVED
from spm.compendium.claims.claim import (
    CHARACTERISATION,
    CONTRIBUTION,
    LEARNING,
    PRELIMINARIES,
    PROTOCOL,
    Finding,
    alike,
    computed,
    definition,
    judge,
)
from spm.compendium.claims.solved import (
    ASP,
    ASP_STATIC_ORDER,
    PSP,
    PSP_STATIC_ORDER,
    RSD,
    SD,
    SPM,
    Kind,
    shown,
    value,
)
from spm.compendium.theory import taxonomy
from spm.compendium.theory.histories import history_optimum
from spm.compendium.theory.propositions import best_unseeing
from spm.compendium.theory.restricted import best_restricted
from spm.learning import BatchedMarkets
from spm.market import Market, Observation, get_statistic
from spm.mechanisms import Learned, Mechanism, play_values
from spm.settings import Array, Setting, construction, get_setting, valuations

INCENTIVE_PANELS = ("delta-0.5", "kitchen-sink", "id", "additive", "max-min")
REWARD_PANELS = ("delta-0.5", "revenue", "max-min")
DESIGN = ("prop-1", "prop-2", "prop-4", "prop-6", "prop-7", "prop-8", "kitchen-sink")
"""Constructions small enough for the tree of whole histories."""
PLAYED_MARKETS, STEPS, DRAWN_POLICIES, ROUNDED = 512, 60, 64, 1e-9
CHAIN: tuple[Kind, ...] = (RSD, SD, ASP, PSP, SPM)
INSIDE = (("SPM", "PSP"), ("PSP", "ASP"), ("ASP", "SD"), ("SD", "RSD"), ("SO", "RSD"), ("SPM", "SO"))


@computed("dominant-strategy", PRELIMINARIES, "Learning framework")
def strategyproof() -> Finding:
    """SPMs have a dominant-strategy equilibrium: an agent takes her best bundle at the posted prices.

    no gain from acting as another type

    Drawn adaptive policies are played in five panels; each agent in turn acts on another profile's values.
    """
    gains = np.concatenate([_gains(panel) for panel in INCENTIVE_PANELS])
    costly = (gains < -ROUNDED).sum()
    ours = f"largest gain {gains.max():.1e} in {gains.size:,} deviations, of which {costly:,} cost the agent"
    refutation = f"An agent gains in {(gains > ROUNDED).sum():,} of {gains.size:,} deviations."
    return judge(bool(gains.max() <= ROUNDED), "", refutation, ours)


def _gains(panel: str) -> Array:
    """What each agent of each market would gain by acting on the next market's values instead of hers."""
    setting = get_setting(panel)
    values = setting.sample(np.random.default_rng(7), PLAYED_MARKETS)
    found = []
    for agent in range(setting.n_agents):
        acted = values.copy()
        acted[:, agent] = np.roll(values[:, agent], 1, axis=0)
        honest, other = (_surplus(setting, values, one, agent) for one in (values, acted))
        found.append(other - honest)
    return np.concatenate(found)


def drawn_policy(setting: Setting, seed: int) -> Mechanism:
    """Return a deterministic policy, linear in the price-allocation matrix, that posts prices of 0 or 1/2."""
    matrix, rng = get_statistic("price-allocation"), np.random.default_rng(seed)
    width = matrix.width(setting)
    weights = rng.normal(size=(setting.n_agents + setting.n_types, width + 1))

    def act(seen: Observation) -> Array:
        # (B, n + T): a constant and the matrix, weighed; then scores, and signs that become prices.
        action = np.tanh(np.column_stack([np.ones(len(seen)), seen]) @ weights.T)
        action[:, setting.n_agents :] = (action[:, setting.n_agents :] > 0) / 2
        return action

    return Learned(matrix, act)


def _surplus(setting: Setting, values: Array, acted: Array, agent: int) -> Array:
    """An agent's value for what she holds minus her payment, ``(B,)``, where all act on the values ``acted``."""
    played = play_values(drawn_policy(setting, seed=1), setting, acted, np.random.default_rng(0))
    market = Market(setting, valuations(setting.demand, values))
    # (B, K): whether what she holds contains bundle k; she has the value of the best of these.
    holds = (market.bundles <= played.allocation[:, agent, None]).all(axis=2)
    return np.where(holds, market.valuations[:, agent], 0.0).max(axis=1) - played.payments[:, agent]


@computed("special-cases", CHARACTERISATION, "Figure 1, Definitions 1 to 3")
def special_cases() -> Finding:
    """RSD is a serial dictatorship with static order; SD is part of ASP, ASP of PSP, PSP of SPM.

    RSD in SD in ASP in PSP in SPM; RSD in SO

    Inclusions of the definitions' cells, and exact optima that never fall along the chain.
    """
    contains = taxonomy.containments()
    missing = [f"{outer} does not contain {inner}" for outer, inner in INSIDE if not contains.loc[outer, inner]]
    values = [[value(name, kind) for kind in CHAIN] for name in SOLVED if name != "colors"]
    falling = sum(row != sorted(row) for row in values)
    ours = f"{len(INSIDE) - len(missing)} of {len(INSIDE)} inclusions; "
    ours += f"the optimum falls in {falling} of {len(values)} settings"
    reason = (
        "Each class is a case of the next in the definitions, and of the cells that the solver maximises over."
    )
    return definition(not missing and not falling, reason, "; ".join(missing) or "Optima fall.", ours)


def _baseline(reached: Fraction, static: Kind, adaptive: Kind, title: str) -> Finding:
    """The best of policies that see so little against the class of the definition, in Proposition 3's setting."""
    narrow, wide = value("prop-3", static), value("prop-3", adaptive)
    correction = (
        f"A policy that sees so little visits agents in a static order, so it covers only part of {title}: in "
        f"Proposition 3's setting it earns at most {shown(reached)}, {title} with an adaptive order {shown(wide)}."
    )
    ours = f"such policies {shown(reached)}; static order {shown(narrow)}, adaptive order {shown(wide)}"
    refutation = f"Such policies earn {shown(reached)}, static prices with static order {shown(narrow)}."
    return judge(reached == narrow, correction if narrow < wide else "", refutation, ours)


@computed("baseline-asp", PROTOCOL, "Baselines, 2")
def anonymous_baseline() -> Finding:
    """Hiding all history restricts policies to anonymous static price mechanisms.

    policies without history = ASP

    All policies that see nothing are run on all profiles; the best single price is solved for with either order.
    """
    return _baseline(best_unseeing(construction("prop-3")), ASP_STATIC_ORDER, ASP, "Definition 1's ASP")


@computed("baseline-psp", PROTOCOL, "Baselines, 3")
def personalised_baseline() -> Finding:
    """Showing only the agents left restricts policies to the family of personalised static price mechanisms.

    policies on agents left = PSP

    The best policy on agents left is found by search; the best static prices are solved for with either order.
    """
    reached = best_restricted(construction("prop-3"), "agents-left").value
    return _baseline(reached, PSP_STATIC_ORDER, PSP, "Definition 2's PSP")


@computed("same-problem", CONTRIBUTION, "Our contribution")
def same_problem() -> Finding:
    """An optimal policy of the POMDP is an optimal mechanism.

    optimal policy = optimal SPM

    A tree of whole histories and a recursion over beliefs solve small settings exactly, independently.
    """
    pairs = [(history_optimum(construction(name)), value(name)) for name in DESIGN]
    return alike((a == b for a, b in pairs), "settings", ": " + ", ".join(shown(a) for a, _ in pairs))


@computed("terminal-reward", LEARNING, "POMDP, Footnote 2")
def terminal_rewards() -> Finding:
    """Only the end of an episode is rewarded, by the objective of the outcome.

    reward 0 before the end

    Three environments are stepped with random actions.
    """
    early, last, episodes = (max(column) for column in zip(*map(_rewards, REWARD_PANELS), strict=True))
    ours = f"largest reward before the end {early:.0e}, largest error at the end {last:.0e}"
    ours += f", up to {episodes:,} episodes per panel"
    reason = "It says how the rewards were chosen; ours are chosen the same way."
    return definition(early == 0 and last < 1e-5, reason, "Rewards are not those of the outcome.", ours)


def _rewards(panel: str) -> tuple[float, float, int]:
    """The largest reward before an end, the largest error of one at an end, and the number of ends."""
    setting, rng = get_setting(panel), np.random.default_rng(3)
    batch = BatchedMarkets(setting, get_statistic("none"), PLAYED_MARKETS, seed=3)
    batch.reset()
    early, errors = [0.0], [0.0]
    for _ in range(STEPS):
        actions = rng.random((PLAYED_MARKETS, setting.n_agents + setting.n_types)).astype(np.float32)
        _, rewards, over, infos = batch.step(actions)
        fair = setting.objective.name == "max-min"
        ends = [info["objective"] - (0.0 if fair else info["first_best"]) for info in infos if info]
        early += np.abs(rewards[~over]).tolist()
        errors += np.abs(rewards[over] - np.array(ends)).tolist()
    return max(early), max(errors), len(errors) - 1


@computed("whole-history", PROTOCOL, "Statistics, 3")
def whole_history() -> Finding:
    """The price-allocation matrix captures the whole history of observations.

    one history per observation

    Drawn policies are played in a small market, one by one; histories with equal observations are compared.
    """
    alone = [_orders(seed) for seed in range(DRAWN_POLICIES)]
    known = sum(len(orders) > 1 for policy in alone for orders in policy.values())
    seen = {row: set().union(*(policy.get(row, set()) for policy in alone)) for row in set().union(*alone)}
    mixed = sum(len(orders) > 1 for orders in seen.values())
    correction = (
        "The matrix does not hold the order of visits, so it does not tell what an agent who bought nothing "
        f"could have bought: {mixed} of the {len(seen)} observations of a small market stem from several orders. "
        "Once a deterministic policy is known it does determine the history (Theorem 1), so it suffices for "
        "optimal policies."
    )
    ours = f"{mixed} of {len(seen)} observations stem from several histories; {known} once the policy is known"
    refutation = f"Even if the policy is known, {known} observations stem from several histories."
    return judge(known == 0, correction if mixed else "", refutation, ours)


def _orders(seed: int) -> dict[bytes, set[bytes]]:
    """The orders of visits behind each observation that a drawn policy can make after two rounds."""
    setting = construction("prop-9")
    values = setting.sample(np.random.default_rng(5), 4 * PLAYED_MARKETS)
    market = Market(setting, valuations(setting.demand, values))
    rule = drawn_policy(setting, seed).begin(setting, len(market), np.random.default_rng(0))
    for _ in range(2):
        market.visit(*rule(market))
    orders: dict[bytes, set[bytes]] = {}
    rows = get_statistic("price-allocation").observe(market)
    for row, visited_at in zip(rows, market.visited_at, strict=True):
        orders.setdefault(row.tobytes(), set()).add(visited_at.tobytes())
    return orders
