"""Decision trees of the exact solver as mechanisms that can be played."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spm.exact import Node, tree_arrays
from spm.market import Market
from spm.mechanisms.playing import Agents, Rule
from spm.settings import Array, Setting


@dataclass(frozen=True, eq=False)
class TreeMechanism:
    """The SPM that follows a decision tree.

    Attributes:
        tree: its root (:meth:`spm.exact.solver.Solver.tree`).
    """

    tree: Node

    def begin(self, setting: Setting, n_markets: int, rng: np.random.Generator) -> Rule:
        """Stand at the root; nothing is drawn.

        What the agent visited before took says which branch was followed since.
        """
        arrays = tree_arrays(setting, self.tree)
        here, rows = np.zeros(n_markets, dtype=np.int64), np.arange(n_markets)

        def rule(market: Market) -> tuple[Agents, Array]:
            visited = arrays.agent[here]
            moved = (market.rounds > 0) & (visited >= 0) & ~market.agents_left[rows, visited]
            here[moved] = arrays.next[here[moved], market.bought[moved, visited[moved]]]
            return np.maximum(arrays.agent[here], 0), arrays.prices[here]

        return rule
