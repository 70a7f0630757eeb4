"""Linear scores as linear systems: which optimal SPMs they can implement, with exact certificates.

A linear policy scores agent i by w_i . x, where x is the flattened 0/1 allocation matrix, the 0/1 vector of
agents left, and a constant (items left are a linear function of these); it visits the agent left with
the highest score, the first in a fixed order among equals. It implements an SPM only if at every history that
the SPM can reach, with agent i visited next,

    (w_i - w_j) . x >= 0 for every other agent j left,   and > 0 if j comes before i in that order.

The weights of an optimal SPM therefore solve one of finitely many homogeneous linear systems, one for each
choice among optimal visits (:func:`score_systems`; the prices matter only through the histories they
lead to). By Motzkin's transposition theorem a system has no solution if and only if there are multipliers

    lambda >= 0,   sum of lambda_r row_r = 0,   lambda_r > 0 for some strict row r.

Multipliers and weights are proposed by a linear programme in floating point, rounded to small fractions and
then checked in rational arithmetic, so that no result rests on the programme. An *interaction*, the
product "Alice holds an item" times "Bob holds an item", makes x rich enough: the control.

Source: Proposition 7; :mod:`spm.compendium.theory.linear` draws the conclusion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from spm.compendium.theory.economies import UNVISITED, HistoryState
from spm.compendium.theory.histories import HistorySolver, agents_left
from spm.compendium.theory.offers import Vector

Features = Callable[[Vector, int], Vector]
System = frozenset[tuple[Vector, int]]
ScoreWeights = tuple[tuple[Fraction, ...], ...]
Matrix = NDArray[np.int64]
LARGEST_DENOMINATOR = 1000
"""Certificates and weights are looked for among fractions with at most this denominator."""


def linear_features(bought: Vector, n_types: int) -> Vector:
    """Return allocation matrix, agents left and a constant, ``(n T + n + 1,)``.

    >>> linear_features((1, UNVISITED), 2)
    (0, 1, 0, 0, 0, 1, 1)
    """
    holds = [int(choice == t) for choice in bought for t in range(n_types)]
    return (*holds, *(int(choice == UNVISITED) for choice in bought), 1)


def with_interaction(bought: Vector, n_types: int) -> Vector:
    """Return :func:`linear_features` and whether the first two agents both hold an item.

    >>> with_interaction((1, 0), 2)[-1], with_interaction((1, -1), 2)[-1]
    (1, 0)
    """
    return (*linear_features(bought, n_types), int(min(bought[:2]) >= 0))


def score_systems(solver: HistorySolver, state: HistoryState) -> frozenset[System]:
    """Return who must be visited where, for every optimal SPM from ``state``.

    Each system lists ``(bought, agent)``: at the history in which agents bought ``bought``, ``agent`` has to
    score highest. Visits without a rival are left out, as are systems that contain another one.

    >>> from spm.settings import prop_1
    >>> from spm.compendium.theory.economies import economy
    >>> market = economy(prop_1())
    >>> sorted(agent for system in score_systems(HistorySolver(market), market.start) for _, agent in system)
    [0, 1]
    """
    systems: set[System] = set()
    for move in solver.optimal_moves(state):
        # One optimal continuation for each answer to this visit; together they need what all of them need.
        here = frozenset({(state.bought, move.agent)} if len(agents_left(state)) > 1 else set())
        branches = [score_systems(solver, after) for after in move.after.values()]
        systems |= {here.union(*choice) for choice in product(*branches)}
    return frozenset(system for system in systems if not any(other < system for other in systems)) or frozenset(
        {frozenset()}
    )


@dataclass(frozen=True)
class Row:
    """One inequality: at ``bought``, ``agent`` scores at least as much as ``rival``, or more if ``strict``."""

    bought: Vector
    agent: int
    rival: int
    strict: bool


Certificate = dict[Row, Fraction]


def rows_of(system: System, order: Sequence[int]) -> list[Row]:
    """Write out a system; agents earlier in ``order`` win ties.

    >>> [(row.rival, row.strict) for row in rows_of(frozenset({((UNVISITED,) * 3, 1)}), (0, 1, 2))]
    [(0, True), (2, False)]
    """
    return [
        Row(bought, agent, rival, order.index(rival) < order.index(agent))
        for bought, agent in sorted(system)
        for rival, choice in enumerate(bought)
        if choice == UNVISITED and rival != agent
    ]


def coefficients(row: Row, features: Features, n_types: int) -> NDArray[np.int64]:
    """Return the coefficients of all agents' weights in ``row``, ``(n, width)``."""
    x = features(row.bought, n_types)
    matrix = np.zeros((len(row.bought), len(x)), dtype=np.int64)
    matrix[row.agent], matrix[row.rival] = x, [-value for value in x]
    return matrix


