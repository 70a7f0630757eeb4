"""What the chapter on the decision problem shows: one episode as a learner meets it, and many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spm.learning import BatchedMarkets, MarketEnv
from spm.market import STATISTICS, get_statistic
from spm.settings import Setting

WIDEST = "price-allocation"


class Stepped(NamedTuple):
    """An episode: its last observation ``(width,)`` and one row per round."""

    observation: NDArray[np.float32]
    rounds: pd.DataFrame


def stepped(setting: Setting, action: Sequence[float], seed: int) -> Stepped:
    """Take one action over and over in the environment, on the profile that ``transcripts.episode`` draws.

    Args:
        setting: the market.
        action: n scores, then T prices.
        seed: as of :func:`spm.compendium.report.words.episode`.
    """
    draws = np.random.default_rng(np.random.SeedSequence(seed).spawn(2)[0])
    env = MarketEnv(setting, statistic=WIDEST)
    observation, _ = env.reset(options={"values": setting.sample(draws, 1)[0]})
    rows, over = [], False
    while not over:
        observation, reward, over, _, _ = env.step(np.array(action, dtype=np.float32))
        rows.append((" ".join(f"{entry:.1f}" for entry in observation), over, round(float(reward), 4)))
    index = pd.RangeIndex(1, len(rows) + 1, name="round")
    return Stepped(observation, pd.DataFrame(rows, columns=["observation", "over", "reward"], index=index))


def layouts_table(setting: Setting) -> pd.DataFrame:
    """Return what each statistic shows of a setting's history, one row per block of the observation."""
    layouts = {name: statistic.layout(setting) for name, statistic in STATISTICS.items()}
    return pd.concat(layouts, names=["statistic", None]).reset_index("statistic")


def blocks_table(setting: Setting, observation: NDArray[np.float32]) -> pd.DataFrame:
    """Return an observation of the price-allocation matrix, one row per block."""
    blocks = get_statistic(WIDEST).layout(setting).itertuples()
    entries = {str(b.block): observation[b.start : b.stop].round(2).tolist() for b in blocks}
    return pd.Series(entries).to_frame("entries")


def many_markets(setting: Setting, action: Sequence[float], n_markets: int, n_steps: int) -> str:
    """Step many markets at once with one action; say how many episodes ended and what they earned on average."""
    batch = BatchedMarkets(setting, get_statistic("items-agents-left"), n_markets, seed=0)
    batch.reset()
    actions = np.tile(np.array(action, dtype=np.float32), (n_markets, 1))
    ended = []
    for _ in range(n_steps):
        _, _, _, infos = batch.step(actions)
        ended += [info for info in infos if info]
    welfare, best = (np.mean([info[key] for info in ended]) for key in ("objective", "first_best"))
    return f"{len(ended):,} episodes: mean welfare {welfare:.3f}, mean first best {best:.3f}"
