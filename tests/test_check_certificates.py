"""The independent checker supports what is published, and refuses every claim that is made false on purpose."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spm.bounds.belief_cover import grow
from spm.bounds.certificates import RECORDED, Size, encoded_cover, prior_value, recorded_cover

DATA = Path(__file__).parents[1] / "data"
SCRIPT = DATA / "check_certificates.py"
SMALL = Size(6, 2, 0.5, "welfare")
LESS = 1e-6
"""By how much a false claim is too tight."""
Arrays = dict[str, Any]


@cache
def checker() -> Any:
    spec = spec_from_file_location("check_certificates", SCRIPT)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def arrays() -> Arrays:
    cover = grow(*SMALL, 8, 40)
    return dict(np.load(io.BytesIO(encoded_cover(cover))))


def test_it_imports_nothing_but_numpy_and_the_standard_library() -> None:
    lines = [line for line in SCRIPT.read_text(encoding="utf-8").splitlines() if "import" in line.split("#")[0]]
    names = {line.split()[1].split(".")[0] for line in lines if line.startswith(("import", "from"))}
    assert names == {"__future__", "csv", "math", "sys", "itertools", "pathlib", "numpy"}
    assert len(SCRIPT.read_text(encoding="utf-8").splitlines()) <= 200


@pytest.mark.parametrize("size", [SMALL, SMALL._replace(objective="revenue"), SMALL._replace(delta=0.33)])
def test_both_programmes_find_the_same_bound(size: Size) -> None:
    cover = grow(*size, 8, 40)
    found = checker().bound(dict(np.load(io.BytesIO(encoded_cover(cover)))), size.delta, size.objective, 6, 2)
    assert found == pytest.approx(prior_value(cover, size), abs=1e-12)


def test_every_certificate_covers_what_it_must() -> None:
    for size in RECORDED:
        cover = recorded_cover(size)
        assert cover is not None
        checker().beliefs_and_covers(dict(np.load(io.BytesIO(encoded_cover(cover)))), size.delta)


def supported(claim: float, found: Arrays) -> bool:
    """Whether the checker accepts a claim for the small size."""
    try:
        proved = checker().bound(found, SMALL.delta, SMALL.objective, SMALL.n_agents, SMALL.n_items)
    except ValueError:
        return False
    return bool(claim >= proved - checker().TOLERANCE)


def used_rows() -> Iterator[tuple[int, ...]]:
    """Posteriors with probability."""
    weight = arrays()["weight"]
    yield from map(tuple, np.argwhere(weight.sum(axis=-1) > 2**20).tolist())


def weights_lowered(rng: np.random.Generator, found: Arrays) -> None:
    """All weights by a share that supports the tighter bound."""
    found["weight"] = (found["weight"] * (1 - rng.uniform(2e-6, 1e-3))).astype(np.uint32)


def one_weight_lowered(rng: np.random.Generator, found: Arrays) -> None:
    rows = list(used_rows())
    row = rows[rng.integers(len(rows))]
    slot = found["weight"][row].argmax()
    found["weight"][(*row, slot)] = int(found["weight"][(*row, slot)] * rng.uniform(0, 0.999))


def belief_raised(rng: np.random.Generator, found: Arrays) -> None:
    """A belief says that more is left in one cell than its posteriors' covers cover."""
    belief, cell = rng.integers(9, len(found["beliefs"])), rng.integers(8)
    found["beliefs"][belief, cell] += np.uint32(2**25)


def belief_lowered(rng: np.random.Generator, found: Arrays) -> None:
    """A belief that covers posteriors has less than it had."""
    used, counts = np.unique(found["index"][found["weight"] > 2**20], return_counts=True)
    belief = used[counts > 20][rng.integers((counts > 20).sum())]
    found["beliefs"][belief] = (found["beliefs"][belief] * 0.99).astype(np.uint32)


def cell_for_another(rng: np.random.Generator, found: Arrays) -> None:
    rows = list(used_rows())
    row = rows[rng.integers(len(rows))]
    slot = found["weight"][row].argmax()
    found["index"][(*row, slot)] = (found["index"][(*row, slot)] + 1) % 8


def prior_lowered(rng: np.random.Generator, found: Arrays) -> None:
    found["beliefs"][8] -= np.uint32(rng.integers(1000, 10**6))


def nothing_altered(rng: np.random.Generator, found: Arrays) -> None:
    """Only the claim is false."""


MUTATIONS: list[Callable[[np.random.Generator, Arrays], None]] = [
    weights_lowered,
    one_weight_lowered,
    belief_raised,
    belief_lowered,
    cell_for_another,
    prior_lowered,
    nothing_altered,
]


def mutants(count: int, seed: int) -> Iterator[tuple[str, bool]]:
    """Yield mutations, and whether the checker accepts the claim tightened by :data:`LESS` with each."""
    rng = np.random.default_rng(seed)
    honest = checker().bound(arrays(), SMALL.delta, SMALL.objective, SMALL.n_agents, SMALL.n_items)
    for number in range(count):
        mutation = MUTATIONS[number % len(MUTATIONS)]
        found = {name: part.copy() for name, part in arrays().items()}
        mutation(rng, found)
        yield mutation.__name__, supported(honest - LESS, found)


def test_the_honest_claim_is_supported() -> None:
    honest = checker().bound(arrays(), SMALL.delta, SMALL.objective, SMALL.n_agents, SMALL.n_items)
    assert supported(honest, arrays())


def test_a_hundred_false_claims_are_refused() -> None:
    assert [name for name, accepted in mutants(100, seed=2) if accepted] == []


def test_what_is_published_is_supported_and_a_tighter_number_is_not(tmp_path: Path) -> None:
    (tmp_path / "paper").mkdir()
    shutil.copytree(DATA / "certificates", tmp_path / "certificates")
    rows = (DATA / "paper" / "bounds.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "paper" / "bounds.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    done = subprocess.run([sys.executable, SCRIPT, tmp_path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 5
    place = next(k for k, row in enumerate(rows) if row.startswith("delta-0.25,upper,"))
    cells = rows[place].split(",")
    cells[2] = str(float(cells[2]) - LESS)
    rows[place] = ",".join(cells)
    (tmp_path / "paper" / "bounds.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    done = subprocess.run([sys.executable, SCRIPT, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("not supported: delta-0.25: ")
    assert done.stderr.count("\n") == 1
