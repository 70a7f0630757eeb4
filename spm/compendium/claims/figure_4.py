"""What the paper says of the learning curves of Figure 4."""

from __future__ import annotations

from spm.compendium.claims.claim import PART_3, Claim
from spm.compendium.claims.learned import (
    ALLOCATION,
    BEST_PSP,
    ITEMS,
    LEADS,
    MEANS,
    PRICES_CURVE,
    RSD_LINE,
    STATIC_GAIN,
    beats,
    faster,
    faster_there,
    learned,
)

FIGURE_4_CLAIMS = (
    Claim(
        "additive-adaptive",
        PART_3,
        "Figure 4 (a)",
        "With values additive across types a learned SPM beats the best static mechanism.",
        "price-allocation > best static",
        STATIC_GAIN,
        learned(beats("additive", PRICES_CURVE, BEST_PSP)),
    ),
    Claim(
        "additive-prices",
        PART_3,
        "Figure 4 (a)",
        "There price information speeds up learning still more than with unit demand at δ = 0.5.",
        "lead of price-allocation larger than with unit demand",
        LEADS,
        learned(faster_there("additive", "delta-0.5", PRICES_CURVE, ALLOCATION)),
    ),
    Claim(
        "revenue-adaptive",
        PART_3,
        "Figure 4 (b)",
        "The method works for revenue: a learned SPM beats RSD and the best static prices.",
        "price-allocation > best static > RSD",
        STATIC_GAIN,
        learned(beats("revenue", PRICES_CURVE, BEST_PSP), beats("revenue", BEST_PSP, RSD_LINE)),
    ),
    Claim(
        "max-min-allocation",
        PART_3,
        "Figure 4 (c)",
        "For max-min fairness the allocation has a large effect on learning, larger than for welfare at δ = 0.5.",
        "lead of allocation larger than for welfare",
        LEADS,
        learned(faster("max-min", ALLOCATION, ITEMS), faster_there("max-min", "delta-0.5", ALLOCATION, ITEMS)),
    ),
    Claim(
        "max-min-items-left",
        PART_3,
        "Figure 4 (c)",
        "There agents and items left do not get to where the allocation does.",
        "allocation > agents and items left",
        MEANS,
        learned(beats("max-min", ALLOCATION, ITEMS)),
    ),
    Claim(
        "max-min-adaptive",
        PART_3,
        "Figure 4 (c)",
        "The method works for max-min fairness: a learned SPM beats RSD and the best static mechanism found.",
        "allocation > best static, RSD",
        STATIC_GAIN,
        learned(*(beats("max-min", ALLOCATION, other) for other in (BEST_PSP, RSD_LINE))),
    ),
)
