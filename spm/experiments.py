"""Figures as grids of runs, and running them.

A figure is a grid panel x statistic x seed. A profile says how many seeds, how many visits and how many
profiles for the evaluations. :func:`run` does what is missing or stale, in parallel, one torch thread a run,
and stores each run as it ends, so that an interrupted grid goes on where it stopped.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import joblib
from tqdm import tqdm

from spm.learning import Hyperparameters, Specification, train
from spm.names import lookup
from spm.results import State, Store
from spm.settings import FIGURES
from spm.statistics import STATISTICS

STATIC = ("none", "agents-left")
"""Statistics that yield static mechanisms; they have little to learn and get a smaller budget."""

STATIC_HYPERPARAMETERS = Hyperparameters(log_std_init=-2.0)
"""For them less exploration: noise drawn anew at each visit makes static prices vary from agent to agent while
learning, and the more it does, the further the learned mean is from the best price that does not vary."""


@dataclass(frozen=True)
class Profile:
    """How thoroughly the figures are made.

    Attributes:
        name: the name it is looked up by.
        seeds: runs for each curve.
        keep: how many of them, the best, are drawn (the paper keeps 3 of 6).
        static_visits: budget of a static mechanism.
        visits: budget of an adaptive one.
        evaluations: points on each curve.
        evaluation_profiles: profiles at each point.
        final_profiles: profiles of the final evaluation.
    """

    name: str
    seeds: int
    keep: int
    static_visits: int
    visits: int
    evaluations: int
    evaluation_profiles: int
    final_profiles: int

    def specification(self, panel: str, statistic: str, seed: int) -> Specification:
        """Return one run of the grid."""
        static = statistic in STATIC
        return Specification(
            panel,
            statistic,
            seed,
            self.static_visits if static else self.visits,
            self.evaluations,
            self.evaluation_profiles,
            self.final_profiles,
            STATIC_HYPERPARAMETERS if static else Hyperparameters(),
        )


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("smoke", 2, 2, 4_000, 4_000, 3, 200, 400),
        Profile("quick", 2, 2, 300_000, 500_000, 11, 1_000, 10_000),
        Profile("paper", 6, 3, 500_000, 2_000_000, 21, 2_000, 100_000),
    )
}
"""``paper`` is the paper's protocol, ``quick`` a look at every curve, ``smoke`` only exercises the code."""


def profile(name: str) -> Profile:
    """Return a profile by name.

    Raises:
        ValueError: unknown name; the nearest are listed.
    """
    return lookup("profile", name, PROFILES)


def panels(figure: str) -> tuple[str, ...]:
    """Return the panels of ``figure-2``, ``figure-3`` or ``figure-4``, or of all three.

    >>> len(panels("all"))
    12

    Raises:
        ValueError: unknown figure.
    """
    if figure == "all":
        return tuple(panel for names in FIGURES.values() for panel in names)
    return lookup("figure", figure, FIGURES)


def grid(figure: str, of: Profile) -> list[Specification]:
    """Return the runs of a figure, panel by panel, from the least to the most informed statistic.

    >>> len(grid("all", profile("paper")))
    360
    """
    return [
        of.specification(panel, statistic, seed)
        for panel in panels(figure)
        for statistic in STATISTICS
        for seed in range(of.seeds)
    ]


def home() -> Path:
    """Return the folder under which ``_build`` lies: ``SPM_HOME``, or the compendium's own."""
    compendium = Path(__file__).parents[1]
    fallback = compendium if (compendium / "_config.yml").exists() else Path.cwd()
    return Path(os.environ.get("SPM_HOME", fallback))


def store(of: Profile) -> Store:
    """Return the store of a profile's records."""
    return Store(home() / "_build" / "runs" / of.name)


def status(figure: str, of: Profile) -> list[tuple[Specification, State]]:
    """Return every run of a figure with the state of its record."""
    records = store(of)
    return [(specification, records.state(specification)) for specification in grid(figure, of)]


def run(figure: str, of: Profile, jobs: int = 1) -> int:
    """Do the runs of a figure that are missing or stale, ``jobs`` at a time; return how many there were.

    Raises:
        ValueError: fewer than 1 job.
    """
    if jobs < 1:
        raise ValueError(f"jobs must be at least 1, not {jobs}")
    todo = [specification for specification, state in status(figure, of) if state.status != "done"]
    # The longest first, so that no long run is left over when all others have ended.
    todo.sort(key=lambda specification: -specification.visits)
    total = sum(specification.visits for specification in todo)
    with tqdm(total=total, unit="visit", unit_scale=True, disable=not todo, mininterval=5) as bar:
        for done in _in_parallel(todo, store(of).root, jobs):
            bar.set_postfix_str(f"{done.panel} {done.statistic} {done.seed}", refresh=False)
            bar.update(done.visits)
    return len(todo)


def _in_parallel(todo: Sequence[Specification], root: Path, jobs: int) -> Iterator[Specification]:
    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered", pre_dispatch="2*n_jobs")
    yield from parallel(joblib.delayed(run_one)(specification, root) for specification in todo)


def run_one(specification: Specification, root: Path) -> Specification:
    """Do one run and store its record; doing it again gives the same record but for its seconds."""
    start = time.perf_counter()
    result = train(specification)
    Store(root).save(result, time.perf_counter() - start)
    return specification
