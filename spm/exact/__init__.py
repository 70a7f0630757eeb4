"""Exact optima of finite settings, in rational arithmetic, for every cell of the paper's taxonomy.

:class:`Solver` gives the exact value of each kind of prices with each kind of order, the first best, and optimal
mechanisms as decision trees; :func:`evaluate` the exact value of any given mechanism. A mechanism sees the public
history: who was visited, at which prices, and what she took.

Read the modules in this order:

* :mod:`~spm.exact.solver`: the cells of the taxonomy, and which of the following solves which cell.
* :mod:`~spm.exact.effort`: the steps of solving, counted and limited, without Python's recursion.
* :mod:`~spm.exact.game`: beliefs, and what a visit does to them.
* :mod:`~spm.exact.choices`, :mod:`~spm.exact.regions`: what agents buy, and the price vectors that matter.
* :mod:`~spm.exact.recursion`: mechanisms that see the history, by dynamic programming.
* :mod:`~spm.exact.static`: what is fixed in advance, by branch and bound.
* :mod:`~spm.exact.separable`: static prices in random order, when each type is a market of its own.
* :mod:`~spm.exact.firstbest`: the expected first best.
* :mod:`~spm.exact.tree`, :mod:`~spm.exact.text`: mechanisms as trees, arrays and text.
* :mod:`~spm.exact.evaluation`: the value of a given mechanism.
* :mod:`~spm.exact.json_format`: the reader's own finite setting from a JSON file, and results as JSON.

All numbers are fractions until :func:`tree_arrays`. Mechanisms are deterministic without loss: the value is linear
in the probabilities of a random choice.
"""

from spm.exact.evaluation import History, Policy, Visit, evaluate, evaluate_tree
from spm.exact.json_format import read_setting, result
from spm.exact.solver import CELLS, ORDERS, PRICES, Solver
from spm.exact.text import tree_text
from spm.exact.tree import Branch, Node, tree_arrays

__all__ = [
    "CELLS",
    "ORDERS",
    "PRICES",
    "Branch",
    "History",
    "Node",
    "Policy",
    "Solver",
    "Visit",
    "evaluate",
    "evaluate_tree",
    "read_setting",
    "result",
    "tree_arrays",
    "tree_text",
]
