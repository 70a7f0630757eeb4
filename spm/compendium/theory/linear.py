"""Proposition 7: no policy that is linear in the allocation matrix and the agents left is optimal.

In :func:`spm.settings.constructions.prop_7` every optimal SPM reaches four histories with Carl and Dan left,
where Carl has to go first if and only if both or neither of Alice and Bob hold an item. :func:`check_linear` goes
through the score systems of *all* optimal SPMs (:mod:`spm.compendium.theory.scores`) and finds each infeasible,
whatever the prices: the four inequalities, with what Alice and Bob hold,

    C >= D at (1, 2),   C >= D at (-, -),   C < D at (1, -),   C < D at (-, 2)

add up to 0 > 0, since x at (1, 2) plus x at (-, -) is x at (1, -) plus x at (-, 2). This takes the *same* items
held jointly and alone: if other items were held alone, their own weights would tell. Ties do not help: equality
throughout leaves the choice to a fixed order, which says the same at all four. With one interaction among
the features a policy is found, prices linear as well, that attains the optimum when it is played.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import pandas as pd

from spm.compendium.theory.economies import UNVISITED, Economy, economy
from spm.compendium.theory.histories import HistorySolver, agents_left, is_over, outcome_value, visit
from spm.compendium.theory.offers import NOTHING
from spm.compendium.theory.scores import (
    Certificate,
    Features,
    ScoreWeights,
    certificate,
    linear_features,
    score_systems,
    solution,
    with_interaction,
)
from spm.settings import Setting, chance, finite_setting, model, surely


def other_items_alone() -> Setting:
    """Return Proposition 7's setting with the same four outcomes, but other items held alone than jointly.

    Alone, Alice or Bob gets item 1; jointly they hold 1 and 2 either way; and both may want item 1.
    """
    nothing, one, two = surely([0, 0, 0]), surely([10, 0, 0]), surely([0, 10, 0])
    gamble, safe = chance("1/10", [0, 0, 10], [0, 0, 0]), surely([0, 0, 5])
    even = [(one, two), (two, one), (nothing, nothing)]
    odd = [(one, one), (one, nothing), (nothing, one)]
    worlds = [("1/6", [*pair, gamble, safe]) for pair in even]
    worlds += [("1/6", [*pair, safe, gamble]) for pair in odd]
    values = model({"Alice": 1, "Bob": 1, "Carl": 1, "Dan": 1}, worlds)
    items = {"item 1": 1, "item 2": 1, "item 3": 1}
    return finite_setting("other-items", "Proposition 7 with other items held alone", items, values)


def play_linear(market: Economy, weights: ScoreWeights, features: Features, order: Sequence[int]) -> Fraction:
    """Return the exact value of the policy with these score weights, before normalisation.

    Its prices are linear too: each type costs one tick for every agent left.
    """
    n_types, total, layer = len(market.supply), 0, [market.start]
    while layer:
        state = layer.pop()
        if is_over(market, state):
            total += outcome_value(market, state)
            continue
        # Scores of the agents left, one product of weights and features each; ties go by the order.
        x, left = features(state.bought, n_types), agents_left(state)
        scores = {i: sum(w * a for w, a in zip(weights[i], x, strict=True)) for i in left}
        agent = min(left, key=lambda i: (-scores[i], order.index(i)))
        layer.extend(visit(market, state, agent, (len(left),) * n_types).after.values())
    return market.exact(total)


@dataclass(frozen=True)
class LinearCheck:
    """What linear scores can do in a setting.

    Attributes:
        optimum: value of an optimal SPM, before normalisation.
        systems: number of score systems of optimal SPMs.
        infeasible: how many have a verified certificate of infeasibility.
        certificates: the certificates, one per system that has one.
        solved: how many have a verified solution.
        value: best exact value of a policy that solves a system, before normalisation, if any does.
    """

    optimum: Fraction
    systems: int
    infeasible: int
    certificates: tuple[Certificate, ...]
    solved: int
    value: Fraction | None


def check_linear(setting: Setting, features: Features = linear_features, order: Sequence[int] = ()) -> LinearCheck:
    """Decide for every optimal SPM of ``setting`` whether scores linear in ``features`` can implement it.

    Args:
        setting: a finite setting with unit demand.
        features: what scores are linear in.
        order: who wins ties, first to last; by default the lowest index.

    Raises:
        ValueError: see :func:`spm.compendium.theory.economies.economy`.

    >>> from spm.settings import prop_7
    >>> check = check_linear(prop_7())
    >>> check.infeasible == check.systems, check.solved
    (True, 0)
    """
    market = economy(setting)
    solver, ties = HistorySolver(market), tuple(order) or tuple(range(setting.n_agents))
    systems = sorted(score_systems(solver, market.start), key=sorted)
    proofs = [certificate(system, features, setting.n_types, ties) for system in systems]
    solutions = [solution(system, features, setting.n_types, ties) for system in systems]
    played = [play_linear(market, weights, features, ties) for weights in solutions if weights]
    return LinearCheck(
        market.exact(solver.value(market.start)),
        len(systems),
        sum(proof is not None for proof in proofs),
        tuple(proof for proof in proofs if proof),
        len(played),
        max(played, default=None),
    )


def linear_table(setting: Setting) -> pd.DataFrame:
    """Return how many score systems linear scores solve, without and with one interaction of the features.

    >>> from spm.settings import prop_7
    >>> (linear_table(prop_7())["solved"] > 0).tolist()
    [False, True]
    """
    checks = [check_linear(setting, features) for features in (linear_features, with_interaction)]
    rows = [(check.systems, check.infeasible, check.solved) for check in checks]
    names = ["score systems", "proved infeasible", "solved"]
    return pd.DataFrame(rows, columns=names, index=["linear", "linear + one interaction"])


def certificate_table(setting: Setting, proof: Certificate) -> pd.DataFrame:
    """Return a certificate in words: each inequality and its multiplier; their weighted sum reads 0 > 0.

    >>> from spm.settings import prop_7
    >>> proof = check_linear(prop_7()).certificates[0]
    >>> sorted(certificate_table(prop_7(), proof)["inequality"])
    ['Carl ≥ Dan', 'Carl ≥ Dan', 'Dan > Carl', 'Dan > Carl']
    """
    rows = [
        {
            "history": ", ".join(_holding(setting, i, choice) for i, choice in enumerate(row.bought)),
            "inequality": f"{setting.agents[row.agent]} {'>' if row.strict else '≥'} {setting.agents[row.rival]}",
            "multiplier": multiplier,
        }
        for row, multiplier in proof.items()
    ]
    return pd.DataFrame(rows)


def _holding(setting: Setting, agent: int, choice: int) -> str:
    what = {UNVISITED: "not visited", NOTHING: "nothing"}.get(choice) or setting.types[choice]
    return f"{setting.agents[agent]}: {what}"
