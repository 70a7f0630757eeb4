"""What SPMs are: incentives, special cases, and the classes behind the baselines."""

from __future__ import annotations

import numpy as np

from spm import settings, taxonomy
from spm.claims.adaptivity import SOLVED
from spm.claims.claim import CHARACTERISATION, PRELIMINARIES, PROTOCOL, Claim, Find, Finding, judge, shown
from spm.claims.evidence import Evidence
from spm.claims.solved import ASP, ASP_STATIC_ORDER, PSP, PSP_STATIC_ORDER, RSD, SD, SPM, Cell, value
from spm.demand import valuations
from spm.market import Market

INCENTIVE_PANELS = ("delta-0.5", "kitchen-sink", "id", "additive", "max-min")
MARKETS = 512
ROUNDING = 1e-9
CHAIN: tuple[Cell, ...] = (RSD, SD, ASP, PSP, SPM)
INSIDE = (("SPM", "PSP"), ("PSP", "ASP"), ("ASP", "SD"), ("SD", "RSD"), ("SO", "RSD"), ("SPM", "SO"))


def strategyproof(_: Evidence) -> Finding:
    """Visit agents in random order at random prices; compare what each took with every bundle she could take."""
    gains = np.concatenate([_regrets(panel) for panel in INCENTIVE_PANELS])
    ours = f"largest gain from another bundle {gains.max():.1e} over {gains.size:,} visits"
    refutation = f"In {(gains > ROUNDING).sum()} visits another bundle would have been better."
    return judge(bool(gains.max() <= ROUNDING), "", refutation, ours)


def _regrets(panel: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """What each visited agent could have gained by taking another bundle of what was left."""
    setting = settings.get(panel)
    rng = np.random.default_rng(7)
    market = Market(setting, valuations(setting.demand, setting.sample(rng, MARKETS)))
    found = []
    while not market.over.all():
        live, left = np.flatnonzero(~market.over), market.items_left.copy()
        agents = np.where(market.agents_left, rng.random(market.agents_left.shape), -1.0).argmax(axis=1)
        prices = rng.random((MARKETS, setting.n_types))
        market.visit(agents, prices)
        worth = market.valuations[live, agents[live]] - prices[live] @ market.bundles.T
        worth[(market.bundles > left[live, None]).any(axis=2)] = -np.inf
        got = market.received[live, agents[live]] - market.payments[live, agents[live]]
        found.append(worth.max(axis=1) - got)
    return np.concatenate(found)


def special_cases(_: Evidence) -> Finding:
    """Compare the classes by their cells, and their exact optima in every construction."""
    contains = taxonomy.containments()
    missing = [f"{outer} does not contain {inner}" for outer, inner in INSIDE if not contains.loc[outer, inner]]
    values = [[value(name, cell) for cell in CHAIN] for name in SOLVED if name != "colors"]
    falling = sum(row != sorted(row) for row in values)
    ours = f"{len(INSIDE) - len(missing)} of {len(INSIDE)} inclusions; optima rise in all but {falling} settings"
    return judge(not missing and not falling, "", "; ".join(missing) or "Optima fall along the chain.", ours)


def baseline_class(adaptive: Cell, static: Cell, title: str) -> Find:
    """Return the check that the class with a static order is as good as the class of the definition."""

    def find(_: Evidence) -> Finding:
        wide, narrow = value("prop-3", adaptive), value("prop-3", static)
        correction = (
            f"A policy that sees so little visits agents in a static order, so it covers only part of {title}: in "
            f"Proposition 3's setting it earns at most {shown(narrow)}, {title} with an adaptive order "
            f"{shown(wide)}."
        )
        ours = f"static order {shown(narrow)}, adaptive order {shown(wide)}"
        return judge(narrow <= wide, correction if narrow < wide else "", "The classes are not nested.", ours)

    return find


CLAIMS = (
    Claim(
        "dominant-strategy",
        PRELIMINARIES,
        "Learning framework",
        "SPMs have a dominant-strategy equilibrium: an agent takes her best bundle at the posted prices.",
        "no gain from any other bundle",
        "Random prices and orders are played in five panels, and each purchase is compared with every bundle "
        "left; "
        "her menu is fixed before she acts and she is never visited again.",
        strategyproof,
    ),
    Claim(
        "special-cases",
        CHARACTERISATION,
        "Figure 1, Definitions 1 to 3",
        "RSD is a serial dictatorship with static order; SD is part of ASP, ASP of PSP, PSP of SPM.",
        "RSD in SD in ASP in PSP in SPM; RSD in SO",
        "Inclusions of the definitions' cells, and exact optima that never fall along the chain.",
        special_cases,
    ),
    Claim(
        "baseline-asp",
        PROTOCOL,
        "Baselines, 2",
        "Hiding all history restricts policies to anonymous static price mechanisms.",
        "policies without history = ASP",
        "Exact optima of anonymous static prices with static and with adaptive order.",
        baseline_class(ASP, ASP_STATIC_ORDER, "Definition 1's ASP"),
    ),
    Claim(
        "baseline-psp",
        PROTOCOL,
        "Baselines, 3",
        "Showing the agents left alone restricts policies to the family of personalised static price mechanisms.",
        "policies on agents left = PSP",
        "Exact optima of personalised static prices with static and with adaptive order.",
        baseline_class(PSP, PSP_STATIC_ORDER, "Definition 2's PSP"),
    ),
)
