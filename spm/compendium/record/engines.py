"""Where runs are done: in processes of this machine, or on the workers of a Dask cluster.

An engine takes a function and the specifications to apply it to, and opens a stream of results in the order in
which they complete. Results travel back to the caller, so workers need no common file system. Leaving the stream
early, as an interrupt does, drops what is not done.
"""

from __future__ import annotations

import asyncio
import logging
import platform
import queue
import re
import sys
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from functools import partial
from importlib import import_module
from typing import Any, TypeVar

from tqdm import tqdm

from spm.compendium.record.fingerprints import conditions as conditions_of
from spm.compendium.record.processes import in_processes
from spm.learning import Specification
from spm.names import check_whole, printable, quoted, shortened, unknown

T = TypeVar("T")
Work = Callable[[Specification], T]
Engine = Callable[[Work[T], Sequence[Specification]], AbstractContextManager[Iterator[T]]]

ENGINES = ("local", "dask")
WORKER_CONDITIONS = conditions_of("compendium.record.store")
"""Fingerprints of all that makes a record, taken at import: those of the code that runs."""

ADDRESS = re.compile(r"(?:tcp|tls)://(?:[\w.-]{1,253}|\[[\w:.%]{2,60}\]):(\d{1,5})", re.ASCII)
"""A scheduler's address: a host's name or number, IPv6 in brackets, and the port."""

CONNECT_SECONDS = 5
LOOK_SECONDS = 1
"""How long it may take until workers that have joined or left are noticed."""
AHEAD = 2
"""Runs per worker that are submitted at a time, so that none waits for its next."""
RETRIES = 2
"""How often a failed run is tried again. Dask itself repeats one whose worker died, up to 3 times."""
ABANDONED = 3
"""How often a run is submitted anew because all workers that it was submitted for have left."""
KILLING = "workers die at the same run again and again, perhaps for want of memory; finished runs are kept"
MOST_DIFFERENCES = 4
"""In how many respects a sentence says that a worker differs."""


def engine(name: str, jobs: int = 1, address: str | None = None) -> Engine[Any]:
    """Return an engine by name.

    Args:
        name: ``local`` or ``dask``.
        jobs: processes on this machine, for ``local``.
        address: of the cluster's scheduler, for ``dask``.

    Raises:
        ValueError: unknown name, fewer than 1 job, or an address that is missing or unusable.
    """
    if name not in ENGINES:
        raise unknown("engine", name, ENGINES)
    check_whole("jobs", jobs)
    if name == "local":
        if address is not None:
            raise ValueError("engine local has no address; engine dask has (--engine dask)")
        return partial(in_processes, jobs=jobs, ordered=False)
    found = ADDRESS.fullmatch(address or "")
    if address is None or found is None or not 0 < int(found[1]) < 2**16:
        told = quoted(address)
        raise ValueError(f"engine dask needs the address of a scheduler, tcp://HOST:PORT, not {told}")
    return partial(dask, address=address)


@contextmanager
def dask(work: Work[T], todo: Sequence[Specification], address: str) -> Iterator[Iterator[T]]:
    """Do ``work`` for each of ``todo`` on the workers of the Dask cluster at ``address``.

    Work must be a module's function that depends on its argument alone, since a run whose worker dies is repeated
    by another. Workers may join later. A worker that has other sources or versions than this machine, or more than
    one thread (runs in one process would share torch's random numbers), is passed over with a warning.

    Raises:
        ValueError: ``distributed`` is not installed, no scheduler answers or it is lost, every worker is passed
            over, or one run kills worker after worker.
    """
    with _connected(address) as client:
        team = Team(client)
        with _explained(address):
            team.look()  # before anything is run
        with closing(_completed(team, work, todo, address)) as results:
            yield results


def _distributed() -> Any:
    """The package behind this engine, which is only imported, and only needed, where it is used."""
    try:
        return import_module("distributed")
    except ModuleNotFoundError:
        raise ValueError('engine dask needs the extra "dask": pip install -e ".[dask]"') from None


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """A client of the scheduler at ``address``, closed at the end."""
    distributed = _distributed()
    with _quiet("distributed", "asyncio", "tornado"):
        try:
            with ThreadPoolExecutor(1) as thread:  # of its own, since a notebook's has an event loop
                thread.submit(asyncio.run, _greeted(address)).result()
            client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except Exception as error:  # anything may listen there
            why = _short(error) or f"nothing in {CONNECT_SECONDS} s"
            raise ValueError(f"no Dask scheduler answers at {quoted(address)}: {why}") from None
        with client:
            yield client


async def _greeted(address: str) -> None:
    """Shake hands with what listens at ``address``; where it stays silent, a client would wait for ever."""
    distributed = _distributed()
    arguments = distributed.Security().get_connection_args("client")
    comm = await asyncio.wait_for(distributed.core.connect(address, CONNECT_SECONDS, **arguments), CONNECT_SECONDS)
    comm.abort()


def _short(error: Exception) -> str:
    """What an error of others says, at a length that leaves room in a sentence."""
    return shortened(printable(str(error)), 120)


@contextmanager
def _quiet(*names: str) -> Iterator[None]:
    """Silence these loggers and those below them: what they would say at length is said in one sentence."""
    known = [name for name in logging.root.manager.loggerDict if name.split(".")[0] in names]
    levels = {logger: logger.level for logger in map(logging.getLogger, {*names, *known})}
    for logger in levels:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)


