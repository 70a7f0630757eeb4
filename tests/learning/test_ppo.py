from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spm.learning import (
    HYPERPARAMETERS,
    Hyperparameters,
    Run,
    Specification,
    evaluation_seed,
    learn,
    make_model,
    train,
)
from spm.learning.actor import actor, actor_weights
from spm.learning.ppo import nearest_divisor
from spm.learning.specification import STREAMS
from spm.market import BLOCKS, STATISTICS, Statistic, get_statistic
from spm.mechanisms import Learned, play, random_serial_dictatorship
from spm.settings import Objective, correlated, get_setting

TINY = Specification(
    get_setting("correlated-4-2-0.5"),
    STATISTICS["none"],
    seed=0,
    visits=600,
    evaluations=4,
    evaluation_profiles=300,
    final_profiles=400,
    hyperparameters=Hyperparameters(n_markets=16, batch_size=32, n_epochs=2, width=8),
)
ROLLOUT = 16 * 4


@cache
def trained(statistic: str, seed: int) -> Run:
    """A tiny run."""
    return learn(replace(TINY, statistic=STATISTICS[statistic], seed=seed))


def test_the_same_specification_gives_the_same_run() -> None:
    first, again = trained("allocation", 1), learn(replace(TINY, statistic=STATISTICS["allocation"], seed=1))
    assert (first.curve, first.final) == (again.curve, again.final)
    assert first.weights.keys() == again.weights.keys()
    assert all(torch.equal(first.weights[name], again.weights[name]) for name in first.weights)


def test_training_is_learning_with_what_is_recommended() -> None:
    """By default what the policy sees is the whole history, and a static mechanism explores less."""
    small: dict[str, Any] = {"visits": 1, "evaluations": 2, "evaluation_profiles": 5, "final_profiles": 5}
    for statistic, variant in (("price-allocation", "scores"), ("agents-left", "groups")):
        hyper = HYPERPARAMETERS[variant, statistic == "agents-left"]
        sees = STATISTICS[statistic]
        asked = Specification(TINY.setting, sees, seed=3, hyperparameters=hyper, variant=variant, **small)
        chosen: dict[str, Any] = {} if variant == "scores" else {"statistic": statistic, "variant": variant}
        run = train(TINY.setting, seed=3, **chosen, **small)
        assert run.specification == asked
        assert run.curve == learn(asked).curve


def test_a_run_is_played_by_its_mechanism() -> None:
    run = trained("allocation", 1)
    assert play(run.mechanism, TINY.setting, 400, evaluation_seed("final")).mean == run.final.objective


def test_learning_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    learn(TINY)
    assert list(tmp_path.iterdir()) == []


def test_another_seed_gives_another_run() -> None:
    first, other = trained("allocation", 1), trained("allocation", 2)
    assert first.final.objective != other.final.objective
    assert any(not torch.equal(first.weights[name], other.weights[name]) for name in first.weights)


def test_the_curve_goes_from_the_untrained_policy_to_the_last_visit() -> None:
    curve = trained("none", 0).curve
    assert len(curve) == TINY.evaluations
    visits = [point.visits for point in curve]
    assert visits[0] == 0
    assert visits[-1] == trained("none", 0).final.visits == 10 * ROLLOUT  # 600 visits, rounded up to rollouts
    assert all(v % ROLLOUT == 0 for v in visits)
    assert np.diff(visits) == pytest.approx(np.full(3, 10 * ROLLOUT / 3), abs=ROLLOUT)


@pytest.mark.parametrize(("visits", "points"), [(1, 2), (2 * ROLLOUT, 3), (3 * ROLLOUT, 4), (9 * ROLLOUT, 4)])
def test_there_are_as_many_points_as_asked_for_but_no_more_than_updates(visits: int, points: int) -> None:
    curve = learn(replace(TINY, visits=visits, evaluation_profiles=5, final_profiles=5)).curve
    assert len(curve) == points
    assert len({point.visits for point in curve}) == points


def first_bests(run: Run) -> list[float]:
    """Mean first best of the profiles behind each point, the final evaluation's last."""
    return [point.objective + point.regret for point in (*run.curve, run.final)]


def test_all_runs_of_a_panel_are_evaluated_on_the_same_fresh_profiles() -> None:
    common = first_bests(trained("none", 0))
    assert len(set(np.round(common, 9))) == len(common)
    for statistic, seed in (("none", 1), ("allocation", 1), ("price-allocation", 0)):
        assert first_bests(trained(statistic, seed)) == pytest.approx(common)


def test_every_evaluation_has_profiles_of_its_own() -> None:
    seeds = {evaluation_seed(stream, index) for stream in STREAMS for index in range(50)}
    assert len(seeds) == 50 * len(STREAMS)


def test_the_actor_is_the_policy_of_sb3_without_its_noise() -> None:
    """SB3's own prediction, which also clips actions to their box."""
    model = make_model(replace(TINY, statistic=STATISTICS["price-allocation"]))
    observations = np.random.default_rng(0).random((50, 1 + 4 + 4 + 4), dtype=np.float32)
    expected, _ = model.policy.predict(observations, deterministic=True)
    assert actor(actor_weights(model))(observations).clip(-1, 1) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("panel", ["delta-0.5", "kitchen-sink", "additive"])
def test_the_untrained_policy_posts_the_mean_value_of_each_type(panel: str) -> None:
    setting = get_setting(panel)
    model = make_model(replace(TINY, setting=setting))
    prices = actor(actor_weights(model))(np.zeros((1, 1), dtype=np.float32))[0, setting.n_agents :]
    values = setting.sample(np.random.default_rng(1), 20_000)
    assert prices == pytest.approx(values.mean(axis=(0, 1)), abs=0.01)


