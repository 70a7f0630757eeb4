"""The constructions behind the paper's propositions, as finite settings.

Each function returns a :class:`~spm.settings.setting.Setting` whose model is a
:class:`~spm.settings.finite.FiniteModel`; :data:`CONSTRUCTIONS` lists them by name, with the exactly solvable
panels of Figure 3. Unit demand and welfare unless stated otherwise; values are before normalisation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import permutations

from spm.names import lookup
from spm.settings.finite import Lottery, Values, chance, model, surely, uniform
from spm.settings.panels import colors, identity, inventory, kitchen_sink, two_worlds
from spm.settings.setting import Setting, finite_setting, numbered


def prop_1() -> Setting:
    """Return Proposition 1's setting: personalised prices are needed with one item and two IID agents.

    >>> prop_1().supply, prop_1().agents, prop_1().unit
    ((1,), ('agent 1', 'agent 2'), Fraction(3, 1))
    """
    return finite_setting("prop-1", "Proposition 1", {"item": 1}, model({"agent": 2}, [(1, [uniform(1, 3)])]))


def prop_2() -> Setting:
    """Return Proposition 2's setting: adaptive prices are needed with identical items and IID agents."""
    return finite_setting("prop-2", "Proposition 2", {"item": 2}, model({"agent": 3}, [(1, [uniform(1, 3)])]))


def prop_3() -> Setting:
    """Return Proposition 3's setting: agent 1's purchase reveals whom to visit next.

    An adaptive order is needed; anonymous static prices are enough.
    """
    high, low = uniform(2, 12), uniform(3, 8)
    values = model(
        {"agent 1": 1, "agent 2": 1, "agent 3/4": 2, "agent 5/6": 2},
        [("1/2", [surely(15), high, low, surely(4)]), ("1/2", [surely(1), low, high, surely(4)])],
    )
    return _renamed(finite_setting("prop-3", "Proposition 3", {"item": 2}, values))


def prop_4() -> Setting:
    """Return Proposition 4's setting: values are independent, yet adaptive order and prices are needed."""
    lotteries = [uniform(1, 15), uniform(3, 12), uniform(2, 8)]
    values = model({"agent 1": 1, "agent 2": 1, "agent 3/4": 2}, [(1, lotteries)])
    return _renamed(finite_setting("prop-4", "Proposition 4", {"item": 2}, values))


def prop_5() -> Setting:
    """Return footnote 3's counter-example to Proposition 5 for max-min fairness, with independent values.

    Agents 3 and 4 share items c and d. Action a (c to agent 3, d to agent 4) gives them a minimum of 5 or 1,
    action b (the reverse) 10 or 0. No posted price reveals which, as each agent's two value vectors have the same
    difference between c and d. So a is better if the minimum secured before is 2, b if it is 10.

    Agents and items left do not reveal what agents 1 and 2 secured: after "1 takes x, 2 takes y" and after "1
    takes y, 2 takes x" the same agents and items are left, but b is better in the first case and a in the second.
    Visiting 3 or 4 between 1 and 2 does not help: what agent 2 takes matters after x and after y.
    """
    first: Lottery = (
        (Fraction(1, 3), (Fraction(1), *_zeros(4))),
        (Fraction(1, 6), (Fraction(10), *_zeros(4))),
        (Fraction(1, 2), (Fraction(0), Fraction(10), *_zeros(3))),
    )
    second = uniform([2, 10, 0, 0, 0], [0, 0, 7, 0, 0])
    third = uniform([0, 0, 0, 20, 10], [0, 0, 0, 10, 0])
    fourth = uniform([0, 0, 0, 14, 5], [0, 0, 0, 10, 1])
    agents = {f"agent {i}": 1 for i in range(1, 5)}
    items = {"x": 1, "y": 1, "z": 1, "c": 1, "d": 1}
    values = model(agents, [(1, [first, second, third, fourth])])
    return finite_setting("prop-5", "Proposition 5, footnote 3", items, values, objective="max-min")


def prop_6() -> Setting:
    """Return a small setting in which policies that see only the agents left lose welfare.

    Agent 1's purchase reveals which of agents 2 and 3 is the gamble (6 or 0) and which is surely worth 3. The
    gamble should be visited first, and the agents left never reveal who that is.
    """
    gamble, safe = uniform([0, 6], [0, 0]), surely([0, 3])
    values = model(
        {"agent 1": 1, "agent 2": 1, "agent 3": 1},
        [("1/2", [surely([1, 0]), gamble, safe]), ("1/2", [surely([0, 0]), safe, gamble])],
    )
    return finite_setting("prop-6", "Proposition 6", {"signal": 1, "prize": 1}, values)


