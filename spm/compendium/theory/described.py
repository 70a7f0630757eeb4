"""The paper's own examples: their exact optima, and the mechanisms described for them, to be evaluated exactly.

Where the conference version only sketches a proof, the policy follows the sketch's intuition. Prices are before
normalisation, agents and types are numbered as in :mod:`spm.settings.constructions`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from fractions import Fraction

from spm.exact import History, Policy, Solver, evaluate
from spm.settings import Number, Values, construction, vector


def optima(name: str) -> dict[str, dict[str, Fraction]]:
    """Return the exact optimum of every cell of a construction, ``optima(name)[prices][order]``.

    Raises:
        ValueError: unknown name.

    >>> str(optima("prop-1")["anonymous-static"]["adaptive"])
    '9/4'
    """
    return Solver(construction(name)).table()


@dataclass(frozen=True)
class PaperMechanism:
    """A mechanism of the paper.

    Attributes:
        setting: name of its construction.
        description: what it does, in one sentence.
        policy: from the history to (agent, prices).
        statistic: what the policy uses of the history; None for all of it.
    """

    setting: str
    description: str
    policy: Policy
    statistic: Callable[[History], Hashable] | None = None

    def value(self) -> Fraction:
        """The exact expected objective, before normalisation."""
        return evaluate(construction(self.setting), self.policy, self.statistic)


def _bought(history: History) -> list[bool]:
    """For each visit, whether the agent bought anything."""
    return [any(visit.bundle) for visit in history]


def _next(history: History, order: list[int], price: Number | list[Number]) -> tuple[int, Values]:
    """Visit the first agent of ``order`` who is left."""
    seen = {visit.agent for visit in history}
    return next(agent for agent in order if agent not in seen), vector(price)


def _prop_1(history: History) -> tuple[int, Values]:
    return _next(history, [0, 1], 0 if history else 2)


def _prop_2(history: History) -> tuple[int, Values]:
    """High while fewer items than agents are left."""
    enough = 2 - sum(_bought(history)) >= 3 - len(history)
    return _next(history, [0, 1, 2], 0 if enough else 2)


def _prop_3(history: History) -> tuple[int, Values]:
    """Agent 1 tells who has the higher ceiling; one price for all."""
    rich = [1, 2, 3] if _bought(history)[:1] == [True] else [2, 3, 1]
    return _next(history, [0, *rich, 4, 5], 4)


def _prop_4(history: History) -> tuple[int, Values]:
    """Agent 2, with the higher ceiling and floor, comes once one or two visits tell the price to offer her."""
    bought = _bought(history)
    if not bought:
        return _next(history, [0], 8)
    order = [1, 2, 3] if bought[0] else [2, 1, 3]
    enough = 2 - sum(bought) >= 4 - len(bought)
    agent, _ = _next(history, order, 0)
    return agent, vector(0 if enough else 9 if agent == 1 else 5)


def _colors(history: History) -> tuple[int, Values]:
    """Blue agents first, one price for all."""
    return (20 + len(history)) % 30, vector(["1/2", "1/2"])


def _two_worlds(history: History) -> tuple[int, Values]:
    return len(history), vector("0.9" if len(history) < 5 else "0.2")


def _inventory(history: History) -> tuple[int, Values]:
    """Between 1/2 and 1 until as many items as agents are left, then below 1/2."""
    enough = 10 - sum(_bought(history)) >= 20 - len(history)
    return len(history), vector("1/4" if enough else "3/4")


def _kitchen_sink(history: History) -> tuple[int, Values]:
    """Agent 1 at price 0 tells the world: A, agent 3 dearly, then agent 2; B, agent 2 dearly, then agent 3."""
    if not history:
        return 0, vector([0, 0, 0])
    took_a = history[0].bundle[0] == 1
    prices = ("2", "1/2") if took_a else ("1", "1/4")
    return _next(history, [2, 1] if took_a else [1, 2], [0, 0, prices[len(history) - 1]])


def _identity(history: History) -> tuple[int, Values]:
    """Agents 1 to 3; if only agent k bought, agent 3 + k next and then the other two."""
    if len(history) < 3:
        return len(history), vector(30)
    bought = _bought(history)[:3]
    order = [3, 4, 5]
    if sum(bought) == 1:
        order.insert(0, order.pop(bought.index(True)))
    return _next(history, order, 20)


def _agents_and_items(history: History) -> tuple[int, int]:
    return len(history), sum(_bought(history))


PAPER_MECHANISMS: dict[str, PaperMechanism] = {
    mechanism.setting: mechanism
    for mechanism in [
        PaperMechanism("prop-1", "2 for agent 1, then 0 for agent 2", _prop_1),
        PaperMechanism("prop-2", "2 until as many items as agents are left, then 0", _prop_2),
        PaperMechanism("prop-3", "price 4; agent 1, then those with the higher ceiling, then the others", _prop_3),
        PaperMechanism("prop-4", "agent 1 at 8; agent 2 next if he bought, after agent 3 otherwise", _prop_4),
        PaperMechanism("colors", "price 1/2 for all, blue agents first", _colors, len),
        PaperMechanism("two-worlds", "0.9 for five agents, then 0.2 for five", _two_worlds, len),
        PaperMechanism(
            "inventory", "3/4 until as many items as agents are left, then 1/4", _inventory, _agents_and_items
        ),
        PaperMechanism("kitchen-sink", "agent 1 at 0 tells whom to visit first and at what price", _kitchen_sink),
        PaperMechanism("id", "agents 1 to 3; then agent 3 + k if only k bought, then the others", _identity),
    ]
}
"""The paper's mechanisms by the name of their setting.

>>> PAPER_MECHANISMS["two-worlds"].value(), PAPER_MECHANISMS["prop-1"].description
(Fraction(221, 320), '2 for agent 1, then 0 for agent 2')
"""
