"""Every table against numbers worked out by hand from made-up records."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_up import BEST, caption, evidence, unstyled
from scipy import stats

from spm.compendium.record.bracket_cache import benchmark
from spm.compendium.record.grid import PROTOCOLS
from spm.compendium.report import tables
from spm.compendium.report.compare import BEATS
from spm.compendium.report.evidence import Evidence
from spm.settings import FIGURES

SEEDS = [0.6, 0.8, 0.7, 0.4, 0.5, 0.3]
STUDENT = 4.302653  # 97.5% quantile of Student's t with 2 degrees of freedom
WELCH = 2.776445  # with 4 degrees of freedom: two samples of 3 with equal variances


def around(mean: float, deviation: float = 0.001) -> list[float]:
    """Six seeds of which the three best have this mean and standard deviation."""
    return [mean, 0.0, mean + deviation, 0.0, mean - deviation, 0.0]


def one_panel(panel: str = "two-worlds") -> Evidence:
    """Both variants' five curves: scores at 0.40 to 0.44, groups at 0.50 to 0.54."""
    ends = {
        (panel, variant, statistic): around(base + 0.01 * k)
        for variant, base in (("scores", 0.4), ("groups", 0.5))
        for k, statistic in enumerate(tables.LABELS)
    }
    return evidence(ends)


# --- seeds and their summaries


@pytest.fixture
def known() -> Evidence:
    return evidence({("colors", "scores", "none"): SEEDS})


def test_the_best_seeds_are_kept(known: Evidence) -> None:
    assert sorted(known.kept["seed"]) == [0, 1, 2]
    assert len(evidence({("colors", "scores", "none"): SEEDS}, keep=6).kept) == 6


def test_equal_seeds_are_not_kept_beyond_the_number() -> None:
    assert len(evidence({("colors", "scores", "none"): [0.5] * 6}).kept) == 3


def test_each_variant_keeps_its_own_best_seeds() -> None:
    both = {("colors", "scores", "none"): SEEDS, ("colors", "groups", "none"): SEEDS[::-1]}
    chosen = evidence(both, keep=2).kept
    assert sorted(chosen.loc[chosen["variant"] == "scores", "seed"]) == [1, 2]
    assert sorted(chosen.loc[chosen["variant"] == "groups", "seed"]) == [3, 4]


def test_a_learned_curves_interval_is_students(known: Evidence) -> None:
    row = tables.learned_finals(known).iloc[0]
    low, high = stats.t.interval(0.95, 2, 0.7, stats.sem([0.6, 0.7, 0.8]))
    assert row["mean"] == pytest.approx(0.7)
    assert row["half_width"] == pytest.approx((high - low) / 2)
    assert row["count"] == 3
    of_two = tables.learned_finals(evidence({("colors", "scores", "none"): SEEDS}, keep=2))  # 0.7 and 0.8
    assert of_two["half_width"].tolist() == pytest.approx([12.706205 * 0.05])  # one degree of freedom


def test_curves_are_summarised_in_the_order_of_the_records() -> None:
    keys = [("id", "groups", "none"), ("id", "scores", "none"), ("colors", "scores", "allocation")]
    shown = tables.learned_finals(evidence(dict.fromkeys(keys, SEEDS)))
    assert shown[["panel", "variant", "statistic"]].to_numpy().tolist() == [list(key) for key in keys]


def test_a_single_seed_has_no_interval() -> None:
    assert tables.summary(evidence({("id", "scores", "none"): [0.5]}).finals)["half_width"].tolist() == [0.0]


def test_the_curves_of_the_kept_seeds_are_summarised_point_by_point(known: Evidence) -> None:
    shown = tables.kept_curves(known)
    assert shown["visits"].tolist() == [0, 100]
    assert shown["mean"].tolist() == pytest.approx([0.0, 0.7])
    assert shown["half_width"].tolist() == pytest.approx([0.0, STUDENT * 0.1 / np.sqrt(3)])