def prop_7() -> Setting:
    """Return Proposition 7's setting: whom to visit next is the exclusive or of two purchases.

    Alice and Bob never want the same item, so every optimal SPM sells each of them the item wanted. Six profiles
    are equally likely: neither wants anything; Alice wants 1 and Bob wants 2; only Alice wants 1, or 2; only Bob
    wants 1, or 2. Their joint welfare is 0, 20 or 10. At 0 or 20, Carl is the gamble (10 with probability 0.1) and
    should be visited before Dan (surely 5); at 10 their roles are swapped.
    """
    nothing = surely([0, 0, 0])
    wants = [surely([10, 0, 0]), surely([0, 10, 0])]
    gamble, safe = chance("1/10", [0, 0, 10], [0, 0, 0]), surely([0, 0, 5])
    even = [(nothing, nothing), (wants[0], wants[1])]
    odd = [(wants[0], nothing), (wants[1], nothing), (nothing, wants[0]), (nothing, wants[1])]
    worlds = [("1/6", [alice, bob, gamble, safe]) for alice, bob in even]
    worlds += [("1/6", [alice, bob, safe, gamble]) for alice, bob in odd]
    values = model({"Alice": 1, "Bob": 1, "Carl": 1, "Dan": 1}, worlds)
    return finite_setting("prop-7", "Proposition 7", {"item 1": 1, "item 2": 1, "item 3": 1}, values)


def prop_8() -> Setting:
    """Return a setting for Proposition 8: independent values, identical items, agents that differ.

    With personalised static prices a static order is optimal: by decreasing expected value given that the agent
    buys. The agents are those of Proposition 4, less one of the last two.
    """
    lotteries = [uniform(1, 15), uniform(3, 12), uniform(2, 8)]
    values = model({"agent 1": 1, "agent 2": 1, "agent 3": 1}, [(1, lotteries)])
    return finite_setting("prop-8", "Proposition 8", {"item": 2}, values)


def prop_9() -> Setting:
    """Return Proposition 9's setting: adaptive order is needed with independent values once items differ."""
    blue = uniform([15, 1], [1, 15])
    red = uniform(*([high, low] for high in (12, 3) for low in (8, 2)))
    yellow = uniform(*([low, high] for high in (12, 3) for low in (8, 2)))
    values = model({"blue": 1, "red": 1, "yellow": 1}, [(1, [blue, red, yellow])])
    return finite_setting("prop-9", "Proposition 9", {"red item": 1, "yellow item": 1}, values)


def theorem_1(n_revealing: int = 2, n_items: int = 3) -> Setting:
    """Return a member of the family behind Theorem 1's lower bound: the whole matching must be remembered.

    ``n_revealing`` agents each want one item, by a random matching. Two further agents compete for a prize: the
    last one values it at 2j in the j-th of M matchings, the first one at an odd number, uniform on 1, ..., 2M + 1.
    The price for the first one must lie in (2j - 1, 2j + 1], so no two matchings allow the same continuation.

    Args:
        n_revealing: agents that reveal the matching, N in the paper.
        n_items: items that they are matched to, at least ``n_revealing`` (the paper's bound counts matchings for
            ``n_items`` > 2 ``n_revealing``).

    >>> len(theorem_1(2, 3).model.worlds)
    6
    """
    if not 1 <= n_revealing <= n_items:
        raise ValueError(f"theorem-1 needs 1 <= n_revealing <= n_items, not {n_revealing} and {n_items}")
    matchings = list(permutations(range(n_items), n_revealing))
    first = uniform(*(_single(2 * j + 1, n_items, n_items + 1) for j in range(len(matchings) + 1)))
    worlds = []
    for j, matching in enumerate(matchings, start=1):
        revealing = [surely(_single(1, t, n_items + 1)) for t in matching]
        last = surely(_single(2 * j, n_items, n_items + 1))
        worlds.append((Fraction(1, len(matchings)), [*revealing, first, last]))
    agents = {f"agent {i + 1}": 1 for i in range(n_revealing)} | {"first": 1, "last": 1}
    items = {f"item {t + 1}": 1 for t in range(n_items)} | {"prize": 1}
    return finite_setting("theorem-1", "Theorem 1", items, model(agents, worlds))


def _zeros(count: int) -> Values:
    return (Fraction(0),) * count


def _single(value: int, index: int, length: int) -> list[int]:
    """A value vector that is ``value`` at ``index`` and 0 elsewhere."""
    return [value * (t == index) for t in range(length)]


def _renamed(setting: Setting) -> Setting:
    """The same setting with agents numbered across groups, as in the paper."""
    return replace(setting, agents=numbered("agent", setting.n_agents))


CONSTRUCTIONS: dict[str, Callable[[], Setting]] = {
    "prop-1": prop_1,
    "prop-2": prop_2,
    "prop-3": prop_3,
    "prop-4": prop_4,
    "prop-5": prop_5,
    "prop-6": prop_6,
    "prop-7": prop_7,
    "prop-8": prop_8,
    "prop-9": prop_9,
    "theorem-1": theorem_1,
    "colors": colors,
    "two-worlds": two_worlds,
    "inventory": inventory,
    "kitchen-sink": kitchen_sink,
    "id": identity,
}
"""The settings that ``python -m spm exact`` solves by name."""


def construction(name: str) -> Setting:
    """Return a construction by name.

    Raises:
        ValueError: an unknown name; the nearest ones are listed.

    >>> construction("prop-1").supply
    (1,)
    """
    return lookup("construction", name, CONSTRUCTIONS)()
