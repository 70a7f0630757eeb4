"""The ledger: what it must hold, numbers computed anew, and verdicts that turn with the evidence."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spm.bounds import OrangeFirst, best_premiums
from spm.compendium.claims import (
    adaptivity,
    claim,
    correlated,
    examples,
    ledger,
    mechanisms,
    protocol,
    remembering,
    solved,
    space,
)
from spm.compendium.claims.claim import VERDICTS, Claim, Finding
from spm.compendium.claims.learned import beats, faster, learned, optimal
from spm.compendium.claims.ledger import CLAIMS, Entry, check_claims
from spm.compendium.record import grid
from spm.compendium.record.grid import PROTOCOLS
from spm.compendium.report.compare import Interval
from spm.compendium.report.evidence import Evidence
from spm.compendium.theory import memory, propositions
from spm.compendium.theory.fairness import OrangeBlueRed
from spm.market import Market
from spm.mechanisms import Agents, Mechanism, Rule, play, random_serial_dictatorship
from spm.settings import Array, CorrelatedModel, FiniteModel, Setting, get_setting, prop_1

BENCHMARK = {
    "first_best": 1.0,
    "upper": 0.9,
    "lower": 0.89,
    "rsd": 0.4,
    "anonymous_static": 0.6,
    "personalised_static": 0.65,
} | {f"{name}_error": 0.0 for name in ("upper", "lower")}
HEIGHTS = {"none": 0.6, "agents-left": 0.65, "items-agents-left": 0.8, "allocation": 0.85, "price-allocation": 0.9}


def made(
    change: Callable[[pd.DataFrame], pd.DataFrame] = lambda table: table, groups: float | None = None
) -> Evidence:
    """Evidence of six seeds a curve in which more information helps; ``groups`` is that variant's lead, if any."""
    rows = [
        (panel, statistic, seed, variant, visits, HEIGHTS[statistic] + gain + 0.0001 * seed - 0.2 * (visits == 0))
        for panel, statistic, seed, visits in product(grid.panels("all"), HEIGHTS, range(6), (0, 100))
        for variant, gain in (("scores", 0.0), *([("groups", groups)] if groups is not None else []))
    ]
    table = pd.DataFrame(rows, columns=["panel", "statistic", "seed", "variant", "visits", "estimate"])
    table = change(table).assign(regret=lambda made: 1 - made["estimate"])
    return Evidence(PROTOCOLS["paper"], table[table["visits"] == 100], table, lambda panel: BENCHMARK)


def lowered(statistic: str, loss: float) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """The change that lowers the scores' curves of a statistic."""

    def change(table: pd.DataFrame) -> pd.DataFrame:
        rows = (table["statistic"] == statistic) & (table["variant"] == "scores")
        return table.assign(estimate=table["estimate"] - loss * rows)

    return change


def named(name: str) -> Claim:
    return next(one for one in CLAIMS if one.id == name)


def verdict(name: str, known: Evidence | None = None) -> str:
    return named(name).find(known or made()).verdict


@pytest.fixture(scope="module")
def checked() -> list[Entry]:
    return check_claims(made())


def test_every_claim_is_stated_once() -> None:
    assert len(CLAIMS) >= 92
    assert len({one.id for one in CLAIMS}) == len(CLAIMS)
    for one in CLAIMS:
        assert re.fullmatch(r"[a-z0-9.-]+", one.id)
        assert one.section in claim.SECTIONS
        assert all([one.place, one.text, one.paper, one.check])


def test_the_statement_of_a_claim_is_its_checks_docstring() -> None:
    assert named("prop-1").text == "With one item and two IID agents the optimal SPM may need personalised prices."
    assert (named("prop-1").paper, named("prop-1").check) == (
        "anonymous < optimum",
        "Exact solver, every kind of order.",
    )
    assert named("inventory-adaptive").paper == "adaptive > personalised static"
    assert f"{100 * correlated.NEAR:.0f} %" in named("footnote-6").paper


