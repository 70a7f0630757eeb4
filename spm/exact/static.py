"""Static orders: searches over what is fixed in advance.

Each is a best-first branch and bound (:func:`best_first`). Its upper bound relaxes what is not fixed yet: that
part may depend on the history (:mod:`spm.exact.recursion`).

* :func:`best_plan`: static order and static prices, a sequence of (agent, price vector). The visits fixed so far
  matter only through the joint distribution of world and items left, so plans that agree on it are merged.
* :func:`best_sequence`: static order, adaptive prices.
* :func:`best_assignment`: personalised static prices; the order is adaptive or random. The sets of prices still
  allowed are split until each agent has one; exchangeable agents share a multiset of prices.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Iterable, Iterator
from fractions import Fraction
from itertools import count as numbers
from typing import NamedTuple, TypeVar

from spm.exact.choices import Left, Offer
from spm.exact.game import Belief, Game, Slot, Slots, normalised, taken, without
from spm.exact.recursion import Recursion, State

Spread = tuple[tuple[Left, Fraction, Belief], ...]
"""What a plan leads to: items left, the probability of these, and the belief given these."""


class Plan(NamedTuple):
    """The visits fixed so far, the agents left, what the visits lead to, and their expected gain."""

    visits: tuple[tuple[Slot, Offer], ...]
    slots: Slots
    spread: Spread
    gain: Fraction


def best_plan(
    recursion: Recursion, slots: Slots, floor: Fraction | None = None
) -> tuple[Fraction, tuple[Slot, ...]] | None:
    """Return the best static order with static prices: its value, and its visits as slots with one offer.

    Args:
        recursion: the recursion with adaptive order.
        slots: the agents, with the offers that each may be assigned.
        floor: a value that is reached otherwise; None is returned if no plan exceeds it.

    >>> from spm.settings import prop_1
    >>> game = Game(prop_1())
    >>> value, visits = best_plan(Recursion(game), ((game.slot(0, game.static_offers([0])), 2),))
    >>> str(value), [str(slot.offers[0].prices[0]) for slot in visits]
    ('5/2', ['2', '0'])
    """
    game = recursion.game
    root = Plan((), slots, ((game.setting.supply, Fraction(1), game.prior),), Fraction(0))
    found = best_first(
        root,
        bound=lambda plan: _bound(recursion, plan),
        children=lambda plan: _extended(game, plan),
        key=lambda plan: (plan.slots, plan.spread),
        floor=floor,
        count=game.effort.add,
    )
    if found is None:
        return None
    value, plan = found
    return value, tuple(game.slot(slot.group, (offer,)) for slot, offer in plan.visits)


def _bound(recursion: Recursion, plan: Plan) -> Fraction:
    recursion.game.effort.add(len(plan.spread))
    return plan.gain + sum(
        (
            mass * alive * recursion.value(State(belief, plan.slots, left))
            for left, mass, full in plan.spread
            for alive, belief in [recursion.alive(full)]
            if alive
        ),
        Fraction(0),
    )


def _extended(game: Game, plan: Plan) -> Iterator[Plan]:
    for slot, _ in plan.slots:
        assert slot.offers is not None
        for offer in slot.offers:
            spread, gain = _visited(game, plan.spread, slot, offer)
            yield Plan((*plan.visits, (slot, offer)), without(plan.slots, slot), spread, plan.gain + gain)


def _visited(game: Game, spread: Spread, slot: Slot, offer: Offer) -> tuple[Spread, Fraction]:
    """What one more visit leads to, and its expected gain."""
    weights: dict[Left, dict[tuple[int, Fraction], Fraction]] = {}
    gain = Fraction(0)
    for left, mass, belief in spread:
        for outcome in game.visit(belief, slot.group, offer, left):
            gain += mass * outcome.probability * outcome.gain
            merged = weights.setdefault(taken(left, outcome.bundle), {})
            for world, secured, chance in outcome.belief:
                key = (world, secured)
                merged[key] = merged.get(key, Fraction(0)) + mass * outcome.probability * chance
    return tuple((left, *normalised(merged)) for left, merged in sorted(weights.items())), gain


def best_sequence(
    recursion: Recursion, slots: Slots, floor: Fraction | None = None
) -> tuple[Fraction, tuple[Slot, ...]] | None:
    """Return the best static order with adaptive prices: its value, and the order."""
    left = dict(slots)
    return best_first(
        (),
        bound=lambda order: recursion.value(recursion.root(slots, order)),
        children=lambda order: [(*order, slot) for slot in left if order.count(slot) < left[slot]],
        floor=floor,
        count=recursion.game.effort.add,
    )


def best_assignment(
    recursion: Recursion, slots: Slots, floor: Fraction | None = None
) -> tuple[Fraction, Slots] | None:
    """Return the best personalised static prices in the order of ``recursion``: value, slots with one offer."""
    return best_first(
        slots,
        bound=lambda shared: recursion.value(recursion.root(shared)),
        children=lambda shared: _split(recursion.game, shared),
        floor=floor,
        count=recursion.game.effort.add,
    )


def _split(game: Game, slots: Slots) -> Iterator[Slots]:
    """Halve the offers of the slot with most of them, and divide its agents between the halves in every way."""
    widest, agents = max(slots, key=lambda pair: len(pair[0].offers or ()))
    allowed = widest.offers or ()
    if len(allowed) <= 1:
        return
    halves = [
        game.slot(widest.group, part) for part in (allowed[: len(allowed) // 2], allowed[len(allowed) // 2 :])
    ]
    others = [pair for pair in slots if pair[0] is not widest]
    for first in range(agents + 1):
        shares = [pair for pair in zip(halves, (first, agents - first), strict=True) if pair[1]]
        yield tuple(sorted(others + shares, key=lambda pair: (pair[0].group, pair[0].number)))


Candidate = TypeVar("Candidate")


def best_first(
    root: Candidate,
    bound: Callable[[Candidate], Fraction],
    children: Callable[[Candidate], Iterable[Candidate]],
    key: Callable[[Candidate], Hashable] | None = None,
    floor: Fraction | None = None,
    count: Callable[[int], None] = lambda steps: None,
) -> tuple[Fraction, Candidate] | None:
    """Return the highest value of a complete node, and that node.

    Args:
        root: where the search starts.
        bound: never less than any value below a node, and the value itself of a complete node.
        children: the nodes that together cover a node; none if it is complete.
        key: nodes with equal keys add the same value below, so only the best of them is expanded.
        floor: a value that is reached otherwise.
        count: told the number of nodes that are added, before they are.

    Returns:
        The value and the complete node, or None if no node exceeds ``floor``.

    >>> digits = lambda node: [node + digit for digit in "38"] if len(node) < 3 else []
    >>> best_first("", bound=lambda node: Fraction(node.ljust(3, "9")), children=digits)
    (Fraction(888, 1), '888')
    """
    number = numbers(0, -1)  # the latest of equal bounds first, so that a path is followed to its end
    heap = [(-bound(root), next(number), root)]
    expanded: set[Hashable] = set()
    while heap:
        negative, _, node = heapq.heappop(heap)
        if floor is not None and -negative <= floor:
            return None
        if key is not None:
            if key(node) in expanded:
                continue
            expanded.add(key(node))
        below = list(children(node))
        if not below:
            return -negative, node
        count(len(below))
        for child in below:
            heapq.heappush(heap, (-bound(child), next(number), child))
    return None
