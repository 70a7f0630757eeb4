"""What choosing the best seeds does to the reported numbers.

The paper draws the 3 of 6 seeds with the best performance: a selection on the outcome. Beside it stand all seeds,
summarised by the interquartile mean (the mean of the middle half, robust to a lucky or a stuck seed) with a
bootstrap interval over seeds (Agarwal et al., 2021).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from spm import settings
from spm.demand import Array
from spm.experiments import Profile
from spm.tables import CURVE, LABELS, POLICIES, finals, kept

RESAMPLES = 10_000


def interquartile_mean(values: Array) -> float:
    """Return the mean without the lowest and the highest quarter, rounded down to whole values.

    >>> interquartile_mean(np.array([0.0, 1.0, 2.0, 3.0, 4.0, 50.0]))
    2.5
    """
    return float(stats.trim_mean(values, 0.25))


def bootstrap(values: Array, seed: int = 0) -> tuple[float, float]:
    """Return the 95% percentile bootstrap interval of the interquartile mean over seeds."""
    drawn = np.random.default_rng(seed).choice(values, (RESAMPLES, len(values)))
    low, high = np.quantile(stats.trim_mean(drawn, 0.25, axis=1), [0.025, 0.975])
    return float(low), float(high)


def reliability(figure: str, of: Profile) -> pd.DataFrame:
    """Return, for each curve, the mean of the kept seeds beside all seeds' interquartile mean, ends and selection.

    Columns: ``kept`` (mean of the kept seeds), ``iqm`` with ``low`` and ``high`` (95% bootstrap), ``worst`` and
    ``best`` seed, and ``selection``: kept minus the plain mean of all seeds.
    """
    ends = finals(figure, of)
    rows = []
    for key, curve in ends.groupby(CURVE, sort=False):
        values, best = curve["estimate"].to_numpy(dtype=float), kept(curve, of.keep)["estimate"].mean()
        low, high = bootstrap(values)
        row = dict(zip(CURVE, key, strict=True)) | {"kept": best, "iqm": interquartile_mean(values)}
        row |= {"low": low, "high": high, "worst": values.min(), "best": values.max()}
        rows.append(row | {"selection": best - values.mean()})
    return pd.DataFrame(rows)


def reliability_table(figure: str, of: Profile) -> pd.DataFrame:
    """Return :func:`reliability` as text for a page, one row a curve."""
    table = reliability(figure, of)
    shown = pd.DataFrame(
        {
            "panel": [settings.get(str(panel)).title for panel in table["panel"]],
            "policy": table["variant"].map(POLICIES),
            "curve": table["statistic"].map(LABELS),
            f"best {of.keep} of {of.seeds}": table["kept"].map("{:.4f}".format),
            "IQM of all": table["iqm"].map("{:.4f}".format),
            "95 % interval": [
                f"{low:.4f} to {high:.4f}" for low, high in zip(table["low"], table["high"], strict=True)
            ],
            "worst seed": table["worst"].map("{:.4f}".format),
            "effect of selection": [
                f"{100 * gain / kept:+.2f} %" for gain, kept in zip(table["selection"], table["kept"], strict=True)
            ],
        }
    )
    return shown
