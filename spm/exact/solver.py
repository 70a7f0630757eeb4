"""The cells of the taxonomy: the optimal value of each kind of prices with each kind of order.

Prices: zero, anonymous static, personalised static, adaptive. Order: uniformly random, static, adaptive. Each
kind contains those before it, also for the order: a random order averages over static ones, so one of them is at
least as good. A cell whose value is at least another's above it, or the first best, is settled without a search:
Colors' first best is reached by zero prices and a static order, which settles eight cells at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import comb, prod

from spm.exact.choices import Offer
from spm.exact.firstbest import exact_first_best
from spm.exact.game import Game, Slot, Slots
from spm.exact.recursion import Closed
from spm.exact.separable import anonymous_value, is_separable, personalised_value
from spm.exact.static import best_assignment, best_plan, best_sequence
from spm.exact.tree import Node, build
from spm.names import unknown
from spm.settings import Setting

PRICES = ("zero", "anonymous-static", "personalised-static", "adaptive")
ORDERS = ("random", "static", "adaptive")
CELLS = tuple((prices, order) for prices in PRICES for order in ORDERS)
SIMPLEST = ("zero", "static")
MOST_EXPECTED_STEPS = 10**8
"""A setting whose estimate (:func:`expected_steps`) is higher is refused at once."""


@dataclass(frozen=True)
class Cell:
    """The optimum of one cell.

    Attributes:
        value: exact optimal value, before normalisation; for revenue the least upper bound, which a strict
            constraint may keep from being attained.
        closed: the recursion that an optimal mechanism follows, or None for a random order.
        slots: its agents with the offers they may be made.
        tail: its static order; empty if the order is adaptive.
    """

    value: Fraction
    closed: Closed | None = None
    slots: Slots = ()
    tail: tuple[Slot, ...] = ()


class Solver:
    """Solves one finite setting, cell by cell.

    Args:
        setting: unit or additive demand; welfare, revenue or max-min fairness.

    Raises:
        ValueError: a setting that is not finite, of another kind, or too large.

    >>> from spm.settings import prop_1
    >>> solver = Solver(prop_1())
    >>> solver.value("adaptive", "adaptive"), solver.value("zero", "adaptive"), solver.first_best
    (Fraction(5, 2), Fraction(2, 1), Fraction(5, 2))
    """

    def __init__(self, setting: Setting) -> None:
        """Refuse a setting that is too large."""
        self.game = Game(setting)
        estimate = expected_steps(self.game)
        if estimate > MOST_EXPECTED_STEPS:
            raise ValueError(
                f"setting {setting.name!r} is too large to solve exactly: up to {estimate:.1e} steps, "
                f"at most {MOST_EXPECTED_STEPS:.0e} may be"
            )
        self._cells: dict[tuple[str, str], Cell] = {}
        self._closed, self._random = Closed(self.game), Closed(self.game, random=True)

    @cached_property
    def first_best(self) -> Fraction:
        """The expected first best, before normalisation."""
        return exact_first_best(self.game)

    def value(self, prices: str = "adaptive", order: str = "adaptive") -> Fraction:
        """Return the exact optimal value of a cell, before normalisation; by default of the optimal SPM.

        Raises:
            ValueError: an unknown cell, or a setting that is too large.
        """
        return self.cell(prices, order).value

    def tree(self, prices: str = "adaptive", order: str = "adaptive") -> Node:
        """Return an optimal mechanism of a cell, by default an optimal SPM.

        Raises:
            ValueError: a random order, an unknown cell, or a setting that is too large.
        """
        cell = self.cell(prices, order)
        if order == "random" or cell.closed is None:
            raise ValueError(
                "a mechanism with random order is not a decision tree; order must be static or adaptive"
            )
        return build(cell.closed, cell.slots, cell.tail)

    def table(self) -> dict[str, dict[str, Fraction]]:
        """Return every cell's value, ``table[prices][order]``.

        Raises:
            ValueError: the setting is too large.
        """
        first = [("adaptive", "adaptive"), ("personalised-static", "static")]
        then = [(prices, order) for order in reversed(ORDERS) for prices in PRICES]
        for prices, order in first + then:
            self.cell(prices, order)
        return {prices: {order: self.value(prices, order) for order in ORDERS} for prices in PRICES}

    def cell(self, prices: str, order: str) -> Cell:
        """Return a cell's optimum, solving it if no other cell settles it.

        Raises:
            ValueError: an unknown cell, or a setting that is too large.
        """
        for kind, name, known in (("prices", prices, PRICES), ("order", order, ORDERS)):
            if name not in known:
                raise unknown(kind, name, known)
        key = (prices, order)
        if key not in self._cells:
            if order != "random" and key != SIMPLEST:
                self.cell(*SIMPLEST)  # cheap, and enough where it reaches the first best
            best = self._best_below(key)
            self._cells[key] = best if best and best.value == self._ceiling(key) else self._solve(key, best)
        return self._cells[key]

    def _best_below(self, key: tuple[str, str]) -> Cell | None:
        """The best solved cell whose mechanism is also of the kind ``key``; a random order is no decision tree."""
        below = [cell for other, cell in self._cells.items() if _contains(key, other)]
        usable = [cell for cell in below if cell.closed is not None or key[1] == "random"]
        return max(usable, key=lambda cell: cell.value, default=None)

    def _ceiling(self, key: tuple[str, str]) -> Fraction:
        """The lowest value known to be at least ``key``'s."""
        return min(
            [cell.value for other, cell in self._cells.items() if _contains(other, key)], default=self.first_best
        )

    def _solve(self, key: tuple[str, str], best: Cell | None) -> Cell:
        prices, order = key
        groups = range(len(self.game.sizes))
        if prices == "adaptive":
            return self._adaptive(order, best)
        if prices == "anonymous-static":
            return self._anonymous(order, best)
        if prices == "zero":
            return self._assigned(self._slots([(self.game.zero,) for _ in groups]), order, best)
        return self._assigned(self._slots([self.game.static_offers([g]) for g in groups]), order, best)

    def _adaptive(self, order: str, best: Cell | None) -> Cell:
        slots = self._slots([None] * len(self.game.sizes))
        if order == "random":
            return Cell(self._random.value(self._random.root(slots)))
        if order == "adaptive":
            return Cell(self._closed.value(self._closed.root(slots)), self._closed, slots)
        found = best_sequence(self._closed, slots, best.value if best else None)
        return _or(best, Cell(found[0], self._closed, slots, found[1]) if found else None)

    def _anonymous(self, order: str, best: Cell | None) -> Cell:
        if order == "random" and is_separable(self.game):
            offers = self.game.static_offers(range(len(self.game.sizes)))
            return Cell(max(anonymous_value(self.game, offer) for offer in offers))
        for bound, offer in self._anonymous_bounds:
            if best is not None and bound <= best.value:
                break
            best = self._assigned(self._slots([(offer,)] * len(self.game.sizes)), order, best, fresh=True)
        assert best is not None, "there is at least one price vector"
        return best

    @cached_property
    def _anonymous_bounds(self) -> list[tuple[Fraction, Offer]]:
        """Each anonymous price vector's value with adaptive order, the best first."""
        bounds = []
        for offer in self.game.static_offers(range(len(self.game.sizes))):
            closed = Closed(self.game)
            bounds.append((closed.value(closed.root(self._slots([(offer,)] * len(self.game.sizes)))), offer))
        return sorted(bounds, key=lambda pair: -pair[0])

    def _assigned(self, slots: Slots, order: str, best: Cell | None, fresh: bool = False) -> Cell:
        """The optimum when each agent is assigned one of her slot's offers in advance.

        Args:
            slots: agents and the offers they may be assigned.
            order: the kind of order.
            best: a mechanism known to be of this kind.
            fresh: whether to forget the recursion afterwards, to save memory.
        """
        floor = best.value if best else None
        if order == "random":
            return _or(best, self._assigned_random(slots, floor, fresh))
        closed = Closed(self.game) if fresh else self._closed
        if order == "static":
            plan = best_plan(closed, slots, floor)
            found = Cell(plan[0], closed, tuple(Counter(plan[1]).items()), plan[1]) if plan else None
        else:
            assignment = best_assignment(closed, slots, floor)
            found = Cell(assignment[0], closed, assignment[1]) if assignment else None
        return _or(best, found)

    def _assigned_random(self, slots: Slots, floor: Fraction | None, fresh: bool) -> Cell | None:
        if is_separable(self.game) and not fresh:
            zero = all(slot.offers == (self.game.zero,) for slot, _ in slots)
            return Cell(anonymous_value(self.game, self.game.zero) if zero else personalised_value(self.game))
        closed = Closed(self.game, random=True) if fresh else self._random
        found = best_assignment(closed, slots, floor)
        return Cell(found[0]) if found else None

    def _slots(self, offers: Sequence[tuple[Offer, ...] | None]) -> Slots:
        return tuple((self.game.slot(g, own), self.game.sizes[g]) for g, own in enumerate(offers))


def expected_steps(game: Game) -> int:
    """Return an upper estimate of the work with adaptive prices and order: states × offers × worlds.

    States are the items left, times for each group how many agents are left and how many of the others gave each
    piece of information: a visit at the prior tells what there is to be told. Most of them are never reached.
    """
    prior, left = game.prior, game.setting.supply
    states, made = prod(copies + 1 for copies in left), 0
    for g, size in enumerate(game.sizes):
        own = game.offers(prior, g, left)
        told = {outcome.belief for offer in own for outcome in game.visit(prior, g, offer, left)} - {prior}
        states *= comb(size + len(told) + 1, size)
        made += len(own)
    return states * made * len(prior)


def _contains(outer: tuple[str, str], inner: tuple[str, str]) -> bool:
    """Say whether the mechanisms of cell ``inner`` are among those of cell ``outer``, or no better."""
    return PRICES.index(inner[0]) <= PRICES.index(outer[0]) and ORDERS.index(inner[1]) <= ORDERS.index(outer[1])


def _or(best: Cell | None, found: Cell | None) -> Cell:
    """The cell that was found, or else the best known before: a search returns nothing where it is not better."""
    cell = found or best
    assert cell is not None, "a search without a floor finds something"
    return cell
