"""Checking the results of record: retraining a sample of the runs, and playing every kept policy again.

On the processor and versions that a run was made with, a retrained run must be *identical*, every point of its
curve included. Elsewhere, floating-point sums differ in their last digits and learning amplifies them; there the
retrained run's final regret must lie within the range of the curve's recorded seeds, widened on both sides by
that range, by 4 standard errors, and by 5% of the curve's best objective, since a rerun may
land in a local optimum that no recorded seed reached. A policy played again on the first profiles of the
final evaluation must come within 4 standard errors of the recorded mean, and equal it on the same platform when
all profiles are played. The record's spread counts too: among few profiles a rare large loss, and its part of the
spread, may be missing.
Every result under ``data/computed``, bounds and static optima included, is computed again from nothing
(:func:`spm.compendium.record.kept.recomputed`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from spm.compendium.record import computed, policies, published
from spm.compendium.record import grid as grid_module
from spm.compendium.record.fingerprints import packages
from spm.compendium.record.grid import Protocol
from spm.compendium.record.kept import recomputed
from spm.compendium.record.processes import in_processes
from spm.compendium.record.published import KEY
from spm.compendium.record.store import label, processor
from spm.learning import Point, Specification, evaluation_seed, learn, point
from spm.mechanisms import play
from spm.names import check_whole

STANDARD_ERRORS = 4.0
LOCAL_OPTIMUM = 0.05
"""Share of a curve's best objective by which a seed elsewhere may differ from all recorded ones.

With it, fewer than 1% of the runs of record lie outside the interval that the other seeds of their curve give.
"""


@dataclass(frozen=True)
class Verification:
    """What became of one check: of which run, whether it passed, and why."""

    check: str
    run: str
    passed: bool
    detail: str


def platform_now() -> dict[str, str]:
    """Return what a run's numbers may depend on besides its specification: versions and vector instructions."""
    return packages() | {"processor": processor()}


def sampled(protocol: Protocol, count: int, seed: int) -> list[Specification]:
    """Return ``count`` runs of record, drawn at random without replacement.

    Raises:
        ValueError: more than there are, or fewer than 0, or a negative seed.
    """
    if seed < 0:
        raise ValueError(f"--seed must be at least 0, not {seed}")
    grid = grid_module.grid("all", protocol)
    if not 0 <= count <= len(grid):
        raise ValueError(f"--sample must lie between 0 and {len(grid)}, not {count}")
    chosen = np.random.default_rng(seed).choice(len(grid), count, replace=False)
    return [grid[k] for k in chosen]


def verify(protocol: Protocol, sample: int, seed: int, profiles: int, jobs: int) -> Iterator[Verification]:
    """Retrain ``sample`` runs and play all kept policies on ``profiles`` profiles; yield each finding as it comes.

    Raises:
        ValueError: the results of record are damaged or stale, or a number is out of range.
    """
    runs = published.results_of_record(protocol)["runs"]
    if not 2 <= profiles <= protocol.final_profiles:
        raise ValueError(f"--profiles must lie between 2 and {protocol.final_profiles}, not {profiles}")
    check_whole("--jobs", jobs)
    todo = sampled(protocol, sample, seed)
    kept = [run for run, is_kept in zip(grid_module.grid("all", protocol), runs["kept"], strict=True) if is_kept]
    with in_processes(partial(_retrained, protocol), todo, jobs) as findings:
        yield from findings
    with in_processes(partial(_played, protocol, profiles), kept, jobs) as findings:
        yield from findings
    for one in recomputed(computed.calls(), jobs):
        yield Verification("computed again", str(one.call), one.outcome == "same", one.outcome)


def _rows(table: pd.DataFrame, specification: Specification, names: Sequence[str] = KEY) -> pd.DataFrame:
    """The rows that agree with a run in the columns ``names``."""
    return table[(table[list(names)] == [specification.key[name] for name in names]).all(axis=1)]


def _is_of_here(rows: pd.DataFrame) -> bool:
    """Whether runs were made on a platform like this one."""
    return all((rows[name].astype(str) == value).all() for name, value in platform_now().items())


def _retrained(protocol: Protocol, specification: Specification) -> Verification:
    """Train a run again and compare it with its record."""
    tables = published.results_of_record(protocol)
    recorded = _rows(tables["runs"], specification)
    run = learn(specification)
    passed, detail = retrained(
        [*run.curve, run.final],
        [*_points(_rows(tables["curves"], specification)), *_points(recorded)],
        _points(_rows(tables["runs"], specification, KEY[:-1])),
        _is_of_here(recorded),
    )
    return Verification("retrained", label(specification), passed, detail)


def _points(rows: pd.DataFrame) -> list[Point]:
    names = list(Point.__annotations__)
    return [Point(int(row[0]), *map(float, row[1:])) for row in rows[names].itertuples(index=False)]


def retrained(new: list[Point], old: list[Point], seeds: list[Point], same_platform: bool) -> tuple[bool, str]:
    """Compare a run's curve and final evaluation (the last point) with its record.

    Args:
        new: the points of the run made again.
        old: the recorded ones.
        seeds: final evaluations of all recorded seeds of the curve.
        same_platform: whether they must be identical.
    """
    if new == old:
        return True, "identical"
    gap = new[-1].regret - old[-1].regret
    if same_platform:
        return False, f"not identical on the same platform: final regret differs by {gap:.2e}"
    regrets = [point.regret for point in seeds]
    chance = STANDARD_ERRORS * float(np.hypot(new[-1].regret_se, old[-1].regret_se))
    course = max(regrets) - min(regrets) + LOCAL_OPTIMUM * max(abs(point.objective) for point in seeds)
    low, high = min(regrets) - chance - course, max(regrets) + chance + course
    detail = f"final regret {new[-1].regret:.5f}, interval {low:.5f} to {high:.5f}"
    return low <= new[-1].regret <= high, detail


def _played(protocol: Protocol, profiles: int, specification: Specification) -> Verification:
    """Play a kept policy again and compare with its record."""
    recorded = _rows(published.results_of_record(protocol)["runs"], specification)
    policy = policies.policy(protocol, specification)
    outcomes = play(policy, specification.setting, profiles, evaluation_seed("final"))
    (old,) = _points(recorded)
    must_equal = profiles == protocol.final_profiles and _is_of_here(recorded)
    passed, detail = played(point(outcomes, old.visits), old, profiles / protocol.final_profiles, must_equal)
    return Verification("played again", label(specification), passed, detail)


def played(new: Point, old: Point, share: float, must_equal: bool) -> tuple[bool, str]:
    """Compare the final evaluation of a policy that was played again with its record.

    Args:
        new: of the policy played again.
        old: the record.
        share: of the record's profiles that were played again.
        must_equal: whether they must be identical.
    """
    if new == old:
        return True, "identical"
    gap = abs(new.regret - old.regret)
    if must_equal:
        return False, f"not identical on the same platform: regret differs by {gap:.2e}"
    allowed = STANDARD_ERRORS * float(np.hypot(new.regret_se, old.regret_se / np.sqrt(share))) + 1e-9
    return gap <= allowed, f"regret differs by {gap:.2e}, allowed {allowed:.2e}"
