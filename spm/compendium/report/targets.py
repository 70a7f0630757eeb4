"""How good the learned mechanisms should be, and whether they are.

Three kinds of targets, for the mean of a curve's kept seeds: within 0.5% of the optimum where it is known (1% of
the best explicit SPM for max-min fairness), at least Bayesian pricing minus 0.5% where only a bracket is known,
and within 0.5% of the best static mechanism for ASP and PSP. The order of the curves is a target of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any, NamedTuple

import pandas as pd
from pandas.io.formats.style import Styler

from spm.compendium.report.compare import AT_LEAST, BEATS, compare
from spm.compendium.report.evidence import Evidence
from spm.compendium.report.tables import BEST_STATIC, LABELS, NAMES, POLICIES, title
from spm.learning import VARIANTS

SLACK = 0.005
"""Relative distance that is close enough."""
SLACK_MAX_MIN = 0.01
SUFFICIENT = ("allocation", "price-allocation")
"""Statistics that are sufficient in every panel (Theorem 1)."""
CLAIMED_ORDER = ("price-allocation", "allocation", "items-agents-left", "agents-left", "none", "rsd")
"""From best to worst in the correlated panels (the paper's Part 1)."""
STRICTLY_BETTER = {("items-agents-left", "agents-left"), ("none", "rsd")}
"""Neighbours of that order of which the first is claimed to be better, not only as good."""


@dataclass(frozen=True)
class Target:
    """A target and what was reached.

    Attributes:
        panel: name of the panel.
        variant: kind of policy.
        curve: the statistic that is held to it.
        against: name of the benchmark.
        goal: the benchmark's value.
        reached: mean of the curve's kept seeds.
        slack: relative distance allowed.
    """

    panel: str
    variant: str
    curve: str
    against: str
    goal: float
    reached: float
    slack: float

    @property
    def distance(self) -> float:
        """Reached over goal, minus 1."""
        return self.reached / self.goal - 1

    @property
    def is_met(self) -> bool:
        """Whether the distance is within the slack."""
        return self.distance >= -self.slack


def targets(evidence: Evidence) -> list[Target]:
    """Return every target of a protocol, panel by panel, for both variants of the policy."""
    ends = evidence.kept.groupby(["panel", "variant", "statistic"])["estimate"].mean()
    return [
        target
        for panel, variant in product(evidence.panels, VARIANTS)
        for target in _of(panel, variant, ends.loc[panel, variant], evidence.benchmark(panel))
    ]


def _of(panel: str, variant: str, means: pd.Series[float], best: Mapping[str, Any]) -> Iterator[Target]:
    """The targets of a panel and variant, whose curves end at ``means``."""
    exact = best["upper"] == best["lower"]
    slack = SLACK_MAX_MIN if panel == "max-min" else SLACK
    against = "optimum" if exact else "Bayesian pricing"
    candidates = SUFFICIENT if exact else ("price-allocation",)
    curve = max(candidates, key=lambda name: means[name])
    yield Target(panel, variant, curve, against, best["lower"], means[curve], slack)
    for name, key in BEST_STATIC.items():
        yield Target(panel, variant, name, "best static", best[key], means[name], SLACK)


def targets_table(evidence: Evidence) -> Styler:
    """Return the targets as text: what each variant reached, and whether it is enough."""
    rows: dict[tuple[str, str, str], dict[str, str]] = {}
    for one in targets(evidence):
        kind = "adaptive" if one.against != "best static" else LABELS[one.curve]
        goal = {"goal": f"{one.goal:.4f} − {100 * one.slack:g} %"}
        row = rows.setdefault((title(one.panel), kind, one.against), goal)
        label = f" ({LABELS[one.curve].lower()})" if kind == "adaptive" else ""
        mark = "✓" if one.is_met else "✗"
        row[POLICIES[one.variant]] = f"{one.reached:.4f} {mark} {100 * one.distance:+.2f} %{label}"
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index = pd.MultiIndex.from_tuples(table.index, names=["panel", "mechanism", "against"])
    return table.reset_index().style.hide(axis="index")


def shortfalls(evidence: Evidence) -> list[str]:
    """Return a sentence for each target that neither variant reaches."""
    by_goal: dict[tuple[str, str], list[Target]] = {}
    for one in targets(evidence):
        kind = one.curve if one.against == "best static" else "adaptive"
        by_goal.setdefault((one.panel, kind), []).append(one)
    return [_shortfall(kind, group) for (_, kind), group in by_goal.items() if not any(t.is_met for t in group)]


def _shortfall(kind: str, group: list[Target]) -> str:
    nearest = max(group, key=lambda one: one.distance)
    what = LABELS.get(kind, f"the best adaptive policy ({LABELS[nearest.curve].lower()})")
    return (
        f"{title(nearest.panel)}: {what} ends {-100 * nearest.distance:.2f} % below {nearest.against} "
        f"({nearest.reached:.4f} against {nearest.goal:.4f}) with the policy {POLICIES[nearest.variant]!r}."
    )


class Neighbours(NamedTuple):
    """Two neighbours of the claimed order in a panel.

    Attributes:
        panel: name of the panel.
        variant: kind of policy.
        better: a statistic.
        worse: a statistic, or ``rsd``.
        strict: whether the first is claimed to be better, not only at least as good.
        difference: of the kept seeds' means.
        holds: whether the claim holds (:data:`spm.compendium.report.compare.BEATS`,
            :data:`spm.compendium.report.compare.AT_LEAST`).
    """

    panel: str
    variant: str
    better: str
    worse: str
    strict: bool
    difference: float
    holds: bool


def order(evidence: Evidence) -> list[Neighbours]:
    """Return, for each panel and variant, whether neighbours in the claimed order stand as claimed."""
    return [
        _neighbours(evidence, panel, variant, *pair)
        for panel, variant, pair in product(evidence.panels, VARIANTS, pairwise(CLAIMED_ORDER))
    ]


def _neighbours(evidence: Evidence, panel: str, variant: str, better: str, worse: str) -> Neighbours:
    found = compare(*(evidence.sample(panel, name, variant) for name in (better, worse)))
    strict = (better, worse) in STRICTLY_BETTER
    holds = found.is_positive if strict else not found.is_negative
    return Neighbours(panel, variant, better, worse, strict, found.mean, holds)


def order_table(evidence: Evidence) -> Styler:
    """Return :func:`order` as text, one row per panel and variant, with the two rules as caption."""
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for one in order(evidence):
        panel, policy = title(one.panel), POLICIES[one.variant]
        row = rows.setdefault((panel, policy), {"panel": panel, "policy": policy})
        relation = f"{NAMES[one.better]} {'>' if one.strict else '≥'} {NAMES[one.worse]}"
        row[relation] = f"{'yes' if one.holds else 'no'} ({one.difference:+.4f})"
    return pd.DataFrame(rows.values()).style.hide(axis="index").set_caption(f"{BEATS} {AT_LEAST}")
