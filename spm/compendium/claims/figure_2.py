"""What the paper says of the learning curves of Figure 2."""

from __future__ import annotations

from spm.compendium.claims.claim import PART_1, Claim
from spm.compendium.claims.correlated import DELTAS
from spm.compendium.claims.learned import (
    ALLOCATION,
    AREAS,
    BEST_PSP,
    ITEMS,
    LEADS,
    PRICES_CURVE,
    RSD_LINE,
    STATIC_GAIN,
    beats,
    faster,
    faster_there,
    learned,
)
from spm.compendium.record import grid

CORRELATED_PANELS = grid.panels("figure-2")
LESS_INFORMED = ((ALLOCATION, "the allocation matrix"), (ITEMS, "agents and items left"))

BEATS_STATIC = tuple(
    Claim(
        f"prices-beat-static-{delta}",
        PART_1,
        f"Figure 2, δ = {delta}",
        f"At δ = {delta} the policy on the price-allocation matrix beats the best static mechanism.",
        "price-allocation > best static",
        STATIC_GAIN,
        learned(beats(f"delta-{delta}", PRICES_CURVE, BEST_PSP)),
    )
    for delta in DELTAS
)
BEATS_RSD = tuple(
    Claim(
        f"prices-beat-rsd-{delta}",
        PART_1,
        f"Figure 2, δ = {delta}",
        f"At δ = {delta} the policy on the price-allocation matrix beats random serial dictatorship.",
        "price-allocation > RSD",
        "The kept seeds' mean objective minus RSD's, which is known in closed form; 95% interval (Student).",
        learned(beats(f"delta-{delta}", PRICES_CURVE, RSD_LINE)),
    )
    for delta in DELTAS
)
OTHERS_BEAT_STATIC = tuple(
    Claim(
        f"{statistic}-beats-static",
        PART_1,
        "Figure 2",
        f"A policy on {words} beats a static mechanism, at every δ.",
        "adaptive > best static",
        STATIC_GAIN,
        learned(*(beats(panel, statistic, BEST_PSP) for panel in CORRELATED_PANELS)),
    )
    for statistic, words in LESS_INFORMED
)
OTHERS_ARE_SLOWER = tuple(
    Claim(
        f"{statistic}-learns-slowly",
        PART_1,
        "Figure 2",
        f"A policy on {words} learns more slowly than one with the price history, at every δ.",
        "curve of price-allocation above",
        AREAS,
        learned(*(faster(panel, PRICES_CURVE, statistic) for panel in CORRELATED_PANELS)),
    )
    for statistic, words in LESS_INFORMED
)
LARGER_DELTA = tuple(
    Claim(
        f"{statistic}-larger-delta",
        PART_1,
        "Figure 2",
        f"The lead of the price history over {words} grows with δ.",
        "lead at δ = 0.5 > lead at δ = 0",
        LEADS,
        learned(faster_there("delta-0.5", "delta-0", PRICES_CURVE, statistic)),
    )
    for statistic, words in LESS_INFORMED
)
FIGURE_2_CLAIMS = (*BEATS_STATIC, *BEATS_RSD, *OTHERS_BEAT_STATIC, *OTHERS_ARE_SLOWER, *LARGER_DELTA)
