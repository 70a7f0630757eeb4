"""What the optimal SPM looks like in the panels of Figures 3 and 4(c), and the mechanisms described for them."""

from __future__ import annotations

from spm.bounds import OrangeFirst, best_premiums, max_min_optimum
from spm.compendium.claims.claim import FULL_VERSION, PART_2, PART_3, Finding, computed, judge
from spm.compendium.claims.remembering import best_on
from spm.compendium.claims.solved import (
    ASP,
    ASP_STATIC_ORDER,
    PSP,
    PSP_STATIC_ORDER,
    RSD,
    SD,
    SD_STATIC_ORDER,
    STATIC_ORDER,
    described,
    needs,
    shown,
    value,
)
from spm.compendium.report.compare import of_mean
from spm.compendium.theory.described import PAPER_MECHANISMS
from spm.compendium.theory.fairness import OrangeBlueRed, static_plans
from spm.exact import History, evaluate
from spm.mechanisms import play
from spm.settings import Values, construction, get_setting, vector

GUARANTEE, STATIC_GUARANTEE = 0.4, 0.25
SAMPLED, FEW = 20_000, 64
FAIR = "Max-min fairness"


@computed("colors-form", PART_2, "Colors")
def colors_form() -> Finding:
    """The optimal SPM is an anonymous static price mechanism.

    anonymous static = optimum

    Exact solver: one static price, zero prices, random order.
    """
    best, anonymous, zero = value("colors"), value("colors", ASP_STATIC_ORDER), value("colors", SD_STATIC_ORDER)
    ours = f"optimum {shown(best)}, anonymous static {shown(anonymous)}, zero prices {shown(zero)}"
    correction = (
        f"It needs no prices: serial dictatorship with the blue agents first earns {shown(zero)} too. What is "
        f"needed is the order (a random one earns {float(value('colors', RSD)):.2f})."
    )
    refutation = f"Anonymous static prices earn at most {shown(anonymous)}."
    return judge(anonymous == best, correction if zero == best else "", refutation, ours)


@computed("two-worlds-form", PART_2, "Two worlds")
def two_worlds_form() -> Finding:
    """The optimal SPM is static but needs personalised prices.

    anonymous < personalised static = optimum

    Exact solver.
    """
    return needs("two-worlds", (ASP_STATIC_ORDER, ASP), PSP_STATIC_ORDER)


@computed("inventory-form", PART_2, "Inventory")
def inventory_form() -> Finding:
    """Adaptive prices beat the best personalised static ones, which beat the best anonymous ones.

    adaptive > personalised > anonymous

    Exact solver, static order.
    """
    kinds = (STATIC_ORDER, PSP_STATIC_ORDER, ASP_STATIC_ORDER)
    adaptive, personalised, anonymous = (value("inventory", kind) for kind in kinds)
    ours = f"adaptive {shown(adaptive)}, personalised {shown(personalised)}, anonymous {shown(anonymous)}"
    holds = value("inventory") == adaptive > personalised > anonymous
    return judge(holds, "", "The three kinds of prices are not ranked so.", ours)


@computed("kitchen-sink-form", PART_2, "Kitchen sink")
def kitchen_sink_form() -> Finding:
    """The optimal SPM needs both adaptive order and adaptive prices.

    either alone < both

    Exact solver.
    """
    return needs("kitchen-sink", (STATIC_ORDER, PSP))


@computed("id-form", PART_2, "ID")
def id_form() -> Finding:
    """Agents and items left are not sufficient for the optimal policy.

    agents and items left < optimum

    The best policy on agents and items left is found exactly, with and without a rule on the order.
    """
    free, ruled = best_on("ID"), best_on("ID", "agents 1 to 3 first")
    ours = f"loss {shown(free['loss'])}; {shown(ruled['loss'])} if agents 1 to 3 must come first"
    refutation = (
        f"As stated, a policy on agents and items left reaches the optimum {shown(free['optimum'])}: it records "
        "who bought in the order of visits, so that the set of agents left tells. Only if agents 1 to 3 must come "
        f"first does it lose {shown(ruled['loss'])}."
    )
    return judge(free["loss"] > 0, "", refutation, ours)


@computed("two-worlds-mechanism", FULL_VERSION, "Two worlds")
def two_worlds_mechanism() -> Finding:
    """Price 0.9 for five agents, then 0.2 for five, is an optimal static mechanism.

    described = optimum

    The mechanism is evaluated exactly.
    """
    earned, best = PAPER_MECHANISMS["two-worlds"].value(), value("two-worlds")
    last_free = evaluate(construction("two-worlds"), _last_free, len)
    share = float(earned / best)
    correction = (
        f"It earns {shown(earned)}, {100 * share:.2f} % of the optimum {shown(best)}. Asking nothing of the last "
        f"agent already raises it to {shown(last_free)}."
    )
    ours = f"described {shown(earned)}, optimum {shown(best)}, difference {shown(best - earned)}"
    refutation = f"The mechanism earns {shown(earned)}, the optimum is {shown(best)}."
    return judge(share > 0.99, correction if earned < best else "", refutation, ours)


