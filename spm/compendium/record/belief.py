"""Learning from the belief: the curve that is given the posterior of the latent instead of the price history.

The runs are those of the price-allocation curve at delta = 0.5, with the paper's policy, budget and seeds; only
what the policy sees is another statistic. The table is ``data/belief.csv``.
"""

from __future__ import annotations

from dataclasses import replace

from spm.compendium.record.grid import PROTOCOLS
from spm.compendium.record.trials import Trial, Trials
from spm.market import get_statistic

BELIEF_SEEDS = 2


def belief_trials() -> list[Trial]:
    """Return the runs, one per seed."""
    protocol = PROTOCOLS["paper"]
    raw = [protocol.specification("delta-0.5", "price-allocation", seed) for seed in range(BELIEF_SEEDS)]
    return [Trial("belief", replace(one, statistic=get_statistic("belief"))) for one in raw]


BELIEF = Trials("belief", belief_trials)
"""The runs with their table."""
