"""Figures as grids of runs: a grid is panel x variant of the policy x statistic x seed.

A protocol says how many seeds there are, how many visits each learns from, and on how many profiles it is
evaluated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spm.files import home
from spm.learning import VARIANTS, VISITS, Specification, recommended
from spm.market import STATISTICS, get_statistic
from spm.names import lookup
from spm.settings import FIGURES, get_setting

if TYPE_CHECKING:
    from spm.compendium.record.store import Store

STATIC = ("none", "agents-left")
"""Statistics that yield static mechanisms; they have little to learn and get a smaller budget."""


@dataclass(frozen=True)
class Protocol:
    """The size of the experiments.

    Attributes:
        name: the name it is looked up by.
        seeds: runs per curve.
        keep: how many of them, the best, are drawn (the paper keeps 3 of 6).
        static_visits: budget of a static mechanism.
        visits: budget of an adaptive one, by variant.
        evaluations: points on each curve.
        evaluation_profiles: profiles at each point.
        final_profiles: profiles of the final evaluation.
        of_record: whether the book reads its results from ``data/`` (:mod:`spm.compendium.record.published`).
    """

    name: str
    seeds: int
    keep: int
    static_visits: int
    visits: Mapping[str, int]
    evaluations: int
    evaluation_profiles: int
    final_profiles: int
    of_record: bool = False

    def specification(self, panel: str, statistic: str, seed: int, variant: str = "scores") -> Specification:
        """Return one run of the grid."""
        sees = get_statistic(statistic)
        return Specification(
            get_setting(panel),
            sees,
            seed,
            self.static_visits if sees.is_static else self.visits[variant],
            self.evaluations,
            self.evaluation_profiles,
            self.final_profiles,
            recommended(variant, sees),
            variant,
        )


PROTOCOLS = {
    profile.name: profile
    for profile in (
        Protocol("smoke", 2, 2, 4_000, dict.fromkeys(VARIANTS, 4_000), 3, 200, 400),
        Protocol("quick", 2, 2, 200_000, dict.fromkeys(VARIANTS, VISITS), 11, 1_000, 10_000),
        Protocol("paper", 6, 3, 400_000, {"scores": 1_000_000, "groups": 2_200_000}, 21, 1_000, 100_000, True),
    )
}
"""``paper`` is the paper's protocol, ``quick`` takes a look at every curve, ``smoke`` only exercises the code."""


def get_protocol(name: str) -> Protocol:
    """Return a protocol by name.

    Raises:
        ValueError: unknown name; the nearest are listed.
    """
    return lookup("profile", name, PROTOCOLS)


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


def grid(figure: str, protocol: Protocol) -> list[Specification]:
    """Return the runs of a figure, panel by panel, from the least to the most informed statistic.

    >>> len(grid("all", get_protocol("paper")))  # 12 panels, 2 variants, 5 statistics, 6 seeds
    720
    """
    return [
        protocol.specification(panel, statistic, seed, variant)
        for panel in panels(figure)
        for variant in VARIANTS
        for statistic in STATISTICS
        for seed in range(protocol.seeds)
    ]


def store_of(protocol: Protocol) -> Store:
    """Return the store of a protocol's records."""
    from spm.compendium.record.store import Store  # who asks for the grid alone need not load it

    return Store(home() / "_build" / "runs" / protocol.name)
