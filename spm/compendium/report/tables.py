"""Tables made from the evidence (:mod:`spm.compendium.report.evidence`), with the short names that pages and
figures use.

Functions that end in ``_table`` return text for a page, the others numbers and truth values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler
from scipy import stats

from spm.compendium.record.grid import Protocol
from spm.compendium.record.published import CURVE, KEY
from spm.compendium.report.compare import BEATS, Interval, compare
from spm.compendium.report.evidence import Evidence, load
from spm.files import home, write_atomic
from spm.learning import VARIANTS
from spm.settings import FIGURES, get_setting

LABELS = {
    "none": "ASP",
    "agents-left": "PSP",
    "items-agents-left": "Items/agents left",
    "allocation": "Allocation",
    "price-allocation": "Price-allocation",
}
"""Short names of the learned curves, as in the paper's legend."""

POLICIES = dict(zip(VARIANTS, ("scores (paper)", "groups"), strict=True))
"""Short names of the policy's variants."""

NAMES = LABELS | {
    "rsd": "RSD",
    "anonymous_static": "best ASP",
    "personalised_static": "best PSP",
    "first_best": "First best",
}
"""Short names of all that is compared: learned curves, and keys of a panel's benchmark."""

BEST_STATIC = {"none": "anonymous_static", "agents-left": "personalised_static"}
"""What a learned static mechanism should reach: statistic, and key of a panel's benchmark."""

Pairs = Sequence[tuple[str, str]]
"""(better, worse); each a statistic or a key of a panel's benchmark (:data:`NAMES`)."""

CORRELATED = FIGURES["figure-2"]
BETTER_THAN_STATIC = dict.fromkeys(
    CORRELATED,
    (
        ("price-allocation", "agents-left"),
        ("price-allocation", "personalised_static"),
        ("agents-left", "rsd"),
        ("none", "rsd"),
    ),
)
"""Figure 2: seeing prices beats static mechanisms, learned or best, and these beat random serial dictatorship."""
BETTER_INFORMED = dict.fromkeys(
    CORRELATED,
    (
        ("price-allocation", "allocation"),
        ("allocation", "items-agents-left"),
        ("items-agents-left", "agents-left"),
    ),
)
"""Figure 2: of two policies the one that sees more is better."""
THEORY_DRIVEN = {
    "two-worlds": (("agents-left", "none"),),
    "inventory": (
        ("items-agents-left", "personalised_static"),
        ("agents-left", "none"),
        ("personalised_static", "anonymous_static"),
    ),
    "kitchen-sink": (("items-agents-left", "agents-left"), ("items-agents-left", "personalised_static")),
    "id": (("allocation", "items-agents-left"),),
}
"""Figure 3: each panel needs its own feature."""
BEYOND = {
    "additive": (
        ("price-allocation", "allocation"),
        ("price-allocation", "personalised_static"),
        ("agents-left", "rsd"),
    ),
    "revenue": (
        ("price-allocation", "agents-left"),
        ("price-allocation", "personalised_static"),
        ("agents-left", "rsd"),
    ),
    "max-min": (
        ("allocation", "items-agents-left"),
        ("allocation", "personalised_static"),
        ("allocation", "none"),
    ),
}
"""Figure 4: the order of the curves beyond unit demand and welfare."""


def baselines(evidence: Evidence) -> pd.DataFrame:
    """Return one row per panel: first best, random serial dictatorship, bounds and best static mechanisms."""
    return pd.DataFrame([{"panel": panel} | dict(evidence.benchmark(panel)) for panel in evidence.panels])


def summary(points: pd.DataFrame) -> pd.DataFrame:
    """Return mean over seeds and the half-width of its 95% interval (Student's t) for each point of a curve."""
    grouped = points.groupby([*CURVE, "visits"], sort=False)["estimate"]
    table = grouped.agg(["mean", "std", "count"]).reset_index()
    quantile = stats.t.ppf(0.975, np.maximum(table["count"] - 1, 1))
    table["half_width"] = quantile * table["std"].fillna(0.0) / np.sqrt(table["count"])
    return table.drop(columns=["std"])


def learned_finals(evidence: Evidence) -> pd.DataFrame:
    """Return the final summary of each curve's kept seeds: mean, 95% half-width, and how many seeds."""
    return summary(evidence.kept)


def kept_curves(evidence: Evidence) -> pd.DataFrame:
    """Return the summary of each curve over its kept seeds, point by point."""
    return summary(evidence.curves.merge(evidence.kept[KEY], on=KEY))


