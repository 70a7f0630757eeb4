"""Does the present code still produce what was recorded? A miniature of the run tells.

A record is *fresh* if the present code and packages, given its specification, would produce it. That is so where
its conditions (:mod:`spm.compendium.record.fingerprints`) are those of today. Where they are not, because a
sentence was reworded, a module moved or a package replaced, the run is *replayed* in miniature and compared with
the miniature that was made beside the record:

* the same specification with a budget of :data:`ROLLOUTS` rollouts: the schedules from start to end, PPO's
  updates, the learning curve and the final evaluation, summarised by regrets and the norms of the layers' weights;
* a scripted play in which agents are indifferent at every visit, down to the rules' tolerance for ties.

Choices must be equal. Numbers may differ by :data:`REPLAY_TOLERANCE`, as they do in their last digits on another
processor (5e-7 at most, over all curves and three kinds of vector instructions). There, on rare occasions, two
agents' scores are so close that their order flips and one seed's miniature takes another course. So a curve is
stale only if the miniatures of two of its seeds differ; what changes the rules, the schedules or the loss changes
both.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from spm.compendium.record.fingerprints import conditions, differences
from spm.compendium.record.processes import in_processes
from spm.compendium.record.schema import Name, declared, naming, parsed, read_file
from spm.files import canonical, check_writable, digest, home, write_atomic
from spm.learning import Specification
from spm.market import Market
from spm.mechanisms import decode
from spm.settings import Setting, valuations

CONDITIONS = conditions("learning.ppo")
"""What a run's numbers depend on besides its specification, taken at import: that of the code that runs."""
REPLAYED_BY = conditions("compendium.record.replay")
"""The same, and what a verdict depends on."""

ROLLOUTS, REPLAY_PROFILES, SCRIPTED_MARKETS = 3, 256, 64
"""Budget of a miniature; profiles of each of its evaluations; markets of the scripted play.

Two rollouts would not do: the learning rate is 0 at the end, so nothing that the last rollout met is learned from.
"""
REPLAY_TOLERANCE = 1e-5
"""Absolute and relative difference that is none: 25 times what another processor was seen to cause."""
NEAR_TIES = (0.0, 1e-13, 1e-11)
"""What is added to prices at which an agent is indifferent: a tie, one but for rounding, and no tie."""


@dataclass(frozen=True)
class Replay:
    """What a miniature of a run gave.

    Attributes:
        choices: digest of every visit and purchase of the scripted play.
        numbers: regret at each point of the curve, final objective and regret, norm of each layer's weights.
    """

    choices: str
    numbers: tuple[float, ...]

    def agrees(self, other: Replay) -> bool:
        """Say whether both come from the same code, as far as a miniature can tell.

        >>> Replay("a", (1.0, 2.0)).agrees(Replay("a", (1.000001, 2.0)))
        True
        """
        return (
            self.choices == other.choices
            and len(self.numbers) == len(other.numbers)
            and np.allclose(self.numbers, other.numbers, rtol=REPLAY_TOLERANCE, atol=REPLAY_TOLERANCE)
        )


def miniature(specification: Specification) -> Specification:
    """Return the specification of a run's miniature.

    >>> from spm import settings
    >>> from spm.market import statistics
    >>> run = Specification(settings.get_setting("id"), statistics.get_statistic("none"), seed=3, visits=10**6)
    >>> miniature(run).visits  # 3 rollouts of 512 markets, 6 agents
    9216
    """
    visits = min(specification.visits, ROLLOUTS * specification.rollout)
    return replace(
        specification,
        visits=visits,
        evaluations=3,
        evaluation_profiles=REPLAY_PROFILES,
        final_profiles=REPLAY_PROFILES,
    )


def replayed(specification: Specification) -> Replay:
    """Do the miniature of a run."""
    from spm.learning import learn  # here, since seals are read where nothing is learned

    run = learn(miniature(specification))
    numbers = [point.regret for point in run.curve] + [run.final.objective, run.final.regret]
    numbers += [float(layer.double().norm()) for layer in run.weights.values()]
    return Replay(indifferent(specification.setting), tuple(numbers))


