"""A decision tree as plain text."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from spm.exact.tree import Branch, Node
from spm.settings import Setting


def tree_text(setting: Setting, tree: Node) -> str:
    """Return ``tree`` as indented text: agent and prices, then each outcome, its probability, the value so far.

    A visit that occurs again is referred to by its number. Values and prices are before normalisation. For max-min
    fairness the value is the expected minimum at the end.

    >>> from spm.settings import prop_1
    >>> from spm.exact import Solver
    >>> print(tree_text(prop_1(), Solver(prop_1()).tree()))
    expected welfare 5/2
    [1] visit agent 1, price 2
        buys item (1/2), value so far 3
        does not buy (1/2), value so far 0
            [2] visit agent 2, price 0
                buys item (1), value so far 2
    """
    lines = _Lines(setting)
    return "\n".join([f"expected {setting.objective} {tree.value}", *lines.of(tree)])


class _Lines:
    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self._numbers: dict[Node, int] = {}

    def of(self, tree: Node) -> Iterator[str]:
        """The lines of a tree."""
        open_visits = [self._visit(tree, Fraction(0), 0)]
        while open_visits:
            line = next(open_visits[-1], None)
            if line is None:
                open_visits.pop()
            elif isinstance(line, str):
                yield line
            else:
                open_visits.append(line)

    def _visit(self, node: Node, so_far: Fraction, depth: int) -> Iterator[str | Iterator[Any]]:
        """The lines of a node, and those of each node that follows as an iterator of their own."""
        indent = " " * 4 * depth
        if node in self._numbers:
            yield f"{indent}as in [{self._numbers[node]}]"
            return
        self._numbers[node] = len(self._numbers) + 1
        yield f"{indent}[{self._numbers[node]}] visit {self.setting.agents[node.agent]}, {self._prices(node)}"
        for branch in node.branches:
            yield f"{indent}    {self._taken(branch)} ({branch.probability}), {self._value(branch, so_far)}"
            if branch.node is not None:
                yield self._visit(branch.node, so_far + branch.gain, depth + 2)

    def _prices(self, node: Node) -> str:
        if len(node.prices) == 1:
            return f"price {self._price(node.prices[0])}"
        named = zip(self.setting.types, node.prices, strict=True)
        return "prices " + ", ".join(f"{name} {self._price(price)}" for name, price in named)

    def _price(self, price: Fraction) -> str:
        return "withheld" if price > self.setting.unit else str(price)

    def _taken(self, branch: Branch) -> str:
        names = [name for name, one in zip(self.setting.types, branch.bundle, strict=True) if one]
        return f"buys {' and '.join(names)}" if names else "does not buy"

    def _value(self, branch: Branch, so_far: Fraction) -> str:
        if self.setting.objective.name == "max-min":
            return f"minimum expected {branch.value}"
        return f"value so far {so_far + branch.gain}"
