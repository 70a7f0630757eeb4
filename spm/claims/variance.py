"""Footnote 5: subtracting the optimal welfare leaves the best policy as it is and reduces the variance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spm import bounds, experiments, settings
from spm.claims.claim import PROTOCOL, Claim, Finding, judge
from spm.claims.evidence import Evidence
from spm.compare import Interval, of_mean
from spm.demand import Array
from spm.market import Market
from spm.mechanisms import Agents, Mechanism, Outcomes, Rule, play, random_serial_dictatorship
from spm.settings import Setting

PROFILES, BATCHES, ROUNDING = 2048, 16, 1e-20


def same_policy(_: Evidence) -> Finding:
    """Compare how much better one mechanism is than another, by the objective and by the reduced reward."""
    gaps = []
    for panel in experiments.panels("figure-2"):
        setting = settings.get(panel)
        best, worst = _pair(panel, setting)
        by_objective, by_reward = best.mean - worst.mean, float(worst.regret.mean() - best.regret.mean())
        gaps.append(abs(by_objective - by_reward))
    ours = f"advantages differ by at most {max(gaps):.1e} on the same profiles"
    return judge(max(gaps) < 1e-9, "", "The first best depends on the mechanism.", ours)


def _pair(panel: str, setting: Setting) -> tuple[Outcomes, Outcomes]:
    best, rsd = bounds.mechanism(panel), random_serial_dictatorship(setting)
    return play(best, setting, PROFILES // 4), play(rsd, setting, PROFILES // 4)


def variance(_: Evidence) -> Finding:
    """Compare the variances of objective and regret for an untrained and for the best mechanism of each panel."""
    panels = [name for name in experiments.panels("all") if settings.get(name).objective != "max-min"]
    ratios = {
        f"{settings.get(panel).title}, {stage}": variance_ratio(panel, one)
        for panel in panels
        for stage, one in (("random prices", RandomPrices()), ("best mechanism", bounds.mechanism(panel)))
    }
    others = {name: ratio for name, ratio in ratios.items() if ratio.high >= 1}
    listed = "; ".join(f"{name} {_about(ratio)}" for name, ratio in others.items())
    worst = max(ratios.values(), key=lambda ratio: ratio.mean)
    least = min(ratio.mean for ratio in ratios.values())
    reduced = len(ratios) - len(others)
    ours = f"variance ratio from {least:.2f} to {worst.mean:.2f}; below 1 in {reduced} of {len(ratios)} cases"
    correction = f"Not always: the ratio of variances is not surely below 1 for {listed}." if others else ""
    interval = f"largest {worst.bounds}"
    return judge(reduced > len(others), correction, f"Variance is not reduced: {listed}.", ours, interval)


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
    played = play(mechanism, settings.get(panel), PROFILES, seed=11)
    pairs = zip(np.split(played.regret, BATCHES), np.split(played.objective, BATCHES), strict=True)
    parts = [(regret.var(), objective.var()) for regret, objective in pairs]
    return of_mean(np.array([regret / objective if regret > ROUNDING else 0.0 for regret, objective in parts]))


CLAIMS = (
    Claim(
        "footnote-5-policy",
        PROTOCOL,
        "Footnote 5",
        "Subtracting the optimal welfare leaves the best policy unchanged.",
        "same difference between policies",
        "Two mechanisms are compared by either reward on the same profiles.",
        same_policy,
    ),
    Claim(
        "footnote-5-variance",
        PROTOCOL,
        "Footnote 5",
        "Subtracting the optimal welfare reduces the variance of the reward.",
        "Var(regret) < Var(objective)",
        "Random prices and the explicit best mechanism are played in each welfare or revenue panel; intervals "
        "over "
        "16 batches.",
        variance,
    ),
)
