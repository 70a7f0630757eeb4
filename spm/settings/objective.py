"""Objectives g(x, tau; v): what a mechanism maximises.

An objective maps what each agent received (in terms of her value) and what she paid to one number per market. One
function registers another::

    @objective("nash", combine=np.multiply, empty=1.0)
    def nash(received, payments):
        return received.prod(axis=1)

A setting carries the objective itself, to other processes and machines too. The name is for people, and no two
objectives share one; the same one may be registered again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spm.contents import Digested
from spm.names import lookup, quoted
from spm.settings.demand import Array

Score = Callable[[Array, Array], Array]
Combine = Callable[[Array, Array], Array]


@dataclass(frozen=True, repr=False)
class Objective(Digested):
    """What is maximised.

    Attributes:
        name: the name it is looked up by.
        score: ``(received (B, n), payments (B, n)) -> (B,)``.
        combine: how one more agent's value enters the objective: ``np.add`` for sums, ``np.minimum`` for the
            worst-off agent. The first best is found by adding one agent at a time.
        empty: the objective without agents, the neutral element of ``combine``.

    >>> largest = Objective("largest", score=lambda received, payments: received.max(axis=1), combine=np.maximum)
    >>> largest.score(np.array([[0.25, 0.5]]), np.zeros((1, 2)))
    array([0.5])
    """

    name: str
    score: Score
    combine: Combine = np.add
    empty: float = 0.0

    def __post_init__(self) -> None:
        """Check the fields.

        Raises:
            ValueError: a name that is no text, or something that can't be called.
        """
        if not isinstance(self.name, str) or not self.name:
            raise ValueError(f"an objective's name must be a text that is not empty, not {quoted(self.name)}")
        if not callable(self.score) or not callable(self.combine):
            raise ValueError(f"objective {self.name!r} needs functions as score and combine")

    def check(self, n_agents: int) -> None:
        """Check that the score is one number per market.

        Raises:
            ValueError: it is not.

        >>> Objective("total", score=lambda received, payments: received.sum()).check(n_agents=3)
        Traceback (most recent call last):
        ValueError: objective 'total' must return one number per market, shape (2,) for 2 markets, not ()
        """
        markets = 3 if n_agents == 2 else 2  # so that neither axis passes for the other
        found = np.shape(self.score(np.full((markets, n_agents), 0.5), np.full((markets, n_agents), 0.25)))
        if found != (markets,):
            raise ValueError(
                f"objective {self.name!r} must return one number per market, shape ({markets},) for {markets} "
                f"markets, not {found}"
            )

    def __str__(self) -> str:
        """Return the name."""
        return self.name

    def __repr__(self) -> str:
        """Return the name in quotes."""
        return repr(self.name)


OBJECTIVES: dict[str, Objective] = {}


def objective(name: str, combine: Combine = np.add, empty: float = 0.0) -> Callable[[Score], Score]:
    """Register the decorated function as the objective ``name``; the arguments are :class:`Objective`'s.

    Raises:
        ValueError: another objective has that name.
    """

    def register(score: Score) -> Score:
        made = Objective(name, score, combine, empty)
        check_name(made)
        OBJECTIVES[name] = made
        return score

    return register


def check_name(made: Objective) -> None:
    """Check that no other objective is registered under this name.

    Raises:
        ValueError: there is one.

    >>> check_name(Objective("welfare", score=revenue))
    Traceback (most recent call last):
    ValueError: objective 'welfare' is another one already; choose a new name for yours
    """
    known = OBJECTIVES.get(made.name, made)
    if known is not made and known.digest != made.digest:
        raise ValueError(f"objective {made.name!r} is another one already; choose a new name for yours")


def get_objective(name: str | Objective) -> Objective:
    """Return the objective registered under a name; an :class:`Objective` is returned as it is.

    >>> get_objective("welfare").empty
    0.0

    Raises:
        ValueError: unknown name; the nearest are listed.
    """
    if isinstance(name, Objective):
        return name
    if not isinstance(name, str):
        raise ValueError(f"an objective is an Objective or the name of one, not {quoted(name)}")
    return lookup("objective", name, OBJECTIVES)


@objective("welfare")
def welfare(received: Array, payments: Array) -> Array:
    """Social welfare: the sum of the agents' values for what they get.

    >>> welfare(np.array([[0.5, 0.25]]), np.zeros((1, 2)))
    array([0.75])
    """
    return received.sum(axis=1)


@objective("revenue")
def revenue(received: Array, payments: Array) -> Array:
    """Revenue: the sum of the payments.

    >>> revenue(np.zeros((1, 2)), np.array([[0.5, 0.25]]))
    array([0.75])
    """
    return payments.sum(axis=1)


@objective("max-min", combine=np.minimum, empty=np.inf)
def max_min(received: Array, payments: Array) -> Array:
    """Max-min fairness: the value of the worst-off of *all* agents, those without an item included.

    >>> max_min(np.array([[0.5, 0.0], [0.5, 0.25]]), np.zeros((2, 2)))
    array([0.  , 0.25])
    """
    return received.min(axis=1)
