"""Static prices in random order, when each type is a market of its own.

With additive demand, or when no agent has a positive value for two types, whether an agent wants a type at static
prices depends neither on the other types nor on what is left. If K agents want one of s copies and they come in
uniformly random order, each gets one with probability min(1, s / K), whatever her value. So given the world

    E[objective from this type] = sum over k of min(1, s / k) E[sum of the wanting agents' values; K = k],

which is computed by a product of generating functions. For welfare and revenue, prices are then optimised type by
type.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations_with_replacement, product
from math import comb, prod

from spm.exact.choices import Offer
from spm.exact.game import Game

QuantityDemanded = tuple[tuple[Fraction, Fraction], ...]
"""How many agents, K, want a type. For k = 0, 1, ...: P(K = k), and E[what these are worth; K = k], the sum of
their values or, for revenue, of their prices."""
NO_DEMAND: QuantityDemanded = ((Fraction(1), Fraction(0)),)


def is_separable(game: Game) -> bool:
    """Say whether each type is a market of its own at static prices.

    >>> from spm.settings import construction
    >>> is_separable(Game(construction("prop-1"))), is_separable(Game(construction("prop-9")))
    (True, False)
    """
    vectors = game.vectors(range(len(game.sizes)), range(len(game.model.worlds)))
    alone = all(sum(value > 0 for value in vector) <= 1 for vector in vectors)
    return not game.fair and (alone or game.setting.demand == "additive")


def anonymous_value(game: Game, offer: Offer) -> Fraction:
    """The expected objective of one static offer to all agents in random order.

    >>> from spm.settings import prop_1
    >>> game = Game(prop_1())
    >>> [str(anonymous_value(game, offer)) for offer in game.static_offers([0])]  # prices 0, 2 and 6
    ['2', '9/4', '0']
    """
    types = range(game.setting.n_types)
    charged = [tuple((offer.payments[t],) * size for size in game.sizes) for t in types]
    return sum((_Market(game, t).value(charged[t]) for t in types), Fraction(0))


def personalised_value(game: Game) -> Fraction:
    """The best expected objective of personalised static prices in random order.

    >>> from spm.settings import prop_1
    >>> personalised_value(Game(prop_1()))
    Fraction(9, 4)
    """
    return sum((_Market(game, t).best() for t in range(game.setting.n_types)), Fraction(0))


class _Market:
    """One type's market."""

    def __init__(self, game: Game, t: int) -> None:
        self.game, self.t = game, t
        self._known: dict[tuple[int, int, tuple[Fraction, ...]], QuantityDemanded] = {}

    def best(self) -> Fraction:
        """The value of the best prices, a multiset per group."""
        groups = range(len(self.game.sizes))
        prices = [sorted({offer.payments[self.t] for offer in self.game.static_offers([g])}) for g in groups]
        sizes = list(zip(self.game.sizes, prices, strict=True))
        self.game.effort.add(prod(comb(size + len(own) - 1, size) for size, own in sizes))
        return max(
            self.value(charged) for charged in product(*(combinations_with_replacement(p, n) for n, p in sizes))
        )

    def value(self, charged: tuple[tuple[Fraction, ...], ...]) -> Fraction:
        """The expected objective when ``charged[g]`` are the prices of the agents of group g."""
        return sum((chance * self._in_world(world, charged) for world, _, chance in self.game.prior), Fraction(0))

    def _in_world(self, world: int, charged: tuple[tuple[Fraction, ...], ...]) -> Fraction:
        demanded = NO_DEMAND
        for group, prices in enumerate(charged):
            demanded = self._together(demanded, self._group(world, group, prices))
        copies = self.game.setting.supply[self.t]
        return sum(
            (worth if k <= copies else worth * Fraction(copies, k) for k, (_, worth) in enumerate(demanded)),
            Fraction(0),
        )

    def _group(self, world: int, group: int, prices: tuple[Fraction, ...]) -> QuantityDemanded:
        """The quantity demanded by agents of a group who are charged ``prices``, one after another."""
        # What the first agents demand may be known already; the others are added one by one.
        counts = (k for k in range(len(prices), 0, -1) if (world, group, prices[:k]) in self._known)
        start = next(counts, 0)
        demanded = self._known[world, group, prices[:start]] if start else NO_DEMAND
        for k in range(start, len(prices)):
            demanded = self._together(demanded, self._agent(world, group, prices[k]))
            self._known[world, group, prices[: k + 1]] = demanded
        return demanded

    def _agent(self, world: int, group: int, price: Fraction) -> QuantityDemanded:
        """The quantity demanded by one agent."""
        lottery = ((p, values[self.t]) for p, values in self.game.lottery(world, group))
        wanting = [(p, value) for p, value in lottery if value > 0 and value >= price]
        wants = sum((p for p, _ in wanting), Fraction(0))
        worth = sum((p * (price if self.game.revenue else value) for p, value in wanting), Fraction(0))
        return (1 - wants, Fraction(0)), (wants, worth)

    def _together(self, one: QuantityDemanded, other: QuantityDemanded) -> QuantityDemanded:
        """The quantity demanded by two independent sets of agents, a product of generating functions."""
        self.game.effort.add(4 * len(one) * len(other))
        chances = [Fraction(0)] * (len(one) + len(other) - 1)
        worths = list(chances)
        for i, (p, x) in enumerate(one):
            for j, (q, y) in enumerate(other):
                chances[i + j] += p * q
                worths[i + j] += p * y + q * x
        return tuple(zip(chances, worths, strict=True))