def certificate(system: System, features: Features, n_types: int, order: Sequence[int]) -> Certificate | None:
    """Return multipliers that prove ``system`` infeasible, checked exactly, or None if none are found.

    >>> here = (UNVISITED, UNVISITED)
    >>> contradiction: System = frozenset({(here, 0), (here, 1)})  # each must go before the other
    >>> certificate(contradiction, linear_features, 1, (0, 1)) is not None
    True
    >>> certificate(frozenset({(here, 1)}), linear_features, 1, (0, 1)) is None
    True
    """
    rows = rows_of(system, order)
    matrix, strict = _matrix(rows, features, n_types)
    # Multipliers x >= 0, one per row, with matrix.T x = 0 and strict . x = 1: (n width + 1, rows) conditions.
    conditions = np.vstack([matrix.T, strict])
    target = np.append(np.zeros(matrix.shape[1]), 1)
    found = linprog(np.ones(len(rows)), A_eq=conditions, b_eq=target, method="highs-ds")
    if found.x is None or not proves(multipliers := rationals(found.x), matrix, strict):
        return None
    return {row: value for row, value in zip(rows, multipliers, strict=True) if value}


def proves(multipliers: Sequence[Fraction], matrix: Matrix, strict: NDArray[np.bool_]) -> bool:
    """Say whether ``multipliers`` prove that the rows of ``matrix`` have no solution, in rational arithmetic.

    >>> proves([Fraction(1), Fraction(1)], np.array([[1], [-1]]), np.array([False, True]))
    True
    """
    sums = [sum(x * int(a) for x, a in zip(multipliers, column, strict=True)) for column in matrix.T]
    strictly = sum(x for x, s in zip(multipliers, strict, strict=True) if s)
    return min(multipliers) >= 0 and not any(sums) and strictly > 0


def solution(system: System, features: Features, n_types: int, order: Sequence[int]) -> ScoreWeights | None:
    """Return small weights that solve ``system``, one row per agent, checked exactly, or None."""
    rows = rows_of(system, order)
    matrix, strict = _matrix(rows, features, n_types)
    width = matrix.shape[1]
    # Weights are differences of two nonnegative parts; matrix w >= 1 where strict, else 0: (rows, 2 n width).
    needs = -np.hstack([matrix, -matrix])
    found = linprog(np.ones(2 * width), A_ub=needs, b_ub=-strict.astype(float), method="highs-ds")
    if found.x is None:
        return None
    weights = rationals(found.x[:width] - found.x[width:])
    # The rounded weights are checked against every row without floats.
    scores = [sum(x * int(a) for x, a in zip(weights, row, strict=True)) for row in matrix]
    if any(score < 0 or (score == 0 and s) for score, s in zip(scores, strict, strict=True)):
        return None
    n_agents = len(rows[0].bought)
    step = width // n_agents
    return tuple(tuple(weights[i * step : (i + 1) * step]) for i in range(n_agents))


def _matrix(rows: Sequence[Row], features: Features, n_types: int) -> tuple[Matrix, NDArray[np.bool_]]:
    """Coefficients, ``(rows, n * width)``, and which rows are strict."""
    matrix = np.array([coefficients(row, features, n_types).ravel() for row in rows])
    return matrix, np.array([row.strict for row in rows])


def rationals(numbers: NDArray[np.float64]) -> list[Fraction]:
    """Return the nearest fractions with small denominators.

    >>> rationals(np.array([0.3333333]))
    [Fraction(1, 3)]
    """
    return [Fraction(number).limit_denominator(LARGEST_DENOMINATOR) for number in numbers]