def write_tables(figure: str, protocol: Protocol) -> None:
    """Write the tables of a figure as CSV files to ``_build/tables/<protocol>/``."""
    evidence = load(protocol, figure)
    folder = home() / "_build" / "tables" / protocol.name
    made = {"curves": evidence.curves, "finals": evidence.finals, "baselines": baselines(evidence)}
    for name, table in made.items():
        write_atomic(folder / f"{figure}-{name}.csv", table.to_csv(index=False).encode())


def glance(evidence: Evidence, variant: str) -> pd.DataFrame:
    """Return all panels' results: RSD, each learned curve (mean of the kept seeds), and upper bounds."""
    ends = learned_finals(evidence)
    means = ends[ends["variant"] == variant].pivot(index="panel", columns="statistic", values="mean")
    base = baselines(evidence).set_index("panel")
    columns = [base["rsd"].rename("RSD"), *(means[name].rename(label) for name, label in LABELS.items())]
    columns += [base["upper"].rename("Optimum at most"), base["first_best"].rename("First best")]
    return pd.concat(columns, axis=1).rename(index=title)


def title(panel: str) -> str:
    """Return a panel's title."""
    return get_setting(panel).title


class Contrast(NamedTuple):
    """Two mechanisms compared in a panel: the difference of their means with its 95% interval.

    Attributes:
        panel: name of the panel.
        variant: kind of policy; empty if both are computed.
        better: a statistic or a key of the panel's benchmark.
        worse: what it is compared with.
        difference: mean of the kept seeds of ``better`` minus that of ``worse``.
        low: lower end of the interval.
        high: upper end.
        beats: whether ``better`` beats ``worse`` (:data:`spm.compendium.report.compare.BEATS`).
    """

    panel: str
    variant: str
    better: str
    worse: str
    difference: float
    low: float
    high: float
    beats: bool


def contrasts(evidence: Evidence, pairs: Mapping[str, Pairs]) -> pd.DataFrame:
    """Return, for each panel, pair of names and variant, whether the first beats the second.

    Args:
        evidence: the records.
        pairs: the pairs of each panel.

    Returns:
        One row per :class:`Contrast`; two computed benchmarks are compared once, whatever the variant.
    """
    return pd.DataFrame(_contrasts(evidence, pairs), columns=Contrast._fields)


def _contrasts(evidence: Evidence, pairs: Mapping[str, Pairs]) -> Iterator[Contrast]:
    for panel, named in pairs.items():
        for better, worse in named:
            for variant in VARIANTS if {better, worse} & set(LABELS) else ("",):
                found = compare(*(evidence.sample(panel, name, variant) for name in (better, worse)))
                yield Contrast(panel, variant, better, worse, *found, found.is_positive)


def contrasts_table(evidence: Evidence, pairs: Mapping[str, Pairs]) -> Styler:
    """Return :func:`contrasts` as text, with what "beats" means as caption."""
    table = contrasts(evidence, pairs)
    shown = pd.DataFrame(
        {
            "panel": table["panel"].map(title),
            "policy": table["variant"].map(POLICIES | {"": "none"}),
            "better": table["better"].map(NAMES),
            "worse": table["worse"].map(NAMES),
            "difference": table["difference"].map("{:+.4f}".format),
            "95 % interval": [Interval(*ends).bounds for ends in table[["difference", "low", "high"]].to_numpy()],
            "beats": table["beats"].map({True: "yes", False: "no"}),
        }
    )
    return shown.style.hide(axis="index").set_caption(BEATS)


def final_table(evidence: Evidence) -> pd.DataFrame:
    """Return a figure's results as text: mean of the kept seeds ± half-width of its interval, and benchmarks."""
    ends = learned_finals(evidence)
    ends["text"] = [
        f"{mean:.4f} ± {half:.4f}" for mean, half in zip(ends["mean"], ends["half_width"], strict=True)
    ]
    table = ends.pivot(index=["panel", "variant"], columns="statistic", values="text")
    table = table[list(LABELS)].rename(columns=LABELS)
    for name, label in {"rsd": "RSD", "upper": "Optimum at most", "first_best": "First best"}.items():
        table[label] = [f"{evidence.benchmark(str(panel))[name]:.3f}" for panel, _ in table.index]
    rows = [(panel, variant) for panel in evidence.panels for variant in POLICIES]
    table = table.reindex(rows)
    titles = [(title(panel), POLICIES[variant]) for panel, variant in rows]
    table.index = pd.MultiIndex.from_tuples(titles, names=[None, "policy"])
    return table.rename_axis(columns=None)


