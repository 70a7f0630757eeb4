"""Check the certified upper bounds of ``paper/bounds.csv`` from their certificates, with nothing but numpy.

Written from the mathematics, apart from the package ``spm``: ``python data/check_certificates.py [FOLDER]`` says
for each panel whether its bound is supported, and ends with status 1 and one sentence if one is not.

The model: given z uniform on [0, 1], values are independent and uniform on [a, a + w] with a = delta z, w = 1 -
delta. Split [0, delta] into N cells of length h and reveal the position e of a in its cell. The optimum is convex
in e and, for welfare, linear: its mean is at most that of e = 0 and e = h, and for welfare it is that of e = h /
2. What is unknown is the cell: a belief b gives each cell a weight >= 0, and the optimal value U(t, k, b) with t
agents and k items left is convex, homogeneous and increasing in b. A certificate lists beliefs b_j, and covers
each posterior c of each of them, after a purchase or a refusal at each price of a list, by c <= sum_j w_j b_j, so
that U(c) <= sum_j w_j U(b_j). At a share s of the way between two prices of the list, posteriors are linear in s,
so what is still to come is at most its chord; the reward is its chord plus bow s (1 - s). Hence induction over t
bounds U.
"""

from __future__ import annotations

import csv
import math
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np

UNIT = 2.0**-30
"""Beliefs and weights are whole multiples of it."""
SLACK = 1e-13
"""Probability that a cover may miss: n visits lose at most n m times that, below :data:`TOLERANCE`."""
TOLERANCE = 1e-9
"""By how much rounding may lower the bound of a type."""
PANELS = {
    "delta-0.25": (0.25, "welfare", 20, (5,)),
    "delta-0.33": (0.33, "welfare", 20, (5,)),
    "delta-0.5": (0.5, "welfare", 20, (5,)),
    "additive": (0.5, "welfare", 10, (2, 4)),
    "revenue": (0.5, "revenue", 20, (5,)),
}
"""Delta, objective, agents, and items of each type, whose bounds add up."""


def price_list(delta: float, cells: int) -> np.ndarray:
    """The ends of all cells' values, and prices between them, at most 1/16 apart, if the position is 0."""
    lower = np.arange(cells) * (delta / cells)
    ends = np.unique(np.round(np.concatenate([lower, lower + 1 - delta]), 12))
    steps = [np.linspace(a, b, math.ceil((b - a) * 16 - 1e-9) + 1)[:-1] for a, b in pairwise(ends)]
    return np.concatenate([*steps, ends[-1:]])


def chances_below(delta: float, cells: int) -> np.ndarray:
    """P(value < price) by price and cell."""
    lower = np.arange(cells) * (delta / cells)
    return np.clip((price_list(delta, cells)[:, None] - lower) / (1 - delta), 0, 1)


def rewards(delta: float, cells: int, objective: str, position: float) -> tuple[np.ndarray, np.ndarray]:
    """Expected reward by price and cell, and the bow of each step between two prices, by cell."""
    width, low = 1 - delta, np.arange(cells) * (delta / cells)
    price, lower = price_list(delta, cells)[:, None], low + position * delta / cells
    sold = 1 - chances_below(delta, cells)
    shifted = price + position * delta / cells
    mean = (np.clip(shifted, lower, lower + width) + lower + width) / 2  # of the values that are sold
    reward = sold * (mean if objective == "welfare" else shifted)
    # E[v; v >= p] and p P(v >= p) are parabolas where the cell has values, with second derivative -1/w and -2/w.
    inside = (price[:-1] >= low - 1e-9) & (price[1:] <= low + width + 1e-9)
    bend = (1 if objective == "welfare" else 2) / width
    return reward, inside * bend * np.diff(price, axis=0) ** 2 / 2


