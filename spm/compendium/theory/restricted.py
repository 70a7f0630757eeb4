"""What a deterministic policy can reach if it sees only a statistic of the history.

Such a policy maps observations to visits (agent, prices). Histories with the same observation get the same
visit, so the problem is not Markov in the observation. But every statistic here shows the agents left, hence
the number of visits, and a policy acts on *layers*: the set L of all histories that it can reach after t
visits. The best it can do from a layer is

    R(L) = max over one visit for each observation in L  of  [value of histories that end] + R(next layer).

R is bounded from above by letting each observation's histories continue alone, as if they never met the others
again, and that in turn by full memory (:class:`spm.compendium.theory.histories.HistorySolver`). Visits are tried
in the order of these bounds, and the search of a layer stops once no bound is above the best value found: the
result is exact.
Deterministic policies lose nothing against random ones: no observation occurs twice in an episode, so the
value is linear in what is done at each observation, and best at a corner.

Theorem 1 says that with the allocation matrix nothing is lost; Proposition 5, that with independent values
and welfare or revenue nothing is lost with the items and agents left either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import Any, NamedTuple

import pandas as pd

from spm.compendium.theory.economies import Economy, HistoryState, economy
from spm.compendium.theory.histories import (
    HistorySolver,
    agents_left,
    is_over,
    items_left,
    menu,
    outcome_value,
    visit,
)
from spm.compendium.theory.offers import Vector
from spm.names import lookup
from spm.settings import Setting

Layer = tuple[HistoryState, ...]
Seen = tuple[Any, ...]
RestrictedPolicy = dict[Seen, tuple[int, tuple[Fraction, ...]]]
Order = Callable[[HistoryState], Vector]

VIEWS: dict[str, Callable[[Economy, HistoryState], Seen]] = {
    "agents-left": lambda market, state: agents_left(state),
    "items-agents-left": lambda market, state: (agents_left(state), items_left(market, state)),
    "allocation": lambda market, state: state.bought,
}
"""What is seen of a history, by the names of :mod:`spm.market.statistics`."""


class Option(NamedTuple):
    """One visit to all histories with one observation.

    Attributes:
        bound: weighted optimum after it, with full memory.
        settled: weighted value of the histories that it ends.
        after: the histories that continue.
        agent: the agent visited.
        prices: the prices posted, in ticks.
    """

    bound: int
    settled: int
    after: Layer
    agent: int
    prices: Vector


class LayerPlan(NamedTuple):
    """Best visits from a layer, one per observation, and the weighted value they lead to."""

    value: int
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Restricted:
    """The best deterministic policy that sees a statistic only.

    Attributes:
        statistic: name of the statistic.
        optimum: value with full memory, before normalisation.
        value: value of the best restricted policy, before normalisation.
        policy: what it does: ``{observation: (agent, prices)}``, prices before normalisation.
    """

    statistic: str
    optimum: Fraction
    value: Fraction
    policy: RestrictedPolicy

    @property
    def loss(self) -> Fraction:
        """What forgetting costs, before normalisation."""
        return self.optimum - self.value


def best_restricted(setting: Setting, statistic: str, order: Order = agents_left) -> Restricted:
    """Return the best deterministic policy that sees ``statistic`` only, exactly.

    Args:
        setting: a finite setting with unit demand.
        statistic: ``agents-left``, ``items-agents-left`` or ``allocation``.
        order: agents that may be visited next; all that are left unless a rule is imposed.

    Raises:
        ValueError: an unknown statistic; ``agents-left`` with several types, where prices may meet different items
            left; or see :func:`spm.compendium.theory.economies.economy`.

    >>> from spm.settings import prop_5
    >>> best_restricted(prop_5(), "allocation").loss, best_restricted(prop_5(), "items-agents-left").loss > 0
    (Fraction(0, 1), True)
    """
    if statistic == "agents-left" and setting.n_types > 1:
        raise ValueError(f"setting {setting.name!r} must have one type for agents-left, not {setting.n_types}")
    market = economy(setting)
    search = Search(market, lookup("statistic", statistic, VIEWS), order)
    policy = {
        seen: (option.agent, tuple(Fraction(price, market.ticks) for price in option.prices))
        for seen, option in search.decisions((market.start,))
    }
    best = search.plan((market.start,)).value
    optimum = search.solver.value(market.start)
    return Restricted(statistic, market.exact(optimum), market.exact(best), policy)


class Search:
    """Branch and bound over maps from observations to visits."""

    def __init__(self, market: Economy, seen: Callable[[Economy, HistoryState], Seen], order: Order) -> None:
        """Search policies of ``market`` that see ``seen`` and visit agents that ``order`` allows."""
        self.market, self.seen, self.order = market, seen, order
        self.solver = HistorySolver(market)
        self._plans: dict[Layer, LayerPlan] = {}
        self._options: dict[Layer, list[Option]] = {}

    def plan(self, layer: Layer) -> LayerPlan:
        """Return the best visits from ``layer``."""
        if layer not in self._plans:
            parts = [tuple(part) for part in self._parts(layer).values()]
            self._plans[layer] = self._alone(parts[0]) if len(parts) == 1 else _Joint(self, parts).plan
        return self._plans[layer]

    def value(self, layer: Layer) -> int:
        """Return R(layer)."""
        return self.plan(layer).value if layer else 0

    def options(self, part: Layer) -> list[Option]:
        """Return the visits that differ in their consequences for ``part``, best bound first."""
        if part not in self._options:
            distinct = {(option.agent, option.settled, option.after): option for option in self._visits(part)}
            self._options[part] = sorted(distinct.values(), key=lambda option: -option.bound)
        return self._options[part]

    def decisions(self, layer: Layer) -> Iterator[tuple[Seen, Option]]:
        """Yield each observation that the best policy meets from ``layer`` on, and its visit."""
        if layer:
            plan = self.plan(layer)
            yield from zip(self._parts(layer), plan.options, strict=True)
            yield from self.decisions(together(plan.options))

    def _parts(self, layer: Layer) -> dict[Seen, list[HistoryState]]:
        parts: dict[Seen, list[HistoryState]] = {}
        for state in layer:
            parts.setdefault(self.seen(self.market, state), []).append(state)
        return parts

    def _visits(self, part: Layer) -> Iterator[Option]:
        for agent in self.order(part[0]):
            for prices in menu(self.market, part[0], agent):
                # The same visit to every history that looks alike; what follows it, and what it ends.
                moves = [visit(self.market, state, agent, prices) for state in part]
                states = sorted(chain.from_iterable(move.after.values() for move in moves))
                ended = [state for state in states if is_over(self.market, state)]
                settled = sum(outcome_value(self.market, state) for state in ended)
                after = tuple(state for state in states if not is_over(self.market, state))
                yield Option(settled + sum(map(self.solver.value, after)), settled, after, agent, prices)

    def _alone(self, part: Layer) -> LayerPlan:
        best = LayerPlan(-1, ())
        for option in self.options(part):
            if option.bound <= best.value:
                break
            alone = LayerPlan(option.settled + self.value(option.after), (option,))
            best = max(best, alone, key=lambda plan: plan.value)
        return best


class _Joint:
    """The search of a layer with several observations, depth first: one visit after the other is fixed."""

    def __init__(self, search: Search, parts: list[Layer]) -> None:
        self.search, self.parts = search, parts
        alone = [search.value(part) for part in parts]
        # What the k-th observation and those after it are worth at most, if their histories never met others.
        self.rest = [sum(alone[k:]) for k in range(len(parts) + 1)]
        self.plan = LayerPlan(-1, ())
        self._extend((), 0)

    def _extend(self, chosen: tuple[Option, ...], promised: int) -> None:
        """Complete ``chosen``, whose histories would be worth ``promised`` if they never met again."""
        k = len(chosen)
        if k == len(self.parts):
            value = sum(option.settled for option in chosen) + self.search.value(together(chosen))
            if value > self.plan.value:
                self.plan = LayerPlan(value, chosen)
            return
        for option in self.search.options(self.parts[k]):
            # Options come best bound first, so none after this one can do better.
            if promised + option.bound + self.rest[k + 1] <= self.plan.value:
                break
            alone = promised + option.settled + self.search.value(option.after)
            if alone + self.rest[k + 1] > self.plan.value:
                self._extend((*chosen, option), alone)


def together(options: tuple[Option, ...]) -> Layer:
    """Return the layer that follows ``options``."""
    return tuple(sorted(chain.from_iterable(option.after for option in options)))


def policy_table(setting: Setting, best: Restricted) -> pd.DataFrame:
    """Return a policy that sees agents and items left, one row per observation, in the order of visits.

    Raises:
        ValueError: the policy sees something else.

    >>> from spm.settings import prop_1
    >>> policy_table(prop_1(), best_restricted(prop_1(), "items-agents-left")).iloc[1].tolist()
    ['agent 2', '1 item', 'agent 2', '1']
    """
    if best.statistic != "items-agents-left":
        raise ValueError(f"the policy must see items-agents-left to be tabled, not {best.statistic}")
    rows = [
        (
            ", ".join(setting.agents[i] for i in agents),
            ", ".join(f"{left} {name}" for left, name in zip(items, setting.types, strict=True) if left),
            setting.agents[agent],
            ", ".join(str(price) for price, left in zip(prices, items, strict=True) if left),
        )
        for (agents, items), (agent, prices) in sorted(best.policy.items(), key=lambda row: -len(row[0][0]))
    ]
    return pd.DataFrame(rows, columns=["agents left", "items left", "visit", "prices"])
