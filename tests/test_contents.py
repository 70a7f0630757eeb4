"""Digests of contents: equal things, unequal things, things that travelled, and what records already name."""

from __future__ import annotations

import functools
import json
import math
import pickle
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from itertools import combinations
from types import FunctionType
from typing import Any

import numpy as np
import pytest
from documents import ROOT

from spm.contents import content_digest
from spm.settings import PANELS, Objective, correlated, from_samples, get_setting
from spm.settings.objective import welfare

ONE_PLUS, TWO_PLUS = (lambda x: x + 1), (lambda x: x + 2)  # the source of either is this whole line


def times(factor: float) -> Callable[[float], float]:
    return lambda x: factor * x


def with_default(factor: float) -> Callable[[float], float]:
    def scaled(x: float, factor: float = factor) -> float:
        return factor * x

    return scaled


def with_global(factor: Any) -> FunctionType:
    """A function whose module has a global of its own."""
    code = compile("def scaled(x): return [FACTOR * y for y in x]", "gone", "exec")
    module: dict[str, Any] = {"__name__": "gone", "FACTOR": factor}
    exec(code, module)
    return module["scaled"]


def model(power: int) -> Any:
    """An object of a class that has no fields, only what it does."""
    code = compile(f"class Model:\n    n_agents = 2\n    def sample(self, x): return x ** {power}", "gone", "exec")
    module: dict[str, Any] = {"__name__": "gone"}
    exec(code, module)
    return module["Model"]()


DIFFERENT: dict[str, list[Any]] = {
    "functions on one line": [ONE_PLUS, TWO_PLUS],
    "closures": [times(2.0), times(3.0), times(2)],
    "defaults": [with_default(2.0), with_default(3.0)],
    "globals": [with_global(2.0), with_global(3.0), with_global(np.ones(2))],
    "helpers": [with_global(times(2.0)), with_global(times(3.0))],
    "partial functions": [functools.partial(times, 1), functools.partial(times, 2), times],
    "methods": [np.array([1]).__add__, np.array([2]).__add__, [1].append, [2].append],
    "functions behind others": [functools.lru_cache(times(2)), np.vectorize(times(2)), np.vectorize(times(3))],
    "functions in C": [math.sin, math.cos, np.sin, np.minimum],
    "classes": [model(1), model(2), type(model(1))],
    "data": [1, 2.5, "a", b"a", None, True, [1], (1, 2), {1}, {1: 1}, np.ones(1), np.ones((1, 1)), 1j],
    "arrays of objects": [np.array([1, "a"], object), np.array([1, "b"], object)],
}
SAME: dict[str, tuple[Any, Any]] = {
    "closures": (times(2.0), times(2.0)),
    "globals": (with_global(2.0), with_global(2.0)),
    "numpy's numbers": ([np.int64(2), np.float32(0.5)], (2, 0.5)),
    "models": (model(1), model(1)),
    "random states": ([np.random.default_rng(1)], [np.random.default_rng(2)]),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_different_things_have_different_digests(what: str) -> None:
    for one, other in combinations(DIFFERENT[what], 2):
        assert content_digest(one) != content_digest(other)
    assert [content_digest(one) for one in DIFFERENT[what]] == [content_digest(one) for one in DIFFERENT[what]]


@pytest.mark.parametrize("what", SAME)
def test_equal_things_have_equal_digests(what: str) -> None:
    one, other = SAME[what]
    assert content_digest(one) == content_digest(other)


def test_a_docstring_is_no_content_and_a_function_may_call_itself() -> None:
    told = "def f(x):\n    {}\n    return x and f(x - 1)"
    found = []
    for doc in ("'one'", "'two'"):
        module: dict[str, Any] = {"__name__": "gone"}
        exec(told.format(doc), module)
        found.append(content_digest(module["f"]))
    assert found[0] == found[1]


@pytest.mark.parametrize("thing", [times(2.0), with_global(2.0), model(3), functools.partial(times(2.0), 1)])
def test_what_has_travelled_has_the_same_digest(thing: Any) -> None:
    by_value: Any = import_module("distributed.protocol.pickle")  # as engines send it
    assert content_digest(by_value.loads(by_value.dumps(thing))) == content_digest(thing)


def test_digests_are_those_that_records_name() -> None:
    recorded = json.loads((ROOT / "data" / "paper" / "seal.json").read_text())["settings"]
    assert {name: get_setting(name).digest for name in PANELS} == recorded


def test_what_can_not_be_told_apart_is_refused() -> None:
    with pytest.raises(ValueError, match="the content of a generator can't be told"):
        content_digest(x for x in [1])
    with pytest.raises(ValueError, match=r"use numpy\.vectorize"):
        content_digest(np.frompyfunc(times(2), 1, 1))


def test_a_digest_is_taken_once_and_travels() -> None:
    """As if the source were other, or missing, where the setting arrives."""
    setting = from_samples("mine", [[[1.0], [2.0]]], {"seat": 1})
    sent = pickle.dumps(setting)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spm.contents.code_digest", lambda _: "another")
        assert pickle.loads(sent).digest == setting.digest
        assert from_samples("mine", [[[1.0], [2.0]]], {"seat": 1}).digest != setting.digest


def test_a_function_typed_at_a_prompt_counts_too() -> None:
    """No source at all: standard input."""
    typed = """
from spm.settings import Objective, correlated
sums = [lambda r, p: r.sum(axis=1), lambda r, p: p.sum(axis=1), lambda r, p: r.sum(axis=1)]
print([correlated(3, 3, 0.5, objective=Objective("mine", one)).digest for one in sums])
"""
    told = subprocess.run([sys.executable, "-"], input=typed, capture_output=True, text=True, check=True, cwd=ROOT)
    first, other, again = json.loads(told.stdout.replace("'", '"'))
    assert first == again != other


def test_the_name_of_an_objective_counts_in_a_setting_but_not_in_its_own_digest() -> None:
    mine, usual = (correlated(3, 3, 0.5, objective=one) for one in (Objective("mine", welfare), "welfare"))
    assert mine.digest != usual.digest
    assert mine.objective.digest == usual.objective.digest
