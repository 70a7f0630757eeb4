"""The exact solver against brute force, closed forms and the propositions' claims."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise, product
from math import comb

import numpy as np
import pytest
from brute_force import SCALE, BruteForce, agree, market, outcome

from spm.compendium.theory.described import PAPER_MECHANISMS
from spm.exact import CELLS, ORDERS, PRICES, History, Solver, evaluate, evaluate_tree, tree_arrays, tree_text
from spm.exact.choices import Offer, bought, offers
from spm.exact.game import Game
from spm.exact.recursion import Recursion
from spm.exact.static import best_plan
from spm.settings import (
    Lottery,
    Objective,
    Setting,
    Values,
    construction,
    correlated,
    finite_setting,
    model,
    prop_1,
    uniform,
    vector,
)
from spm.settings.panels import licences

SMALL = (*(f"prop-{k}" for k in (1, 2, 3, 4, 6, 7, 8, 9)), "kitchen-sink", "two-worlds")
N_RANDOM, N_CHUNKS = 216, 12
Rng = np.random.Generator


def random_lottery(rng: Rng, n_types: int, most: int) -> Lottery:
    weights = rng.integers(1, 4, size=rng.integers(1, most + 1))
    total = int(weights.sum())
    draws = rng.integers(4, size=(len(weights), n_types))
    return tuple((Fraction(int(w), total), vector(map(int, row))) for w, row in zip(weights, draws, strict=True))


def random_setting(seed: int) -> Setting:
    """Two or three agents, one or two types; demand and objective in turn; one or two worlds."""
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    n_types = int(rng.integers(1, 3))
    pairs = [{"a": 2}, {"a": 1, "b": 1}]
    triples = [{"a": 3}, {"a": 2, "b": 1}, {"a": 1, "b": 1, "c": 1}]
    groups = (pairs + triples)[rng.integers(5)] if n_types == 1 or rng.random() < 0.1 else pairs[rng.integers(2)]
    most = 2 if n_types == 2 and sum(groups.values()) == 3 else 3
    weights = rng.integers(1, 4, size=rng.integers(1, 3))
    total = int(weights.sum())
    worlds = [(Fraction(int(w), total), [random_lottery(rng, n_types, most) for _ in groups]) for w in weights]
    demand, objective = list(product(("unit", "additive"), ("welfare", "revenue", "max-min")))[seed % 6]
    supply = {f"type {t}": int(rng.integers(1, 3)) for t in range(n_types)}
    return finite_setting(f"random {seed}", "", supply, model(groups, worlds), demand, objective)


@pytest.mark.parametrize(
    "chunk", [*range(4), *(pytest.param(chunk, marks=pytest.mark.endurance) for chunk in range(4, N_CHUNKS))]
)
def test_every_cell_agrees_with_brute_force_on_random_settings(chunk: int) -> None:
    for seed in range(chunk, N_RANDOM, N_CHUNKS):
        setting = random_setting(seed)
        exact, brute = Solver(setting).table(), BruteForce(setting).table()
        wrong = [c for c in CELLS if not agree(setting.objective.name, exact[c[0]][c[1]], brute[c[0]][c[1]])]
        assert not wrong, (seed, wrong, exact, brute)


@pytest.mark.parametrize("seed", range(0, 60))
def test_trees_are_worth_their_cells(seed: int) -> None:
    """Also for settings with forced ties, several types, and max-min fairness."""
    setting = random_setting(seed)
    solver = Solver(setting)
    for prices, order in CELLS:
        if order != "random":
            tree, value = solver.tree(prices, order), solver.value(prices, order)
            assert evaluate_tree(setting, tree) == tree.value
            assert 0 <= value - tree.value <= (Fraction(1, 1000) if setting.objective.name == "revenue" else 0)


@pytest.mark.parametrize("seed", range(0, 60))
def test_first_best_is_the_best_of_all_allocations(seed: int) -> None:
    setting = random_setting(seed)
    m = market(setting)
    m.objective = "max-min" if m.objective == "max-min" else "welfare"
    bundles = [b for b in product((0, 1), repeat=setting.n_types) if setting.demand == "additive" or sum(b) <= 1]
    allocations = [
        a
        for a in product(bundles, repeat=setting.n_agents)
        if all(sum(b[t] for b in a) <= s for t, s in enumerate(setting.supply))
    ]
    records = [{i: (bundle, 0) for i, bundle in enumerate(a)} for a in allocations]
    best = sum(weight * max(outcome(m, profile, record) for record in records) for weight, profile in m.profiles)
    assert Solver(setting).first_best == Fraction(best, m.total * SCALE)


def table(name: str) -> dict[str, dict[str, Fraction]]:
    return Solver(construction(name)).table()


def test_prop_1_needs_personalised_prices() -> None:
    cells = table("prop-1")
    assert cells["anonymous-static"] == dict.fromkeys(ORDERS, Fraction(9, 4))
    assert cells["personalised-static"]["static"] == cells["adaptive"]["adaptive"] == Fraction(5, 2)


def test_prop_2_needs_adaptive_prices() -> None:
    cells = table("prop-2")
    assert (
        cells["personalised-static"]["adaptive"] == Fraction(9, 2) < cells["adaptive"]["static"] == Fraction(19, 4)
    )
    assert cells["adaptive"]["random"] == cells["adaptive"]["adaptive"]  # the order does not matter


def test_prop_3_needs_an_adaptive_order_only() -> None:
    cells = table("prop-3")
    assert cells["adaptive"]["static"] == Fraction(83, 4) < cells["anonymous-static"]["adaptive"] == 21
    assert cells["adaptive"]["adaptive"] == 21
    assert cells["zero"]["adaptive"] < 21


def test_prop_4_needs_both() -> None:
    cells = table("prop-4")
    assert cells["personalised-static"]["adaptive"] == 19
    assert cells["adaptive"]["static"] == Fraction(77, 4)
    assert cells["adaptive"]["adaptive"] == Fraction(155, 8)


def test_prop_8_a_static_order_is_enough() -> None:
    cells = table("prop-8")
    assert cells["personalised-static"]["random"] < cells["personalised-static"]["static"]
    assert cells["personalised-static"]["static"] == cells["personalised-static"]["adaptive"]


def test_prop_9_needs_an_adaptive_order() -> None:
    cells = table("prop-9")
    assert cells["adaptive"]["static"] == Fraction(185, 8) < cells["adaptive"]["adaptive"] == Fraction(47, 2)
    assert cells["personalised-static"]["adaptive"] == cells["adaptive"]["adaptive"]
    assert cells["anonymous-static"]["adaptive"] < cells["personalised-static"]["adaptive"]


@pytest.mark.parametrize("seed", range(30))
def test_prop_8_agents_by_expected_value_given_that_they_buy(seed: int) -> None:
    """Independent values, identical items: the order that the paper names is optimal at the best static prices."""
    rng = np.random.default_rng(np.random.SeedSequence([8, seed]))
    lotteries = [random_lottery(rng, 1, 3) for _ in range(3)]
    values = model({"a": 1, "b": 2, "c": 1}, [(1, lotteries)])
    setting = finite_setting("random", "", {"item": int(rng.integers(1, 4))}, values)
    solver = Solver(setting)
    game = Game(setting)
    recursion = Recursion(game)
    plan = best_plan(recursion, tuple((game.slot(g, game.static_offers([g])), game.sizes[g]) for g in range(3)))
    assert plan is not None
    visits = [(slot.group, slot.offers[0]) for slot in plan[1] if slot.offers]
    visits.sort(key=lambda visit: -expected_if_bought(lotteries[visit[0]], visit[1]))
    named = evaluate(setting, listed(setting, visits), len)
    assert named == plan[0] == solver.value("personalised-static", "adaptive")


def expected_if_bought(lottery: Lottery, offer: Offer) -> Fraction:
    buying = [(p, v[0]) for p, v in lottery if v[0] > 0 and v[0] >= offer.prices[0]]
    return sum((p * v for p, v in buying), Fraction(0)) / (sum((p for p, _ in buying), Fraction(0)) or 1)


def listed(setting: Setting, visits: list[tuple[int, Offer]]) -> Callable[[History], tuple[int, Values]]:
    """The policy that visits groups at prices in the given order."""
    assert hasattr(setting.model, "group_of")
    left = {g: [i for i, group in enumerate(setting.model.group_of) if group == g] for g, _ in visits}
    actions = [(left[g].pop(0), offer.prices) for g, offer in visits]
    return lambda history: actions[len(history)]


def test_colors_and_inventory_reach_the_first_best_in_closed_form() -> None:
    colors, inventory = Solver(construction("colors")), Solver(construction("inventory"))
    assert colors.first_best == colors.value("zero", "static") == 30
    high = sum((Fraction(comb(20, k) * min(k, 10), 2**20) for k in range(21)), Fraction(0))
    assert inventory.first_best == inventory.value() == high + (10 - high) / 2
    assert inventory.value("anonymous-static", "adaptive") == high


def test_random_order_at_zero_prices_in_closed_form() -> None:
    solver = Solver(construction("colors"))
    blue_for_red = [Fraction(comb(10, k), 2**10) for k in range(11)]
    each = sum((p * (10 + 2 * k) * Fraction(10, 10 + k) for k, p in enumerate(blue_for_red)), Fraction(0))
    assert solver.value("zero", "random") == 2 * each


def test_two_worlds_is_a_static_schedule_but_not_the_papers() -> None:
    """High prices, then 1/4, then a low one for the last agent: more than 0.9 for five and 0.2 for five."""
    solver = Solver(construction("two-worlds"))
    half = Fraction(1, 2)
    high = (1 - half**5) + half**5 * ((1 - half**4) * Fraction("0.8") + half**4 * Fraction("0.8"))
    low = (1 - half**4) * Fraction("0.4") + half**4 * Fraction("0.25")
    assert (
        solver.value("personalised-static", "static") == solver.value() == (high + low) / 2 == Fraction(443, 640)
    )
    assert PAPER_MECHANISMS["two-worlds"].value() == Fraction(221, 320)


@pytest.mark.parametrize("name", sorted(set(PAPER_MECHANISMS) - {"two-worlds", "colors"}))
def test_the_papers_mechanism_is_optimal(name: str) -> None:
    assert PAPER_MECHANISMS[name].value() == Solver(construction(name)).value()


def test_zero_prices_are_enough_for_id_but_not_for_the_kitchen_sink() -> None:
    identity, sink = Solver(construction("id")), Solver(construction("kitchen-sink"))
    assert identity.value("zero", "adaptive") == identity.value() > identity.value("adaptive", "static")
    assert max(sink.value("adaptive", "static"), sink.value("personalised-static", "adaptive")) < sink.value()


@pytest.mark.parametrize("name", SMALL)
def test_a_tree_as_arrays_is_the_same_mechanism(name: str) -> None:
    """Also where prices are rounded to floats: they keep away from ties."""
    setting = construction(name)
    solver = Solver(setting)
    arrays = tree_arrays(setting, solver.tree())
    rows = [tuple(row) for row in solver.game.bundles]

    def node(history: History) -> int:
        at = 0
        for visit in history:
            at = int(arrays.next[at, rows.index(visit.bundle)])
        return at

    def policy(history: History) -> tuple[int, Values]:
        at = node(history)
        return int(arrays.agent[at]), tuple(Fraction(p) * setting.unit for p in arrays.prices[at])

    assert evaluate(setting, policy, node) == solver.value()
    end = len(arrays.agent) - 1
    assert arrays.agent[end] == -1
    assert set(arrays.next[end]) == {end}


@pytest.mark.parametrize("name", ["prop-4", "prop-9", "kitchen-sink"])
def test_two_runs_are_identical(name: str) -> None:
    def run() -> tuple[dict[str, dict[str, Fraction]], list[str]]:
        setting = construction(name)
        solver = Solver(setting)
        cells = solver.table()
        return cells, [tree_text(setting, solver.tree(p, o)) for p, o in CELLS if o != "random"]

    assert run() == run()


def test_one_cell_alone_is_the_same_as_in_the_table() -> None:
    cells = table("prop-9")
    for prices, order in CELLS:
        assert Solver(construction("prop-9")).value(prices, order) == cells[prices][order]


def test_trees_merge_equal_continuations() -> None:
    """Inventory's mechanism needs agents and items left only."""
    nodes = Solver(construction("inventory")).tree().nodes()
    assert len(nodes) <= 20 * 10


