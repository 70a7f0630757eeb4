"""Small made-up records: evidence whose every number a test chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
from pandas.io.formats.style import Styler

from spm.compendium.record.grid import PROTOCOLS
from spm.compendium.report.evidence import Evidence

Ends = Mapping[tuple[str, str, str], Sequence[float]]
"""Panel, variant and statistic of a curve: where its seeds end."""

BEST = {
    "rsd": 0.3,
    "anonymous_static": 0.5,
    "personalised_static": 0.6,
    "lower": 0.8,
    "upper": 0.8,
    "first_best": 0.9,
}
BEST |= {f"{name}_error": 0.0 for name in BEST}


def evidence(ends: Ends, keep: int = 3, best: Mapping[str, Mapping[str, Any]] | None = None) -> Evidence:
    """Evidence of curves that rise in a straight line from 0 to where they end, after 100 visits.

    Args:
        ends: where the seeds of each curve end.
        keep: how many seeds of each are kept.
        best: each panel's benchmark, :data:`BEST` where it has none.
    """
    seeds = max(map(len, ends.values()))
    keys = ["panel", "variant", "statistic"]
    finals = pd.DataFrame(
        dict(zip(keys, key, strict=True)) | {"seed": k, "visits": 100, "estimate": end, "regret": 0.9 - end}
        for key, values in ends.items()
        for k, end in enumerate(values)
    )
    curves = pd.concat([finals.assign(visits=0, estimate=0.0), finals], ignore_index=True)
    profile = replace(PROTOCOLS["paper"], seeds=seeds, keep=keep)
    return Evidence(profile, finals.assign(regret_se=0.01), curves, lambda panel: (best or {}).get(panel, BEST))


def unstyled(shown: Styler) -> pd.DataFrame:
    """The table that a page shows."""
    return shown.data  # type: ignore[attr-defined]


def caption(shown: Styler) -> str:
    """What stands above it."""
    return str(shown.caption)  # type: ignore[attr-defined]
