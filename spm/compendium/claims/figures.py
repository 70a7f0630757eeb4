"""What the paper says of the learning curves of Figures 2 to 4, and of all panels together."""

from __future__ import annotations

from collections.abc import Iterable

from spm.compendium.claims.claim import CONTRIBUTION, PART_1, PART_2, PART_3
from spm.compendium.claims.correlated import DELTAS
from spm.compendium.claims.learned import (
    ALLOCATION,
    ASP_CURVE,
    BEST_PSP,
    ITEMS,
    PRICES_CURVE,
    PSP_CURVE,
    RSD_LINE,
    Comparison,
    beats,
    compared,
    curve_claim,
    faster,
    faster_there,
    optimal,
)
from spm.compendium.record import grid
from spm.compendium.report.evidence import ADAPTIVE
from spm.compendium.report.tables import title

Comparisons = Iterable[Comparison]
CORRELATED_PANELS = grid.panels("figure-2")
NEAR_TOLERANCE = 0.05
"""What is within this share of the optimum counts as nearly optimal."""

COMPUTED_LINES = (
    ("static", "the best static mechanism", "best static", BEST_PSP),
    ("rsd", "random serial dictatorship", "RSD", RSD_LINE),
)
PRICES_BEAT_LINES = tuple(
    curve_claim(
        f"prices-beat-{short}-{delta}",
        PART_1,
        f"Figure 2, δ = {delta}",
        f"At δ = {delta} the policy on the price-allocation matrix beats {line}.",
        f"price-allocation > {relation}",
        beats(f"delta-{delta}", PRICES_CURVE, benchmark),
    )
    for short, line, relation, benchmark in COMPUTED_LINES
    for delta in DELTAS
)

LESS_INFORMED = ((ALLOCATION, "the allocation matrix"), (ITEMS, "agents and items left"))
OTHERS_BEAT_STATIC = tuple(
    curve_claim(
        f"{statistic}-beats-static",
        PART_1,
        "Figure 2",
        f"A policy on {words} beats a static mechanism, at every δ.",
        "adaptive > best static",
        *(beats(panel, statistic, BEST_PSP) for panel in CORRELATED_PANELS),
    )
    for statistic, words in LESS_INFORMED
)
OTHERS_ARE_SLOWER = tuple(
    curve_claim(
        f"{statistic}-learns-slowly",
        PART_1,
        "Figure 2",
        f"A policy on {words} learns more slowly than one with the price history, at every δ.",
        "curve of price-allocation above",
        *(faster(panel, PRICES_CURVE, statistic) for panel in CORRELATED_PANELS),
    )
    for statistic, words in LESS_INFORMED
)
LARGER_DELTA = tuple(
    curve_claim(
        f"{statistic}-larger-delta",
        PART_1,
        "Figure 2",
        f"The lead of the price history over {words} grows with δ.",
        "lead at δ = 0.5 > lead at δ = 0",
        faster_there("delta-0.5", "delta-0", PRICES_CURVE, statistic),
    )
    for statistic, words in LESS_INFORMED
)
LEARNED_OPTIMA = tuple(
    curve_claim(
        f"{panel}-learned",
        PART_2,
        f"Figure 3, {title(panel)}",
        f"The optimal SPM of {title(panel)} is learned.",
        "learned = optimum",
        optimal(panel, (ASP_CURVE, PSP_CURVE, *ADAPTIVE)),
    )
    for panel in grid.panels("figure-3")
)


@compared("near-optimal", CONTRIBUTION, "Abstract")
def near_optimal() -> Comparisons:
    """The approach learns optimal or near-optimal mechanisms in several settings.

    near the optimum
    """
    return [optimal(panel, ADAPTIVE, "lower", NEAR_TOLERANCE) for panel in grid.panels("all")]


@compared("colors-static", PART_2, "Figure 3 (a)")
def colors_static() -> Comparisons:
    """In Colors a learned anonymous static price is already optimal.

    anonymous static = optimum
    """
    return [optimal("colors", (ASP_CURVE,))]


