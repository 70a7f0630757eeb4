"""Where runs are done: in processes of this machine, or on the workers of a Dask cluster.

An engine takes a function and the specifications to apply it to, and opens a stream of results in the order in
which they complete. Results travel back to the caller, so workers need no common file system. Leaving the stream
early, as an interrupt does, drops what is not done.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from importlib import import_module
from typing import Any, TypeVar

from spm.compendium.record.fingerprints import conditions as conditions_of
from spm.compendium.record.processes import in_processes
from spm.learning import Specification
from spm.names import unknown

T = TypeVar("T")
Work = Callable[[Specification], T]
Engine = Callable[[Work[T], Sequence[Specification]], AbstractContextManager[Iterator[T]]]

ENGINES = ("local", "dask")
WORKER_CONDITIONS = conditions_of("compendium.record.store")
"""Fingerprints of all that makes a record, taken at import: those of the code that runs."""

CONNECT_SECONDS = 5
RETRIES = 2
"""How often a failed run is tried again. Dask itself repeats one whose worker died, up to 3 times."""


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
    if jobs < 1:
        raise ValueError(f"jobs must be at least 1, not {jobs}")
    if name == "local":
        if address is not None:
            raise ValueError("engine local has no address; engine dask has (--engine dask)")
        return partial(in_processes, jobs=jobs, ordered=False)
    if address is None or not re.fullmatch(r"(tcp|tls)://\S+:\d{1,5}", address):
        raise ValueError(f"engine dask needs the address of a scheduler, tcp://HOST:PORT, not {address!r}")
    return partial(dask, address=address)


@contextmanager
def dask(work: Work[T], todo: Sequence[Specification], address: str) -> Iterator[Iterator[T]]:
    """Do ``work`` for each of ``todo`` on the workers of the Dask cluster at ``address``.

    Work must be a module's function that depends on its argument alone, since a run whose worker dies is repeated
    by another. Workers may join later; all are held to the same conditions.

    Raises:
        ValueError: ``distributed`` is not installed, no scheduler answers or it is lost, or a worker has other
            sources or versions than this machine, or more than one thread (runs in one process would share
            torch's random numbers).
    """
    mine = process_conditions(threads=1)
    with _connected(address) as client:
        _check_workers(client, mine)
        # Keys that no other submission has: a cluster may still know an older run of the same specification.
        futures = client.map(partial(_checked, work, mine), todo, pure=False, retries=RETRIES)
        try:
            yield _completed(client, futures, address)
        finally:
            client.cancel(futures)


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
    try:
        client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ValueError(f"no Dask scheduler answers at {address!r}: {error}") from None
    with client:
        yield client


def _completed(client: Any, futures: Sequence[Any], address: str) -> Iterator[Any]:
    """Results of ``futures`` as they complete; what is here the cluster forgets, so as never to do it again."""
    distributed = _distributed()
    try:
        for future in distributed.as_completed(futures, loop=client.loop):
            result = future.result()
            future.release()
            yield result
    except distributed.client.FutureCancelledError:
        raise ValueError(f"lost the Dask scheduler at {address!r}; finished runs are kept") from None


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


def _check_workers(client: Any, mine: dict[str, str]) -> None:
    """Check the workers that are there, before any of them runs anything."""
    # A lambda is sent as it is, so that a worker without this module can still answer; Dask fills in its argument.
    found = client.run(
        lambda dask_worker: import_module("spm.compendium.record.engines").worker_conditions(dask_worker),
        on_error="return",
    )
    for worker, theirs in found.items():
        if isinstance(theirs, Exception):
            raise ValueError(f"worker {worker} can't say which spm it has: {theirs}")
        _check(worker, mine, theirs)


def _check(worker: str, mine: dict[str, str], theirs: dict[str, str]) -> None:
    """Refuse a worker whose conditions differ.

    >>> _check("tcp://a:1", {"torch": "2.13.0", "names.py": "1f"}, {"torch": "2.12.0", "names.py": "2e"})
    Traceback (most recent call last):
    ValueError: worker tcp://a:1 is not as it is here: names.py differs, torch is 2.12.0 and not 2.13.0
    """
    names = sorted(name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name))
    differs = [
        f"{name} differs" if name.endswith(".py") else f"{name} is {theirs.get(name)} and not {mine.get(name)}"
        for name in names
    ]
    if differs:
        raise ValueError(f"worker {worker} is not as it is here: " + ", ".join(differs))


def _checked(work: Work[T], mine: dict[str, str], specification: Specification) -> T:
    """Do ``work`` on this worker, which may have joined after the others were checked."""
    worker = _distributed().get_worker()
    _check(worker.address, mine, worker_conditions(worker))
    return work(specification)
