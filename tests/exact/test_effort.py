"""Steps are counted and limited, and no number of agents is too many for the recursion."""

from __future__ import annotations

import sys
from collections.abc import Generator
from fractions import Fraction

import pytest

from spm.exact import Solver, effort, evaluate_tree, tree_text
from spm.exact.effort import Effort, unrolled
from spm.settings import Lottery, Setting, construction, finite_setting, model, surely, uniform

DEEP = 250
"""Agents in a row; Python's recursion would end after about 160."""


def one_world(agents: int, lottery: Lottery, supply: dict[str, int], demand: str = "unit") -> Setting:
    return finite_setting("mine", "", supply, model({"agent": agents}, [(1, [lottery])]), demand)


def test_each_function_is_called_once_however_deep() -> None:
    called = []

    def fibonacci(n: int) -> Generator[int, None, int]:
        called.append(n)
        for before in range(max(n - 2, 0), n):
            if before not in known:
                yield before
        return known[n - 1] + known[n - 2] if n > 1 else n

    known: dict[int, int] = {}
    deep = 3 * sys.getrecursionlimit()
    assert unrolled(fibonacci(deep), fibonacci, known) == known[deep - 1] + known[deep - 2]
    assert sorted(called) == list(range(deep + 1))
    assert known[90] == 2880067194370816120


@pytest.fixture(scope="module")
def deep() -> Solver:
    """One item, agents worth 1 or 3: sell at 2 to whoever wants it, at 1 to the last."""
    return Solver(one_world(DEEP, uniform(1, 3), {"item": 1}))


def test_hundreds_of_agents_in_a_row(deep: Solver) -> None:
    assert deep.value() == deep.first_best == 3 - Fraction(2, 2**DEEP)
    assert deep.value("adaptive", "random") == deep.value()
    assert deep.value("zero", "adaptive") == 2


def test_a_tree_of_hundreds_of_visits(deep: Solver) -> None:
    tree = deep.tree()
    assert len(tree.nodes()) == DEEP
    assert tree.value == evaluate_tree(deep.game.setting, tree) == deep.value()
    lines = tree_text(deep.game.setting, tree).splitlines()
    assert len(lines) == 3 * DEEP


@pytest.mark.parametrize("name", ["prop-3", "kitchen-sink"])
def test_the_same_steps_every_time(name: str) -> None:
    def steps() -> int:
        solver = Solver(construction(name))
        solver.table()
        solver.tree()
        return solver.game.effort.steps

    assert 0 < steps() == steps() < effort.MOST_STEPS


@pytest.mark.parametrize("call", [Solver.table, Solver.value, lambda solver: solver.first_best])
def test_too_many_steps_are_refused(call: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effort, "MOST_STEPS", 10)
    with pytest.raises(ValueError, match=r"^setting 'prop-4' is too large to solve exactly: more than 10 steps$"):
        call(Solver(construction("prop-4")))  # type: ignore[operator]


def test_a_tree_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    solver = Solver(construction("prop-4"))
    solver.value()
    monkeypatch.setattr(effort, "MOST_STEPS", solver.game.effort.steps)
    with pytest.raises(ValueError, match="too large to solve exactly"):
        solver.tree()


HUNDREDS = [(k, k * 37 % 200) for k in range(200)]
TOO_LARGE: dict[str, Setting] = {
    "200 values": one_world(10, uniform(*range(200)), {"item": 2}),
    "200 pairs of values": one_world(5, uniform(*HUNDREDS), {"one": 1, "two": 1}),
    "900 types": one_world(2, uniform([1] * 900, range(900)), {f"type {t}": 1 for t in range(900)}),
    "14 additive types": one_world(
        40, uniform([1] * 14, range(14)), {f"type {t}": 9 for t in range(14)}, "additive"
    ),
    "profiles": one_world(10_000, uniform(*range(9)), {"item": 3}),
    "agents": one_world(500_000, surely(1), {"item": 500_000}),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_large_setting_is_refused_without_delay_or_after_its_steps(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effort, "MOST_STEPS", 50_000)
    with pytest.raises(ValueError, match="too large to solve exactly: more than 50,000 steps"):
        Solver(TOO_LARGE[name]).table()


def test_many_types_alike_are_not_too_large() -> None:
    """Four agents who want any of nine types: too large by the former estimate, 10^9 numbers of copies."""
    setting = one_world(4, uniform([1] * 9), {f"type {t}": 9 for t in range(9)})
    assert Solver(setting).value() == 4


def test_a_name_is_not_repeated_whole() -> None:
    with pytest.raises(ValueError, match="too large") as caught:
        Effort("x" * 5_000).add(10**10)
    assert len(str(caught.value)) < 200