def indifferent(setting: Setting) -> str:
    """Play a script in which every agent is indifferent; return the digest of all visits and purchases.

    Scores are equal in pairs, so that order is decided by the rule for ties. In one market the agent visited
    faces her own values, in the next prices that leave her the same surplus from each type, then prices of 0, in
    turn; to these one of :data:`NEAR_TIES` is added.
    """
    rng = np.random.default_rng(0)
    market = Market(setting, valuations(setting.demand, setting.sample(rng, SCRIPTED_MARKETS)))
    singles = [
        int(np.flatnonzero((market.bundles.sum(axis=1) == 1) & (market.bundles[:, t] == 1))[0])
        for t in range(setting.n_types)
    ]
    scores = np.tile(np.arange(setting.n_agents) // 2 % 3 / 4, (SCRIPTED_MARKETS, 1))
    turn, told = np.arange(SCRIPTED_MARKETS)[:, None], bytearray()
    for step in range(setting.n_agents):
        agents, _ = decode(np.hstack([scores, np.zeros((SCRIPTED_MARKETS, setting.n_types))]), market.agents_left)
        worth = np.maximum(market.valuations[np.arange(SCRIPTED_MARKETS), agents][:, singles], 0.0)
        surplus, extra = np.array([0.0, 0.125, np.inf])[(turn + step) % 3], np.array(NEAR_TIES)[turn // 3 % 3]
        prices = np.maximum(worth - surplus, 0.0) + extra
        taken = market.visit(agents, prices)
        told += agents.astype("<i8").tobytes() + taken.astype("<i8").tobytes()
        told += market.items_left.astype("<i8").tobytes()
    return digest(bytes(told))[:16]


KNOWN_VERDICTS = {b"fresh": True, b"stale": False}
"""What the file of a verdict can hold: whether the present code would produce a curve's runs."""


@dataclass(frozen=True)
class Sealed:
    """A curve's runs with the replays and the conditions that were recorded.

    Attributes:
        runs: runs of the curve, each with its recorded replay; the first two are replayed.
        conditions: those under which the runs were made, or last found fresh.
    """

    runs: Sequence[tuple[Specification, Replay]]
    conditions: Mapping[str, str]

    @property
    def changed(self) -> str:
        """What is different today; empty if nothing is."""
        return differences(self.conditions, CONDITIONS)

    @property
    def is_known_fresh(self) -> bool | None:
        """The verdict that was kept on it; None if there is none, or a damaged one."""
        try:
            return KNOWN_VERDICTS.get(read_file(self.verdict, "verdict"))
        except ValueError:
            return None

    @property
    def verdict(self) -> Path:
        """Where the verdict on it is kept: for these specifications and replays under today's conditions."""
        runs = [(specification.as_dict(), asdict(replay)) for specification, replay in self.runs[:2]]
        return home() / "_build" / "replays" / digest(canonical([REPLAYED_BY, runs]))[:32]


def is_fresh(curve: Sealed) -> bool:
    """Say whether the present code would produce a curve's runs, by a replay where the conditions have changed.

    The verdict is kept under ``_build/replays``, so that each change of the code costs one replay.
    """
    if not curve.changed:
        return True
    fresh = curve.is_known_fresh
    if fresh is None:
        fresh = any(_comes_out(specification, recorded) for specification, recorded in curve.runs[:2])
        write_atomic(curve.verdict, b"fresh" if fresh else b"stale")
    return fresh


def _comes_out(specification: Specification, recorded: Replay) -> bool:
    """Whether a miniature gives what was recorded; one that can't be done does not."""
    try:
        return replayed(specification).agrees(recorded)
    except ValueError:
        return False


def are_fresh(curves: Sequence[Sealed], jobs: int = 1) -> list[bool]:
    """Return :func:`is_fresh` of each curve, ``jobs`` replays at a time, with progress where there are any."""
    todo = [curve for curve in curves if curve.changed and curve.is_known_fresh is None]
    check_writable(curve.verdict for curve in todo)
    with in_processes(is_fresh, todo, jobs) as replays:
        for _ in tqdm(replays, "replaying curves", len(todo), mininterval=2, disable=not todo):
            pass
    return [is_fresh(curve) for curve in curves]


@declared
@dataclass(frozen=True)
class Seal:
    """The replays of a set of runs, as a file beside the table of their results.

    Attributes:
        conditions: those under which the runs were made, or last found fresh.
        replays: each run's replay, by the run's name.
        settings: each setting's digest, by its name.
    """

    conditions: Mapping[Name, Name]
    replays: Mapping[str, Replay]
    settings: Mapping[str, str]

    @classmethod
    def of_today(cls, runs: Iterable[Specification], replays: Mapping[str, Replay]) -> Seal:
        """Return the seal of runs that today's conditions produce."""
        return cls(CONDITIONS, replays, {run.setting.name: run.setting.digest for run in runs})

    @classmethod
    def read(cls, path: Path) -> Seal:
        """Read a seal.

        Raises:
            ValueError: there is none at ``path``, or it is damaged.
        """
        content = read_file(path, "seal")
        with naming(path):
            return parsed(cls, content)

    @property
    def written(self) -> bytes:
        """The content of its file."""
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode() + b"\n"

    @property
    def changed(self) -> str:
        """What is different today; empty if nothing is."""
        return differences(self.conditions, CONDITIONS)

    def stale(self, curves: Mapping[str, Sequence[tuple[str, Specification]]], jobs: int = 1) -> list[str]:
        """Return the curves that the present code would not produce.

        Args:
            curves: for each curve's label, names and specifications of its replayed runs.
            jobs: replays at a time.

        Raises:
            ValueError: a setting is not what it was, or a run's replay is missing.
        """
        other = self.other_settings(run for runs in curves.values() for _, run in runs)
        if other:
            raise ValueError(f"setting {other[0]!r} is no longer what the runs were made for")
        missing = [name for runs in curves.values() for name, _ in runs if name not in self.replays]
        if missing:
            raise ValueError(f"the seal holds no replay of {missing[0]}")
        listed = [
            Sealed([(run, self.replays[name]) for name, run in runs], self.conditions) for runs in curves.values()
        ]
        return [label for label, fresh in zip(curves, are_fresh(listed, jobs), strict=True) if not fresh]

    def other_settings(self, runs: Iterable[Specification]) -> list[str]:
        """Return the names of settings that are not what they were."""
        names = {run.setting.name: run.setting.digest for run in runs}
        return sorted(name for name, digest in names.items() if self.settings.get(name) != digest)