@contextmanager
def _explained(address: str) -> Iterator[None]:
    """One sentence for each end that a cluster may come to."""
    distributed = _distributed()
    try:
        yield
    except (distributed.client.FutureCancelledError, distributed.client.ClosedClientError, OSError):
        raise ValueError(f"lost the Dask scheduler at {quoted(address)}; finished runs are kept") from None
    except distributed.KilledWorker:
        raise ValueError(KILLING) from None


class Team:
    """The workers of a cluster, each judged when it is first seen."""

    def __init__(self, client: Any) -> None:
        """Look at nobody yet."""
        self.client = client
        self._faults: dict[str, str] = {}

    @property
    def right(self) -> list[str]:
        """Addresses of the workers that are there and as it is here."""
        return [worker for worker, fault in self._faults.items() if not fault]

    def look(self) -> None:
        """Judge the workers that have joined, and forget those that have left.

        Raises:
            ValueError: there are workers, but not one right one.
        """
        if self.client.status == "closed":  # it does that when it can't connect again
            raise ConnectionError
        there = self.client.nthreads()
        new = [worker for worker in there if worker not in self._faults]
        known = {worker: fault for worker, fault in self._faults.items() if worker in there}
        self._faults = known | (_faults(self.client, new) if new else {})
        odd = [f"worker {worker} {fault}" for worker, fault in self._faults.items() if fault]
        if odd and not self.right:
            raise ValueError(odd[0])
        for worker in new:
            if fault := self._faults.get(worker):
                tqdm.write(f"spm: worker {worker} {fault}; it is passed over", file=sys.stderr)


def _faults(client: Any, workers: list[str]) -> dict[str, str]:
    """What is wrong with each of some workers, empty if nothing is; without one that has just left."""
    # A lambda is sent as it is, so that a worker without this module can still answer; Dask fills in its argument.
    found = client.run(
        lambda dask_worker: import_module("spm.compendium.record.engines").worker_conditions(dask_worker),
        workers=workers,
        on_error="return",
    )
    mine = process_conditions(threads=1)
    return {
        worker: f"can't say which spm it has: {_short(theirs)}"
        if isinstance(theirs, Exception)
        else _fault(mine, theirs)
        for worker, theirs in found.items()
        if not isinstance(theirs, OSError)
    }


def _completed(team: Team, work: Work[T], todo: Sequence[Specification], address: str) -> Generator[T, None, None]:
    """Results as they complete; at the end the cluster is cleared of what it has not done.

    A run is submitted for all workers that are right at the time, and anew when all of these have left.
    """
    client, task = team.client, partial(_checked, work, process_conditions(threads=1))
    waiting, landed = deque(todo), queue.SimpleQueue[Any]()
    flying: dict[Any, tuple[Specification, set[str]]] = {}
    abandoned = Counter[Specification]()
    with _explained(address), _cleared(client, flying):
        while waiting or flying:
            team.look()
            for future in [future for future, (_, workers) in flying.items() if not workers & {*team.right}]:
                run, _ = flying.pop(future)
                future.cancel()
                abandoned[run] += 1
                if abandoned[run] > ABANDONED:
                    raise ValueError(KILLING)
                waiting.appendleft(run)
            while waiting and len(flying) < AHEAD * len(team.right):
                # A key of its own: a cluster may still know an older run of the same specification.
                future = client.submit(task, waiting[0], workers=team.right, pure=False, retries=RETRIES)
                flying[future] = waiting.popleft(), {*team.right}
                future.add_done_callback(landed.put)
            with suppress(queue.Empty):
                future = landed.get(timeout=LOOK_SECONDS)
                if future in flying:
                    result = future.result()
                    del flying[future]
                    future.release()  # so that the cluster forgets it, and never does it again
                    yield result


@contextmanager
def _cleared(client: Any, futures: Iterable[Any]) -> Iterator[None]:
    """At the end, withdraw what is left of ``futures``."""
    try:
        yield
    finally:
        with suppress(_distributed().client.ClosedClientError):
            client.cancel(list(futures))


def process_conditions(threads: int) -> dict[str, str]:
    """Return what must be the same wherever a run is done: sources, versions, and one thread at a time.

    >>> process_conditions(1)["threads"], "learning.ppo.py" in process_conditions(1)
    ('1', True)
    """
    return {
        "threads": str(threads),
        "python": ".".join(platform.python_version_tuple()[:2]),
        **WORKER_CONDITIONS,
    }


def worker_conditions(worker: Any) -> dict[str, str]:
    """Return the conditions on a Dask worker."""
    return process_conditions(worker.state.nthreads)


def _fault(mine: dict[str, str], theirs: dict[str, str]) -> str:
    """Say in what a worker's conditions differ; empty if in nothing.

    >>> _fault({"torch": "2.13.0", "names.py": "1f"}, {"torch": "2.12.0", "names.py": "2e"})
    'is not as it is here: names.py differs, torch is 2.12.0 and not 2.13.0'
    """
    names = sorted(name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name))
    differs = [
        f"{name} differs" if name.endswith(".py") else f"{name} is {theirs.get(name)} and not {mine.get(name)}"
        for name in names
    ]
    more = len(differs) - MOST_DIFFERENCES
    told = differs[:MOST_DIFFERENCES] + [f"and {more} more"] * (more > 0)
    return "is not as it is here: " + ", ".join(told) if told else ""


def _checked(work: Work[T], mine: dict[str, str], specification: Specification) -> T:
    """Do ``work`` on this worker, unless it has become another one since it was judged."""
    worker = _distributed().get_worker()
    fault = _fault(mine, worker_conditions(worker))
    if fault:
        raise ValueError(f"worker {worker.address} {fault}")
    return work(specification)