def test_panels_come_in_the_order_of_the_records() -> None:
    ends = {(panel, "scores", "none"): SEEDS for panel in ("id", "colors", "additive")}
    assert evidence(ends).panels == ("id", "colors", "additive")


def test_baselines_match_closed_forms(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPM_HOME", str(tmp_path_factory.getbasetemp()))
    plain = evidence({("delta-0", "scores", "none"): SEEDS})
    row = tables.baselines(Evidence(plain.protocol, plain.finals, plain.curves, benchmark)).iloc[0]
    assert row["panel"] == "delta-0"
    assert row["first_best"] == pytest.approx(sum((21 - k) / 21 for k in range(1, 6)))  # 5 highest of 20 uniform
    assert row["rsd"] == pytest.approx(2.5)


# --- who beats whom


@pytest.mark.parametrize(("gap", "beats"), [(1.1, True), (0.9, False), (0.0, False), (-0.9, False), (-1.1, False)])
def test_a_curve_beats_another_if_welchs_interval_lies_above_0(gap: float, beats: bool) -> None:
    half = WELCH * 0.001 * np.sqrt(2 / 3)
    known = evidence(
        {
            ("id", "scores", "allocation"): around(0.5 + gap * half),
            ("id", "scores", "none"): around(0.5),
            ("id", "groups", "allocation"): around(0.7),
            ("id", "groups", "none"): around(0.6),
        }
    )
    scores, groups = tables.contrasts(known, {"id": [("allocation", "none")]}).itertuples(index=False)
    assert scores[:4] == ("id", "scores", "allocation", "none")
    assert scores[4:7] == pytest.approx((gap * half, (gap - 1) * half, (gap + 1) * half), abs=1e-9)
    assert scores.beats == beats
    assert groups[1] == "groups"
    assert groups[4:] == pytest.approx((0.1, 0.1 - half, 0.1 + half, True))


@pytest.mark.parametrize(("gap", "beats"), [(1.1, True), (0.9, False), (-1.1, False)])
def test_a_curve_beats_a_computed_benchmark_if_students_interval_lies_above_0(gap: float, beats: bool) -> None:
    half = STUDENT * 0.001 / np.sqrt(3)
    curves = {("id", variant, "none"): around(0.6 + gap * half) for variant in ("scores", "groups")}
    found = tables.contrasts(evidence(curves), {"id": [("none", "personalised_static")]})
    assert found["difference"].tolist() == pytest.approx([gap * half] * 2)
    assert found["low"].tolist() == pytest.approx([(gap - 1) * half] * 2)
    assert found["beats"].tolist() == [beats] * 2


def test_computed_benchmarks_are_compared_once() -> None:
    pairs = [("personalised_static", "anonymous_static"), ("rsd", "first_best"), ("upper", "lower")]
    found = tables.contrasts(one_panel(), {"two-worlds": pairs})
    assert found["variant"].tolist() == ["", "", ""]
    assert found["difference"].tolist() == pytest.approx([0.1, -0.6, 0.0])
    assert found["beats"].tolist() == [True, False, False]


def test_contrasts_as_text() -> None:
    pairs = [("allocation", "none"), ("none", "rsd"), ("rsd", "first_best")]
    shown = tables.contrasts_table(one_panel(), {"two-worlds": pairs})
    assert caption(shown) == BEATS
    table = unstyled(shown)
    assert table["panel"].unique().tolist() == ["Two worlds"]
    assert table["policy"].tolist() == ["scores (paper)", "groups", "scores (paper)", "groups", "none"]
    assert table["better"].tolist() == ["Allocation", "Allocation", "ASP", "ASP", "RSD"]
    assert table["worse"].tolist() == ["ASP", "ASP", "RSD", "RSD", "First best"]
    assert table["difference"].tolist() == ["+0.0300", "+0.0300", "+0.1000", "+0.2000", "-0.6000"]
    assert table["95 % interval"].tolist() == [
        *["[+0.0277, +0.0323]"] * 2,  # 0.03 ± 2.776445 * 0.001 * sqrt(2 / 3)
        "[+0.0975, +0.1025]",  # 0.1 ± 4.302653 * 0.001 / sqrt(3)
        "[+0.1975, +0.2025]",
        "[-0.6000, -0.6000]",
    ]
    assert table["beats"].tolist() == ["yes", "yes", "yes", "yes", "no"]


def test_what_the_book_compares_is_known_and_of_the_right_figure() -> None:
    asked = {
        "figure-2": (tables.BETTER_THAN_STATIC, tables.BETTER_INFORMED),
        "figure-3": (tables.THEORY_DRIVEN,),
        "figure-4": (tables.BEYOND,),
    }
    for figure, every in asked.items():
        for pairs in every:
            assert set(pairs) <= set(FIGURES[figure])
            assert {name for named in pairs.values() for pair in named for name in pair} <= set(tables.NAMES)


# --- what the figures' chapters and the first page show


def test_the_final_table_has_means_intervals_and_benchmarks() -> None:
    shown = tables.final_table(one_panel())
    assert shown.index.tolist() == [("Two worlds", "scores (paper)"), ("Two worlds", "groups")]
    assert shown.columns.tolist() == [*tables.LABELS.values(), "RSD", "Optimum at most", "First best"]
    half = "0.0025"  # 4.302653 * 0.001 / sqrt(3)
    assert shown.iloc[0].tolist() == [*(f"0.4{k}00 ± {half}" for k in range(5)), "0.300", "0.800", "0.900"]
    assert shown.iloc[1].tolist()[:5] == [f"0.5{k}00 ± {half}" for k in range(5)]


def test_a_glance_has_one_row_per_panel() -> None:
    ends = {
        (panel, variant, statistic): [value]
        for panel, base in (("two-worlds", 0.1), ("colors", 0.2))
        for variant, gain in (("scores", 0.0), ("groups", 0.5))
        for statistic, value in zip(tables.LABELS, base + gain + 0.01 * np.arange(5), strict=True)
    }
    known = evidence(ends, best={"colors": BEST | {"rsd": 0.25, "upper": 0.85, "first_best": 0.95}})
    shown = tables.glance(known, "groups")
    assert shown.index.tolist() == ["Two worlds", "Colors"]
    assert shown.columns.tolist() == ["RSD", *tables.LABELS.values(), "Optimum at most", "First best"]
    assert list(shown.loc["Two worlds"]) == pytest.approx([0.3, 0.6, 0.61, 0.62, 0.63, 0.64, 0.8, 0.9])
    assert list(shown.loc["Colors"]) == pytest.approx([0.25, 0.7, 0.71, 0.72, 0.73, 0.74, 0.85, 0.95])
    assert tables.glance(known, "scores")["ASP"].tolist() == pytest.approx([0.1, 0.2])


def test_groups_of_exchangeable_agents_are_counted() -> None:
    shown = tables.groups_table(["two-worlds", "max-min"])
    assert shown["Two worlds"].tolist() == [10, 1]
    assert shown["Max-min fairness"].tolist() == [9, 3]  # one orange, four blue, four red


# --- what the chapter on bounds shows


def test_the_table_of_bounds() -> None:
    bracket = {"lower": 0.8, "upper": 0.82, "lower_error": 0.00006, "rsd_error": 0.00004}
    shown = tables.bounds_table(evidence({("id", "scores", "none"): SEEDS}, best={"id": BEST | bracket}))
    assert shown.loc["ID"].to_dict() == {
        "RSD": "0.3000",
        "ASP": "0.5000",
        "PSP": "0.6000",
        "Optimum from": "0.8000 ± 0.0001",
        "to": "0.8200",
        "Width": "2.50 %",
        "First best": "0.9000",
    }


def test_what_the_best_curve_attains_is_a_share_of_the_gain_over_rsd() -> None:
    highest = {"colors": 0.75, "id": 0.7, "two-worlds": 0.8}
    ends = {(p, v, s): around(0.4) for p, v, s in product(highest, ("scores", "groups"), tables.LABELS)}
    for panel, end in highest.items():
        ends[panel, "groups", "allocation"] = around(end)
    shown = tables.attained(evidence(ends, best={"id": BEST | {"lower": 0.75, "upper": 0.8}}))
    assert shown.to_numpy().tolist() == [
        ["Colors", "groups", "Allocation", "0.7500", "90.0 %", "90.0 %"],
        ["ID", "groups", "Allocation", "0.7000", "88.9 %", "80.0 %"],  # 0.4 over RSD, of 0.45 and 0.5
        ["Two worlds", "groups", "Allocation", "0.8000", "100.0 %", "100.0 %"],
    ]


@pytest.mark.parametrize(
    ("extra", "error", "standard_errors"),
    [(0.0, 0.0, 0.0), (5e-10, 0.0, 0.0), (0.002, 0.001, 2.0), (-0.01, 0.01, -1.0), (0.002, 0.0, 2e6)],
)
def test_the_distance_to_the_upper_bound_is_in_standard_errors(
    extra: float, error: float, standard_errors: float
) -> None:
    plain = evidence({("two-worlds", "groups", "none"): [0.8 + extra]})
    known = Evidence(plain.protocol, plain.finals.assign(regret_se=error), plain.curves, plain.benchmark)
    shown = tables.above_upper(known)
    assert shown["policy"].tolist() == ["groups"]
    assert shown["standard errors"].tolist() == pytest.approx([standard_errors])


def test_of_each_panel_the_run_closest_to_the_upper_bound_is_shown() -> None:
    ends = {("two-worlds", "scores", "none"): [0.7, 0.78], ("id", "groups", "allocation"): [0.75, 0.83, 0.81]}
    shown = tables.above_upper(evidence(ends))  # standard errors of 0.01
    columns = ["panel", "policy", "statistic", "seed", "estimate", "upper", "standard errors"]
    assert shown.columns.tolist() == columns
    assert shown["panel"].tolist() == ["Two worlds", "ID"]
    assert shown["policy"].tolist() == ["scores (paper)", "groups"]
    assert shown["statistic"].tolist() == ["ASP", "Allocation"]
    assert shown["seed"].tolist() == [1, 1]
    assert shown["estimate"].tolist() == [0.78, 0.83]
    assert shown["upper"].tolist() == [0.8, 0.8]
    assert shown["standard errors"].tolist() == pytest.approx([-2.0, 3.0])


def test_the_map_of_adaptivity_shows_ranges_less_two_standard_errors() -> None:
    sizes = pd.DataFrame(
        {
            "n": [2, 2, 3],
            "m": [1.0, 2.0, 1.0],
            "best_static": [0.5, 1.0, 0.8],
            "lower_error": [0.05, 0.0, 0.004],
            "adaptivity_low": [30.0, -0.04, 0.6],
            "adaptivity_high": [35.25, -0.01, 3.0],
        }
    )
    shown = tables.adaptivity_map(sizes)
    assert list(map(int, shown.columns)) == [1, 2]
    assert list(shown.loc[2]) == ["10.0 to 35.2", "0.0 to 0.0"]  # less 2 * 0.05 / 0.5 = 20%
    assert list(shown.loc[3]) == ["0.0 to 3.0", ""]  # 0.6% less 2 * 0.004 / 0.8 = 1%
    by_delta = tables.adaptivity_map(sizes.assign(delta=[0.0, 0.0, 0.5]), index="delta")
    assert list(by_delta.loc[0.5]) == ["0.0 to 3.0", ""]
    assert by_delta.index.name == "delta"


def test_the_tables_of_a_figure_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = one_panel()
    monkeypatch.setenv("SPM_HOME", str(tmp_path))
    monkeypatch.setattr(tables, "load", lambda protocol, figure: known)
    tables.write_tables("figure-3", PROTOCOLS["smoke"])
    folder = tmp_path / "_build" / "tables" / "smoke"
    for name, table in {"curves": known.curves, "finals": known.finals}.items():
        pd.testing.assert_frame_equal(pd.read_csv(folder / f"figure-3-{name}.csv"), table)
    assert pd.read_csv(folder / "figure-3-baselines.csv")["rsd"].tolist() == [0.3]
