"""Upper bounds against a history-tree search that shares nothing with them; certificates, good and damaged."""

from __future__ import annotations

import io
from functools import cache, lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spm.bounds import covered_bound, explicit_mechanism, upper_bound
from spm.bounds.belief_cover import Cover, grow
from spm.bounds.certificates import (
    ARRAYS,
    RECORDED,
    certificate_digests,
    certificate_file,
    decoded_cover,
    encoded_cover,
    prior_value,
    recorded_cover,
)
from spm.bounds.known_latent import mean_known
from spm.mechanisms import StaticPrices, play
from spm.settings import Array, correlated

PRICES = np.linspace(0.0, 1.0, 41)
NODES = 200


def tree_optimum(n_agents: int, n_items: int, delta: float, objective: str) -> float:
    """The best SPM whose prices are multiples of 1/40: every price after every history."""
    width, lower = 1 - delta, delta * (np.arange(NODES) + 0.5) / NODES
    below = np.clip((PRICES[:, None] - lower) / width, 0, 1)
    kept = np.maximum(PRICES[:, None], lower)
    gain = np.where(PRICES[:, None] < lower + width, (kept + lower + width) / 2, 0.0)
    rewards = (1 - below) * (gain if objective == "welfare" else PRICES[:, None])

    def value(weights: Array, agents: int, items: int) -> float:
        if agents == 0 or items == 0:
            return 0.0
        if agents == 1:
            return float((rewards @ weights).max())
        return max(
            float(rewards[j] @ weights)
            + value(weights * (1 - below[j]), agents - 1, items - 1)
            + value(weights * below[j], agents - 1, items)
            for j in range(len(PRICES))
        )

    return value(np.full(NODES, 1 / NODES), n_agents, n_items)


SMALL = [(2, 1, 0.5), (3, 1, 0.5), (3, 2, 0.5), (3, 1, 0.25), (3, 1, 0.8)]
tree = lru_cache(tree_optimum)


@pytest.mark.parametrize("objective", ["welfare", "revenue"])
@pytest.mark.parametrize(("n_agents", "n_items", "delta"), SMALL)
def test_bounds_lie_above_the_optimum_of_small_settings(
    n_agents: int, n_items: int, delta: float, objective: str
) -> None:
    optimum = tree(n_agents, n_items, delta, objective)
    for beliefs in (9, 12, 20, 40):
        assert covered_bound(n_agents, n_items, delta, objective, beliefs=beliefs) >= optimum - 1e-6
    assert mean_known(n_agents, n_items, delta, objective) >= optimum - 1e-6


@pytest.mark.parametrize("objective", ["welfare", "revenue"])
@pytest.mark.parametrize(("n_agents", "n_items", "delta"), SMALL)
def test_with_enough_beliefs_the_bound_is_nearly_the_optimum(
    n_agents: int, n_items: int, delta: float, objective: str
) -> None:
    """What is left is the position in the cell, told in advance, and the tree's coarse prices."""
    optimum = tree(n_agents, n_items, delta, objective)
    assert covered_bound(n_agents, n_items, delta, objective, cells=16, beliefs=120) <= optimum * 1.002


@pytest.mark.parametrize("objective", ["welfare", "revenue"])
def test_more_beliefs_and_more_cells_tighten_the_bound(objective: str) -> None:
    beliefs = [covered_bound(8, 3, 0.5, objective, beliefs=count) for count in (9, 18, 36, 72)]
    assert beliefs == sorted(beliefs, reverse=True)
    assert beliefs[0] - beliefs[-1] > 0.02
    cells = [covered_bound(4, 2, 0.5, objective, cells=count, beliefs=60) for count in (2, 4, 8)]
    assert cells == sorted(cells, reverse=True)


@given(st.integers(2, 7), st.integers(1, 3), st.floats(0.1, 0.9))
@settings(max_examples=5)
def test_bounds_grow_with_supply_and_stay_below_the_first_best(n: int, m: int, delta: float) -> None:
    cover = grow(n, m, delta, "welfare", 4, 20)
    bounds = [
        prior_value(cover, RECORDED[0]._replace(n_agents=n, n_items=k, delta=delta)) for k in range(1, m + 1)
    ]
    assert (np.diff(bounds) >= -1e-9).all()
    top = sum((n - j) / (n + 1) for j in range(min(n, m)))
    assert bounds[-1] <= min(n, m) * delta / 2 + (1 - delta) * top + 1e-2
    assert upper_bound(n, m, delta)[0] <= mean_known(n, m, delta)


