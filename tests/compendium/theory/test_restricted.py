from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from spm.compendium.theory.economies import economy
from spm.compendium.theory.histories import is_over, outcome_value, visit
from spm.compendium.theory.memory import revealing_first
from spm.compendium.theory.restricted import VIEWS, RestrictedPolicy, best_restricted, policy_table
from spm.exact import Solver
from spm.market import Market
from spm.settings import (
    FiniteModel,
    Setting,
    finite_setting,
    get_setting,
    model,
    prop_5,
    theorem_1,
    uniform,
    valuations,
)
from spm.settings.constructions import prop_2, prop_3, prop_4, prop_9

Seen = tuple[frozenset[int], int]
Policy = dict[Seen, tuple[int, int]]


def random_correlated(rng: np.random.Generator, supply: int) -> Setting:
    """Three agents, identical items, two worlds in which values are 1 to 4, one or two each."""
    worlds = [("1/2", [uniform(*rng.integers(1, 5, size=1).tolist()) for _ in range(3)]) for _ in range(2)]
    return finite_setting("random", "Random", {"item": supply}, model({f"agent {i}": 1 for i in range(3)}, worlds))


def joint(setting: Setting) -> list[tuple[Fraction, list[int]]]:
    assert isinstance(setting.model, FiniteModel)
    worlds = setting.model.worlds
    return [(world.probability, [int(lottery[0][1][0]) for lottery in world.lotteries]) for world in worlds]


def brute_force(profiles: list[tuple[Fraction, list[int]]], supply: int, policy: Policy) -> Fraction:
    """The best value of all policies that extend ``policy``: try every action where it is first undefined."""
    total = Fraction(0)
    for chance, values in profiles:
        left, items = frozenset(range(len(values))), supply
        while left and items:
            if (left, items) not in policy:
                actions = product(left, range(1, 6))  # price 5 sells nothing
                return max(brute_force(profiles, supply, policy | {(left, items): action}) for action in actions)
            agent, price = policy[left, items]
            left -= {agent}
            if values[agent] >= price:
                items -= 1
                total += chance * values[agent]
    return total


@pytest.mark.parametrize("supply", [1, 2])
def test_search_agrees_with_brute_force(supply: int) -> None:
    for child in np.random.SeedSequence(supply).spawn(6):
        setting = random_correlated(np.random.default_rng(child), supply)
        found = best_restricted(setting, "items-agents-left")
        assert found.value == brute_force(joint(setting), supply, {})


def restricted_value(setting: Setting, statistic: str, policy: RestrictedPolicy) -> Fraction:
    """The exact value of a restricted policy, by running it through the setting."""
    market, total = economy(setting), 0
    pending = [market.start]
    while pending:
        state = pending.pop()
        if is_over(market, state):
            total += outcome_value(market, state)
        else:
            agent, prices = policy[VIEWS[statistic](market, state)]
            ticks = tuple(int(price * market.ticks) for price in prices)
            pending.extend(visit(market, state, agent, ticks).after.values())
    return market.exact(total)


@pytest.mark.parametrize("statistic", ["items-agents-left", "allocation"])
@pytest.mark.parametrize("setting", [get_setting("id"), get_setting("kitchen-sink"), prop_5(), theorem_1(2, 3)])
def test_the_policy_found_is_worth_what_is_claimed(setting: Setting, statistic: str) -> None:
    found = best_restricted(setting, statistic)
    assert restricted_value(setting, statistic, found.policy) == found.value <= found.optimum


@pytest.mark.parametrize("setting", [get_setting("id"), prop_5(), theorem_1(2, 3)])
def test_the_policy_earns_as_much_in_the_learning_market(setting: Setting) -> None:
    found = best_restricted(setting, "items-agents-left")
    law = economy(setting)
    values = np.array(law.profiles) / law.ticks / float(setting.unit)
    market = Market(setting, valuations("unit", values))
    while not market.over.all():
        seen = [
            (tuple(np.flatnonzero(agents).tolist()), tuple(items.tolist()))
            for agents, items in zip(market.agents_left, market.items_left, strict=True)
        ]
        idle = 0, (Fraction(0),) * setting.n_types  # where the market is over
        visits = [found.policy.get(observation, idle) for observation in seen]
        prices = np.array([[float(price / setting.unit) for price in posted] for _, posted in visits])
        market.visit(np.array([agent for agent, _ in visits]), prices)
    score = setting.objective.score(market.received, market.payments)
    mean = np.average(score, weights=law.weights) * float(setting.unit)
    assert mean == pytest.approx(float(found.value), rel=1e-9)


@pytest.mark.parametrize("setting", [get_setting("id"), prop_5(), theorem_1(2, 3)])
def test_allocation_loses_nothing(setting: Setting) -> None:
    assert best_restricted(setting, "allocation").loss == 0


def test_losses_of_items_and_agents_left() -> None:
    assert best_restricted(get_setting("kitchen-sink"), "items-agents-left").loss == 0
    assert best_restricted(prop_5(), "items-agents-left").loss > 0
    assert best_restricted(theorem_1(2, 3), "items-agents-left").loss > 0
    assert best_restricted(theorem_1(1, 3), "items-agents-left").loss == 0  # items left tell the matching


def test_id_needs_memory_only_if_agents_1_to_3_come_first() -> None:
    setting = get_setting("id")
    assert best_restricted(setting, "items-agents-left").loss == 0
    # Not knowing who of 1 to 3 bought: one of 4 to 6 at 40, then the others at 21. The one who may have 40 comes
    # first, second or last with equal chances.
    right = 20 + Fraction(1, 2) * 21 * Fraction(3, 4)
    second = 20 + Fraction(1, 2) * Fraction(21, 2)
    third = Fraction(21, 2) + Fraction(1, 2) * 20
    blind = 60 * (Fraction(3, 8) + 2 * Fraction(1, 2)) + Fraction(3, 8) * (right + second + third) / 3
    assert best_restricted(setting, "items-agents-left", revealing_first(3)).value == blind


def test_policy_table_shows_every_observation_once() -> None:
    setting = get_setting("id")
    found = best_restricted(setting, "items-agents-left")
    table = policy_table(setting, found)
    assert len(table) == len(found.policy)
    assert not table.duplicated(["agents left", "items left"]).any()
    assert table.iloc[0]["items left"] == "2 item"


def test_wrong_statistics_are_refused() -> None:
    with pytest.raises(ValueError, match="statistic"):
        best_restricted(get_setting("id"), "prices")
    found = best_restricted(get_setting("kitchen-sink"), "allocation")
    with pytest.raises(ValueError, match="allocation"):
        policy_table(get_setting("kitchen-sink"), found)


@pytest.mark.parametrize("setting", [prop_2(), prop_3(), prop_4()])
def test_policies_on_agents_left_are_static_prices_in_a_static_order(setting: Setting) -> None:
    assert best_restricted(setting, "agents-left").value == Solver(setting).value("personalised-static", "static")


def test_agents_left_with_several_types_are_refused() -> None:
    with pytest.raises(ValueError, match="one type"):
        best_restricted(prop_9(), "agents-left")
