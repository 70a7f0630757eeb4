"""Work done side by side in processes of this machine, none of which outlives the one that started them.

An error, Ctrl-C or SIGTERM stops them at once. When the one that started them is killed, each of them notices and
ends itself.
"""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

A = TypeVar("A")
T = TypeVar("T")

WATCH_SECONDS = 1.0
"""How often a process looks whether the one that started it is still there."""


@contextmanager
def in_processes(
    work: Callable[[A], T], todo: Sequence[A], jobs: int, ordered: bool = True
) -> Iterator[Iterator[T]]:
    """Do ``work`` for each of ``todo`` in ``jobs`` processes, and open the stream of results.

    Leaving the stream early ends the processes and drops what is not done.

    Args:
        work: a module's function.
        todo: its arguments.
        jobs: how many processes at most; where one is enough, the work is done in this one.
        ordered: whether results come in the order of ``todo`` or as they complete.

    Raises:
        ValueError: fewer than 1 job, or a process was killed.

    >>> with in_processes(abs, [-1, 2], jobs=1) as results:
    ...     list(results)
    [1, 2]
    """
    import joblib  # here, since most commands do without
    from joblib.externals.loky import BrokenProcessPool

    if jobs < 1:
        raise ValueError(f"jobs must be at least 1, not {jobs}")
    parallel = joblib.Parallel(
        n_jobs=min(jobs, len(todo)) or 1,
        return_as="generator" if ordered else "generator_unordered",
        initializer=_end_with,
        initargs=(os.getpid(),),
    )
    mask = signal.pthread_sigmask(
        signal.SIG_BLOCK, [signal.SIGINT]
    )  # a new process that it reaches would complain
    try:
        results = parallel(joblib.delayed(work)(one) for one in todo)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    try:
        yield results
    except BrokenProcessPool:
        raise ValueError("a process was killed at its work, perhaps for want of memory") from None
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # joblib's, that results are dropped: they are on purpose
            results.close()


def _end_with(parent: int) -> None:
    """Let this process end when ``parent``, which started it, is no more; leave Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os._exit(1)
