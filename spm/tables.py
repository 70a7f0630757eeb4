"""Tidy tables made from the records: learning curves, final evaluations, baselines, and their summaries.

Objectives are in units of the highest value (see :mod:`spm.settings`). A learned mechanism's objective is
estimated as the expected first best, which :mod:`spm.bounds` knows without sampling, minus its mean regret: most
of the noise of a profile is in its first best. The estimate has the same expectation as the plain mean and a
smaller standard error, ``regret_se``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from spm import experiments, published, settings
from spm.actors import VARIANTS
from spm.benchmarks import benchmark
from spm.experiments import Profile
from spm.files import write_atomic
from spm.published import CURVE as CURVE
from spm.published import KEY as KEY

POINT = ["visits", "objective", "objective_se", "regret", "regret_se"]
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

BENCHMARKS = {
    "rsd": ("rsd", "RSD"),
    "best-asp": ("anonymous_static", "best ASP"),
    "best-psp": ("personalised_static", "best PSP"),
    "first-best": ("first_best", "First best"),
}
"""What learned curves are compared with: key in a benchmark, and label."""


def curves(figure: str, of: Profile) -> pd.DataFrame:
    """Return every point of every learning curve: panel, variant, statistic, seed, visits, means and errors.

    Read from the results of record (:mod:`spm.published`) if the profile is one of record, else from its runs.

    Raises:
        ValueError: a record is missing, damaged or (of record) stale.
    """
    return _points(figure, of, "curve")


def finals(figure: str, of: Profile) -> pd.DataFrame:
    """Return the final evaluation of every run, with columns as in :func:`curves`.

    Raises:
        ValueError: a record is missing, damaged or (of record) stale.
    """
    return _points(figure, of, "final")


def _points(figure: str, of: Profile, part: str) -> pd.DataFrame:
    if of.of_record:
        table = published.published(of)["curves" if part == "curve" else "runs"]
        table = table[table["panel"].isin(experiments.panels(figure))][[*KEY, *POINT]].reset_index(drop=True)
    else:
        table = _from_records(figure, of, part)
    table["estimate"] = table["panel"].map(lambda panel: benchmark(panel)["first_best"]) - table["regret"]
    return table


def _from_records(figure: str, of: Profile, part: str) -> pd.DataFrame:
    records = experiments.store(of)
    rows = []
    for specification in experiments.grid(figure, of):
        points = records.load(specification)[part]
        rows += [specification.key | point for point in (points if isinstance(points, list) else [points])]
    return pd.DataFrame(rows)


def baselines(figure: str) -> pd.DataFrame:
    """Return one row a panel: first best, random serial dictatorship, bounds and best static mechanisms."""
    return pd.DataFrame([{"panel": panel} | benchmark(panel) for panel in experiments.panels(figure)])


def kept(final: pd.DataFrame, keep: int) -> pd.DataFrame:
    """Return the rows of ``final`` of the ``keep`` best seeds of each curve (:func:`spm.published.is_kept`)."""
    return final[published.is_kept(final, keep)]


def summary(points: pd.DataFrame) -> pd.DataFrame:
    """Return mean over seeds and the half-width of its 95% interval (Student's t) for each point of a curve."""
    grouped = points.groupby([*CURVE, "visits"], sort=False)["estimate"]
    table = grouped.agg(["mean", "std", "count"]).reset_index()
    quantile = stats.t.ppf(0.975, np.maximum(table["count"] - 1, 1))
    table["half_width"] = quantile * table["std"].fillna(0.0) / np.sqrt(table["count"])
    return table.drop(columns=["std"])


def learned(figure: str, of: Profile) -> pd.DataFrame:
    """Return the final summary of each curve's kept seeds: mean, 95% half-width, and how many seeds."""
    return summary(kept(finals(figure, of), of.keep))


def kept_curves(figure: str, of: Profile) -> pd.DataFrame:
    """Return the summary of each curve over its kept seeds, point by point."""
    chosen = kept(finals(figure, of), of.keep)[KEY]
    return summary(curves(figure, of).merge(chosen, on=KEY))


def write(figure: str, of: Profile) -> None:
    """Write the tables of a figure as CSV files to ``_build/tables/<profile>/``."""
    folder = experiments.home() / "_build" / "tables" / of.name
    made = {"curves": curves(figure, of), "finals": finals(figure, of), "baselines": baselines(figure)}
    for name, table in made.items():
        write_atomic(folder / f"{figure}-{name}.csv", table.to_csv(index=False).encode())


def glance(of: Profile, variant: str) -> pd.DataFrame:
    """Return all panels' results at a glance: RSD, each learned curve (mean of the kept seeds), upper bounds."""
    ends = learned("all", of)
    means = ends[ends["variant"] == variant].pivot(index="panel", columns="statistic", values="mean")
    base = baselines("all").set_index("panel")
    columns = [base["rsd"].rename("RSD"), *(means[name].rename(label) for name, label in LABELS.items())]
    columns += [base["upper"].rename("Optimum at most"), base["first_best"].rename("First best")]
    table = pd.concat(columns, axis=1)
    return table.reindex(experiments.panels("all")).rename(index=lambda panel: settings.get(panel).title)


def contrasts(panel: str, of: Profile, pairs: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Return, for each variant and pair of names, whether the first beats the second in a panel.

    Args:
        panel: the panel.
        of: the profile.
        pairs: (better, worse); each the name of a statistic or of one of :data:`BENCHMARKS`.

    Returns:
        One row a pair and variant: the difference of the means, the *least* difference (the worst kept seed of the
        better against the best kept seed of the worse), and whether even that is positive.
    """
    figure = next(name for name, panels in settings.FIGURES.items() if panel in panels)
    ends = kept(finals(figure, of), of.keep)
    ends = ends[ends["panel"] == panel]
    best = benchmark(panel)
    fixed = {name: pd.Series([best[key]]) for name, (key, _) in BENCHMARKS.items()}
    rows = []
    for variant, policy in POLICIES.items():
        runs = ends[ends["variant"] == variant].groupby("statistic")
        seeds = fixed | {str(name): group["estimate"] for name, group in runs}
        for a, b in pairs:
            if not {a, b} <= set(BENCHMARKS) or variant == next(iter(POLICIES)):
                rows.append((policy, a, b, seeds[a].mean() - seeds[b].mean(), seeds[a].min() - seeds[b].max()))
    table = pd.DataFrame(rows, columns=["policy", "better", "worse", "difference", "least difference"])
    table.loc[table["better"].isin(BENCHMARKS) & table["worse"].isin(BENCHMARKS), "policy"] = "none"
    table.insert(0, "panel", settings.get(panel).title)
    table["holds"] = (table["least difference"] > 0).map({True: "yes", False: "no"})
    return table.replace(LABELS | {name: label for name, (_, label) in BENCHMARKS.items()})


def final_table(figure: str, of: Profile) -> pd.DataFrame:
    """Return a figure's results as text: mean of the kept seeds ± half-width of its interval, and benchmarks."""
    ends = learned(figure, of)
    ends["text"] = [
        f"{mean:.4f} ± {half:.4f}" for mean, half in zip(ends["mean"], ends["half_width"], strict=True)
    ]
    table = ends.pivot(index=["panel", "variant"], columns="statistic", values="text")
    table = table[list(LABELS)].rename(columns=LABELS)
    for name, label in {"rsd": "RSD", "upper": "Optimum at most", "first_best": "First best"}.items():
        table[label] = [f"{benchmark(str(panel))[name]:.3f}" for panel, _ in table.index]
    rows = [(panel, variant) for panel in experiments.panels(figure) for variant in POLICIES]
    titles = [(settings.get(panel).title, POLICIES[variant]) for panel, variant in rows]
    table = table.reindex(rows)
    table.index = pd.MultiIndex.from_tuples(titles, names=[None, "policy"])
    return table.rename_axis(columns=None)


def bounds_table() -> pd.DataFrame:
    """Return every panel's bracket and best static mechanisms, with numerical or standard errors as ±."""
    rows = {}
    for panel in experiments.panels("all"):
        best = benchmark(panel)
        names = {"rsd": "RSD", "anonymous_static": "ASP", "personalised_static": "PSP"}
        names |= {"lower": "Optimum from", "upper": "to"}
        row = {label: _with_error(best[name], best[f"{name}_error"]) for name, label in names.items()}
        row["Width"] = f"{100 * (best['upper'] / best['lower'] - 1):.2f} %"
        row["First best"] = f"{best['first_best']:.4f}"
        rows[settings.get(panel).title] = row
    return pd.DataFrame(rows).T


def _with_error(value: float, error: float) -> str:
    return f"{value:.4f} ± {error:.4f}" if error >= 5e-5 else f"{value:.4f}"


def attained(of: Profile) -> pd.DataFrame:
    """Return, for each panel, the best learned curve's gain over RSD as a share of what any mechanism can gain.

    The columns "of lower" and "of upper" relate it to the two ends of the bracket of the optimum.
    """
    ends = learned("all", of)
    rows = []
    for panel in experiments.panels("all"):
        best = benchmark(panel)
        row = ends[ends["panel"] == panel].sort_values("mean").iloc[-1]
        shares = [
            f"{100 * (row['mean'] - best['rsd']) / (best[end] - best['rsd']):.1f} %" for end in ("lower", "upper")
        ]
        which = (settings.get(panel).title, POLICIES[str(row["variant"])], LABELS[str(row["statistic"])])
        rows.append((*which, f"{row['mean']:.4f}", *shares))
    columns = ["panel", "policy", "best learned curve", "objective", "of lower", "of upper"]
    return pd.DataFrame(rows, columns=columns)


def adaptivity_map(sizes: pd.DataFrame, index: str = "n") -> pd.DataFrame:
    """Return the value of adaptivity in percent, rows by ``index``, columns by the number of items.

    The lower ends are reduced by two standard errors.

    Args:
        sizes: from :func:`spm.optimum.adaptivity.correlated_map`.
        index: ``n`` or ``delta``.
    """
    noise = 200 * sizes["lower_error"] / sizes["best_static"]
    low, high = (sizes["adaptivity_low"] - noise).clip(lower=0.0), sizes["adaptivity_high"].clip(lower=0.0)
    cells = [f"{a:.1f} to {b:.1f}" for a, b in zip(low, high, strict=True)]
    table = sizes.assign(cell=cells, m=sizes["m"].astype(int)).pivot(index=index, columns="m", values="cell")
    return table.fillna("").rename_axis(index=index, columns="items m")


def above_upper(of: Profile) -> pd.DataFrame:
    """Return, for each panel, the run that comes closest to the upper bound or exceeds it most.

    "standard errors" is its distance above the bound in standard errors of its evaluation, negative below it.
    """
    ends = finals("all", of)
    bound = ends["panel"].map(lambda panel: benchmark(panel)["upper"])
    over = ends["estimate"] - bound
    # An evaluation without any regret has no sampling error; rounding is all that is left.
    ends = ends.assign(
        upper=bound, above=(over / ends["regret_se"].clip(lower=1e-9)).where(over.abs() > 1e-9, 0.0)
    )
    rows = ends.loc[ends.groupby("panel", sort=False)["above"].idxmax()]
    table = rows[["panel", "variant", "statistic", "seed", "estimate", "upper", "above"]]
    table = table.replace({"statistic": LABELS, "variant": POLICIES}).rename(columns={"variant": "policy"})
    table["panel"] = [settings.get(str(panel)).title for panel in table["panel"]]
    return table.rename(columns={"above": "standard errors"}).reset_index(drop=True)
