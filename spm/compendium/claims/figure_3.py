"""What the paper says of the learning curves of Figure 3, and of all panels together."""

from __future__ import annotations

from spm.compendium.claims.claim import CONTRIBUTION, PART_2, Claim
from spm.compendium.claims.learned import (
    ALLOCATION,
    ASP_CURVE,
    BEST_PSP,
    ITEMS,
    MEANS,
    PRICES_CURVE,
    PSP_CURVE,
    SHARE,
    beats,
    learned,
    optimal,
)
from spm.compendium.record import grid
from spm.compendium.report.evidence import ADAPTIVE
from spm.compendium.report.tables import title

NEAR_TOLERANCE = 0.05
"""What is within this share of the optimum counts as nearly optimal."""

NEAR_OPTIMAL = Claim(
    "near-optimal",
    CONTRIBUTION,
    "Abstract",
    "The approach learns optimal or near-optimal mechanisms in several settings.",
    "near the optimum",
    f"Best learned curve's mean as a share of the optimum's lower end in all 12 panels; at least "
    f"{100 * (1 - NEAR_TOLERANCE):g} %.",
    learned(*(optimal(panel, ADAPTIVE, "lower", NEAR_TOLERANCE) for panel in grid.panels("all"))),
)

LEARNED_OPTIMA = tuple(
    Claim(
        f"{panel}-learned",
        PART_2,
        f"Figure 3, {name}",
        f"The optimal SPM of {name} is learned.",
        "learned = optimum",
        SHARE,
        learned(optimal(panel, (ASP_CURVE, PSP_CURVE, *ADAPTIVE))),
    )
    for panel, name in ((panel, title(panel)) for panel in grid.panels("figure-3"))
)
FIGURE_3 = (
    Claim(
        "colors-static",
        PART_2,
        "Figure 3 (a)",
        "In Colors a learned anonymous static price is already optimal.",
        "anonymous static = optimum",
        SHARE,
        learned(optimal("colors", (ASP_CURVE,))),
    ),
    Claim(
        "two-worlds-personalised",
        PART_2,
        "Figure 3 (b)",
        "In Two worlds learned personalised static prices are optimal.",
        "personalised static = optimum",
        SHARE,
        learned(optimal("two-worlds", (PSP_CURVE,))),
    ),
    Claim(
        "two-worlds-anonymous",
        PART_2,
        "Figure 3 (b)",
        "In Two worlds learned anonymous static prices are not; personalised ones beat them.",
        "anonymous < personalised",
        MEANS,
        learned(beats("two-worlds", PSP_CURVE, ASP_CURVE)),
    ),
    Claim(
        "inventory-adaptive",
        PART_2,
        "Figure 3 (c)",
        "In Inventory learned adaptive prices beat personalised static ones, learned and best.",
        "adaptive > personalised static",
        MEANS,
        learned(beats("inventory", ITEMS, PSP_CURVE), beats("inventory", ITEMS, BEST_PSP)),
    ),
    Claim(
        "inventory-personalised",
        PART_2,
        "Figure 3 (c)",
        "In Inventory learned personalised static prices beat anonymous ones.",
        "personalised > anonymous",
        MEANS,
        learned(beats("inventory", PSP_CURVE, ASP_CURVE)),
    ),
    Claim(
        "kitchen-sink-adaptive",
        PART_2,
        "Figure 3 (d)",
        "In Kitchen sink every learned adaptive policy beats static prices, learned and best.",
        "adaptive > static",
        MEANS,
        learned(*(beats("kitchen-sink", one, other) for one in ADAPTIVE for other in (PSP_CURVE, BEST_PSP))),
    ),
    Claim(
        "id-allocation",
        PART_2,
        "Figure 3 (e)",
        "In ID policies on the allocation beat the one on agents and items left.",
        "allocation, price-allocation > agents and items left",
        MEANS,
        learned(*(beats("id", one, ITEMS) for one in (ALLOCATION, PRICES_CURVE))),
    ),
)
FIGURE_3_CLAIMS = (NEAR_OPTIMAL, *LEARNED_OPTIMA, *FIGURE_3)
