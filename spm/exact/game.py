"""A finite setting as a game against chance: beliefs, and what a visit does to them.

A *belief* is what the mechanism knows after a history: the probability of each latent world or, for max-min
fairness, the joint distribution of the world and the lowest value secured so far. Given the world, agents are
independent, so belief, agents left and items left are a sufficient statistic of the history for every objective.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from spm.exact.choices import Left, Offer, bought, offers
from spm.exact.effort import Effort
from spm.settings import FiniteModel, Lottery, Setting, Values, bundles

SOLVED_OBJECTIVES = ("welfare", "revenue", "max-min")
SOLVED_DEMANDS = ("unit", "additive")
Bundle = tuple[int, ...]
Belief = tuple[tuple[int, Fraction, Fraction], ...]
"""(world, lowest value secured, probability), in the order of the first two; probabilities sum to 1."""


class Outcome(NamedTuple):
    """One possible outcome of a visit.

    Attributes:
        bundle: what the agent takes, ``(T,)``.
        probability: the probability that she does.
        gain: the expected welfare or revenue that this adds; 0 for max-min fairness, which is counted at the end.
        belief: the belief afterwards.
    """

    bundle: Bundle
    probability: Fraction
    gain: Fraction
    belief: Belief


@dataclass(frozen=True, eq=False)
class Slot:
    """Exchangeable agents still to be visited: their group, and the offers that each of them may receive.

    A static price leaves one offer; None allows every offer that matters at the time of the visit (adaptive
    prices). ``number`` orders the slots of a game.
    """

    group: int
    offers: tuple[Offer, ...] | None
    number: int


Slots = tuple[tuple[Slot, int], ...]
"""Pairs of a slot and how many of its agents are left."""


class Game:
    """The rules of one finite setting, with caches.

    The solvers are proved for latent-class models, unit or additive demand, and welfare, revenue or max-min
    fairness: then finitely many prices matter, and belief, agents left and items left suffice.

    Args:
        setting: its model must be a :class:`~spm.settings.finite.FiniteModel`.

    Raises:
        ValueError: another kind of model, demand or objective, or a setting that contradicts its model.

    >>> from spm.settings import prop_1
    >>> game = Game(prop_1())  # two agents worth 1 or 3, one item
    >>> [str(offer.prices[0]) for offer in game.static_offers([0])]  # sells to both values, to one, to none
    ['0', '2', '6']
    >>> outcomes = game.visit(game.prior, 0, game.static_offers([0])[1], left=(1,))
    >>> [(outcome.bundle, str(outcome.probability), str(outcome.gain)) for outcome in outcomes]
    [((1,), '1/2', '3'), ((0,), '1/2', '0')]
    """

    def __init__(self, setting: Setting) -> None:
        """Check that the setting can be solved exactly."""
        if not isinstance(setting.model, FiniteModel):
            raise ValueError(
                f"setting {setting.name!r} has continuous values; exact solving needs a finite setting"
            )
        if setting.demand not in SOLVED_DEMANDS:
            raise ValueError(f"exact solving takes unit or additive demand, not {setting.demand!r}")
        if setting.objective.name not in SOLVED_OBJECTIVES:
            raise ValueError(f"exact solving takes welfare, revenue or max-min, not {setting.objective.name!r}")
        _check_model(setting, setting.model)
        self.setting = setting
        self.model = setting.model
        self.effort = Effort(setting.name)
        self.fair = setting.objective.name == "max-min"
        self.revenue = setting.objective.name == "revenue"
        self.sizes = tuple(group.size for group in self.model.groups)
        self.bundles: tuple[Bundle, ...] = tuple(
            tuple(int(x) for x in row) for row in bundles(setting.demand, setting.n_types)
        )
        self.zero = Offer((Fraction(0),) * setting.n_types, (Fraction(0),) * setting.n_types)
        self._slots: dict[Hashable, Slot] = {}
        self._offers: dict[Hashable, tuple[Offer, ...]] = {}

    @property
    def prior(self) -> Belief:
        """The belief before the first visit."""
        secured = self.setting.unit * self.setting.n_types if self.fair else Fraction(0)
        return tuple(
            (w, secured, world.probability) for w, world in enumerate(self.model.worlds) if world.probability
        )

    def lottery(self, world: int, group: int) -> Lottery:
        """The lottery of ``group`` in ``world``."""
        return self.model.worlds[world].lotteries[group]

    def vectors(self, groups: Iterable[int], worlds: Iterable[int]) -> list[Values]:
        """The value vectors that agents of ``groups`` can have in ``worlds``, sorted."""
        lotteries = [self.lottery(world, group) for world in worlds for group in groups]
        self.effort.add(sum(map(len, lotteries)))
        return sorted({values for lottery in lotteries for p, values in lottery if p})

    def slot(self, group: int, allowed: tuple[Offer, ...] | None) -> Slot:
        """The slot of ``group`` with the ``allowed`` offers; equal arguments give the same object."""
        return self._slots.setdefault((group, allowed), Slot(group, allowed, len(self._slots)))

    def static_offers(self, groups: Iterable[int]) -> tuple[Offer, ...]:
        """The offers that matter when they are made to all ``groups``, whatever is left."""
        worlds = range(len(self.model.worlds))
        vectors = self.vectors(groups, worlds)
        return offers(self.setting.demand, vectors, self.setting.unit, None, self.revenue, self.effort.add)

    def offers(self, belief: Belief, group: int, left: Left) -> tuple[Offer, ...]:
        """The offers that matter when an agent of ``group`` is visited at ``belief``."""
        worlds, there = frozenset(world for world, _, _ in belief), tuple(min(copies, 1) for copies in left)
        key = (worlds, group, there)
        if key not in self._offers:
            vectors = self.vectors([group], worlds)
            self._offers[key] = offers(
                self.setting.demand, vectors, self.setting.unit, there, self.revenue, self.effort.add
            )
        return self._offers[key] or (self.zero,)

    def visit(self, belief: Belief, group: int, offer: Offer, left: Left) -> list[Outcome]:
        """Return the possible outcomes when an agent of ``group`` receives ``offer``, by bundle."""
        self.effort.add((3 + len(left)) * sum(len(self.lottery(world, group)) for world, _, _ in belief))
        weights: dict[Bundle, dict[tuple[int, Fraction], Fraction]] = {}
        gains: dict[Bundle, Fraction] = {}
        for world, secured, chance in belief:
            for p, values in self.lottery(world, group):
                if p:
                    bundle = bought(self.setting.demand, values, offer.prices, left)
                    worth = _total(bundle, values)
                    key = (world, min(secured, worth) if self.fair else secured)
                    posterior = weights.setdefault(bundle, {})
                    posterior[key] = posterior.get(key, Fraction(0)) + chance * p
                    gains[bundle] = gains.get(bundle, Fraction(0)) + chance * p * self._gain(bundle, worth, offer)
        order = sorted(weights, key=lambda bundle: (sum(bundle), bundle), reverse=True)  # that of self.bundles
        return [self._outcome(bundle, weights[bundle], gains[bundle]) for bundle in order]

    def _gain(self, bundle: Bundle, worth: Fraction, offer: Offer) -> Fraction:
        if self.fair:
            return Fraction(0)
        return _total(bundle, offer.payments) if self.revenue else worth

    def _outcome(
        self, bundle: Bundle, weights: Mapping[tuple[int, Fraction], Fraction], gain: Fraction
    ) -> Outcome:
        probability, belief = normalised(weights)
        return Outcome(bundle, probability, gain / probability, belief)

    def secured(self, belief: Belief) -> Fraction:
        """What the end adds to the gains: the expected minimum for max-min fairness, otherwise 0."""
        return sum((secured * chance for _, secured, chance in belief), Fraction(0)) if self.fair else Fraction(0)


def _check_model(setting: Setting, model: FiniteModel) -> None:
    """Check that prices and values share one scale: the unit caps prices, and payoffs are divided by it.

    Raises:
        ValueError: the model's number of types or highest value differs from the setting's.
    """
    if model.width != setting.n_types:
        raise ValueError(f"setting {setting.name!r} has {setting.n_types} item types, its model {model.width}")
    if model.unit != setting.unit:
        raise ValueError(
            f"setting {setting.name!r} must have its highest value, {model.unit}, as unit, not {setting.unit}"
        )


def normalised(weights: Mapping[tuple[int, Fraction], Fraction]) -> tuple[Fraction, Belief]:
    """Return the total weight and the belief proportional to ``weights``.

    >>> normalised({(0, Fraction(0)): Fraction(1, 4)})
    (Fraction(1, 4), ((0, Fraction(0, 1), Fraction(1, 1)),))
    """
    total = sum(weights.values(), Fraction(0))
    return total, tuple((*key, weight / total) for key, weight in sorted(weights.items()))


def without(slots: Slots, slot: Slot) -> Slots:
    """Return ``slots`` with one agent of ``slot`` fewer."""
    fewer = ((other, count - (other is slot)) for other, count in slots)
    return tuple((other, count) for other, count in fewer if count)


def taken(left: Left, bundle: Bundle) -> Left:
    """Return the copies left after ``bundle`` is taken.

    >>> taken((2, 1), (1, 0))
    (1, 1)
    """
    return tuple(copies - one for copies, one in zip(left, bundle, strict=True))


def _total(bundle: Bundle, values: Values) -> Fraction:
    return sum((value for one, value in zip(bundle, values, strict=True) if one), Fraction(0))