def test_every_proposition_footnote_and_figure_has_a_claim() -> None:
    places = " ".join(one.place for one in CLAIMS)
    for number in range(1, 10):
        assert f"Proposition {number}" in places
    for number in range(1, 7):
        assert f"Footnote {number}" in places
    assert all(f"Figure {number}" in places for number in range(1, 5))
    assert "Theorem 1" in places
    assert all(f"Corollary {number}" in places for number in range(1, 4))


def test_the_ledger_gives_every_claim_a_verdict_and_explains_it(checked: list[Entry]) -> None:
    assert [entry.claim for entry in checked] == list(CLAIMS)
    for entry in checked:
        assert entry.finding.verdict in VERDICTS
        assert entry.finding.ours
        assert entry.finding.interval
        assert (entry.finding.verdict == claim.CONFIRMED) == (entry.finding.explanation == "")
    assert sum(ledger.counts(checked).values()) == len(CLAIMS)


def test_the_ledger_says_the_same_again(checked: list[Entry]) -> None:
    quick = [entry for entry in checked if entry.claim.section == claim.CHARACTERISATION]
    assert check_claims(made(), [entry.claim for entry in quick]) == quick


def test_the_tables_hold_every_entry(checked: list[Entry]) -> None:
    assert len(ledger.ledger_table(checked)) == len(CLAIMS)
    parts = [ledger.ledger_table(checked, section) for section in claim.SECTIONS]
    assert sum(map(len, parts)) == len(CLAIMS)
    assert ledger.counts_table(checked).loc["All", "claims"] == len(CLAIMS)
    for verdict in VERDICTS[1:]:
        explained = ledger.explanations(checked, verdict)
        assert all((f"`{c.id}`" in explained) == (f.verdict == verdict) for c, f in checked)
        assert all(f.explanation in explained for _, f in checked if f.verdict == verdict)
    assert all(any(one.id in line for line in ledger.ledger_text(checked)) for one in CLAIMS)
    assert json.loads(json.dumps([entry.as_dict() for entry in checked]))[0]["id"] == CLAIMS[0].id


def test_the_text_tells_each_claim_once_in_its_section() -> None:
    """Two claims of different sections, with made-up findings."""
    one, other = (next(c for c in CLAIMS if c.section == section) for section in claim.SECTIONS[:2])
    found = Finding(claim.CONFIRMED, "1 = 1")
    lines = ledger.ledger_text([Entry(one, found), Entry(other, found)])
    places = [k for k, line in enumerate(lines) if line in claim.SECTIONS]
    assert [lines[k] for k in places] == list(claim.SECTIONS)
    assert [one.id in line for line in lines[places[0] + 1 : places[1]]] == [True, False, False]
    assert [other.id in line for line in lines[places[1] + 1 : places[2]]] == [True, False, False]


def test_a_disagreement_must_be_explained() -> None:
    with pytest.raises(ValueError, match="must be explained"):
        Finding(claim.NOT_CONFIRMED, "1 < 2")
    with pytest.raises(ValueError, match="unknown verdict 'maybe'"):
        Finding("maybe", "1 < 2")


def test_nothing_true_by_definition_counts_as_confirmed(checked: list[Entry]) -> None:
    found = {entry.claim.id for entry in checked if entry.finding.verdict == claim.BY_DEFINITION}
    assert found == {*DEFINITIONS, "seeds", "implementation"}
    counts = ledger.counts(checked)
    assert counts[claim.BY_DEFINITION] == len(found)
    assert sum(ledger.counts_table(checked).loc["All", list(VERDICTS)]) == len(CLAIMS)


# --- numbers, computed anew


def test_prop_1_by_hand() -> None:
    # One price p: at 2 the item goes unsold with probability 1/4, else it earns 3.
    finding = named("prop-1").find(made())
    assert str(Fraction(3, 4) * 3) in finding.ours
    assert str(Fraction(1, 2) * 3 + Fraction(1, 2) * 2) in finding.ours
    assert finding.interval == "exact"


