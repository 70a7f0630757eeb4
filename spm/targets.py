"""How good the learned mechanisms should be, and whether they are.

Three kinds of targets, for the mean of a curve's kept seeds: within 0.5% of the optimum where it is known (1% of
the best explicit SPM for max-min fairness), at least Bayesian pricing minus 0.5% where only a bracket is known,
and within 0.5% of the best static mechanism for ASP and PSP. The order of the curves is a target of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd
from scipy import stats

from spm import experiments, settings
from spm.actors import VARIANTS
from spm.benchmarks import benchmark
from spm.experiments import Profile
from spm.tables import LABELS, POLICIES, finals, kept

SLACK = 0.005
"""Relative distance that is near enough."""
SLACK_MAX_MIN = 0.01
SUFFICIENT = ("allocation", "price-allocation")
"""Statistics that are sufficient in every panel (Theorem 1)."""
CLAIMED_ORDER = ("price-allocation", "allocation", "items-agents-left", "agents-left", "none")
"""From best to worst in the correlated panels, RSD last (the paper's Part 1)."""
STRICT = {("items-agents-left", "agents-left"), ("none", "rsd")}
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


def targets(of: Profile) -> list[Target]:
    """Return every target of a profile, panel by panel, for both variants of the policy."""
    ends = kept(finals("all", of), of.keep).groupby(["panel", "variant", "statistic"])["estimate"].mean()
    return [
        target
        for panel in experiments.panels("all")
        for variant in VARIANTS
        for target in _of(panel, variant, ends.loc[panel, variant])
    ]


def _of(panel: str, variant: str, means: pd.Series[float]) -> Iterator[Target]:
    """The targets of a panel and variant, whose curves end at ``means``."""
    best = benchmark(panel)
    exact = best["upper"] == best["lower"]
    slack = SLACK_MAX_MIN if panel == "max-min" else SLACK
    against = "optimum" if exact else "Bayesian pricing"
    candidates = SUFFICIENT if exact else ("price-allocation",)
    curve = max(candidates, key=lambda name: means[name])
    yield Target(panel, variant, curve, against, best["lower"], means[curve], slack)
    for name, key in {"none": "anonymous_static", "agents-left": "personalised_static"}.items():
        yield Target(panel, variant, name, "best static", best[key], means[name], SLACK)


def targets_table(of: Profile) -> pd.DataFrame:
    """Return the targets as text: what each variant reached, and whether it is enough."""
    rows: dict[tuple[str, str, str], dict[str, str]] = {}
    for one in targets(of):
        title = settings.get(one.panel).title
        kind = "adaptive" if one.against != "best static" else LABELS[one.curve]
        row = rows.setdefault((title, kind, one.against), {"goal": f"{one.goal:.4f} − {100 * one.slack:g} %"})
        label = f" ({LABELS[one.curve].lower()})" if kind == "adaptive" else ""
        mark = "✓" if one.is_met else "✗"
        row[POLICIES[one.variant]] = f"{one.reached:.4f} {mark} {100 * one.distance:+.2f} %{label}"
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index = pd.MultiIndex.from_tuples(table.index, names=["panel", "mechanism", "against"])
    return table.reset_index()


def shortfalls(of: Profile) -> list[str]:
    """Return a sentence for each target that neither variant reaches."""
    by_goal: dict[tuple[str, str], list[Target]] = {}
    for one in targets(of):
        kind = one.curve if one.against == "best static" else "adaptive"
        by_goal.setdefault((one.panel, kind), []).append(one)
    return [_shortfall(kind, group) for (_, kind), group in by_goal.items() if not any(t.is_met for t in group)]


def _shortfall(kind: str, group: list[Target]) -> str:
    nearest = max(group, key=lambda one: one.distance)
    title = settings.get(nearest.panel).title
    what = LABELS.get(kind, f"the best adaptive policy ({LABELS[nearest.curve].lower()})")
    return (
        f"{title}: {what} ends {-100 * nearest.distance:.2f} % below {nearest.against} "
        f"({nearest.reached:.4f} against {nearest.goal:.4f}) with the policy {POLICIES[nearest.variant]!r}."
    )


def order_table(figure: str, of: Profile) -> pd.DataFrame:
    """Return, for each panel and variant, whether neighbours in the claimed order stand as claimed.

    ``A ≥ B`` stands unless Welch's 95% interval of the difference of the kept seeds' means lies below 0,
    ``A > B`` only if it lies above.
    """
    ends = kept(finals(figure, of), of.keep)
    chain = (*CLAIMED_ORDER, "rsd")
    rows = []
    for panel in experiments.panels(figure):
        for variant, policy in POLICIES.items():
            runs = ends[(ends["panel"] == panel) & (ends["variant"] == variant)]
            seeds = {str(name): group["estimate"] for name, group in runs.groupby("statistic")}
            row = {"panel": settings.get(panel).title, "policy": policy}
            for pair in pairwise(chain):
                row[_relation(*pair)] = _stands(*pair, seeds, benchmark(panel)["rsd"])
            rows.append(row)
    return pd.DataFrame(rows)


def _relation(better: str, worse: str) -> str:
    labels = LABELS | {"rsd": "RSD"}
    return f"{labels[better]} {'>' if (better, worse) in STRICT else '≥'} {labels[worse]}"


def _stands(better: str, worse: str, seeds: dict[str, pd.Series[float]], rsd: float) -> str:
    """``yes`` or ``no``, with the difference of the means."""
    first = seeds[better]
    if worse == "rsd":
        difference = stats.ttest_1samp(first - rsd, 0.0)
        gap = first.mean() - rsd
    else:
        difference = stats.ttest_ind(first, seeds[worse], equal_var=False)
        gap = first.mean() - seeds[worse].mean()
    interval = difference.confidence_interval()
    # Seeds that all agree to the last digit have no variance, and so no interval but the difference itself.
    low, high = (gap, gap) if interval.low != interval.low else (interval.low, interval.high)
    holds = low > 0 if (better, worse) in STRICT else high >= 0
    return f"{'yes' if holds else 'no'} ({gap:+.4f})"
