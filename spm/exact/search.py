"""Best-first branch and bound with exact upper bounds."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Iterable
from fractions import Fraction
from itertools import count
from typing import TypeVar

Candidate = TypeVar("Candidate")
MOST_NODES = 500_000
"""More nodes than this are refused."""


def best_first(
    root: Candidate,
    bound: Callable[[Candidate], Fraction],
    children: Callable[[Candidate], Iterable[Candidate]],
    key: Callable[[Candidate], Hashable] | None = None,
    floor: Fraction | None = None,
) -> tuple[Fraction, Candidate] | None:
    """Return the highest value of a complete node, and that node.

    Args:
        root: where the search starts.
        bound: never less than any value below a node, and the value itself of a complete node.
        children: the nodes that together cover a node; none if it is complete.
        key: nodes with equal keys lead to the same additional value, so only the best of them is expanded.
        floor: a value known to be reached elsewhere.

    Returns:
        The value and the complete node, or None if no node exceeds ``floor``.

    Raises:
        ValueError: more than :data:`MOST_NODES` nodes.
    """
    number = count(0, -1)  # the latest of equal bounds first, so that a path is followed to its end
    heap = [(-bound(root), next(number), root)]
    expanded: set[Hashable] = set()
    while heap:
        negative, _, node = heapq.heappop(heap)
        if floor is not None and -negative <= floor:
            return None
        if key is not None:
            if key(node) in expanded:
                continue
            expanded.add(key(node))
        below = list(children(node))
        if not below:
            return -negative, node
        for child in below:
            heapq.heappush(heap, (-bound(child), next(number), child))
        if len(heap) > MOST_NODES:
            raise ValueError(f"too large a setting: more than {MOST_NODES} nodes of branch and bound")
    return None