def beliefs_and_covers(arrays: dict[str, np.ndarray], delta: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Beliefs, and the numbers and weights of their covers; ValueError if a posterior is not covered."""
    beliefs, index, weight = (np.asarray(arrays[name]) for name in ("beliefs", "index", "weight"))
    if any(part.dtype.kind != "u" for part in (beliefs, index, weight)) or beliefs.ndim != 2:
        raise ValueError("the arrays must hold natural numbers")
    beliefs, weight, cells = beliefs * UNIT, weight * UNIT, beliefs.shape[1]
    below = chances_below(delta, cells)
    if index.shape != (len(beliefs), len(below), 2, cells) or weight.shape != index.shape:
        raise ValueError(f"covers of shape {index.shape} do not fit {beliefs.shape} beliefs")
    if index.max() >= len(beliefs):
        raise ValueError("a cover names a belief that is not there")
    if beliefs[cells].min() < 1 / cells:
        raise ValueError("the prior is not covered")
    posterior = beliefs[:, None, None, :] * np.stack([1 - below, below], axis=1)
    missing = np.maximum(posterior - np.einsum("...j,...jc->...c", weight, beliefs[index]), 0).sum(axis=-1)
    if missing.max() > SLACK:
        row = tuple(int(number) for number in np.unravel_index(missing.argmax(), missing.shape))
        raise ValueError(f"the cover of posterior {row} misses {missing.max():.1e} of its probability")
    return beliefs, index, weight


def bound(arrays: dict[str, np.ndarray], delta: float, objective: str, n_agents: int, n_items: int) -> float:
    """The upper bound that a certificate proves; ValueError if it proves none."""
    beliefs, index, weight = beliefs_and_covers(arrays, delta)
    cells, found = beliefs.shape[1], []
    for position in (0.5,) if objective == "welfare" else (0.0, 1.0):
        reward, bow = (beliefs @ part.T for part in rewards(delta, cells, objective, position))
        value = np.zeros((n_items + 1, len(beliefs)))  # with no agent left
        for _ in range(n_agents):
            earlier = np.zeros_like(value)
            # The bound of each cover by items left, and by belief, price, purchase or refusal.
            covered = [(weight * one[index]).sum(axis=-1) for one in value]
            for k in range(1, n_items + 1):
                at = reward + covered[k - 1][..., 0] + covered[k][..., 1]
                # On a step: chord + bow s (1 - s), with derivative rise + bow (1 - 2 s).
                rise = np.diff(at, axis=1)
                s = np.clip((1 + rise / np.maximum(bow, 1e-300)) / 2, 0, 1)
                best = (1 - s) * at[:, :-1] + s * at[:, 1:] + bow * s * (1 - s)
                earlier[k] = np.maximum(best.max(axis=1), at.max(axis=1))
            value = earlier
        found.append(value[n_items, cells])
    return float(np.mean(found))


def check(folder: Path) -> list[str]:
    """Check every panel's bound; return what was found, or raise ValueError."""
    with (folder / "paper" / "bounds.csv").open(encoding="utf-8", newline="") as file:
        published = {
            row["panel"]: float(row["value"]) for row in csv.DictReader(file) if row["quantity"] == "upper"
        }
    lines = []
    for panel, (delta, objective, n_agents, supply) in PANELS.items():
        proved = 0.0
        try:
            for items in supply:
                name = f"{n_agents}-{items}-{delta}-{objective}.npz"
                with np.load(folder / "certificates" / name, allow_pickle=False) as file:
                    proved += bound({part: file[part] for part in file.files}, delta, objective, n_agents, items)
        except (OSError, KeyError, ValueError) as error:
            raise ValueError(f"{panel}: its certificate proves nothing: {error}") from None
        if not published[panel] >= proved - TOLERANCE * len(supply):
            raise ValueError(f"{panel}: {published[panel]} is published, but only {proved} is proved")
        lines.append(f"{panel}: no mechanism earns more than {published[panel]:.6f}")
    return lines


if __name__ == "__main__":
    try:
        print(*check(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parent), sep="\n")
    except (OSError, KeyError, ValueError) as error:
        sys.exit(f"not supported: {error}")
