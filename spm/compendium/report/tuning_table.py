"""Tables of runs beside the grid: what was tried before PPO's settings were fixed; learning from the belief."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd

from spm.compendium.record.belief import BELIEF
from spm.compendium.record.bracket_cache import benchmark
from spm.compendium.record.grid import STATIC
from spm.compendium.record.tuning import TUNING
from spm.compendium.report.evidence import Evidence
from spm.compendium.report.tables import BEST_STATIC, LABELS, POLICIES
from spm.learning import HYPERPARAMETERS
from spm.settings import get_setting


def chosen_table() -> pd.DataFrame:
    """Return the chosen settings, one column per policy and kind of mechanism."""
    chosen = {
        (POLICIES[variant], "static" if static else "adaptive"): asdict(hyper)
        for (variant, static), hyper in HYPERPARAMETERS.items()
    }
    return pd.DataFrame(chosen).fillna("learned")


def tuning_table() -> pd.DataFrame:
    """Return, for each alternative and curve, the distance to the benchmark in percent: mean of the seeds.

    The benchmark is the lower end of the optimum's bracket, or the best static mechanism for ASP and PSP.
    """
    rows = TUNING.read()
    known = [
        (benchmark(panel)["first_best"], benchmark(panel)[BEST_STATIC.get(statistic, "lower")])
        for panel, statistic in zip(rows["panel"], rows["statistic"], strict=True)
    ]
    first_best, goal = (pd.Series(values) for values in zip(*known, strict=True))
    rows["distance"] = 100 * ((first_best - rows["regret"]) / goal - 1)
    rows["curve"] = [
        f"{get_setting(panel).title}, {LABELS[statistic]}"
        for panel, statistic in zip(rows["panel"], rows["statistic"], strict=True)
    ]
    rows["policy"] = rows["variant"].map(POLICIES)
    rows["mechanism"] = rows["statistic"].isin(STATIC).map({True: "static", False: "adaptive"})
    index = ["policy", "mechanism", "alternative"]
    seconds = rows.groupby(index, sort=False)["seconds"].mean()
    shown = rows.pivot_table(index=index, columns="curve", values="distance", aggfunc="mean", sort=False)
    text = shown.map(lambda value: "" if pd.isna(value) else f"{value:+.2f} %")
    text["seconds per run"] = seconds.reindex(text.index).map("{:.0f}".format)
    return text.rename_axis(columns=None)


def belief_table(evidence: Evidence) -> pd.DataFrame:
    """Return the final regrets of learning from the belief and from the price history, one row per seed."""
    belief = BELIEF.read().set_index("seed")["regret"]
    history = evidence.all_seeds("delta-0.5", "price-allocation").set_index("seed")["regret"]
    table = pd.DataFrame({"belief": belief, "price-allocation": history.reindex(belief.index)})
    return table.rename(index=lambda seed: f"seed {seed}").rename_axis(index=None)