def test_a_run_is_finally_evaluated_with_the_weights_that_it_returns() -> None:
    run = trained("price-allocation", 0)
    mechanism = Learned(STATISTICS["price-allocation"], actor(run.weights))
    outcomes = play(mechanism, TINY.setting, TINY.final_profiles, evaluation_seed("final"))
    assert (run.final.objective, run.final.objective_se) == (outcomes.mean, outcomes.standard_error)
    assert run.final.regret == pytest.approx(float(np.mean(outcomes.first_best - outcomes.objective)))
    untrained = make_model(run.specification)
    start = Learned(STATISTICS["price-allocation"], actor(actor_weights(untrained)))
    first = play(start, TINY.setting, TINY.evaluation_profiles, evaluation_seed("curve", 0))
    assert run.curve[0].objective == first.mean != run.final.objective


def test_the_policy_has_two_hidden_layers_and_n_scores_plus_one_price_a_type() -> None:
    weights = actor_weights(make_model(replace(TINY, setting=get_setting("colors"))))
    shapes = [tuple(tensor.shape) for name, tensor in weights.items() if name.endswith("weight")]
    assert shapes == [(8, 1), (8, 8), (30 + 2, 8)]


def test_learning_uses_one_thread_and_restores_the_number_before() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        learn(replace(TINY, visits=1, evaluation_profiles=5, final_profiles=5))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def learned(statistic: str) -> float:
    """Final welfare for two IID agents and one item after a second of learning."""
    small = Hyperparameters(n_markets=64, batch_size=64, n_epochs=4, learning_rate=1e-3)
    return learn(
        Specification(get_setting("correlated-2-1-0"), STATISTICS[statistic], 0, 8000, 2, 100, 20_000, small)
    ).final.objective


def test_learning_finds_the_optima_of_two_iid_agents_and_one_item() -> None:
    """RSD gives 1/2. One price p gives (1 - p²)(1 + p)/2, at most 16/27; 1/2 and then 0 gives 5/8, the optimum."""
    setting = get_setting("correlated-2-1-0")
    rsd = play(random_serial_dictatorship(setting), setting, 20_000).mean
    anonymous, personalised = learned("none"), learned("agents-left")
    assert rsd == pytest.approx(1 / 2, abs=0.01)
    assert anonymous == pytest.approx(16 / 27, abs=0.012)
    assert personalised == pytest.approx(5 / 8, abs=0.012)
    assert rsd + 0.05 < anonymous < personalised - 0.01


@given(st.integers(1, 3000), st.integers(1, 5000))
def test_nearest_divisor_divides_and_no_other_is_nearer(total: int, wanted: int) -> None:
    found = nearest_divisor(total, wanted)
    assert total % found == 0
    distance = max(found / wanted, wanted / found)
    others = [d for d in range(1, total + 1) if total % d == 0]
    assert all(max(d / wanted, wanted / d) >= distance * (1 - 1e-12) for d in others)


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "variant": (lambda: replace(TINY, variant="group"), "unknown variant 'group'; did you mean groups"),
    "statistic": (
        lambda: replace(TINY, setting=get_setting("max-min"), statistic=get_statistic("belief")),
        "no belief is known for setting 'max-min'",
    ),
    "seed": (lambda: replace(TINY, seed=-1), "seed must be at least 0, not -1"),
    "visits": (lambda: replace(TINY, visits=0), "visits must be at least 1, not 0"),
    "half a visit": (lambda: replace(TINY, visits=1e5), "visits must be a whole number, not 100000.0"),  # type: ignore[arg-type]
    "profiles": (lambda: replace(TINY, final_profiles=1), "final_profiles must be at least 2, not 1"),
    "setting's name": (lambda: replace(TINY, setting="colors"), "setting must be a Setting, not 'colors'"),  # type: ignore[arg-type]
    "statistic's name": (lambda: replace(TINY, statistic="none"), "statistic must be a Statistic, not 'none'"),  # type: ignore[arg-type]
    "hyperparameters": (lambda: replace(TINY, hyperparameters={}), r"must be a Hyperparameters, not \{\}"),  # type: ignore[arg-type]
    "own name": (
        lambda: replace(TINY, statistic=Statistic("none", "Mine", (BLOCKS["items"],))),
        "statistic 'none' is another one already",
    ),
    "evaluations": (lambda: replace(TINY, evaluations=1), "evaluations must be at least 2, not 1"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_specification_is_refused(what: str) -> None:
    make, message = BAD[what]
    with pytest.raises(ValueError, match=message):
        make()


def test_a_specification_is_plain_data() -> None:
    plain = json.loads(json.dumps(TINY.as_dict()))
    assert plain["setting"] == {"name": "correlated-4-2-0.5", "digest": correlated(4, 2, 0.5).digest}
    assert plain["statistic"] == {"name": "none", "blocks": ["constant"]}
    assert Hyperparameters(**plain["hyperparameters"]) == TINY.hyperparameters
    assert set(plain) == set(Specification.__dataclass_fields__)


def test_a_run_is_of_the_setting_itself_and_not_of_its_name() -> None:
    """Nash welfare of four agents and two items is 0, whatever the setting is called."""
    nash = Objective("nash", lambda received, payments: received.prod(axis=1), np.multiply, 1.0)
    setting = correlated(4, 2, 0.5, objective=nash)
    assert setting.name == TINY.setting.name
    asked = replace(TINY, setting=setting)
    assert asked.as_dict()["setting"]["digest"] != TINY.as_dict()["setting"]["digest"]
    assert learn(asked).final.objective == 0.0 < trained("none", 0).final.objective