@pytest.mark.parametrize("delta", [0.25, 0.5, 0.8])
def test_no_mechanism_earns_more(delta: float) -> None:
    setting = correlated(8, 3, delta)
    bound, _ = upper_bound(8, 3, delta)
    for one in (explicit_mechanism(setting), *(StaticPrices((price,)) for price in (0.0, 0.3, 0.5, 0.7))):
        played = play(one, setting, 10_000)
        assert played.mean - 3 * played.standard_error <= bound


def test_the_extremes_of_correlation_need_no_cover() -> None:
    assert upper_bound(6, 2, 0.0)[1] == "dynamic programme for IID values"
    value, method = upper_bound(6, 2, 1.0)
    assert value == pytest.approx(1.0)
    assert method == "z known"
    assert upper_bound(6, 2, 0.5)[1] == "belief cover"
    value, method = upper_bound(4, 9, 0.5)
    assert value == pytest.approx(2.0)
    assert method == "z known"


def test_large_settings_take_the_cover_of_a_smaller_one() -> None:
    bound, _ = upper_bound(100, 10, 0.5)
    assert mean_known(100, 10, 0.5) * 0.98 < bound < mean_known(100, 10, 0.5)


@pytest.mark.parametrize("size", RECORDED)
def test_the_panels_have_certificates_tighter_than_what_is_made_at_once(size: tuple[int, int, float, str]) -> None:
    bound, method = upper_bound(*size)
    assert method == "belief cover of record"
    assert bound < covered_bound(*size, beliefs=40)
    assert sum(certificate_file(one).stat().st_size for one in RECORDED) < 5 * 2**20
    assert len(certificate_digests()) == len(RECORDED)


@cache
def small() -> Cover:
    return grow(4, 2, 0.5, "welfare", 4, 20)


def test_a_certificate_comes_back_as_it_was() -> None:
    content = encoded_cover(small())
    assert content == encoded_cover(decoded_cover(content, 0.5))
    assert recorded_cover(RECORDED[0]._replace(n_agents=19)) is None


def damaged(name: str, part: Any) -> bytes:
    """The small certificate with one array replaced, or left out."""
    buffer, cover = io.BytesIO(encoded_cover(small())), io.BytesIO()
    arrays = {key: one for key, one in np.load(buffer).items() if key != name or part is not None}
    np.savez(cover, **(arrays if part is None else arrays | {name: part}))
    return cover.getvalue()


SHAPE = small().index.shape
LOWER = np.maximum(small().weight * 2**30 - 1000, 0).astype(ARRAYS["weight"])
DAMAGED = [
    (b"", "not an archive of arrays"),
    (b"PK\x03\x04" + bytes(100), "not an archive of arrays"),
    (damaged("index", None), "must hold the arrays beliefs"),
    (damaged("more", np.zeros(3)), "must hold the arrays beliefs"),
    (damaged("index", np.zeros(SHAPE)), "must hold the arrays beliefs"),
    (damaged("index", np.array([{}], dtype=object)), "Object arrays cannot be loaded"),
    (damaged("index", np.full(SHAPE, 60_000, np.uint16)), "index must be below 20"),
    (damaged("index", np.zeros((3, 2), np.uint16)), "must have shape"),
    (damaged("beliefs", np.zeros(4, np.uint32)), r"must have shape \(M, N\)"),
    (damaged("beliefs", np.zeros((20, 4), np.uint32)), "must be the single cells and the prior"),
    (damaged("weight", LOWER), "a cover misses"),
    (damaged("weight", np.zeros(2**23 + 1, np.uint32)), "its arrays have more than 33,554,432 bytes"),
]


@pytest.mark.parametrize(("content", "message"), DAMAGED, ids=[message for _, message in DAMAGED])
def test_a_damaged_certificate_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decoded_cover(content, 0.5)


def test_it_fits_its_delta_only() -> None:
    with pytest.raises(ValueError, match=r"must have shape|a cover misses"):
        decoded_cover(encoded_cover(small()), 0.45)
