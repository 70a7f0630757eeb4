"""What choosing the best seeds does to the reported numbers.

The paper draws the 3 of 6 seeds with the best performance: a selection on the outcome. Beside it stand all seeds,
summarised by the interquartile mean (the mean of the middle half, robust to a lucky or a stuck seed) with a
bootstrap interval over seeds (Agarwal et al., 2021).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler
from scipy import stats

from spm.compendium.record.published import CURVE
from spm.compendium.report.compare import Sample
from spm.compendium.report.evidence import Evidence
from spm.compendium.report.tables import LABELS, POLICIES, title

RESAMPLES = 10_000
APART = 0.01
"""A seed that ends more than this share below the kept ones has fallen apart."""


def interquartile_mean(values: Sample, axis: int = -1) -> Sample:
    """Return the means along an axis without the lowest and the highest quarter, rounded down to whole values.

    >>> float(interquartile_mean(np.array([0.0, 1.0, 2.0, 3.0, 4.0, 50.0])))
    2.5
    """
    return np.asarray(stats.trim_mean(values, 0.25, axis=axis))


def bootstrap(values: Sample, seed: int = 0) -> tuple[float, float]:
    """Return the 95% percentile bootstrap interval of the interquartile mean over seeds."""
    drawn = stats.bootstrap(
        (values,), interquartile_mean, n_resamples=RESAMPLES, method="percentile", rng=np.random.default_rng(seed)
    )
    return float(drawn.confidence_interval.low), float(drawn.confidence_interval.high)


def reliability(evidence: Evidence) -> pd.DataFrame:
    """Return, for each curve, the mean of the kept seeds beside all seeds' interquartile mean, ends and selection.

    Columns: ``kept`` (mean of the kept seeds), ``iqm`` with ``low`` and ``high`` (95% bootstrap), ``worst`` and
    ``best`` seed, and ``selection``: kept minus the plain mean of all seeds.
    """
    rows = []
    for key, curve in evidence.finals.groupby(CURVE, sort=False):
        values = curve["estimate"].to_numpy(dtype=float)
        kept = float(curve.loc[curve.index.isin(evidence.kept.index), "estimate"].mean())
        low, high = bootstrap(values)
        row = dict(zip(CURVE, key, strict=True)) | {"kept": kept, "iqm": float(interquartile_mean(values))}
        row |= {"low": low, "high": high, "worst": values.min(), "best": values.max()}
        rows.append(row | {"selection": kept - values.mean()})
    return pd.DataFrame(rows)


def reliability_table(evidence: Evidence) -> Styler:
    """Return :func:`reliability` as text for a page, one row per curve."""
    table, protocol = reliability(evidence), evidence.protocol
    shown = pd.DataFrame(
        {
            "panel": table["panel"].map(title),
            "policy": table["variant"].map(POLICIES),
            "curve": table["statistic"].map(LABELS),
            f"best {protocol.keep} of {protocol.seeds}": table["kept"].map("{:.4f}".format),
            "IQM of all": table["iqm"].map("{:.4f}".format),
            "95 % interval": [
                f"{low:.4f} to {high:.4f}" for low, high in zip(table["low"], table["high"], strict=True)
            ],
            "worst seed": table["worst"].map("{:.4f}".format),
            "effect of selection": (100 * table["selection"] / table["kept"]).map("{:+.2f} %".format),
        }
    )
    return shown.style.hide(axis="index")


def seeds_apart(evidence: Evidence) -> pd.DataFrame:
    """Return, for each variant, how many curves have a seed that ends more than 1% below the kept ones."""
    table = reliability(evidence)
    apart = table["worst"] < (1 - APART) * table["kept"]
    return apart.groupby(table["variant"], sort=False).sum().to_frame("curves with a seed apart")