def bounds_table(evidence: Evidence) -> pd.DataFrame:
    """Return every panel's bracket and best static mechanisms, with numerical or standard errors as ±."""
    return pd.DataFrame({title(panel): _bounds(evidence.benchmark(panel)) for panel in evidence.panels}).T


def _bounds(best: Mapping[str, Any]) -> dict[str, str]:
    names = {"rsd": "RSD", "anonymous_static": "ASP", "personalised_static": "PSP"}
    names |= {"lower": "Optimum from", "upper": "to"}
    row = {label: _with_error(best[name], best[f"{name}_error"]) for name, label in names.items()}
    width = f"{100 * (best['upper'] / best['lower'] - 1):.2f} %"
    return row | {"Width": width, "First best": f"{best['first_best']:.4f}"}


def _with_error(value: float, error: float) -> str:
    return f"{value:.4f} ± {error:.4f}" if error >= 5e-5 else f"{value:.4f}"


def attained(evidence: Evidence) -> pd.DataFrame:
    """Return, for each panel, the best learned curve's gain over RSD as a share of what any mechanism can gain.

    The columns "of lower" and "of upper" relate it to the two ends of the bracket of the optimum.
    """
    ends = learned_finals(evidence)
    rows = []
    for panel in evidence.panels:
        best = evidence.benchmark(panel)
        row = ends[ends["panel"] == panel].sort_values("mean").iloc[-1]
        shares = [
            f"{100 * (row['mean'] - best['rsd']) / (best[end] - best['rsd']):.1f} %" for end in ("lower", "upper")
        ]
        which = (title(panel), POLICIES[str(row["variant"])], LABELS[str(row["statistic"])])
        rows.append((*which, f"{row['mean']:.4f}", *shares))
    columns = ["panel", "policy", "best learned curve", "objective", "of lower", "of upper"]
    return pd.DataFrame(rows, columns=columns)


def adaptivity_map(sizes: pd.DataFrame, index: str = "n") -> pd.DataFrame:
    """Return the adaptivity gap in percent, rows by ``index``, columns by the number of items.

    The lower ends are reduced by two standard errors.

    Args:
        sizes: from :func:`spm.bounds.adaptivity_gap.correlated_map`.
        index: ``n`` or ``delta``.
    """
    noise = 200 * sizes["lower_error"] / sizes["best_static"]
    low, high = (sizes["adaptivity_low"] - noise).clip(lower=0.0), sizes["adaptivity_high"].clip(lower=0.0)
    cells = [f"{a:.1f} to {b:.1f}" for a, b in zip(low, high, strict=True)]
    table = sizes.assign(cell=cells, m=sizes["m"].astype(int)).pivot(index=index, columns="m", values="cell")
    return table.fillna("").rename_axis(index=index, columns="items m")


def above_upper(evidence: Evidence) -> pd.DataFrame:
    """Return, for each panel, the run that comes closest to the upper bound or exceeds it most.

    "standard errors" is its distance above the bound in standard errors of its evaluation, negative below it.
    """
    ends = evidence.finals
    bound = ends["panel"].map(lambda panel: evidence.benchmark(panel)["upper"])
    over = ends["estimate"] - bound
    # An evaluation without any regret has no sampling error; rounding is all that is left.
    ends = ends.assign(
        upper=bound, above=(over / ends["regret_se"].clip(lower=1e-9)).where(over.abs() > 1e-9, 0.0)
    )
    rows = ends.loc[ends.groupby("panel", sort=False)["above"].idxmax()]
    table = rows[["panel", "variant", "statistic", "seed", "estimate", "upper", "above"]]
    table = table.replace({"statistic": LABELS, "variant": POLICIES}).rename(columns={"variant": "policy"})
    table["panel"] = table["panel"].map(title)
    return table.rename(columns={"above": "standard errors"}).reset_index(drop=True)


def groups_table(panels: Sequence[str]) -> pd.DataFrame:
    """Return how many agents each panel has, and how many groups of exchangeable ones."""
    known = [get_setting(panel) for panel in panels]
    rows = {one.title: (one.n_agents, int(one.model.group_of.max()) + 1) for one in known}
    return pd.DataFrame(rows, index=["agents", "groups"])