@compared("two-worlds-personalised", PART_2, "Figure 3 (b)")
def two_worlds_personalised() -> Comparisons:
    """In Two worlds learned personalised static prices are optimal.

    personalised static = optimum
    """
    return [optimal("two-worlds", (PSP_CURVE,))]


@compared("two-worlds-anonymous", PART_2, "Figure 3 (b)")
def two_worlds_anonymous() -> Comparisons:
    """In Two worlds learned anonymous static prices are not optimal; personalised ones beat them.

    anonymous < personalised
    """
    return [beats("two-worlds", PSP_CURVE, ASP_CURVE)]


@compared("inventory-adaptive", PART_2, "Figure 3 (c)")
def inventory_adaptive() -> Comparisons:
    """In Inventory learned adaptive prices beat personalised static ones, learned and best.

    adaptive > personalised static
    """
    return [beats("inventory", ITEMS, static) for static in (PSP_CURVE, BEST_PSP)]


@compared("inventory-personalised", PART_2, "Figure 3 (c)")
def inventory_personalised() -> Comparisons:
    """In Inventory learned personalised static prices beat anonymous ones.

    personalised > anonymous
    """
    return [beats("inventory", PSP_CURVE, ASP_CURVE)]


@compared("kitchen-sink-adaptive", PART_2, "Figure 3 (d)")
def kitchen_sink_adaptive() -> Comparisons:
    """In Kitchen sink every learned adaptive policy beats static prices, learned and best.

    adaptive > static
    """
    return [beats("kitchen-sink", one, static) for one in ADAPTIVE for static in (PSP_CURVE, BEST_PSP)]


@compared("id-allocation", PART_2, "Figure 3 (e)")
def id_allocation() -> Comparisons:
    """In ID policies on the allocation beat the one on agents and items left.

    allocation, price-allocation > agents and items left
    """
    return [beats("id", one, ITEMS) for one in (ALLOCATION, PRICES_CURVE)]


@compared("additive-adaptive", PART_3, "Figure 4 (a)")
def additive_adaptive() -> Comparisons:
    """With values additive across types a learned SPM beats the best static mechanism.

    price-allocation > best static
    """
    return [beats("additive", PRICES_CURVE, BEST_PSP)]


@compared("additive-prices", PART_3, "Figure 4 (a)")
def additive_prices() -> Comparisons:
    """There price information speeds up learning even more than with unit demand at δ = 0.5.

    lead of price-allocation larger than with unit demand
    """
    return [faster_there("additive", "delta-0.5", PRICES_CURVE, ALLOCATION)]


@compared("revenue-adaptive", PART_3, "Figure 4 (b)")
def revenue_adaptive() -> Comparisons:
    """The method works for revenue: a learned SPM beats RSD and the best static prices.

    price-allocation > best static > RSD
    """
    return [beats("revenue", PRICES_CURVE, BEST_PSP), beats("revenue", BEST_PSP, RSD_LINE)]


@compared("max-min-allocation", PART_3, "Figure 4 (c)")
def max_min_allocation() -> Comparisons:
    """For max-min fairness the allocation has a large effect on learning, larger than for welfare at δ = 0.5.

    lead of allocation larger than for welfare
    """
    return [faster("max-min", ALLOCATION, ITEMS), faster_there("max-min", "delta-0.5", ALLOCATION, ITEMS)]


@compared("max-min-items-left", PART_3, "Figure 4 (c)")
def max_min_items_left() -> Comparisons:
    """There a policy on agents and items left ends below one on the allocation.

    allocation > agents and items left
    """
    return [beats("max-min", ALLOCATION, ITEMS)]


@compared("max-min-adaptive", PART_3, "Figure 4 (c)")
def max_min_adaptive() -> Comparisons:
    """The method works for max-min fairness: a learned SPM beats RSD and the best static mechanism found.

    allocation > best static, RSD
    """
    return [beats("max-min", ALLOCATION, line) for line in (BEST_PSP, RSD_LINE)]
