"""The learning protocol: seeds, the policy's outputs, the implementation."""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec

from spm import experiments, settings
from spm.claims.claim import NOT_CONFIRMED, NOT_TESTABLE, PROTOCOL, Claim, Finding, judge
from spm.claims.evidence import ADAPTIVE, STATIC, Evidence
from spm.environment import action_space

SEEDS, KEPT = 6, 3
IMPLEMENTATION, RELEASE = "stable_baselines", "2.10"


def seeds(evidence: Evidence) -> Finding:
    """Count the seeds behind each curve and how much keeping the best ones raises it."""
    curves = [(panel, name) for panel in experiments.panels("all") for name in (*STATIC, *ADAPTIVE)]
    counts = sorted({len(evidence.all_seeds(*curve)) for curve in curves})
    kept = sorted({len(evidence.seeds(*curve)) for curve in curves})
    ours = f"profile {evidence.of.name}: {_range(counts)} seeds a curve, {_range(kept)} kept"
    if counts != [SEEDS] or kept != [KEPT]:
        reason = f"Profile {evidence.of.name!r} is not the paper's: {SEEDS} seeds, of which {KEPT} are kept."
        return Finding(NOT_TESTABLE, ours, explanation=reason)
    shifts = {curve: _shift(evidence, *curve) for curve in curves}
    panel, name = max(shifts, key=lambda curve: shifts[curve])
    ours += (
        f"; keeping raises a mean by up to {100 * shifts[panel, name]:.2f} % ({settings.get(panel).title}, {name})"
    )
    return judge(True, "", "", ours)


def _shift(evidence: Evidence, panel: str, name: str) -> float:
    """How much higher the kept seeds' mean is than all seeds', as a share of what can be gained over RSD."""
    kept, every = evidence.seeds(panel, name), evidence.all_seeds(panel, name)
    return float(kept["estimate"].mean() - every["estimate"].mean()) / evidence.gain(panel)


def _range(counts: list[int]) -> str:
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def outputs(_: Evidence) -> Finding:
    """Count the outputs of the policies of all panels."""
    panels = [settings.get(panel) for panel in experiments.panels("all")]
    sizes = [(action_space(s).shape[0], s.n_agents + sum(s.supply), s.n_agents + s.n_types) for s in panels]
    fewer = sum(own < items for own, items, _ in sizes)
    correction = (
        f"In {fewer} of {len(sizes)} panels items come in identical copies, and one price a type is enough: of "
        "copies at different prices a buyer takes the cheapest. So our policies have n outputs for agents and one "
        "for each type."
        if fewer
        else ""
    )
    ours = f"outputs {sizes[0][0]} in {panels[0].title}, where n + m = {sizes[0][1]}"
    return judge(all(own == types for own, _, types in sizes), correction, "Outputs are not n + types.", ours)


def implementation(_: Evidence) -> Finding:
    """Look for the paper's own implementation of PPO."""
    used = f"Stable-Baselines3 {version('stable-baselines3')}"
    if find_spec(IMPLEMENTATION) is None:
        reason = (
            f"Stable Baselines {RELEASE} is not installed; the runs use PPO of {used} with settings of our own."
        )
        return Finding(NOT_TESTABLE, used, explanation=reason)
    return Finding(
        NOT_CONFIRMED, used, explanation=f"{IMPLEMENTATION} is installed, but the runs here use {used}."
    )


CLAIMS = (
    Claim(
        "seeds",
        PROTOCOL,
        "RL algorithm",
        "Each curve is run with 6 seeds, and the 3 with the highest average performance are drawn.",
        "6 seeds, 3 kept",
        "The records are counted, and the kept seeds' mean is compared with all seeds'.",
        seeds,
    ),
    Claim(
        "outputs",
        PROTOCOL,
        "RL algorithm",
        "The policy has n + m outputs: a weight for each agent and a price for each item.",
        "n + m outputs",
        "The environments' action spaces are measured.",
        outputs,
    ),
    Claim(
        "implementation",
        PROTOCOL,
        "Footnote 4",
        "The results are those of PPO as implemented in OpenAI Stable Baselines 2.10.",
        "Stable Baselines v2.10.0",
        "The implementation is looked for among the installed packages.",
        implementation,
    ),
)
