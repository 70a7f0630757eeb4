"""The trials of the tuning: what they are, doing them, refusing old ones, and the table by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hostile import is_one_sentence
from of_record import tiny

from spm.compendium.record import grid, replay, tuning
from spm.compendium.record.belief import BELIEF
from spm.compendium.record.bracket_cache import benchmark
from spm.compendium.record.grid import PROTOCOLS
from spm.compendium.record.tuning import TUNING
from spm.compendium.report import tuning_table
from spm.compendium.report.evidence import Evidence
from spm.compendium.report.tuning_table import belief_table
from spm.learning import HYPERPARAMETERS


@pytest.fixture
def patch(tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    """Four alternatives on three tiny curves."""
    with tiny(tmp_path) as changed:
        changed.setattr(tuning, "ADAPTIVE_CURVES", (("kitchen-sink", "allocation"), ("two-worlds", "allocation")))
        changed.setattr(tuning, "STATIC_CURVES", (("two-worlds", "agents-left"), ("kitchen-sink", "none")))
        for name, value in {"ADAPTIVE_VISITS": 96, "STATIC_VISITS": 48, "TRIAL_PROFILES": 50}.items():
            changed.setattr(tuning, name, value)
        alternatives = {
            ("groups", False): {"chosen": {}, "faster": {"learning_rate": 1e-2}},
            ("scores", True): {"chosen": {}, "narrow": {"width": 4}},
        }
        changed.setattr(tuning, "ALTERNATIVES", alternatives)
        yield changed


def test_each_alternative_changes_the_settings_chosen_and_nothing_else() -> None:
    trials = tuning.trials()
    assert len({one.specification for one in trials}) == len(trials)
    assert len({one.store.path(one.specification) for one in trials}) == len(trials)
    for one in trials:
        asked = one.specification
        chosen = HYPERPARAMETERS[asked.variant, asked.statistic.name in grid.STATIC]
        assert (asked.hyperparameters == chosen) == (one.name == "chosen")
    curves = {
        (one.specification.variant, one.specification.setting, one.specification.statistic) for one in trials
    }
    assert len(trials) > 2 * len(curves) * tuning.TRIAL_SEEDS > 0


def test_trials_of_a_curve_have_equal_numbers_of_visits_seeds_and_profiles() -> None:
    specifications = [one.specification for one in tuning.trials()]
    for curve in {(one.setting, one.statistic) for one in specifications}:
        mine = [one for one in specifications if (one.setting, one.statistic) == curve]
        assert len({(one.visits, one.final_profiles, one.evaluations) for one in mine}) == 1
        assert {one.seed for one in mine} == set(range(tuning.TRIAL_SEEDS))


def test_what_is_missing_or_stale_is_done_and_the_table_holds_all(patch: pytest.MonkeyPatch) -> None:
    assert TUNING.do(1) == len(tuning.trials()) == 2 * 2 * 2 * 2
    first = TUNING.path.read_bytes()
    assert TUNING.do(1) == 0
    assert TUNING.path.read_bytes() == first
    one = tuning.trials()[3]
    record = one.store.path(one.specification)
    record.write_bytes(b"{}")
    assert TUNING.do(1) == 1
    assert one.store.load(one.specification).final.regret == TUNING.read()["regret"].iloc[3]


def test_old_tables_are_refused(patch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="there is no table of trials at"):
        TUNING.read()
    TUNING.do(1)
    assert len(TUNING.read()) == 16
    with pytest.MonkeyPatch.context() as other:
        other.setattr(replay, "CONDITIONS", replay.CONDITIONS | {"market.market.py": "other"})
        other.setattr(replay, "REPLAYED_BY", {"market.market.py": "other"})
        assert len(TUNING.read()) == 16
        other.setattr(replay, "REPLAYED_BY", {"market.market.py": "another"})
        other.setattr("spm.market.market.TIE", 0.0)
        with pytest.raises(
            ValueError, match=r"stale: .* comes out otherwise in a replay; changed: market.market.py"
        ):
            TUNING.read()
    with pytest.MonkeyPatch.context() as other:
        other.setattr(tuning, "ADAPTIVE_VISITS", 97)
        with pytest.raises(ValueError, match="stale: budget of kitchen-sink groups allocation 0 changed"):
            TUNING.read()
    with pytest.MonkeyPatch.context() as other:
        key = ("groups", False)
        other.setitem(HYPERPARAMETERS, key, replace(HYPERPARAMETERS[key], clip_range=0.3))
        with pytest.raises(ValueError, match="stale: clip_range of kitchen-sink groups allocation 0 changed"):
            tuning_table.tuning_table()
    patch.setattr(tuning, "TRIAL_SEEDS", 1)
    with pytest.raises(ValueError, match="stale: other alternatives are tried now"):
        TUNING.read()


def test_the_table_by_hand(patch: pytest.MonkeyPatch) -> None:
    """Regrets made up; two seeds a cell, distances to the optimum or to the best static mechanism."""
    TUNING.do(1)
    rows = pd.read_csv(TUNING.path).assign(regret=[k / 100 for k in range(16)], seconds=range(16))
    TUNING.path.write_bytes(rows.to_csv(index=False).encode())
    kitchen, worlds = benchmark("kitchen-sink"), benchmark("two-worlds")

    def distance(best: dict[str, float], goal: str, *regrets: float) -> str:
        reached = best["first_best"] - sum(regrets) / len(regrets)
        return f"{100 * (reached - best[goal]) / best[goal]:+.2f} %"

    shown = tuning_table.tuning_table()
    index = [("groups", "adaptive", "chosen"), ("groups", "adaptive", "faster")]
    index += [("scores (paper)", "static", "chosen"), ("scores (paper)", "static", "narrow")]
    assert shown.index.tolist() == index
    assert shown.loc[index[0], "Kitchen sink, Allocation"] == distance(kitchen, "lower", 0.00, 0.01)
    assert shown.loc[index[0], "Two worlds, Allocation"] == distance(worlds, "lower", 0.02, 0.03)
    assert shown.loc[index[1], "Two worlds, Allocation"] == distance(worlds, "lower", 0.06, 0.07)
    assert shown.loc[index[2], "Two worlds, PSP"] == distance(worlds, "personalised_static", 0.08, 0.09)
    assert shown.loc[index[3], "Kitchen sink, ASP"] == distance(kitchen, "anonymous_static", 0.14, 0.15)
    assert shown.loc[index[0], "Two worlds, PSP"] == ""
    assert shown["seconds per run"].tolist() == ["2", "6", "10", "14"]  # 1.5, 5.5, 9.5, 13.5, halves to even


def test_the_settings_chosen_are_shown_by_policy_and_kind_of_mechanism() -> None:
    shown = tuning_table.chosen_table()
    assert [tuple(column) for column in shown.columns] == [
        ("scores (paper)", "adaptive"),
        ("scores (paper)", "static"),
        ("groups", "adaptive"),
        ("groups", "static"),
    ]
    assert list(shown.loc["log_std_final"]) == ["learned", "learned", -4.5, "learned"]
    assert list(shown.loc["n_epochs"]) == [1, 4, 1, 4]


def test_the_belief_stands_beside_the_price_history_of_the_same_seed(patch: pytest.MonkeyPatch) -> None:
    BELIEF.do(1)
    rows = pd.read_csv(BELIEF.path).assign(regret=[0.25, 0.5])
    BELIEF.path.write_bytes(rows.to_csv(index=False).encode())
    finals = pd.DataFrame(
        {
            "panel": ["delta-0.5"] * 4,
            "variant": ["scores", "scores", "groups", "scores"],
            "statistic": ["price-allocation"] * 3 + ["allocation"],
            "seed": [1, 0, 0, 0],
            "regret": [0.375, 0.125, 9.0, 9.0],
        }
    )
    shown = belief_table(Evidence(PROTOCOLS["paper"], finals, finals))
    assert shown.index.tolist() == ["seed 0", "seed 1"]
    assert shown[["belief", "price-allocation"]].to_numpy().tolist() == [[0.25, 0.125], [0.5, 0.375]]


def test_tables_and_seals_of_another_form_are_refused_by_name(patch: pytest.MonkeyPatch) -> None:
    BELIEF.do(1)
    table, seal = BELIEF.path.read_bytes(), BELIEF.seal_path.read_bytes()
    cases = [(BELIEF.path, content) for content in (b"", b"\xff", table[:-40], table.replace(b"belief,", b",", 2))]
    cases += [(BELIEF.path, table.replace(b"objective,", b"", 1)), (BELIEF.path, table.replace(b"False", b"0"))]
    cases += [(BELIEF.seal_path, content) for content in (b"", b"[]", b"[" * 200_000, b'{"replays": {}}')]
    for path, content in cases:
        BELIEF.path.write_bytes(table)
        BELIEF.seal_path.write_bytes(seal)
        assert len(BELIEF.read()) == 2
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"\S") as error:
            BELIEF.read()
        assert is_one_sentence(str(error.value), path.name)
