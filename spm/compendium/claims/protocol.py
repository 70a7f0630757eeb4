"""The learning protocol: seeds, outputs, implementation, footnote 5's reward; and what can't be tested here."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

import numpy as np

from spm.bounds import explicit_mechanism
from spm.compendium.claims.claim import (
    BY_DEFINITION,
    CONTRIBUTION,
    NOT_TESTABLE,
    PROTOCOL,
    Finding,
    computed,
    definition,
    judge,
    recorded,
)
from spm.compendium.record import grid
from spm.compendium.record.grid import STATIC
from spm.compendium.report.compare import Interval, of_mean
from spm.compendium.report.evidence import ADAPTIVE, Evidence
from spm.learning import action_space
from spm.market import Market
from spm.mechanisms import Agents, Mechanism, Rule, play, random_serial_dictatorship
from spm.settings import Array, Setting, get_setting

PAPER_SEEDS, KEPT = 6, 3
PLAYED, REWARD_BATCHES, LEAST_VARIANCE = 2048, 16, 1e-20
HOW_RUN = "It says how the experiments were run; no outcome could contradict it."


@recorded("seeds", PROTOCOL, "RL algorithm")
def seeds(evidence: Evidence) -> Finding:
    """Each curve is run with 6 seeds, and the 3 with the highest average performance are drawn.

    6 seeds, 3 kept

    The records are counted, and the kept seeds' mean is compared with that of all seeds.
    """
    curves = [(panel, name) for panel in grid.panels("all") for name in (*STATIC, *ADAPTIVE)]
    counts = sorted({len(evidence.all_seeds(*curve)) for curve in curves})
    kept = sorted({len(evidence.seeds(*curve)) for curve in curves})
    ours = f"profile {evidence.protocol.name}: {_range(counts)} seeds per curve, {_range(kept)} kept"
    if counts != [PAPER_SEEDS] or kept != [KEPT]:
        name = evidence.protocol.name
        reason = f"Profile {name!r} is not the paper's: {PAPER_SEEDS} seeds, of which {KEPT} are kept."
        return Finding(NOT_TESTABLE, ours, explanation=reason)
    shift, panel, name = max((_shift(evidence, *curve), *curve) for curve in curves)
    ours += f"; keeping raises a mean by up to {100 * shift:.2f} % ({get_setting(panel).title}, {name})"
    return Finding(BY_DEFINITION, ours, explanation=f"{HOW_RUN} Ours were run the same way.")


def _shift(evidence: Evidence, panel: str, name: str) -> float:
    """How much higher the kept seeds' mean is than all seeds', as a share of what can be gained over RSD."""
    kept, every = evidence.seeds(panel, name), evidence.all_seeds(panel, name)
    return float(kept["estimate"].mean() - every["estimate"].mean()) / evidence.gain(panel)


def _range(counts: list[int]) -> str:
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


@computed("outputs", PROTOCOL, "RL algorithm")
def outputs() -> Finding:
    """The policy has n + m outputs: a weight for each agent and a price for each item.

    n + m outputs

    The environments' action spaces are measured.
    """
    panels = [get_setting(panel) for panel in grid.panels("all")]
    sizes = [(action_space(s).shape[0], s.n_agents + sum(s.supply), s.n_agents + s.n_types) for s in panels]
    fewer = sum(own < items for own, items, _ in sizes)
    reason = (
        f"{HOW_RUN} Ours differ in {fewer} of {len(sizes)} panels, where items come in identical copies: of "
        "copies at different prices a buyer takes the cheapest, so one price per type is enough, and n + types "
        "outputs."
    )
    ours = f"outputs {sizes[0][0]} in {panels[0].title}, where n + m = {sizes[0][1]}"
    return definition(all(own == types for own, _, types in sizes), reason, "Outputs are not n + types.", ours)


@computed("implementation", PROTOCOL, "Footnote 4")
def implementation() -> Finding:
    """The results are those of PPO as implemented in OpenAI Stable Baselines 2.10.

    Stable Baselines v2.10.0

    The version used here is looked up.
    """
    used = f"Stable-Baselines3 {version('stable-baselines3')}"
    reason = f"{HOW_RUN} Ours use PPO of {used} with settings of our own."
    return Finding(BY_DEFINITION, used, explanation=reason)


@computed("footnote-5-policy", PROTOCOL, "Footnote 5")
def same_policy() -> Finding:
    """Subtracting the optimal welfare leaves the best policy unchanged.

    same difference between policies

    Two mechanisms are compared by either reward on the same profiles.
    """
    gap = max(_gap(panel) for panel in grid.panels("figure-2"))
    ours = f"advantages differ by at most {gap:.1e} on the same profiles"
    reason = "What is subtracted depends on the profile alone, so it cancels in any comparison of policies."
    return definition(gap < 1e-9, reason, "The first best depends on the mechanism.", ours)


def _gap(panel: str) -> float:
    """How much the advantage of the best mechanism over RSD differs between objective and reduced reward."""
    setting = get_setting(panel)
    pair = explicit_mechanism(setting), random_serial_dictatorship(setting)
    best, worst = (play(one, setting, PLAYED // 4) for one in pair)
    return abs(best.mean - worst.mean - float(worst.regret.mean() - best.regret.mean()))


@computed("footnote-5-variance", PROTOCOL, "Footnote 5")
def variance() -> Finding:
    """Subtracting the optimal welfare reduces the variance of the reward.

    Var(regret) < Var(objective)

    Random prices and the explicit best mechanism are played in each welfare or revenue panel. Intervals are over
    16 batches.
    """
    panels = [name for name in grid.panels("all") if get_setting(name).objective.name != "max-min"]
    ratios = {
        f"{get_setting(panel).title}, {stage}": variance_ratio(panel, one)
        for panel in panels
        for stage, one in (
            ("random prices", RandomPrices()),
            ("best mechanism", explicit_mechanism(get_setting(panel))),
        )
    }
    others = {name: ratio for name, ratio in ratios.items() if ratio.high >= 1}
    listed = "; ".join(f"{name} {_about(ratio)}" for name, ratio in others.items())
    worst = max(ratios.values(), key=lambda ratio: ratio.mean)
    least, reduced = min(ratio.mean for ratio in ratios.values()), len(ratios) - len(others)
    ours = f"variance ratio from {least:.2f} to {worst.mean:.2f}; below 1 in {reduced} of {len(ratios)} cases"
    correction = f"Not always: the ratio of variances is not surely below 1 for {listed}." if others else ""
    refutation = f"Variance is not reduced: {listed}."
    return judge(reduced > len(others), correction, refutation, ours, f"largest {worst.bounds}")


def _about(ratio: Interval) -> str:
    constant = abs(ratio.mean - 1) < 1e-9
    return "1, since its first best is constant" if constant else f"{ratio.mean:.2f} {ratio.bounds}"


@dataclass(frozen=True)
class RandomPrices:
    """What an untrained policy does: random agents at random prices."""

    def begin(self, setting: Setting, n_markets: int, rng: np.random.Generator) -> Rule:
        """Draw at every visit."""

        def rule(market: Market) -> tuple[Agents, Array]:
            agents = np.where(market.agents_left, rng.random(market.agents_left.shape), -1.0).argmax(axis=1)
            return agents, rng.random((n_markets, setting.n_types))

        return rule


def variance_ratio(panel: str, mechanism: Mechanism) -> Interval:
    """Return Var(regret) / Var(objective) with its interval over batches; 0 if the regret is constant."""
    played = play(mechanism, get_setting(panel), PLAYED, seed=11)
    pairs = zip(np.split(played.regret, REWARD_BATCHES), np.split(played.objective, REWARD_BATCHES), strict=True)
    parts = [(regret.var(), objective.var()) for regret, objective in pairs]
    return of_mean(
        np.array([regret / objective if regret > LEAST_VARIANCE else 0.0 for regret, objective in parts])
    )


HARDNESS = "A complexity theorem of other work; exact values of small settings say nothing about it."


def untestable(reason: str) -> Finding:
    """Return the finding of a claim that no computation here could settle.

    >>> untestable("A matter of taste.").verdict
    'not testable here'
    """
    return Finding(NOT_TESTABLE, "none", "none", reason)


@computed("first-use", CONTRIBUTION, "Our contribution")
def first_use() -> Finding:
    """This is the first use of reinforcement learning to design indirect mechanisms.

    priority

    No computation could settle it.
    """
    return untestable("A claim about the literature, not about mechanisms.")


@computed("sosp", CONTRIBUTION, "Introduction (Pycia and Troyan 2019)")
def obvious_strategyproofness() -> Finding:
    """Sequential price mechanisms are essentially the strongly obviously strategyproof mechanisms.

    SPM = SOSP, essentially

    No computation could settle it.
    """
    return untestable(
        "A theorem of other work about all mechanisms. That truthful choice is dominant in SPMs is checked under "
        "dominant-strategy."
    )


@computed("np-hard-prices", CONTRIBUTION, "Introduction (Chen et al. 2014)")
def hardness_of_prices() -> Finding:
    """Computing prices that maximise expected revenue is NP-hard with unit demand and several items.

    NP-hard

    No computation could settle it.
    """
    return untestable(HARDNESS)


@computed("np-hard-order", CONTRIBUTION, "Introduction (Agrawal et al. 2020)")
def hardness_of_order() -> Finding:
    """Computing the best order of visits for a single item is NP-hard.

    NP-hard

    No computation could settle it.
    """
    return untestable(HARDNESS)


@computed("homogeneous-items", CONTRIBUTION, "Related work (Klaus and Nichifor 2019)")
def axioms() -> Finding:
    """With homogeneous items SPMs satisfy many desirable properties besides strategyproofness.

    axioms hold

    No computation could settle it.
    """
    return untestable("An axiomatic characterisation of other work; only strategyproofness is checked here.")