@pytest.mark.parametrize("demand", ["unit", "additive"])
@pytest.mark.parametrize("ranked", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_offers_induce_every_choice_that_a_dense_grid_does(demand: str, ranked: bool, seed: int) -> None:
    rng = np.random.default_rng(np.random.SeedSequence([3, seed]))
    n_types = 2 + seed % 2
    vectors = [tuple(Fraction(int(x)) for x in rng.integers(4, size=n_types)) for _ in range(3)]
    theres = [there for there in product((0, 1), repeat=n_types) if any(there)] if ranked else [(1,) * n_types]

    def choices(prices: Values) -> tuple[tuple[int, ...], ...]:
        return tuple(bought(demand, vector, prices, there) for vector in vectors for there in theres)

    found = [choices(o.prices) for o in offers(demand, vectors, Fraction(3), None if ranked else theres[0])]
    step = 3 if n_types == 2 else 2
    grid = {choices(p) for p in product([Fraction(k, step) for k in range(4 * step + 1)], repeat=n_types)}
    assert len(set(found)) == len(found)
    assert grid <= set(found)
    assert grid == set(found) or n_types == 3


def test_highest_payments_may_only_be_approached() -> None:
    """Item 1 wins ties, so the agent who should take item 2 must strictly prefer it."""
    setting = finite_setting(
        "sup", "", {"one": 1, "two": 1}, model({"a": 1}, [(1, [uniform([1, 0], [2, 3])])]), objective="revenue"
    )
    solver = Solver(setting)
    assert solver.value() == Fraction(3, 2)
    assert Fraction(3, 2) - Fraction(1, 10**4) < solver.tree().value < Fraction(3, 2)


WEALTH = Objective("wealth", lambda received, payments: (received + payments).sum(axis=1))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (correlated(3, 1, 0.5), "finite setting"),
        (licences(), "finite setting"),
        (
            finite_setting("w", "", {"a": 1}, model({"x": 1}, [(1, [uniform(1)])]), objective=WEALTH),
            "not 'wealth'",
        ),
        (
            finite_setting("c", "", {"a": 1}, model({"x": 1}, [(1, [uniform(1)])]), "combinatorial"),
            "unit or additive",
        ),
    ],
)
def test_what_cannot_be_solved_is_refused(setting: Setting, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Solver(setting)


def test_unknown_cells_are_refused() -> None:
    solver = Solver(prop_1())
    with pytest.raises(ValueError, match="unknown prices 'free'"):
        solver.value("free")
    with pytest.raises(ValueError, match="unknown order 'dynamic'"):
        solver.value(order="dynamic")
    with pytest.raises(ValueError, match="random order"):
        solver.tree(order="random")


@pytest.mark.parametrize(
    ("action", "message"), [((0, (Fraction(1),)), "who is not left"), ((1, (Fraction(-1),)), "at least 0")]
)
def test_evaluate_refuses_what_a_mechanism_may_not_do(action: tuple[int, Values], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate(prop_1(), lambda history: action if history else (0, (Fraction(5),)))


def test_every_kind_of_prices_and_order_contains_those_before() -> None:
    cells = table("kitchen-sink")
    for row in cells.values():
        assert row["random"] <= row["static"] <= row["adaptive"]
    for weaker, stronger in pairwise(PRICES):
        assert all(cells[weaker][order] <= cells[stronger][order] for order in ORDERS)
