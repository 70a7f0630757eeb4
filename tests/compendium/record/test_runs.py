"""The reader's own market in worker processes and on a Dask cluster: the records that it gives alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import distributed
import numpy as np
import pytest

from spm.compendium.record import engines
from spm.compendium.record.runs import do_runs, run_one
from spm.compendium.record.store import Store, opened
from spm.learning import Hyperparameters, Specification
from spm.market import BLOCKS, Block, Statistic
from spm.settings import Objective, from_samples


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of a cluster of two worker processes, which know of nothing but the package."""
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:  # type: ignore[no-untyped-call]
        yield cluster.scheduler_address


def own_runs() -> list[Specification]:
    """Runs of an own setting with an own objective, whose policies see an own statistic; none can be imported."""
    least = 0.25

    def floored(received: np.ndarray, payments: np.ndarray) -> np.ndarray:
        return np.maximum(received, least).prod(axis=1)

    spent = Block("spent", 1, lambda market: market.payments.sum(axis=1, keepdims=True) / 3, "money spent")
    setting = from_samples(
        "mine", [[[1], [2], [3]], [[3], [2], [2]]], {"seat": 2}, objective=Objective("floored", floored)
    )
    sees = Statistic("spent", "Agents left and money spent", (BLOCKS["agents"], spent))
    small = Hyperparameters(n_markets=16, batch_size=16, width=8)
    asked = Specification(setting, sees, 0, 100, 3, 50, 50, small)
    return [replace(asked, seed=seed, variant=variant) for seed in (0, 1) for variant in ("scores", "groups")]


def bodies(records: Sequence[bytes]) -> list[dict[str, Any]]:
    return [opened(record) | {"seconds": 0} for record in records]


@pytest.mark.parametrize("where", ["local", pytest.param("dask", marks=pytest.mark.endurance)])
def test_an_own_market_gives_the_same_records_in_workers_as_alone(
    where: str, address: str, tmp_path: Path
) -> None:
    runs, store = own_runs(), Store(tmp_path)
    engine = engines.engine(where, 2, address if where == "dask" else None)
    assert do_runs([(run, store) for run in runs], engine) == len(runs) == 4
    there = bodies([store.path(run).read_bytes() for run in runs])
    assert there == bodies([run_one(run)[1] for run in runs])
    assert there[0]["weights"] != there[2]["weights"]
    assert [state.status for _, state in store.states(runs)] == ["done"] * 4


SCRIPT = """
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from spm import Specification, get_setting, objective, statistic
from spm.compendium.record.engines import engine
from spm.compendium.record.runs import do_runs, run_one
from spm.compendium.record.schema import parsed
from spm.compendium.record.store import Record, Store, opened
from spm.files import canonical
from spm.market import get_statistic

SCALE = 2.0


@objective("cubes")
def cubes(received, payments):
    return SCALE * (received**3).sum(axis=1)


@statistic("spent", width=lambda setting: setting.n_types, beside=["agents"])
def spent(market):
    return market.payments.sum(axis=1, keepdims=True) / SCALE * np.ones(market.setting.n_types)


if __name__ == "__main__":
    from spm.settings import get_objective

    setting = replace(get_setting("kitchen-sink"), objective=get_objective("cubes"))
    sees, address = get_statistic("spent"), sys.argv[2]
    runs = [Specification(setting, sees, seed, 1, 2, 20, 20) for seed in (0, 1)]
    alone = [parsed(Record, canonical(opened(run_one(run)[1]))) for run in runs]
    store = Store(Path("records"))
    do_runs([(run, store) for run in runs], engine(sys.argv[1], 2, address if sys.argv[1] == "dask" else None))
    print([replace(store.load(run), seconds=0.0) for run in runs] == [replace(one, seconds=0.0) for one in alone])
"""


@pytest.mark.endurance
@pytest.mark.parametrize(("where", "typed"), [("local", False), ("dask", True)])
def test_a_market_defined_in_a_script_or_at_a_prompt_travels(
    where: str, typed: bool, address: str, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(SCRIPT)
    search = os.pathsep.join([str(Path(engines.__file__).parents[3]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-" if typed else "mine.py", where, address],
        input=SCRIPT if typed else None,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": search},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["True"]
