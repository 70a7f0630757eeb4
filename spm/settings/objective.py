"""Objectives g(x, tau; v): what a mechanism is to maximise.

An objective maps what each agent received (her value for it) and paid to one number per market. Registering
another one takes one function::

    @objective("nash", combine=np.multiply, empty=1.0)
    def nash(received, payments):
        return received.prod(axis=1)

A setting carries its objective itself; the name is for people, and stands for one objective only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spm.names import lookup
from spm.settings.demand import Array

Score = Callable[[Array, Array], Array]
Combine = Callable[[Array, Array], Array]


@dataclass(frozen=True, repr=False)
class Objective:
    """What is maximised.

    Attributes:
        name: the name it is looked up by.
        score: ``(received (B, n), payments (B, n)) -> (B,)``.
        combine: how one more agent's value enters the objective: ``np.add`` for sums, ``np.minimum`` for the
            worst-off agent. The first best is found by adding agents one at a time.
        empty: the objective of no agents, neutral for ``combine``.
    """

    name: str
    score: Score
    combine: Combine = np.add
    empty: float = 0.0

    def __str__(self) -> str:
        """Return the name."""
        return self.name

    def __repr__(self) -> str:
        """Return the name in quotes."""
        return repr(self.name)


OBJECTIVES: dict[str, Objective] = {}


def objective(name: str, combine: Combine = np.add, empty: float = 0.0) -> Callable[[Score], Score]:
    """Register the decorated function as the objective ``name`` (see :class:`Objective`).

    Raises:
        ValueError: the name stands for another objective already.
    """

    def register(score: Score) -> Score:
        made = Objective(name, score, combine, empty)
        check_name(made)
        OBJECTIVES[name] = made
        return score

    return register


def check_name(made: Objective) -> None:
    """Check that no other objective bears the name.

    Raises:
        ValueError: one does.
    """
    if OBJECTIVES.get(made.name, made) != made:
        raise ValueError(f"objective {made.name!r} is another one already; give yours a name of its own")


def get_objective(name: str | Objective) -> Objective:
    """Return a registered objective by name; an objective is returned as it is.

    >>> get_objective("welfare").empty
    0.0

    Raises:
        ValueError: unknown name; the nearest are listed.
    """
    return name if isinstance(name, Objective) else lookup("objective", name, OBJECTIVES)


@objective("welfare")
def welfare(received: Array, payments: Array) -> Array:
    """Social welfare: the sum of the agents' values for what they get.

    >>> welfare(np.array([[0.5, 0.25]]), np.zeros((1, 2)))
    array([0.75])
    """
    return received.sum(axis=1)


@objective("revenue")
def revenue(received: Array, payments: Array) -> Array:
    """Revenue: the sum of the payments."""
    return payments.sum(axis=1)


@objective("max-min", combine=np.minimum, empty=np.inf)
def max_min(received: Array, payments: Array) -> Array:
    """Max-min fairness: the value of the worst-off of *all* agents, those without an item included."""
    return received.min(axis=1)
