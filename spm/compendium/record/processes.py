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
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from typing import Any, TypeVar

from spm.names import check_whole

A = TypeVar("A")
T = TypeVar("T")

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

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

    check_whole("jobs", jobs)
    parallel = joblib.Parallel(
        n_jobs=min(jobs, len(todo)) or 1,
        return_as="generator" if ordered else "generator_unordered",
        initializer=_end_with,
        initargs=(os.getpid(),),
    )
    with ExitStack() as stack:
        with _undisturbed():
            results = parallel(joblib.delayed(work)(one) for one in todo)
            stack.callback(_close, results)
        try:
            yield results
        except BrokenProcessPool:
            raise ValueError("a process was killed at its work, perhaps for want of memory") from None


def _close(results: Generator[Any, None, None]) -> None:
    """End the processes. What joblib says of dropped results, and its thread of being ended, is no news."""
    # For good, since that thread may end after the processes.
    threading.excepthook = unless_of_joblib(threading.excepthook)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results.close()


@dataclass(frozen=True)
class _Quiet:
    """A hook that passes on the exceptions of all threads but joblib's."""

    hook: Callable[[Any], Any]

    def __call__(self, said: Any) -> None:
        if getattr(said.thread, "name", "") != "ExecutorManagerThread":
            self.hook(said)


def unless_of_joblib(hook: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a hook that is silent about joblib's thread; ``hook`` itself if it is one."""
    return hook if isinstance(hook, _Quiet) else _Quiet(hook)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Put off signals while processes start: they can't be ended yet, and would complain of Ctrl-C themselves."""
    if threading.current_thread() is not threading.main_thread():  # which alone hears of signals
        yield
        return
    from joblib.externals.loky.backend import resource_tracker as of_loky

    for tracker in (resource_tracker, of_loky):
        tracker.ensure_running()  # before, since to start it unblocks signals
    came: list[int] = []
    handlers = {number: signal.signal(number, lambda number, _: came.append(number)) for number in SIGNALS}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # new processes inherit it
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for one in came:
            signal.raise_signal(one)


def _end_with(parent: int) -> None:
    """Let this process end when ``parent``, which started it, is no more; leave Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os._exit(1)
