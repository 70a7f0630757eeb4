"""The recipes of CONTRIBUTING.md work as they stand: their code is run, and what they promise is looked at."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from documents import ROOT, blocks

from spm.compendium.site.chapters import chapters, execute

RECIPES = ["setting", "statistic", "objective", "claim", "chapter"]

LOOK = """
import json

from spm import bracket, get_setting, train
from spm.compendium.claims.ledger import Entry
from spm.market import get_statistic
from spm.settings import correlated

small = {"seed": 0, "visits": 1, "evaluations": 2, "evaluation_profiles": 50, "final_profiles": 50}
trained = train(get_setting("two-bidders"), "rounds", **small)
cubic = correlated(3, 3, 0.5, objective="nash")
product = train(cubic, "none", **small | {"final_profiles": 20_000})
try:
    bracket(cubic)
    refusal = ""
except ValueError as error:
    refusal = str(error)
print(json.dumps({
    "optimum": bracket(get_setting("two-bidders")).upper.value,
    "columns": get_statistic("rounds").layout(get_setting("two-bidders"))["block"].tolist(),
    "weights": list(trained.weights["mlp_extractor.policy_net.0.weight"].shape),
    "first best": product.final.objective + product.final.regret,
    "refusal": refusal,
    "verdict": a_tenth_is_lost.find(None).verdict,
    "ours": a_tenth_is_lost.find(None).ours,
    "stated": [a_tenth_is_lost.text, a_tenth_is_lost.paper, a_tenth_is_lost.check],
}))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the book's table of contents, in which the recipes are followed."""
    folder = tmp_path_factory.mktemp("contributor")
    (folder / "book").mkdir()
    shutil.copy(ROOT / "book" / "_toc.yml", folder / "book")
    return folder


@pytest.fixture(scope="module")
def seen(home: Path) -> dict[str, Any]:
    """What there is after all recipes, in a process of its own: they register things for good."""
    recipes = blocks("CONTRIBUTING.md", "python")
    assert len(recipes) == len(RECIPES)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "SPM_HOME": str(home)}
    (home / "recipes.py").write_text("\n".join([*recipes, LOOK]))  # a file, since content digests read the source
    command = [sys.executable, "recipes.py"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=home, env=environment)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_setting_is_solved(seen: dict[str, Any]) -> None:
    # Price 1 to the first: she buys with chance 1/3; else the second takes it, worth 1/3 + 2/3 · 1/2 = 2/3.
    assert seen["optimum"] == pytest.approx(1 / 3 + 2 / 3 * 2 / 3)


def test_the_statistic_is_what_the_policy_sees(seen: dict[str, Any]) -> None:
    assert seen["columns"] == ["items", "rounds"]
    assert seen["weights"] == [64, 2]


def test_the_objective_is_learned_and_no_bracket_pretends_to_know_it(seen: dict[str, Any]) -> None:
    # As many items as agents: the first best gives one to each. E[product] with v_i = z / 2 + u_i / 2, z and u_i
    # uniform and independent: E[((z + 1/2) / 2)^3] = (1.5^4 - 0.5^4) / 32 = 5 / 32.
    assert seen["first best"] == pytest.approx(5 / 32, abs=0.005)
    assert "nash" in seen["refusal"]


def test_the_claim_has_a_verdict_that_follows_from_its_numbers(seen: dict[str, Any]) -> None:
    assert (seen["verdict"], seen["ours"]) == ("confirmed", "1/10")
    assert seen["stated"] == ["Anonymous prices lose a tenth of the optimum.", "loss = 1/10", "Exact solver."]


def test_the_chapter_is_found_and_executed(seen: dict[str, Any], home: Path) -> None:
    toc = (home / "book" / "_toc.yml").read_text()
    assert toc.count("two-worlds") == 1
    (home / "book" / "_toc.yml").write_text("format: jb-book\nroot: two-worlds\n")
    (chapter,) = chapters(home, {"profile": "quick"})
    _, _, failure = execute(chapter)
    assert failure == ""
    executed = json.loads(chapter.output.read_text())
    assert "0.6921875" in json.dumps(executed["cells"][-1]["outputs"])
