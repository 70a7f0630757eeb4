"""The exact expected objective of a given mechanism in a finite setting."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from spm.exact.choices import Left, Offer
from spm.exact.effort import Unrolled, unrolled
from spm.exact.game import Belief, Bundle, Game, taken
from spm.exact.tree import Node
from spm.settings import Setting, Values


class Visit(NamedTuple):
    """A past visit: the agent, the prices she faced before normalisation ``(T,)``, and what she took ``(T,)``."""

    agent: int
    prices: Values
    bundle: Bundle


History = tuple[Visit, ...]
Policy = Callable[[History], tuple[int, Values]]
"""Maps the public history to the agent to visit next and the prices to post, before normalisation."""


def evaluate(setting: Setting, policy: Policy, statistic: Callable[[History], Hashable] | None = None) -> Fraction:
    """Return the exact expected objective of ``policy``, before normalisation.

    Args:
        setting: a finite setting.
        policy: the mechanism; called while an agent and an item are left.
        statistic: the part of the history that ``policy`` uses, now and later; histories that agree on it are
            merged. By default the whole history, which takes time exponential in the number of agents.

    Raises:
        ValueError: the policy visits an agent twice, or posts a negative price or too many or too few prices.

    >>> from spm.settings import prop_1
    >>> evaluate(prop_1(), lambda history: (len(history), (Fraction(2 - 2 * len(history)),)))
    Fraction(5, 2)
    """
    return _Evaluation(setting, policy, statistic or (lambda history: history)).run()


def evaluate_tree(setting: Setting, tree: Node) -> Fraction:
    """Return the exact expected objective of the mechanism ``tree``, before normalisation.

    >>> from spm.exact import Solver
    >>> from spm.settings import prop_1
    >>> evaluate_tree(prop_1(), Solver(prop_1()).tree())
    Fraction(5, 2)
    """

    def policy(history: History) -> tuple[int, Values]:
        node = follow(tree, history)
        if node is None:
            raise ValueError("the tree has no visit for a history that can occur")
        return node.agent, node.prices

    return evaluate(setting, policy, lambda history: follow(tree, history))


def follow(tree: Node, history: History) -> Node | None:
    """Return the node that ``history`` leads to, or None where the tree ends.

    >>> from spm.exact import Solver
    >>> from spm.settings import prop_1
    >>> tree = Solver(prop_1()).tree()
    >>> follow(tree, (Visit(0, tree.prices, (0,)),)).agent  # agent 0 declined
    1
    """
    node: Node | None = tree
    for visit in history:
        following = {branch.bundle: branch.node for branch in node.branches} if node else {}
        node = following.get(visit.bundle)
    return node


@dataclass(frozen=True)
class _Place:
    """What a policy's future depends on, and one history that leads there."""

    statistic: Hashable
    belief: Belief
    left: Left
    seen: frozenset[int]
    history: History = field(compare=False)


class _Evaluation:
    """A recursion over histories, merged by statistic, belief, agents left and items left."""

    def __init__(self, setting: Setting, policy: Policy, statistic: Callable[[History], Hashable]) -> None:
        self.game = Game(setting)
        self.policy = policy
        self.statistic = statistic
        self._groups = [int(group) for group in self.game.model.group_of]
        self._values: dict[_Place, Fraction] = {}

    def run(self) -> Fraction:
        root = _Place(self.statistic(()), self.game.prior, self.game.setting.supply, frozenset(), ())
        return unrolled(self._value(root), self._value, self._values)

    def _value(self, place: _Place) -> Unrolled[_Place, Fraction]:
        """The value of what follows a place where an agent and an item are left."""
        agent, prices = self.policy(place.history)
        if agent in place.seen or not 0 <= agent < len(self._groups):
            raise ValueError(f"the policy visits agent {agent}, who is not left after {len(place.seen)} visits")
        if len(prices) != len(place.left) or min(prices) < 0:
            raise ValueError(f"the policy must post {len(place.left)} prices of at least 0, not {prices}")
        total, seen = Fraction(0), place.seen | {agent}
        self.game.effort.add(len(seen))
        for outcome in self.game.visit(place.belief, self._groups[agent], Offer(prices, prices), place.left):
            left, history = (
                taken(place.left, outcome.bundle),
                (*place.history, Visit(agent, prices, outcome.bundle)),
            )
            if len(seen) == len(self._groups) or not any(left):
                later = self.game.secured(outcome.belief) if len(seen) == len(self._groups) else Fraction(0)
            else:
                after = _Place(self.statistic(history), outcome.belief, left, seen, history)
                if after not in self._values:
                    yield after
                later = self._values[after]
            total += outcome.probability * (outcome.gain + later)
        return total
