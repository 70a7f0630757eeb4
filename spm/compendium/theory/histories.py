"""The tree of histories of a small finite setting, solved exactly by backward induction: the second solver.

A history fixes what every visited agent was offered and bought, and thereby which profiles are still possible;
the optimum is

    V(h) = E[g | h] w(h)                                    if no agent or no item is left,
    V(h) = max over agents and offers of  sum of V(h + choice) over the choices that may follow,

with unnormalised weights w. Nothing is assumed about what has to be remembered: agents left, items left or an
allocation matrix play no part in it, and it shares no code with :mod:`spm.exact`. So it can judge claims about the
former, and the values of the latter.

Source: the POMDP of the paper's "Learning Optimal SPMs".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple

from spm.compendium.theory.economies import UNVISITED, Economy, HistoryState, ValueProfile, economy
from spm.compendium.theory.offers import NOTHING, Vector, price_menu
from spm.settings import Setting


class Move(NamedTuple):
    """A visit: the agent, the prices posted, and the state that follows each choice she may make."""

    agent: int
    prices: Vector
    after: dict[int, HistoryState]


def agents_left(state: HistoryState) -> Vector:
    """Return the agents not yet visited, in order."""
    return tuple(i for i, choice in enumerate(state.bought) if choice == UNVISITED)


def items_left(market: Economy, state: HistoryState) -> Vector:
    """Return the copies left of each type, ``(T,)``."""
    return tuple(copies - state.bought.count(t) for t, copies in enumerate(market.supply))


def on_sale(market: Economy, state: HistoryState, agent: int) -> Vector:
    """Return 1 for each type of which a copy is left that ``agent`` may value, ``(T,)``.

    >>> from spm.settings import prop_1
    >>> market = economy(prop_1())
    >>> on_sale(market, market.start, 0)
    (1,)
    """
    return tuple(
        int(left > 0 and wanted)
        for left, wanted in zip(items_left(market, state), market.wanted[agent], strict=True)
    )


def is_over(market: Economy, state: HistoryState) -> bool:
    """Say whether no agent or no item is left."""
    return UNVISITED not in state.bought or not any(items_left(market, state))


def outcome_value(market: Economy, state: HistoryState) -> int:
    """Return the weighted objective of stopping here, summed over the possible profiles.

    >>> from spm.settings import prop_1
    >>> market = economy(prop_1())
    >>> outcome_value(market, visit(market, market.start, 0, (0,)).after[0])  # values 3, 3, 9, 9
    24
    """
    if market.objective == "revenue":
        return state.paid * sum(market.weights[k] for k in state.possible)
    combine: Callable[[list[int]], int] = sum if market.objective == "welfare" else min
    return sum(market.weights[k] * combine(_received(market.profiles[k], state)) for k in state.possible)


def _received(profile: ValueProfile, state: HistoryState) -> list[int]:
    return [values[choice] if choice >= 0 else 0 for values, choice in zip(profile, state.bought, strict=True)]


def visit(market: Economy, state: HistoryState, agent: int, prices: Vector) -> Move:
    """Visit ``agent`` at ``prices`` and sort the possible profiles by what she buys.

    >>> from spm.settings import prop_1
    >>> market = economy(prop_1())
    >>> move = visit(market, market.start, 0, (6,))
    >>> {choice: after.possible for choice, after in move.after.items()}  # she buys where her value is 9
    {-1: (0, 1), 0: (2, 3)}
    """
    # What she would buy in each profile; then the profiles still possible, by what she buys.
    answers = market.answers(agent, prices, on_sale(market, state, agent))
    sorted_by: dict[int, list[int]] = {}
    for k in state.possible:
        sorted_by.setdefault(answers[k], []).append(k)
    earns = market.objective == "revenue"
    after = {
        choice: HistoryState(
            (*state.bought[:agent], choice, *state.bought[agent + 1 :]),
            state.paid + (prices[choice] if earns and choice != NOTHING else 0),
            tuple(possible),
        )
        for choice, possible in sorted_by.items()
    }
    return Move(agent, prices, after)


def menu(market: Economy, state: HistoryState, agent: int) -> tuple[Vector, ...]:
    """Return the offers to ``agent`` that may differ in what follows
    (:func:`spm.compendium.theory.offers.price_menu`).
    """
    return price_menu(market.supports[agent], on_sale(market, state, agent), market.objective == "revenue")


def moves(market: Economy, state: HistoryState) -> Iterator[Move]:
    """Yield the visits that can follow; of offers that lead to the same states only the first."""
    for agent in agents_left(state):
        seen = set()
        for prices in menu(market, state, agent):
            move = visit(market, state, agent, prices)
            consequence = frozenset(move.after.items())
            if consequence not in seen:
                seen.add(consequence)
                yield move


def tree_value(market: Economy, state: HistoryState) -> int:
    """Return the weighted optimum from ``state``: plain recursion in which no two histories are merged."""
    if is_over(market, state):
        return outcome_value(market, state)
    return max(sum(tree_value(market, after) for after in move.after.values()) for move in moves(market, state))


def history_optimum(setting: Setting) -> Fraction:
    """Return the value of an optimal SPM with full memory, before normalisation.

    >>> from spm.settings import prop_1
    >>> history_optimum(prop_1())
    Fraction(5, 2)

    Raises:
        ValueError: see :func:`spm.compendium.theory.economies.economy`.
    """
    market = economy(setting)
    return market.exact(tree_value(market, market.start))


class HistorySolver:
    """The same recursion with equal states solved once, and the moves that are optimal in each.

    >>> from spm.settings import prop_1
    >>> market = economy(prop_1())
    >>> solver = HistorySolver(market)
    >>> market.exact(solver.value(market.start))
    Fraction(5, 2)
    >>> sorted({move.prices for move in solver.optimal_moves(market.start)})
    [(9,)]
    """

    def __init__(self, market: Economy) -> None:
        """Remember nothing yet about ``market``."""
        self.market = market
        self._known: dict[HistoryState, int] = {}

    def value(self, state: HistoryState) -> int:
        """Return the weighted optimum from ``state``."""
        if state not in self._known:
            self._known[state] = (
                outcome_value(self.market, state)
                if is_over(self.market, state)
                else max(self.promise(move) for move in moves(self.market, state))
            )
        return self._known[state]

    def promise(self, move: Move) -> int:
        """Return the weighted optimum after ``move``."""
        return sum(self.value(after) for after in move.after.values())

    def optimal_moves(self, state: HistoryState) -> list[Move]:
        """Return every move that attains the optimum, offers with equal consequences once."""
        if is_over(self.market, state):
            return []
        return [move for move in moves(self.market, state) if self.promise(move) == self.value(state)]
