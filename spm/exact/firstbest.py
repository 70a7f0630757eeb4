"""The exact first best of a finite setting: the expected optimum if all values were known, as a fraction.

It enumerates the setting's value profiles; :mod:`spm.market.best_allocation` finds the first best of given
profiles, as floats.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations_with_replacement, product
from math import comb, prod

from spm.exact.choices import Left
from spm.exact.effort import Unrolled, unrolled
from spm.exact.game import Game, taken
from spm.settings import Lottery, Values

Profile = tuple[tuple[Values, int], ...]
"""The value vectors that agents have, in rising order, and how many agents have each."""


def exact_first_best(game: Game) -> Fraction:
    """Return the expected first best, before normalisation.

    This is the expectation, over value profiles, of the highest welfare (for revenue too, which it bounds) or, for
    max-min fairness, of the highest minimum. Profiles that differ by an exchange of agents are counted together.

    Raises:
        ValueError: too many steps (:class:`~spm.exact.effort.Effort`).

    >>> from spm.settings import prop_1
    >>> exact_first_best(Game(prop_1()))  # the item is worth 3 unless both agents value it at 1
    Fraction(5, 2)
    """
    game.effort.add(sum(_count(game, world) for world, _, _ in game.prior) * len(game.sizes))
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


def _profiles(game: Game, world: int) -> Iterator[tuple[Fraction, Profile]]:
    """Each profile of a world, up to an exchange of agents, with its probability; some may occur repeatedly."""
    groups = [list(_multisets(game, game.lottery(world, g), size)) for g, size in enumerate(game.sizes)]
    for parts in product(*groups):
        together = sum((values for _, values in parts), Counter[Values]())
        yield prod((p for p, _ in parts), start=Fraction(1)), tuple(sorted(together.items()))


def _multisets(game: Game, lottery: Lottery, size: int) -> Iterator[tuple[Fraction, Counter[Values]]]:
    """What ``size`` agents may draw from a lottery, whoever draws it, with its probability."""
    for drawn in combinations_with_replacement([k for k, (p, _) in enumerate(lottery) if p], size):
        game.effort.add(size)
        chance, left, values = Fraction(1), size, Counter[Values]()
        for k, count in Counter(drawn).items():
            chance *= comb(left, count) * lottery[k][0] ** count
            left -= count
            values[lottery[k][1]] += count
        yield chance, values


class _Allocation:
    """The best allocation of a profile, agent by agent over the items left."""

    def __init__(self, game: Game) -> None:
        self.game = game
        self._known: dict[tuple[Profile, Left], Fraction] = {}

    def value(self, profile: Profile) -> Fraction:
        """The best objective of the agents in ``profile``."""
        state = (profile, self.game.setting.supply)
        if state not in self._known:
            self._known[state] = unrolled(self._best(state), self._best, self._known)
        return self._known[state]

    def _best(self, state: tuple[Profile, Left]) -> Unrolled[tuple[Profile, Left], Fraction]:
        """The best objective of the agents in a profile with the items left."""
        profile, left = state
        if not profile:
            return self.game.setting.unit * self.game.setting.n_types if self.game.fair else Fraction(0)
        self.game.effort.add(len(self.game.bundles) * len(left))
        (values, count), others = profile[0], profile[1:]
        rest = ((values, count - 1), *others) if count > 1 else others
        worths = []
        for bundle in self.game.bundles:
            if all(one <= copies for one, copies in zip(bundle, left, strict=True)):
                later = (rest, taken(left, bundle))
                if later not in self._known:
                    yield later
                worth = sum((v for one, v in zip(bundle, values, strict=True) if one), Fraction(0))
                worths.append((min if self.game.fair else _plus)(worth, self._known[later]))
        return max(worths)


def _plus(one: Fraction, other: Fraction) -> Fraction:
    return one + other
