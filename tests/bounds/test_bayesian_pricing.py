from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spm.bounds import bayesian_pricing, best_static, upper_bound
from spm.bounds.bayesian_pricing import BayesianPricing, estimate
from spm.bounds.compressed import RegretToGo, regret_to_go
from spm.bounds.known_latent import iid_optimum, known_latent
from spm.bounds.static_prices import static_value
from spm.mechanisms import StaticPrices, play
from spm.settings import Setting, correlated, get_setting

SMALL = [
    correlated(6, 2, 0.5),
    correlated(6, 2, 0.5, "revenue"),
    get_setting("additive"),
]
NAMES = ["welfare", "revenue", "additive"]


def myopic_regret(n_agents: int, n_items: int, delta: float, objective: str) -> RegretToGo:
    """A regret to go that counts this visit alone."""
    whole = regret_to_go(n_agents, n_items, delta, objective)
    return replace(whole, later=np.zeros_like(whole.later))


@pytest.mark.parametrize("setting", SMALL, ids=NAMES)
@pytest.mark.parametrize("myopic", [True, False])
def test_the_sharp_estimate_agrees_with_playing(
    setting: Setting, myopic: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if myopic:
        monkeypatch.setattr(bayesian_pricing, "regret_to_go", myopic_regret)
    mechanism = BayesianPricing()
    sharp, rough = estimate(mechanism, setting, 1000), play(mechanism, setting, 1000, seed=7)
    spread = np.hypot(sharp.standard_error, rough.standard_error)
    assert sharp.mean == pytest.approx(rough.mean, abs=4 * spread)
    assert sharp.standard_error < rough.standard_error / 2


@pytest.mark.parametrize("objective", ["welfare", "revenue"])
@pytest.mark.parametrize("price", [0.2, 0.5, 0.8])
def test_the_sharp_estimate_of_static_prices_agrees_with_quadrature(objective: str, price: float) -> None:
    sharp = estimate(StaticPrices((price,)), correlated(6, 2, 0.5, objective), 5000)
    exact = static_value(np.full(6, price), 2, 0.5, objective)
    assert sharp.mean == pytest.approx(exact, abs=4 * sharp.standard_error)


def test_without_correlation_the_optimum_has_no_regret() -> None:
    sharp = estimate(iid_optimum(6, (2,)), correlated(6, 2, 0.0), 500)
    assert sharp.mean == pytest.approx(known_latent(6, 2, np.zeros(1), 1.0).values[6, 2, 0])
    assert sharp.standard_error < 1e-12


@pytest.mark.parametrize(("n", "m", "delta"), [(5, 1, 0.3), (8, 3, 0.5), (6, 2, 0.9)])
@pytest.mark.parametrize("objective", ["welfare", "revenue"])
def test_it_lies_between_the_best_static_prices_and_the_upper_bound(
    n: int, m: int, delta: float, objective: str
) -> None:
    found = estimate(BayesianPricing(), correlated(n, m, delta, objective), 1000)
    slack = 3 * found.standard_error
    assert best_static(n, m, delta, objective, True).value - slack <= found.mean
    assert found.mean - slack <= upper_bound(n, m, delta, objective)[0]


def test_foresight_pays_when_values_are_strongly_correlated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compared on the same profiles."""
    setting = correlated(12, 3, 0.7)
    far = estimate(BayesianPricing(), setting, 2000)
    monkeypatch.setattr(bayesian_pricing, "regret_to_go", myopic_regret)
    assert far.mean > estimate(BayesianPricing(), setting, 2000).mean


def test_common_values_sell_at_nearly_the_common_value() -> None:
    """With delta = 1 and revenue, a few visits find the value: far more than static prices get, less than m/2."""
    found = estimate(BayesianPricing(), correlated(12, 2, 1.0, "revenue"), 1000)
    assert best_static(12, 2, 1.0, "revenue", True).value < found.mean <= 1.0


def test_sizes_may_share_one_regret_to_go() -> None:
    setting = correlated(6, 2, 0.5)
    alone, shared = (estimate(BayesianPricing(most=most), setting, 300) for most in (None, (9, 4)))
    assert shared.mean == pytest.approx(alone.mean, abs=1e-9)


def test_other_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="does not have correlated values"):
        play(BayesianPricing(), get_setting("two-worlds"), 10)