def _last_free(history: History) -> tuple[int, Values]:
    """0.9 for five agents, 0.2 for four, nothing for the last."""
    visit = len(history)
    return visit, vector("0.9" if visit < 5 else "0.2" if visit < 9 else 0)


@computed("inventory-mechanism", FULL_VERSION, "Inventory")
def inventory_mechanism() -> Finding:
    """A price in (1/2, 1) until as many items as agents are left, then one below 1/2, is optimal.

    described = optimum

    The mechanism is evaluated exactly.
    """
    return described("inventory", SD)


@computed("kitchen-sink-mechanism", FULL_VERSION, "Kitchen sink")
def kitchen_sink_mechanism() -> Finding:
    """Agent 1 at price 0 tells the world, and with it whom to visit next and at what price.

    described = optimum

    The mechanism is evaluated exactly.
    """
    return described("kitchen-sink", ASP)


@computed("id-mechanism", FULL_VERSION, "ID")
def id_mechanism() -> Finding:
    """Agents 1 to 3 at a price in (0, 60), then agent 3 + k if only k bought, then the others, is optimal.

    described = optimum

    The mechanism is evaluated exactly and compared with zero prices in adaptive order.
    """
    return described("id", SD)


@computed("max-min-order", PART_3, FAIR)
def order_required() -> Finding:
    """The optimal reward requires an adaptive order.

    static order < optimum

    The optimal mechanism and one with static order and adaptive prices are played on the same profiles.
    """
    setting, premiums = get_setting("max-min"), best_premiums()
    adaptive, fixed = (
        play(one, setting, SAMPLED, seed=1) for one in (OrangeFirst(premiums), OrangeBlueRed(premiums))
    )
    missing = of_mean(adaptive.objective - fixed.objective)
    ours = f"static order with adaptive prices loses {missing.mean:.5f}"
    refutation = (
        "An adaptive order is one way. A static order (orange, blue, red) with adaptive prices earns "
        f"{fixed.mean:.5f}, {missing.mean:.5f} less than the optimal mechanism on the same profiles: if orange "
        "takes white, a high price of black makes the blue agents take white before the red ones come. What is "
        "required is that either order or prices adapt."
    )
    return judge(missing.low > 0, "", refutation, ours, missing.bounds)


@computed("max-min-guarantee", FULL_VERSION, FAIR)
def guarantee() -> Finding:
    """Orange first at price 0, then the side with one good choice, guarantees everybody 0.4.

    minimum at least 0.4

    The mechanism is played on many profiles.
    """
    lowest = float(play(OrangeFirst(), get_setting("max-min"), SAMPLED, seed=1).objective.min())
    ours = f"lowest of {SAMPLED:,} profiles {lowest:.4f}"
    holds = lowest >= GUARANTEE - 1e-9
    return judge(holds, "", f"A profile gives {lowest:.4f} only.", ours, "all profiles played")


@computed("max-min-mechanism", FULL_VERSION, FAIR)
def described_optimum() -> Finding:
    """That mechanism is optimal.

    described = optimum

    It is played on the same profiles as the optimal mechanism, which solves a stopping problem.
    """
    setting = get_setting("max-min")
    plain, best = (play(one, setting, SAMPLED, seed=1) for one in (OrangeFirst(), OrangeFirst(best_premiums())))
    gain, earned = of_mean(best.objective - plain.objective), of_mean(plain.objective)
    correction = (
        f"On average it earns {earned.mean:.5f} and the optimum is {max_min_optimum():.5f}: where a black item "
        f"can be spared, a premium for it finds the agent who gains most. That adds {gain.mean:.5f} {gain.bounds}."
    )
    ours = f"described {earned.mean:.5f}, optimum {max_min_optimum():.5f}"
    refutation = f"It earns {earned.mean:.5f}, the optimum is {max_min_optimum():.5f}."
    bounds = f"[{earned.low:.5f}, {earned.high:.5f}]"
    return judge(
        earned.mean > 0.99 * max_min_optimum(), correction if gain.low > 0 else "", refutation, ours, bounds
    )


@computed("max-min-static", FULL_VERSION, FAIR)
def static_guarantee() -> Finding:
    """No static mechanism guarantees more than 0.25.

    static guarantee at most 0.25

    All color orders with orange first and a grid of premiums per color are searched. A minimum over few profiles
    bounds a guarantee from above.
    """
    setting = get_setting("max-min")
    found = max(float(play(plan, setting, FEW, seed=2).objective.min()) for plan in static_plans(setting.n_agents))
    ours = f"highest guarantee found at most {found:.4f}"
    refutation = f"A static mechanism has its lowest value at {found:.4f} on {FEW} profiles."
    return judge(found <= STATIC_GUARANTEE, "", refutation, ours, f"minimum over {FEW} profiles, so from above")
