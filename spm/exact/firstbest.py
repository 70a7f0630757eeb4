"""The exact first best of a finite setting: the expected optimum if all values were known, as a fraction.

It enumerates the setting's value profiles; :mod:`spm.market.best_allocation` finds the first best of given
profiles, as floats.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import combinations_with_replacement, product
from math import comb, factorial, prod

from spm.exact.choices import Left
from spm.exact.game import Game, taken
from spm.settings import Lottery, Values

MOST_PROFILES = 300_000
"""More distinct value profiles than this are refused."""


def exact_first_best(game: Game) -> Fraction:
    """Return the expected first best, before normalisation.

    This is the expectation, over value profiles, of the highest welfare (for revenue too, which it bounds) or, for
    max-min fairness, of the highest minimum. Profiles that differ by an exchange of agents are counted together.

    Raises:
        ValueError: more than :data:`MOST_PROFILES` profiles.

    >>> from spm.settings import prop_1
    >>> exact_first_best(Game(prop_1()))  # the item is worth 3 unless both agents value it at 1
    Fraction(5, 2)
    """
    count = sum(_count(game, world) for world, _, _ in game.prior)
    if count > MOST_PROFILES:
        raise ValueError(f"too large a setting: {count} value profiles; at most {MOST_PROFILES} are allowed")
    best = _Allocation(game)
    return sum(
        (
            chance * p * best.value(profile)
            for world, _, chance in game.prior
            for p, profile in _profiles(game, world)
        ),
        Fraction(0),
    )


def _count(game: Game, world: int) -> int:
    lengths = [len(game.lottery(world, g)) for g in range(len(game.sizes))]
    return prod(comb(size + k - 1, size) for size, k in zip(game.sizes, lengths, strict=True))


def _profiles(game: Game, world: int) -> Iterator[tuple[Fraction, tuple[Values, ...]]]:
    """Each profile of a world, up to an exchange of agents within a group, with its probability."""
    groups = [list(_multisets(game.lottery(world, g), size)) for g, size in enumerate(game.sizes)]
    for parts in product(*groups):
        yield prod((p for p, _ in parts), start=Fraction(1)), tuple(v for _, values in parts for v in values)


def _multisets(lottery: Lottery, size: int) -> Iterator[tuple[Fraction, tuple[Values, ...]]]:
    for drawn in combinations_with_replacement([k for k, (p, _) in enumerate(lottery) if p], size):
        orders = factorial(size) // prod(factorial(drawn.count(k)) for k in set(drawn))
        yield orders * prod((lottery[k][0] for k in drawn), start=Fraction(1)), tuple(lottery[k][1] for k in drawn)


class _Allocation:
    """The best allocation of a profile, agent by agent over the items left."""

    def __init__(self, game: Game) -> None:
        self.game = game
        self.value = cache(self._value)
        self._best = cache(self._rest)

    def _value(self, profile: tuple[Values, ...]) -> Fraction:
        return self._best(tuple(sorted(profile)), self.game.setting.supply)

    def _rest(self, profile: tuple[Values, ...], left: Left) -> Fraction:
        """The best objective of the agents in ``profile`` with the items ``left``."""
        if not profile:
            return self.game.setting.unit * self.game.setting.n_types if self.game.fair else Fraction(0)
        bundles = [b for b in self.game.bundles if all(one <= copies for one, copies in zip(b, left, strict=True))]
        combine = min if self.game.fair else _plus
        worths = ((sum((v for one, v in zip(b, profile[0], strict=True) if one), Fraction(0)), b) for b in bundles)
        return max(combine(worth, self._best(profile[1:], taken(left, b))) for worth, b in worths)


def _plus(one: Fraction, other: Fraction) -> Fraction:
    return one + other
