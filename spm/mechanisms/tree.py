"""A decision tree of the exact solver as a mechanism that can be played."""

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

    >>> from spm.exact import Solver
    >>> from spm.mechanisms import play
    >>> from spm.settings import prop_1
    >>> solver = Solver(prop_1())
    >>> exact = float(solver.value() / prop_1().unit)
    >>> abs(play(TreeMechanism(solver.tree()), prop_1(), 10_000).mean - exact) < 0.01
    True
    """

    tree: Node

    def begin(self, setting: Setting, n_markets: int, rng: np.random.Generator) -> Rule:
        """Start every market at the root; nothing is drawn.

        The bundle taken by the agent visited last decides which branch a market follows.
        """
        arrays = tree_arrays(setting, self.tree)
        here, rows = np.zeros(n_markets, dtype=np.int64), np.arange(n_markets)

        def rule(market: Market) -> tuple[Agents, Array]:
            # The agent that each market's node visits, (B,); where she has been visited since, follow her branch.
            visited = arrays.agent[here]
            moved = (market.rounds > 0) & (visited >= 0) & ~market.agents_left[rows, visited]
            here[moved] = arrays.next[here[moved], market.bought[moved, visited[moved]]]
            return np.maximum(arrays.agent[here], 0), arrays.prices[here]

        return rule