def test_two_worlds_mechanism_by_hand() -> None:
    # High world: sold at 0.9 to a value of 1 unless five agents have 0.6; the sixth, worth 0.8 on average, then
    # takes it at 0.2. Low world: sold at 0.2 to a value of 0.4 unless the last five all have 0.1.
    high = 1 - Fraction(1, 32) * Fraction(2, 10)
    low = (1 - Fraction(1, 32)) * Fraction(4, 10)
    finding = named("two-worlds-mechanism").find(made())
    assert finding.verdict == claim.CORRECTED
    assert finding.ours.startswith(f"described {(high + low) / 2}, optimum 443/640")


def test_the_footnotes_lotteries_by_hand() -> None:
    assert named("footnote-3-numbers").find(made()).ours == "2 secured: a 3/2, b 1; 10 secured: a 3, b 5"


def test_id_needs_no_more_than_agents_and_items_left_unless_the_order_is_ruled(checked: list[Entry]) -> None:
    finding = next(entry.finding for entry in checked if entry.claim.id == "id-form")
    assert finding.verdict == claim.NOT_CONFIRMED
    assert finding.ours == "loss 0; 5/4 if agents 1 to 3 must come first"


def test_the_static_order_for_fairness_serves_everybody_as_the_optimum_does() -> None:
    setting, premiums = get_setting("max-min"), best_premiums()
    optimal_one, fixed = (
        play(one, setting, 500, seed=3) for one in (OrangeFirst(premiums), OrangeBlueRed(premiums))
    )
    np.testing.assert_allclose(optimal_one.objective, fixed.objective)


def test_the_order_of_proposition_8_is_by_value_given_a_purchase() -> None:
    assert verdict("prop-8") == claim.CONFIRMED


def test_a_constant_first_best_leaves_the_variance_as_it_is() -> None:
    assert protocol.variance_ratio("colors", protocol.RandomPrices()).mean == pytest.approx(1.0)


# --- verdicts turn with the evidence


def test_the_best_seeds_are_compared() -> None:
    known = made()
    assert known.sample("id", "allocation").tolist() == pytest.approx([0.8503, 0.8504, 0.8505])
    assert known.areas("id", "allocation").tolist() == pytest.approx([0.7503, 0.7504, 0.7505])
    assert known.sample("id", "rsd").tolist() == [0.4]


def test_a_missing_run_is_an_error() -> None:
    with pytest.raises(ValueError, match="no run of panel 'id'"):
        made(lambda table: table[table["panel"] != "id"]).sample("id", "allocation")


@pytest.mark.parametrize(
    ("loss", "groups", "expected"),
    [
        (0.0, None, claim.CONFIRMED),
        (0.4, None, claim.NOT_CONFIRMED),
        (0.4, 0.0, claim.CORRECTED),
        (0.4, -0.4, claim.NOT_CONFIRMED),
    ],
)
def test_better_and_worse_curves_turn_the_verdict(loss: float, groups: float | None, expected: str) -> None:
    known = made(lowered("price-allocation", loss), groups)
    finding = learned(beats("delta-0.5", "price-allocation", "personalised_static"))(known)
    assert finding.verdict == expected == verdict("prices-beat-static-0.5", known)


