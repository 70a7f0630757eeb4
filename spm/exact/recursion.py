"""Mechanisms that see the history: a memoised recursion over (belief, agents left, items left).

    V(state) = max or average over the agents left, max over the offers p that they may be made, of
               sum over bundles b of P(b | state, p) (gain(b) + V(state after b)).

The maximum over agents is an adaptive order; the average is the uniformly random order of random serial
dictatorship, in which prices may depend on who is visited but not on who comes next. Slots
(:class:`~spm.exact.game.Slot`) say which offers each agent may receive: all (adaptive prices) or a fixed one
(static prices). A forced *tail* of visits is a static order. Deterministic choices suffice: the value is linear in
the probabilities of a random choice, and there are finitely many choices.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from fractions import Fraction
from typing import NamedTuple

from spm.exact.choices import Left, Offer
from spm.exact.effort import Unrolled, unrolled
from spm.exact.game import Belief, Bundle, Game, Slot, Slots, normalised, taken, without

Continuation = tuple[Bundle, Fraction, int]
"""What an agent takes, the probability of that, and the number of the belief afterwards."""


class State(NamedTuple):
    """What the mechanism knows and what is left.

    Attributes:
        belief: number of the belief (:meth:`Recursion.number`).
        slots: agents left.
        left: copies left of each type, ``(T,)``.
        tail: slots that must be visited next, in this order; after them the order is free.
    """

    belief: int
    slots: Slots
    left: Left
    tail: tuple[Slot, ...] = ()


class Recursion:
    """The recursion for one game and one kind of order, with the values found so far.

    Args:
        game: the rules.
        random: whether the order is random rather than adaptive.

    >>> from spm.settings import prop_1
    >>> game = Game(prop_1())
    >>> both = ((game.slot(0, None), 2),)  # two agents of group 0, any offer
    >>> recursion = Recursion(game)
    >>> recursion.value(recursion.root(both)), recursion.best(recursion.root(both))[1].prices
    (Fraction(5, 2), (Fraction(2, 1),))
    """

    def __init__(self, game: Game, random: bool = False) -> None:
        """Start with nothing solved."""
        self.game = game
        self.random = random
        self.beliefs: list[Belief] = []
        self._numbers: dict[Belief, int] = {}
        self._values: dict[State, Fraction] = {}
        self._allowed: dict[Hashable, tuple[Offer, ...]] = {}
        self._visits: dict[Hashable, tuple[Fraction, list[Continuation]]] = {}

    def root(self, slots: Slots, tail: tuple[Slot, ...] = (), belief: Belief | None = None) -> State:
        """The state before the first visit, at the prior unless ``belief`` is given."""
        prior = self.game.prior if belief is None else belief
        return State(self.number(prior), slots, self.game.setting.supply, tail)

    def number(self, belief: Belief) -> int:
        """Return the number of a belief; equal beliefs have equal numbers."""
        if belief not in self._numbers:
            self._numbers[belief] = len(self.beliefs)
            self.beliefs.append(belief)
        return self._numbers[belief]

    def value(self, state: State) -> Fraction:
        """Return V(state), the expected objective still to come.

        Raises:
            ValueError: too many steps (:class:`~spm.exact.effort.Effort`).
        """
        if state not in self._values:
            self._values[state] = unrolled(self._value(state), self._value, self._values)
        return self._values[state]

    def best(self, state: State) -> tuple[Slot, Offer]:
        """Return the slot and offer that attain V(state), the first ones at ties; the order must not be random."""
        options = ((slot, offer) for slot in self.visited_next(state) for offer in self.allowed(state, slot))
        return max(options, key=lambda option: self.after(state, *option))

    def visited_next(self, state: State) -> Iterable[Slot]:
        """The slots whose agents may be visited next."""
        return state.tail[:1] or [slot for slot, _ in state.slots]

    def allowed(self, state: State, slot: Slot) -> tuple[Offer, ...]:
        """The offers that an agent of ``slot`` may receive."""
        if slot.offers is not None:
            return slot.offers
        key = (state.belief, slot.group, _there(state.left))
        if key not in self._allowed:
            self._allowed[key] = self.game.offers(self.beliefs[state.belief], slot.group, state.left)
        return self._allowed[key]

    def after(self, state: State, slot: Slot, offer: Offer) -> Fraction:
        """The expected objective still to come when an agent of ``slot`` receives ``offer``."""
        return unrolled(self._after(state, slot, without(state.slots, slot), offer), self._value, self._values)

    def _value(self, state: State) -> Unrolled[State, Fraction]:
        """Yield the states whose values V(state) needs and that are not known yet; return V(state)."""
        agents = sum(count for _, count in state.slots)
        if self.game.fair and sum(state.left) < agents:
            return Fraction(0)
        if not agents or not any(state.left):
            return self.game.secured(self.beliefs[state.belief])
        worths = []
        for slot in self.visited_next(state):
            worths.append((yield from self._visited(state, slot)))
        if self.random:
            counts = (count for _, count in state.slots)
            return sum((count * worth for count, worth in zip(counts, worths, strict=True)), Fraction(0)) / agents
        return max(worths)

    def _visited(self, state: State, slot: Slot) -> Unrolled[State, Fraction]:
        worths, slots = [], without(state.slots, slot)
        self.game.effort.add(len(state.slots) + len(state.left))
        for offer in self.allowed(state, slot):
            worths.append((yield from self._after(state, slot, slots, offer)))
        return max(worths)

    def _after(self, state: State, slot: Slot, slots: Slots, offer: Offer) -> Unrolled[State, Fraction]:
        """What :meth:`after` returns; ``slots`` are the agents left after the visit."""
        total, continuations = self._visit(state, slot.group, offer)
        self.game.effort.add(1 + len(continuations))
        for bundle, chance, belief in continuations:
            later = State(belief, slots, taken(state.left, bundle), state.tail[1:])
            worth = self._values.get(later)
            if worth is None:
                yield later
                worth = self._values[later]
            total += worth if chance == 1 else chance * worth
        return total

    def _visit(self, state: State, group: int, offer: Offer) -> tuple[Fraction, list[Continuation]]:
        """The expected gain of a visit, and its continuations in which something can still be won."""
        key = (state.belief, group, offer, _there(state.left))
        if key not in self._visits:
            outcomes = self.game.visit(self.beliefs[state.belief], group, offer, state.left)
            gain = sum((outcome.probability * outcome.gain for outcome in outcomes), Fraction(0))
            parts = [(outcome, *self.alive(outcome.belief)) for outcome in outcomes]
            self._visits[key] = gain, [(o.bundle, o.probability * alive, k) for o, alive, k in parts if alive]
        return self._visits[key]

    def alive(self, belief: Belief) -> tuple[Fraction, int]:
        """Return the probability that something can still be won, and the number of the belief given that.

        With max-min fairness nothing can be won once an agent has secured 0; otherwise something always can.
        """
        if not self.game.fair:
            return Fraction(1), self.number(belief)
        kept = {(w, secured): chance for w, secured, chance in belief if secured}
        if not kept:
            return Fraction(0), -1
        mass, rest = normalised(kept)
        return mass, self.number(rest)


def _there(left: Left) -> tuple[bool, ...]:
    """Whether a copy of each type is left: all that matters for what an agent can buy, ``(T,)``."""
    return tuple(map(bool, left))
