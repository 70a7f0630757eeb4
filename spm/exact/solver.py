"""The cells of the taxonomy: the optimal value of each kind of prices with each kind of order.

Prices: zero, anonymous static, personalised static, adaptive. Order: uniformly random, static, adaptive. Each kind
is at least as good as those before it; for the order because a random one averages over static ones, and the best
of these reaches the average. So a solved cell is a lower bound for the cells that contain it, and an upper bound
for the cells that it contains. Where the two bounds meet, a cell is settled without a search: zero prices and a
static order reach the first best of Colors, which settles eight cells at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from spm.exact.choices import Offer
from spm.exact.firstbest import exact_first_best
from spm.exact.game import Game, Slot, Slots
from spm.exact.recursion import Recursion
from spm.exact.separable import anonymous_value, is_separable, personalised_value
from spm.exact.static import best_assignment, best_plan, best_sequence
from spm.exact.tree import Node, build
from spm.names import unknown
from spm.settings import Setting

PRICES = ("zero", "anonymous-static", "personalised-static", "adaptive")
ORDERS = ("random", "static", "adaptive")
CELLS = tuple((prices, order) for prices in PRICES for order in ORDERS)
SIMPLEST = ("zero", "static")


@dataclass(frozen=True)
class Cell:
    """The optimum of one cell.

    Attributes:
        value: exact optimal value, before normalisation; for revenue the least upper bound, which may not be
            attained.
        recursion: the recursion that an optimal mechanism follows; None for a random order.
        slots: its agents, with the offers that they may receive.
        tail: its static order; empty if the order is adaptive.
    """

    value: Fraction
    recursion: Recursion | None = None
    slots: Slots = ()
    tail: tuple[Slot, ...] = ()


class Solver:
    """Solves one finite setting, cell by cell.

    Args:
        setting: unit or additive demand; welfare, revenue or max-min fairness.

    Raises:
        ValueError: a setting that is not finite, or that has another demand or objective. The methods refuse a
            setting that is too large: one for which they would take more than :data:`~spm.exact.effort.MOST_STEPS`
            steps in all.

    >>> from spm.settings import prop_1
    >>> solver = Solver(prop_1())
    >>> solver.value("adaptive", "adaptive"), solver.value("zero", "adaptive"), solver.first_best
    (Fraction(5, 2), Fraction(2, 1), Fraction(5, 2))
    >>> solver.tree().prices  # to the agent visited first
    (Fraction(2, 1),)
    """

    def __init__(self, setting: Setting) -> None:
        """Prepare the solver; cells are solved when they are asked for."""
        self.game = Game(setting)
        self._cells: dict[tuple[str, str], Cell] = {}
        self._recursion, self._random = Recursion(self.game), Recursion(self.game, random=True)

    @cached_property
    def first_best(self) -> Fraction:
        """The expected first best, before normalisation."""
        with self.game.effort.shown():
            return exact_first_best(self.game)

    def value(self, prices: str = "adaptive", order: str = "adaptive") -> Fraction:
        """Return the exact optimal value of a cell, before normalisation; by default the value of an optimal SPM.

        Raises:
            ValueError: an unknown cell, or a setting that is too large.

        >>> from spm.settings import prop_1
        >>> Solver(prop_1()).value("anonymous-static", "random")
        Fraction(9, 4)
        """
        return self.cell(prices, order).value

    def tree(self, prices: str = "adaptive", order: str = "adaptive") -> Node:
        """Return an optimal mechanism of a cell, by default an optimal SPM.

        Raises:
            ValueError: a random order, an unknown cell, or a setting that is too large.

        >>> from spm.settings import prop_1
        >>> tree = Solver(prop_1()).tree("personalised-static", "static")
        >>> tree.agent, tree.value, [branch.bundle for branch in tree.branches]
        (0, Fraction(5, 2), [(1,), (0,)])
        """
        cell = self.cell(prices, order)
        if order == "random" or cell.recursion is None:
            raise ValueError(
                "a mechanism with random order is not a decision tree; order must be static or adaptive"
            )
        with self.game.effort.shown():
            return build(cell.recursion, cell.slots, cell.tail)

    def table(self) -> dict[str, dict[str, Fraction]]:
        """Return every cell's value, ``table[prices][order]``.

        Raises:
            ValueError: the setting is too large.

        >>> from spm.settings import prop_1
        >>> {prices: str(row["static"]) for prices, row in Solver(prop_1()).table().items()}
        {'zero': '2', 'anonymous-static': '9/4', 'personalised-static': '5/2', 'adaptive': '5/2'}
        """
        first = [("adaptive", "adaptive"), ("personalised-static", "static")]
        then = [(prices, order) for order in reversed(ORDERS) for prices in PRICES]
        for prices, order in first + then:
            self.cell(prices, order)
        return {prices: {order: self.value(prices, order) for order in ORDERS} for prices in PRICES}

    def cell(self, prices: str, order: str) -> Cell:
        """Return a cell's optimum; solve the cell unless others settle it.

        Raises:
            ValueError: an unknown cell, or a setting that is too large.

        >>> from spm.settings import prop_1
        >>> [len(slot.offers) for slot, _ in Solver(prop_1()).cell("personalised-static", "static").slots]
        [1, 1]
        """
        for kind, name, known in (("prices", prices, PRICES), ("order", order, ORDERS)):
            if name not in known:
                raise unknown(kind, name, known)
        key = (prices, order)
        if key not in self._cells:
            with self.game.effort.shown():
                if order != "random" and key != SIMPLEST:
                    self.cell(*SIMPLEST)  # cheap, and enough where it reaches the first best
                best = self._best_below(key)
                self._cells[key] = best if best and best.value == self._ceiling(key) else self._solve(key, best)
        return self._cells[key]

    def _best_below(self, key: tuple[str, str]) -> Cell | None:
        """The best solved cell whose mechanism belongs to cell ``key`` too; a random order has no tree."""
        below = [cell for other, cell in self._cells.items() if _contains(key, other)]
        usable = [cell for cell in below if cell.recursion is not None or key[1] == "random"]
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
            return Cell(self._recursion.value(self._recursion.root(slots)), self._recursion, slots)
        found = best_sequence(self._recursion, slots, best.value if best else None)
        return _or(best, Cell(found[0], self._recursion, slots, found[1]) if found else None)

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
            recursion = Recursion(self.game)
            bounds.append((recursion.value(recursion.root(self._slots([(offer,)] * len(self.game.sizes)))), offer))
        return sorted(bounds, key=lambda pair: -pair[0])

    def _assigned(self, slots: Slots, order: str, best: Cell | None, fresh: bool = False) -> Cell:
        """The optimum when each agent is assigned one of her slot's offers in advance.

        Args:
            slots: agents and the offers they may be assigned.
            order: the kind of order.
            best: a mechanism known to be of this kind.
            fresh: whether to use a recursion of its own, which is then forgotten, to save memory.
        """
        floor = best.value if best else None
        if order == "random":
            return _or(best, self._assigned_random(slots, floor, fresh))
        recursion = Recursion(self.game) if fresh else self._recursion
        if order == "static":
            plan = best_plan(recursion, slots, floor)
            found = Cell(plan[0], recursion, tuple(Counter(plan[1]).items()), plan[1]) if plan else None
        else:
            assignment = best_assignment(recursion, slots, floor)
            found = Cell(assignment[0], recursion, assignment[1]) if assignment else None
        return _or(best, found)

    def _assigned_random(self, slots: Slots, floor: Fraction | None, fresh: bool) -> Cell | None:
        if is_separable(self.game) and not fresh:
            zero = all(slot.offers == (self.game.zero,) for slot, _ in slots)
            return Cell(anonymous_value(self.game, self.game.zero) if zero else personalised_value(self.game))
        recursion = Recursion(self.game, random=True) if fresh else self._random
        found = best_assignment(recursion, slots, floor)
        return Cell(found[0]) if found else None

    def _slots(self, offers: Sequence[tuple[Offer, ...] | None]) -> Slots:
        return tuple((self.game.slot(g, own), self.game.sizes[g]) for g, own in enumerate(offers))


def _contains(outer: tuple[str, str], inner: tuple[str, str]) -> bool:
    """Say whether cell ``outer`` is at least as good as cell ``inner`` by its kinds of prices and order."""
    return PRICES.index(inner[0]) <= PRICES.index(outer[0]) and ORDERS.index(inner[1]) <= ORDERS.index(outer[1])


def _or(best: Cell | None, found: Cell | None) -> Cell:
    """The cell that was found, or else the best known before: a search returns only what is better."""
    cell = found or best
    assert cell is not None, "a search without a floor finds something"
    return cell
