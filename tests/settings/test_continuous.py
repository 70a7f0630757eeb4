from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from spm.settings import CorrelatedModel, MaxMinModel, get_setting
from spm.settings.continuous import LicencesModel, SampleModel

N = 100_000


def correlations(values: np.ndarray) -> np.ndarray:
    """Empirical Corr(v_i, v_j) for all pairs i < j of the first type."""
    matrix = np.corrcoef(values[:, :, 0].T)
    return np.asarray(matrix[np.triu_indices(len(matrix), 1)])


@pytest.mark.parametrize(("delta", "rho"), [(0, 0), (0.25, 1 / 10), (1 / 3, 1 / 5), (0.5, 1 / 2), (0.75, 9 / 10)])
def test_moments_and_correlation_of_correlated_values(delta: float, rho: float) -> None:
    """Var z = delta²/12 and Var(v - z) = (1 - delta)²/12; the quotients are worked out by hand."""
    model = CorrelatedModel(3, delta)
    values = model.sample(np.random.default_rng(3), N)
    assert values.shape == (N, 3, 1)
    assert values.mean() == pytest.approx(1 / 2, abs=0.005)
    assert values.var() == pytest.approx((delta**2 + (1 - delta) ** 2) / 12, rel=0.02)
    assert correlations(values) == pytest.approx(np.full(3, rho), abs=0.015)
    assert model.correlation == pytest.approx(rho)


LAWS = {0.0: stats.uniform(), 0.5: stats.triang(0.5), 1.0: stats.uniform()}


@pytest.mark.parametrize("delta", LAWS)
def test_each_value_has_the_exact_marginal_distribution(delta: float) -> None:
    """At delta = 1/2 a value is a sum of two equally wide uniforms: triangular on [0, 1]."""
    values = CorrelatedModel(2, delta).sample(np.random.default_rng(4), 20_000)[:, 1, 0]
    assert stats.kstest(values, LAWS[delta].cdf).pvalue > 0.01


def test_delta_1_is_one_common_value() -> None:
    values = CorrelatedModel(4, 1.0).sample(np.random.default_rng(5), 1000)
    assert np.ptp(values, axis=1).max() < 1e-12


def test_values_lie_within_half_a_width_of_the_latent() -> None:
    z, noise = CorrelatedModel(5, 0.3, n_types=2).sample_latent(np.random.default_rng(6), 5000)
    assert (z.shape, noise.shape) == ((5000, 1, 2), (5000, 5, 2))
    assert (z.min(), z.max()) == pytest.approx((0.35, 0.65), abs=1e-3)
    assert (noise.min(), noise.max()) == pytest.approx((-0.35, 0.35), abs=1e-3)


def test_types_have_independent_latents() -> None:
    values = CorrelatedModel(2, 0.9, n_types=2).sample(np.random.default_rng(7), N)
    assert abs(np.corrcoef(values[:, 0, 0], values[:, 0, 1])[0, 1]) < 0.015
    assert np.corrcoef(values[:, 0, 1], values[:, 1, 1])[0, 1] > 0.9


BLACK_WORLD = {
    0: [(0.5, 1.0), (0.0, 0.0)],
    1: [(0.4, 0.5), (0.0, 0.25)],
    5: [(0.9, 1.0), (0.4, 0.5)],
}
WHITE_WORLD = {
    0: [(0.0, 0.0), (0.5, 1.0)],
    1: [(0.9, 1.0), (0.4, 0.5)],
    5: [(0.4, 0.5), (0.0, 0.25)],
}
"""Supports of (black, white) for the orange, a blue and a red agent in the two worlds of Figure 4(c)."""


def test_max_min_supports_worlds_and_independence() -> None:
    values = MaxMinModel().sample(np.random.default_rng(8), 20_000)
    assert values.shape == (20_000, 9, 2)
    black = values[:, 0, 0] > 0
    assert black.mean() == pytest.approx(0.5, abs=0.015)
    for world, supports in ((values[black], BLACK_WORLD), (values[~black], WHITE_WORLD)):
        for agent, ends in supports.items():
            found = [(world[:, agent, t].min(), world[:, agent, t].max()) for t in range(2)]
            assert np.array(found) == pytest.approx(np.array(ends), abs=2e-3)
        assert np.abs(np.corrcoef(world[:, 1:, 0].T) - np.eye(8)).max() < 0.04


@pytest.mark.parametrize("role", [range(1, 5), range(5, 9)])
def test_max_min_agents_of_a_colour_are_alike(role: range) -> None:
    means = MaxMinModel().sample(np.random.default_rng(9), 40_000)[:, role].mean(axis=0)
    assert np.ptp(means, axis=0).max() < 0.005


def test_licences_are_worth_something_only_to_those_who_want_them() -> None:
    tables = LicencesModel().sample(np.random.default_rng(10), 5000)
    assert tables.shape == (5000, 8, 16)
    wanted = [{0}, {1}, {2}, {3}, {0, 1}, {0, 1}, {2, 3}, {2, 3}]
    for agent, needs in enumerate(wanted):
        ends = 0.5 if agent < 4 else 1.0
        for index in range(16):
            holds = {t for t in range(4) if index >> t & 1}
            column = tables[:, agent, index]
            assert column.max() == (pytest.approx(ends, abs=0.01) if needs <= holds else 0.0)


def test_samples_are_drawn_with_replacement_and_equally_often() -> None:
    model = SampleModel(np.arange(3.0).reshape(3, 1, 1) / 2)
    drawn = model.sample(np.random.default_rng(11), 9000)
    values, counts = np.unique(drawn, return_counts=True)
    assert model.n_agents == 1
    assert values.tolist() == [0.0, 0.5, 1.0]
    assert stats.chisquare(counts).pvalue > 0.01


@pytest.mark.parametrize("name", ["delta-0.5", "max-min", "licences", "colors", "kitchen-sink", "additive"])
def test_exchanging_agents_of_a_group_changes_no_mean_and_no_correlation(name: str) -> None:
    """Agents of a group have the same distribution, one by one and in pairs with each other agent."""
    setting = get_setting(name)
    values = setting.sample(np.random.default_rng(0), 40_000)
    group_of = setting.model.group_of
    assert group_of.shape == (setting.n_agents,)
    assert set(group_of) == set(range(group_of.max() + 1))
    means = values.mean(axis=0)
    products = np.einsum("bit,bjt->ijt", values, values) / len(values)
    for i, j in zip(*np.nonzero(group_of[:, None] == group_of), strict=True):
        assert means[i] == pytest.approx(means[j], abs=0.02)
        others = [k for k in range(setting.n_agents) if k not in (i, j)]
        assert products[i, others] == pytest.approx(products[j, others], abs=0.02)


def test_agents_of_a_sample_are_all_apart() -> None:
    assert SampleModel(np.ones((3, 4, 1))).group_of.tolist() == [0, 1, 2, 3]
