"""Demand models: which bundles an agent can want, and what each is worth to her.

A bundle holds at most one copy of each item type; it is a row of a 0/1 matrix ``(K, T)``. The three models differ
only in the bundles that they list and in how values become bundle valuations:

=================  ======================================  ============================================
model              bundles                                 values of an agent
=================  ======================================  ============================================
``unit``           each single type                        one per type, ``(B, n, T)``
``additive``       every set of types                      one per type, summed, ``(B, n, T)``
``combinatorial``  every set of up to 8 distinct items     one per set, ``(B, n, 2**T)``; bit t of the
                                                           index says whether item t is in the set
=================  ======================================  ============================================

Bundles are listed by size, the largest first, then by lowest type index, so the empty bundle is last. Taking "the
first of equally good bundles" then gives the paper's behaviour at ties: an agent who is indifferent buys, and
among equally good types she takes the lowest. A bundle in which some item adds nothing is marked ``-inf``: at
prices >= 0 it is never better than the bundle without that item, and an agent never takes an item that she values
at 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spm.names import unknown

DEMANDS = ("unit", "additive", "combinatorial")
MOST_ITEMS = 8
MOST_TYPES = {"unit": 1_000, "additive": 16, "combinatorial": MOST_ITEMS}
"""More item types than this are refused: a market keeps every agent's valuation of every bundle."""
MOST_COPIES = 10**9
"""More copies of a type than this are refused."""
MOST_AGENTS = 10**6
"""More agents than this are refused: each has a name."""
Array = NDArray[np.float64]


def bundles(demand: str, n_types: int) -> NDArray[np.int8]:
    """Return the bundles that an agent may buy, ``(K, T)``, in the order that breaks ties.

    >>> bundles("unit", 2).tolist()
    [[1, 0], [0, 1], [0, 0]]
    >>> bundles("additive", 2).tolist()
    [[1, 1], [1, 0], [0, 1], [0, 0]]

    Raises:
        ValueError: unknown demand model, or more than its :data:`MOST_TYPES`.
    """
    if demand not in DEMANDS:
        raise unknown("demand model", demand, DEMANDS)
    if n_types > MOST_TYPES[demand]:
        kind = "items" if demand == "combinatorial" else "item types"
        raise ValueError(f"{demand} demand takes at most {MOST_TYPES[demand]} {kind}, not {n_types}")
    if demand == "unit":
        return np.eye(n_types + 1, n_types, dtype=np.int8)
    # Every row of 0 and 1, in falling lexicographic order, (2**T, T); then the largest first.
    rows = np.arange(2**n_types)[::-1, None] >> np.arange(n_types)[::-1] & 1
    return rows[np.argsort(-rows.sum(axis=1), kind="stable")].astype(np.int8)


def check_goods(demand: str, supply: Sequence[int]) -> None:
    """Check that markets can sell ``supply``, copies of each type, under a demand model.

    Raises:
        ValueError: what :func:`bundles` refuses, or more than :data:`MOST_COPIES` of a type.

    >>> check_goods("unit", [5, 10**12])
    Traceback (most recent call last):
    ValueError: a type may have at most 1,000,000,000 copies, not 1,000,000,000,000
    """
    bundles(demand, len(supply))
    if max(supply) > MOST_COPIES:
        raise ValueError(f"a type may have at most {MOST_COPIES:,} copies, not {max(supply):,}")


def check_agents(count: int) -> None:
    """Check that a setting may have so many agents.

    Raises:
        ValueError: more than :data:`MOST_AGENTS`.

    >>> check_agents(10**9)
    Traceback (most recent call last):
    ValueError: a setting takes at most 1,000,000 agents, not 1,000,000,000
    """
    if count > MOST_AGENTS:
        raise ValueError(f"a setting takes at most {MOST_AGENTS:,} agents, not {count:,}")


def masks(rows: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return each bundle's index in a combinatorial table of values, ``(K,)``.

    >>> masks(bundles("additive", 2)).tolist()
    [3, 1, 2, 0]
    """
    return rows.astype(np.int64) @ (1 << np.arange(rows.shape[1]))


def valuations(demand: str, values: Array) -> Array:
    """Turn an agent's values into her valuation of each bundle, ``(B, n, K)``.

    Args:
        demand: name of the demand model.
        values: ``(B, n, T)``, or ``(B, n, 2**T)`` when combinatorial; at least 0.

    Returns:
        ``(B, n, K)``; ``-inf`` marks a bundle in which some item adds nothing.

    >>> valuations("unit", np.array([[[0.5, 0.0]]])).tolist()
    [[[0.5, -inf, 0.0]]]
    """
    width = values.shape[-1]
    if demand == "combinatorial":
        rows = bundles(demand, width.bit_length() - 1)
        index = masks(rows)
        worth = values[..., index]
        # Each bundle's index without item t, (K, T). Item t must be absent or add value, (B, n, K, T).
        without = index[:, None] & ~(1 << np.arange(rows.shape[1]))
        adds = (worth[..., None] > values[..., without]) | (rows == 0)
        return np.where(adds.all(axis=-1), worth, -np.inf)
    rows = bundles(demand, width)
    # How many items of each bundle she values at 0, (B, n, T) @ (T, K) -> (B, n, K).
    missing = (values <= 0).astype(np.float64) @ rows.T
    return np.where(missing > 0, -np.inf, values @ rows.T)
