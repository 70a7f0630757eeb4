"""Mechanisms as decision trees: a node is a visit, a branch what the agent takes.

Equal subtrees are one object, so a mechanism that needs to remember little is a small graph.

>>> from spm.exact import Solver
>>> from spm.settings import prop_1
>>> tree = Solver(prop_1()).tree()
>>> tree.agent, tree.prices, tree.value
(0, (Fraction(2, 1),), Fraction(5, 2))
>>> [(branch.bundle, branch.node and branch.node.agent) for branch in tree.branches]  # agent 1 only if 0 declines
[((1,), None), ((0,), 1)]
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from spm.exact.choices import Offer
from spm.exact.effort import Unrolled, unrolled
from spm.exact.game import Belief, Bundle, Game, Slot, Slots, taken, without
from spm.exact.recursion import Recursion, State
from spm.settings import Setting, Values


@dataclass(frozen=True, eq=False)
class Branch:
    """One possible outcome of a node's visit.

    Attributes:
        bundle: what the agent takes, ``(T,)``.
        probability: its probability, given that the node is reached.
        gain: expected welfare or revenue of this purchase given the history up to it, so that the sum of gains
            along a path is the value so far; 0 for max-min fairness.
        node: the next visit, or None when no agent or no item is left.
        value: expected objective still to come afterwards; for max-min fairness, the expected minimum.
    """

    bundle: Bundle
    probability: Fraction
    gain: Fraction
    node: Node | None
    value: Fraction


@dataclass(frozen=True, eq=False)
class Node:
    """A visit.

    Attributes:
        agent: index of the agent.
        prices: posted prices before normalisation, ``(T,)``.
        branches: one for each bundle that can be taken, in the order of :func:`spm.settings.demand.bundles`.

    >>> from spm.exact import Solver
    >>> from spm.settings import prop_1
    >>> for node in Solver(prop_1()).tree().nodes():
    ...     print(node.agent, node.prices[0], node.value, [str(branch.probability) for branch in node.branches])
    0 2 5/2 ['1/2', '1/2']
    1 0 2 ['1']
    """

    agent: int
    prices: Values
    branches: tuple[Branch, ...]

    @property
    def value(self) -> Fraction:
        """Expected objective still to come; at the root, the value of the mechanism."""
        return sum((b.probability * (b.gain + b.value) for b in self.branches), Fraction(0))

    def nodes(self) -> list[Node]:
        """Every distinct node below this one, breadth first, this one included."""
        found: dict[Node, None] = {self: None}
        waiting = deque([self])
        while waiting:
            for branch in waiting.popleft().branches:
                if branch.node is not None and branch.node not in found:
                    found[branch.node] = None
                    waiting.append(branch.node)
        return list(found)


@dataclass(frozen=True, eq=False)
class TreeArrays:
    """A tree as arrays, for a batch of markets that each stand at a node.

    ``agent[node]`` is visited at ``prices[node]``; after bundle k of :func:`spm.settings.demand.bundles` the
    market stands at ``next[node, k]``. Node 0 is the root; the last node is the end, where the agent is -1, and
    leads to itself.

    Attributes:
        agent: ``(N,)``.
        prices: normalised, ``(N, T)``.
        next: ``(N, K)``; what can't be taken leads to the end.
    """

    agent: NDArray[np.int64]
    prices: NDArray[np.float64]
    next: NDArray[np.int64]


def tree_arrays(setting: Setting, tree: Node) -> TreeArrays:
    """Return ``tree`` as arrays.

    >>> from spm.exact import Solver
    >>> from spm.settings import prop_1
    >>> arrays = tree_arrays(prop_1(), Solver(prop_1()).tree())
    >>> arrays.agent.tolist(), arrays.next.tolist()  # node 2 is the end
    ([0, 1, -1], [[2, 1], [2, 2], [2, 2]])
    """
    game, nodes = Game(setting), tree.nodes()
    number = {node: k for k, node in enumerate(nodes)}
    end, index = len(nodes), {bundle: k for k, bundle in enumerate(game.bundles)}
    following = np.full((end + 1, len(game.bundles)), end, dtype=np.int64)
    for k, node in enumerate(nodes):
        for branch in node.branches:
            following[k, index[branch.bundle]] = end if branch.node is None else number[branch.node]
    prices = [[float(price / setting.unit) for price in node.prices] for node in nodes]
    return TreeArrays(
        np.array([node.agent for node in nodes] + [-1], dtype=np.int64),
        np.array([*prices, [0.0] * setting.n_types]),
        following,
    )


def build(recursion: Recursion, slots: Slots, tail: tuple[Slot, ...] = ()) -> Node:
    """Return the optimal mechanism that ``recursion`` finds from the root with ``slots`` and ``tail``.

    Raises:
        ValueError: too many steps (:class:`~spm.exact.effort.Effort`).
    """
    builder, root = _Builder(recursion, slots), (recursion.game.prior, recursion.root(slots, tail))
    return unrolled(builder.node(root), builder.node, builder.made)


Reached = tuple[Belief, State]
"""Where a mechanism stands: its state, and the belief, which also covers what can't be won any more."""


class _Builder:
    """Follows the best choices from the root, and merges equal subtrees."""

    def __init__(self, recursion: Recursion, slots: Slots) -> None:
        self.recursion = recursion
        self._last = dict(_last_agents(recursion.game, slots))
        self.made: dict[Reached, Node] = {}
        self._same: dict[tuple[object, ...], Node] = {}

    def node(self, place: Reached) -> Unrolled[Reached, Node]:
        """The subtree at a place where an agent and an item are left."""
        belief, state = place
        slot, offer = self._choice(belief, state)
        branches = yield from self._branches(belief, state, slot, Offer(offer.prices, offer.prices))
        node = Node(self._last[slot] + 1 - dict(state.slots)[slot], offer.prices, branches)
        contents = (
            node.agent,
            node.prices,
            *((b.bundle, b.probability, b.gain, b.node, b.value) for b in node.branches),
        )
        return self._same.setdefault(contents, node)

    def _choice(self, belief: Belief, state: State) -> tuple[Slot, Offer]:
        if self.recursion.alive(belief)[0]:
            return self.recursion.best(state)
        slot = next(iter(self.recursion.visited_next(state)))
        return slot, slot.offers[0] if slot.offers else self.recursion.game.zero

    def _branches(
        self, belief: Belief, state: State, slot: Slot, offer: Offer
    ) -> Unrolled[Reached, tuple[Branch, ...]]:
        game, branches = self.recursion.game, []
        for outcome in game.visit(belief, slot.group, offer, state.left):
            mass, number = self.recursion.alive(outcome.belief)
            left = taken(state.left, outcome.bundle)
            after = State(number if mass else state.belief, without(state.slots, slot), left, state.tail[1:])
            child, value = None, game.secured(outcome.belief) if not after.slots else Fraction(0)
            if after.slots and any(left):
                place = (outcome.belief, after)
                if place not in self.made:
                    yield place
                child = self.made[place]
                value = child.value
            branches.append(Branch(outcome.bundle, outcome.probability, outcome.gain, child, value))
        return tuple(branches)


def _last_agents(game: Game, slots: Slots) -> Iterator[tuple[Slot, int]]:
    """The index of each slot's last agent: a group's agents are assigned to its slots in order."""
    first = [sum(game.sizes[:g]) for g in range(len(game.sizes))]
    for slot, count in slots:
        first[slot.group] += count
        yield slot, first[slot.group] - 1