def test_the_reason_follows_from_the_interval() -> None:
    def spread(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(estimate=table["estimate"] + (table["seed"] - 4) * 0.2)

    comparison = learned(beats("id", "allocation", "items-agents-left"))
    assert "undecided" in comparison(made(spread)).explanation
    assert "the reverse holds" in comparison(made(lowered("allocation", 0.4))).explanation
    same = learned(beats("id", "rsd", "rsd"))
    assert "no difference" in same(made()).explanation


@pytest.mark.parametrize(("loss", "expected"), [(0.0, claim.CONFIRMED), (0.01, claim.NOT_CONFIRMED)])
def test_half_a_percent_is_optimal(loss: float, expected: str) -> None:
    known = made(lowered("price-allocation", loss))
    assert learned(optimal("id", ("price-allocation",)))(known).verdict == expected


def test_slower_learning_is_seen_in_the_curve_not_at_its_end() -> None:
    def late(table: pd.DataFrame) -> pd.DataFrame:
        rows = (table["statistic"] == "price-allocation") & (table["visits"] == 0)
        return table.assign(estimate=table["estimate"] - 0.3 * rows)

    compare = learned(faster("id", "price-allocation", "allocation"))
    assert (compare(made()).verdict, compare(made(late)).verdict) == (claim.CONFIRMED, claim.NOT_CONFIRMED)
    assert learned(beats("id", "price-allocation", "allocation"))(made(late)).verdict == claim.CONFIRMED


def test_seeds_are_counted() -> None:
    assert verdict("seeds") == claim.BY_DEFINITION
    fewer = made(lambda table: table[table["seed"] < 2])
    finding = named("seeds").find(fewer)
    assert finding.verdict == claim.NOT_TESTABLE
    assert "2 seeds" in finding.ours


@pytest.mark.parametrize("name", ["prop-1", "prop-2", "prop-3", "prop-4", "prop-9", "kitchen-sink-form"])
def test_without_a_separation_the_propositions_fall(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert verdict(name) == claim.CONFIRMED
    monkeypatch.setattr(solved, "value", lambda name, cell=solved.SPM: Fraction(1))
    assert verdict(name) == claim.NOT_CONFIRMED


def test_the_corrections_disappear_with_their_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    assert verdict("id-mechanism") == verdict("colors-form") == claim.CORRECTED
    exact = solved.value

    def without_zero_prices(name: str, cell: solved.Kind = solved.SPM) -> Fraction:
        return exact(name, cell) - (cell[0] == "zero")

    for module in (examples, solved):
        monkeypatch.setattr(module, "value", without_zero_prices)
    assert verdict("id-mechanism") == verdict("colors-form") == claim.CONFIRMED


def test_adaptivity_that_never_pays_refutes_the_introduction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adaptivity, "value", lambda name, cell=solved.SPM: Fraction(1))
    assert verdict("static-falls-short") == claim.NOT_CONFIRMED


def test_the_gain_from_correlation_turns_with_the_bracket() -> None:
    def bounds(panel: str) -> dict[str, float]:
        low = 0.85 if panel == "delta-0.5" else 0.66
        return BENCHMARK | {"lower": low, "upper": low + 0.01}

    known = made()
    turned = Evidence(known.protocol, known.finals, known.curves, bounds)
    assert verdict("correlation-matters", turned) == claim.CONFIRMED
    assert verdict("correlation-matters", known) == claim.NOT_CONFIRMED
    assert correlated.adaptivity_gain(bounds("delta-0.5"))[0] == pytest.approx(0.85 / 0.65 - 1)


def test_a_guarantee_that_is_missed_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert verdict("max-min-guarantee") == claim.CONFIRMED
    monkeypatch.setattr(examples, "GUARANTEE", 0.42)
    assert verdict("max-min-guarantee") == claim.NOT_CONFIRMED


# --- every check can fail

Broken = dict[str, object]


class Peeking:
    """Not an SPM: an agent pays nine tenths of what she says that she values most."""

    def begin(self, setting: Setting, n_markets: int, rng: np.random.Generator) -> Rule:
        def rule(market: Market) -> tuple[Agents, Array]:
            agents = market.agents_left.argmax(axis=1)
            worth = market.valuations[np.arange(len(market)), agents].max(axis=1)
            return agents, np.repeat(0.9 * worth[:, None], setting.n_types, axis=1)

        return rule


def in_random_order(setting: Setting, seed: int) -> Mechanism:
    return random_serial_dictatorship(setting)


def without_loss() -> pd.DataFrame:
    return memory.cost_of_forgetting().assign(loss=lambda table: 0 * table["loss"])


def with_loss() -> pd.DataFrame:
    return memory.cost_of_forgetting().assign(allocation=lambda table: 0 * table["optimum"])


def confused() -> pd.DataFrame:
    return memory.required_memory(((1, 3),)).assign(continuations=2, bits=1.0)


def worthless(n_agents: list[int], n_items: list[int], delta: float) -> pd.DataFrame:
    sizes = pd.DataFrame(list(product(n_agents, n_items)), columns=["n", "m"])
    return sizes.assign(lower=0.9, lower_error=0.0, upper=1.1, best_static=1.0)


ONE: Broken = {"value": lambda name, kind=solved.SPM: Fraction(1)}
"""Without a separation: every cell of every construction is worth the same."""

FAILURES: dict[str, tuple[object, Broken]] = {
    # Exact values and mechanisms.
    "static-falls-short": (adaptivity, ONE),
    "prop-1": (solved, ONE),
    "prop-1-prices": (adaptivity, ONE),
    "prop-1-order": (solved, ONE),
    "prop-2": (solved, ONE),
    "prop-3": (solved, ONE),
    "footnote-1": (solved, ONE),
    "prop-4": (solved, ONE),
    "prop-4-rounds": (solved, ONE),
    "prop-9": (solved, ONE),
    "prop-8": (adaptivity, {"evaluate": lambda setting, policy: Fraction(0)}),
    "same-problem": (mechanisms, ONE),
    "dominant-strategy": (mechanisms, {"drawn_policy": lambda setting, seed: Peeking()}),
    "baseline-asp": (mechanisms, {"best_unseeing": lambda setting: Fraction(21)}),
    "baseline-psp": (mechanisms, {"PSP_STATIC_ORDER": solved.PSP}),
    "whole-history": (mechanisms, {"drawn_policy": in_random_order}),
    # What must be remembered.
    "prop-5": (propositions, {"value_from_left": lambda setting: Fraction(0)}),
    "prop-5-revenue": (remembering, {"evaluate_tree": lambda setting, tree: Fraction(1)}),
    "footnote-3-numbers": (remembering, {"FOOTNOTE_B": (0, 0)}),
    "footnote-3": (remembering, {"forgetting": without_loss}),
    "prop-6": (propositions, {"static_policies": lambda n, menu: iter(())}),
    "prop-7": (remembering, {"prop_7": prop_1}),
    "prop-7-construction": (remembering, {"prop_7": prop_1}),
    "theorem-1-sufficiency": (space, {"forgetting": with_loss}),
    "theorem-1-bound": (space, {"matchings": confused}),
    "theorem-1-encoding": (memory, {"holdings_of_policy": memory.holdings}),
    "theorem-1-corollary": (remembering, {"forgetting": without_loss}),
    "corollary-1": (memory, {"holdings": lambda n, m: memory.holdings_of_policy(n, m)}),
    "corollary-2": (memory, {"holdings_of_policy": memory.holdings}),
    "corollary-3": (space, {"matchings": confused}),
    # The panels' optima.
    "correlation": (CorrelatedModel, {"correlation": property(lambda model: model.delta)}),
    "other-sizes": (correlated, {"correlated_map": worthless}),
    "footnote-6": (correlated, {"NEAR": 1.1}),
    "colors-form": (examples, {"ASP_STATIC_ORDER": solved.RSD}),
    "two-worlds-form": (solved, ONE),
    "inventory-form": (examples, ONE),
    "kitchen-sink-form": (solved, ONE),
    "two-worlds-mechanism": (examples, ONE),
    "inventory-mechanism": (solved, ONE),
    "kitchen-sink-mechanism": (solved, ONE),
    "id-mechanism": (solved, ONE),
    "max-min-guarantee": (examples, {"GUARANTEE": 0.42}),
    "max-min-mechanism": (examples, {"max_min_optimum": lambda: 0.42}),
    "max-min-static": (examples, {"STATIC_GUARANTEE": 0.0}),
    "footnote-5-variance": (protocol, {"variance_ratio": lambda panel, one: Interval(2.0, 2.0, 2.0)}),
}
"""What to break so that a check of theory must fail: where, and with what."""

DEFINITIONS: dict[str, tuple[object, Broken]] = {
    "special-cases": (mechanisms, {"CHAIN": (solved.SPM, solved.RSD)}),
    "terminal-reward": (mechanisms, {"_rewards": lambda panel: (0.5, 0.0, 1)}),
    "outputs": (protocol, {"action_space": lambda setting: np.zeros(3)}),
    "footnote-5-policy": (protocol, {"_gap": lambda panel: 0.1}),
}
"""What our own code would have to do to contradict a definition."""


@pytest.mark.parametrize("name", [*FAILURES, *DEFINITIONS])
def test_a_check_of_theory_fails_where_it_should(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where, broken = (FAILURES | DEFINITIONS)[name]
    for module in (correlated, remembering, space):
        monkeypatch.setattr(module, "kept", lambda function, *arguments: function(*arguments))
    for attribute, value in broken.items():
        monkeypatch.setattr(where, attribute, value)
    assert verdict(name) == claim.NOT_CONFIRMED


CORRECTED_THEORY = {
    *("static-falls-short", "baseline-asp", "baseline-psp", "whole-history", "prop-5-revenue"),
    *("prop-7-construction", "theorem-1-encoding", "corollary-2", "corollary-3", "footnote-6", "colors-form"),
    *("two-worlds-mechanism", "id-mechanism", "max-min-mechanism", "footnote-5-variance"),
}
"""Claims of theory that hold once something in them is put right; the others that can fail hold as they stand."""


def test_theory_holds_as_it_stands_or_with_the_corrections_named() -> None:
    for name in FAILURES:
        assert verdict(name) == (claim.CORRECTED if name in CORRECTED_THEORY else claim.CONFIRMED), name


def test_a_refuted_claim_would_be_confirmed_by_other_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert verdict("id-form") == verdict("max-min-order") == claim.NOT_CONFIRMED
    monkeypatch.setattr(
        remembering,
        "forgetting",
        lambda: memory.cost_of_forgetting().assign(loss=lambda table: 0 * table["loss"] + 1),
    )
    monkeypatch.setattr(examples, "OrangeBlueRed", lambda premiums: OrangeFirst())
    assert verdict("id-form") == verdict("max-min-order") == claim.CONFIRMED


def test_every_other_check_fails_with_the_records(checked: list[Entry]) -> None:
    upside_down = made(lambda table: table.assign(estimate=0.3 - table["estimate"] / 10))
    for one, finding in checked:
        if finding.verdict not in (claim.BY_DEFINITION, claim.NOT_TESTABLE) and one.id not in FAILURES:
            assert one.find(upside_down).verdict == claim.NOT_CONFIRMED, one.id


def test_values_are_of_the_construction() -> None:
    model = prop_1().model
    assert isinstance(model, FiniteModel)
    best = sum(p * q * max(a, b) for (p, (a,)), (q, (b,)) in product(model.worlds[0].lotteries[0], repeat=2))
    assert solved.value("prop-1") == best


def test_the_command_refuses_a_profile_without_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from spm.__main__ import main

    monkeypatch.setenv("SPM_HOME", str(tmp_path))
    assert main(["claims", "--profile", "smoke"]) == 2
    assert "no record" in capsys.readouterr().err


def test_the_command_prints_every_claim(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from spm.__main__ import main

    few = tuple(one for one in CLAIMS if one.id in ("prop-1", "prices-beat-rsd-0"))
    monkeypatch.setattr(ledger, "check_claims", lambda known: check_claims(known, few))
    monkeypatch.setattr("spm.compendium.report.evidence.load", lambda protocol: made())
    assert main(["claims", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [one["verdict"] for one in data["claims"]] == [claim.CONFIRMED] * 2
    assert main(["claims"]) == 0
    assert "prop-1" in capsys.readouterr().out
