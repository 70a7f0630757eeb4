"""What is known of learned curves: who is kept, samples and areas by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from made_up import evidence

from spm.compendium.record import published
from spm.compendium.record.grid import PROTOCOLS
from spm.compendium.report import evidence as module
from spm.compendium.report.evidence import Evidence, load

CURVE = ("id", "scores", "allocation")


def test_a_sample_holds_the_best_seeds_and_a_benchmark_is_a_sample_of_one() -> None:
    known = evidence({CURVE: [0.5, 0.7, 0.6, 0.8], ("id", "groups", "allocation"): [0.1, 0.2, 0.3, 0.4]})
    assert known.sample("id", "allocation").tolist() == [0.7, 0.6, 0.8]
    assert known.sample("id", "allocation", "groups").tolist() == [0.2, 0.3, 0.4]
    assert known.sample("id", "rsd", "groups").tolist() == [0.3]
    assert known.all_seeds("id", "allocation")["estimate"].tolist() == [0.5, 0.7, 0.6, 0.8]
    assert known.gain("id") == pytest.approx(0.8 - 0.3)


def test_a_variant_that_was_not_run_is_the_papers() -> None:
    known = evidence({CURVE: [0.5, 0.7, 0.6]})
    assert known.sample("id", "allocation", "groups").tolist() == [0.5, 0.7, 0.6]
    assert known.areas("id", "allocation", "groups").tolist() == pytest.approx([0.25, 0.35, 0.3])


def test_a_missing_curve_is_an_error() -> None:
    with pytest.raises(ValueError, match="no run of panel 'id' with statistic 'none' under protocol 'paper'"):
        evidence({CURVE: [0.5]}).sample("id", "none")


def test_the_height_of_a_curve_is_the_area_below_it_over_its_length() -> None:
    """Two seeds at visits 10, 20 and 50: (10 * 0.1 + 30 * 0.3) / 40 = 0.25 and (10 * 0.5 + 30 * 0.6) / 40."""
    plain = evidence({CURVE: [0.5, 0.7, 0.1]}, keep=2)
    heights = {0: (0.0, 0.2, 0.4), 1: (0.5, 0.5, 0.7), 2: (0.0, 0.0, 0.1)}
    rows = [
        ("id", "scores", "allocation", seed, visits, curve[k])
        for seed, curve in heights.items()
        for k, visits in ((2, 50), (0, 10), (1, 20))  # in any order
    ]
    points = pd.DataFrame(rows, columns=["panel", "variant", "statistic", "seed", "visits", "estimate"])
    known = Evidence(plain.protocol, plain.finals, points, plain.benchmark)
    assert known.areas("id", "allocation").tolist() == pytest.approx([0.25, 0.575])


def test_each_curve_is_told_from_all_others() -> None:
    ends = {
        (panel, variant, statistic): [0.1 * k + 0.01 * j + 0.001 * i]
        for k, panel in enumerate(("colors", "id", "two-worlds"))
        for j, variant in enumerate(("scores", "groups"))
        for i, statistic in enumerate(("agents-left", "allocation", "none"))
    }
    known = evidence(ends)
    for (panel, variant, statistic), end in ends.items():
        assert known.sample(panel, statistic, variant).tolist() == end


def test_estimates_are_the_first_best_minus_the_regret(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("additive", 0.1), ("id", 0.2), ("colors", 0.3)]
    key = {"variant": "scores", "statistic": "none", "seed": 0, "objective": 0, "objective_se": 0, "regret_se": 0}
    runs = pd.DataFrame([key | {"panel": panel, "regret": regret, "visits": 9} for panel, regret in rows])
    recorded = {"runs": runs, "curves": runs.assign(visits=5, regret=runs["regret"] / 2)}
    monkeypatch.setattr(published, "results_of_record", lambda protocol: recorded)
    monkeypatch.setattr(module, "benchmark", lambda panel: {"first_best": {"id": 1.0, "colors": 2.0}[panel]})
    known = load(PROTOCOLS["paper"], "figure-3")
    assert known.panels == ("id", "colors")
    assert known.finals["estimate"].to_dict() == pytest.approx({0: 0.8, 1: 1.7})
    assert known.finals["visits"].tolist() == [9, 9]
    assert known.curves["estimate"].to_dict() == pytest.approx({0: 0.9, 1: 1.85})
    assert known.curves["visits"].tolist() == [5, 5]


def test_runs_that_are_not_done_are_refused_with_the_command_that_does_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPM_HOME", str(tmp_path))
    first = "there is no record of delta-0 scores none 0 that can be used: never run"
    with pytest.raises(ValueError, match=f"^{first} .80 such runs.; `spm run figure-2 --profile smoke` does"):
        load(PROTOCOLS["smoke"], "figure-2")
