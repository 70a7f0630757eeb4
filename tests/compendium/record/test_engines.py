"""Runs on a real Dask cluster of several processes: the same records, also when a worker is killed."""

from __future__ import annotations

import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import distributed
import pytest

from spm.__main__ import main
from spm.compendium.record import engines, store
from spm.compendium.record import grid as grid_module
from spm.compendium.record.grid import PROTOCOLS, get_protocol
from spm.compendium.record.runs import Finished, run_grid, run_one
from spm.learning import Specification
from spm.settings import FIGURES

TINY = replace(PROTOCOLS["smoke"], name="tiny", seeds=1, keep=1)
SPM = Path(engines.__file__).parents[2]


@contextmanager
def dask(folder: Path, *arguments: str, until: str) -> Iterator[tuple[Any, str]]:
    """A command of Dask as a process of its own: yields it and what ``until`` found in its log."""
    search = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments, "--no-dashboard"],
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": search, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stderr
    try:
        yield process, next(found[1] for line in process.stderr if (found := re.search(until, line)))
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def scheduler(folder: Path) -> Iterator[tuple[Any, str]]:
    """A scheduler's process and address."""
    with dask(folder, "scheduler", "--host", "127.0.0.1", "--port", "0", until=r"Scheduler at:\s+(\S+)") as found:
        yield found


@contextmanager
def cluster(folder: Path, workers: int = 1, threads: int = 1) -> Iterator[str]:
    """A scheduler and its workers, which import from ``folder`` first; yields the scheduler's address."""
    options = ("--nworkers", str(workers), "--nthreads", str(threads), "--local-directory", str(folder))
    with scheduler(folder) as (_, address), dask(folder, "worker", address, *options, until="(Start Nanny)"):
        with client_of(address) as client:
            client.wait_for_workers(workers, timeout=60)
        yield address


@contextmanager
def worker(address: str, folder: Path) -> Iterator[None]:
    """One more worker, which imports from ``folder`` first."""
    with dask(
        folder, "worker", address, "--nthreads", "1", "--local-directory", str(folder), until="(Start Nanny)"
    ):
        yield


@contextmanager
def client_of(address: str) -> Iterator[Any]:
    with distributed.Client(address, set_as_default=False) as client:  # type: ignore[no-untyped-call]
        yield client


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a cluster of three workers, each a process with one thread."""
    with cluster(tmp_path_factory.mktemp("workers"), workers=3) as found:
        yield found


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def two_panels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FIGURES, "figure-3", ("kitchen-sink", "colors"))


def bodies(home: Path) -> dict[str, Any]:
    """Every file among the runs below ``home``, opened as a record, but for the seconds that the run took."""
    runs = home / "_build" / "runs"
    paths = [path for path in runs.rglob("*") if path.is_file()]
    return {str(path.relative_to(runs)): replace(store.read_record(path), seconds=0.0) for path in paths}


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def kill_a_busy_worker(address: str) -> int:
    """Kill a worker that is in the middle of a run; return how many runs were on it when it died."""
    with client_of(address) as client:
        pids = client.run(os.getpid)
        deadline = time.monotonic() + 60
        while not (busy := [worker for worker, stack in client.call_stack().items() if stack]):
            assert time.monotonic() < deadline, "no worker is ever busy"
        os.kill(pids[busy[0]], signal.SIGKILL)
        while busy[0] in client.scheduler_info(n_workers=-1)["workers"] or exists(pids[busy[0]]):
            assert time.monotonic() < deadline, "the worker is still there"
            time.sleep(0.02)
        # The scheduler suspects the runs that were on a worker when it died.
        return client.run_on_scheduler(
            lambda dask_scheduler: sum(prefix.suspicious for prefix in dask_scheduler.task_prefixes.values())
        )


@pytest.mark.endurance
def test_a_killed_worker_loses_nothing_and_doubles_nothing(
    address: str, home: Path, two_panels: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Specification] = []
    under_way: list[int] = []

    def watched(finished: Iterator[Finished]) -> Iterator[Finished]:
        for result in finished:
            seen.append(result[0])
            if len(seen) == 2:
                under_way.append(kill_a_busy_worker(address))
            yield result

    @contextmanager
    def engine(
        work: Callable[[Specification], Finished], todo: Sequence[Specification]
    ) -> Iterator[Iterator[Finished]]:
        with engines.dask(work, todo, address) as finished:
            yield watched(finished)

    grid = grid_module.grid("figure-3", TINY)
    assert run_grid("figure-3", TINY, engine=engine) == len(grid) >= 10
    assert len(under_way) == 1
    assert under_way[0] >= 1, "a run was under way on the worker that was killed"
    assert len(seen) == len(grid)
    assert set(seen) == set(grid)
    monkeypatch.setenv("SPM_HOME", str(home / "local"))
    assert run_grid("figure-3", TINY) == len(grid)
    here = bodies(home / "local")
    assert len(here) == len(grid)
    shutil.rmtree(home / "local")
    assert bodies(home) == here


@pytest.mark.endurance
def test_an_interrupt_keeps_what_is_done_and_clears_the_cluster(address: str, home: Path) -> None:
    command = [sys.executable, "-m", "spm", "run", "figure-4", "--profile", "smoke"]
    process = subprocess.Popen(
        [*command, "--engine", "dask", "--address", address],
        stderr=subprocess.PIPE,
        text=True,
        # Where the tests run in a shell's background, interrupts are ignored, and a child would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 120
    while len(list(home.rglob("*.json"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert "interrupted; finished runs are kept" in said
    assert "Traceback" not in said
    assert 2 <= len(bodies(home)) < len(grid_module.grid("figure-4", get_protocol("smoke")))
    with client_of(address) as client:
        # This client and the scheduler's own are the only ones left.
        left = client.run_on_scheduler(lambda dask_scheduler: [*dask_scheduler.tasks, *dask_scheduler.clients])
    assert left == ["fire-and-forget", client.id]


def run_on(address: str) -> list[str]:
    return ["run", "figure-3", "--profile", "smoke", "--engine", "dask", "--address", address]


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one sentence with which a command fails."""
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert len(said) <= 301
    return said


def altered(folder: Path) -> None:
    shutil.copytree(SPM, folder / "spm", ignore=shutil.ignore_patterns("__pycache__"))
    with (folder / "spm" / "learning" / "ppo.py").open("a", encoding="utf-8") as file:
        file.write("\nCHANGED = True\n")


def empty(folder: Path) -> None:
    (folder / "spm.py").touch()


@pytest.mark.parametrize(
    ("installed", "threads", "complaint"),
    [
        (altered, 2, "is not as it is here: learning.ppo.py differs, threads is 2 and not 1"),
        (empty, 1, "can't say which spm it has: No module named 'spm.compendium'"),
    ],
)
def test_a_worker_with_another_spm_is_refused_before_anything_is_run(
    tmp_path: Path,
    home: Path,
    capsys: pytest.CaptureFixture[str],
    installed: Callable[[Path], None],
    threads: int,
    complaint: str,
) -> None:
    installed(tmp_path)
    with cluster(tmp_path, threads=threads) as other:
        assert complaint in refusal(capsys, *run_on(other))
        with client_of(other) as client:
            assert client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.task_prefixes)) == 0
    assert not home.exists()


@pytest.mark.endurance
def test_a_worker_that_becomes_another_is_refused_too(
    address: str, home: Path, two_panels: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if all had been right when they were judged."""
    monkeypatch.setattr(engines, "_faults", lambda _, workers: dict.fromkeys(workers, ""))
    monkeypatch.setitem(engines.WORKER_CONDITIONS, "learning.ppo.py", "another")
    with pytest.raises(ValueError, match=r"worker tcp://\S+ is not as it is here: learning.ppo.py differs$"):
        run_grid("figure-3", TINY, engine=engines.engine("dask", address=address))
    assert not home.exists()


@pytest.mark.endurance
def test_a_worker_that_joins_late_with_another_spm_is_passed_over(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Meanwhile the only right one dies, and its nanny starts another, at another address."""
    monkeypatch.setitem(FIGURES, "figure-3", ("kitchen-sink",))
    odd = tmp_path / "odd"
    odd.mkdir()
    altered(odd)
    with ExitStack() as late, cluster(tmp_path) as address:
        client = late.enter_context(client_of(address))
        seen = 0

        def watched(finished: Iterator[Finished]) -> Iterator[Finished]:
            nonlocal seen
            for result in finished:
                seen += 1
                if seen == 2:
                    kill_a_busy_worker(address)
                    client.wait_for_workers(1, timeout=60)
                    late.enter_context(worker(address, odd))
                    client.wait_for_workers(2, timeout=60)
                yield result

        @contextmanager
        def engine(
            work: Callable[[Specification], Finished], todo: Sequence[Specification]
        ) -> Iterator[Iterator[Finished]]:
            with engines.dask(work, todo, address) as finished:
                yield watched(finished)

        assert run_grid("figure-3", TINY, engine=engine) == seen == len(bodies(home)) == 10
        late.close()
    warned = [line for line in capsys.readouterr().err.splitlines() if "passed over" in line]
    assert len(warned) == 1
    assert re.search(r"^spm: worker tcp://\S+ is not as it is here: learning.ppo.py differs; ", warned[0])


class FakeClient:
    """A client of workers whose conditions are made up: None for one that leaves before it is asked."""

    def __init__(self, **workers: dict[str, str] | None) -> None:
        self.workers, self.status = workers, "running"

    def nthreads(self) -> dict[str, int]:
        return dict.fromkeys(self.workers, 1)

    def run(self, _: object, workers: list[str], on_error: str) -> dict[str, Any]:
        return {name: self.workers[name] or OSError(f"no {name}") for name in workers}


def test_workers_are_judged_as_they_come(capsys: pytest.CaptureFixture[str]) -> None:
    mine = engines.process_conditions(threads=1)
    older = {name: "older" for name in mine if name.endswith(".py")}
    team = engines.Team(client := FakeClient())
    team.look()
    assert team.right == []
    client.workers = {"a": mine, "b": mine | {"numpy": "1.0"}, "c": None}
    team.look()
    assert team.right == ["a"]
    assert capsys.readouterr().err == (
        f"spm: worker b is not as it is here: numpy is 1.0 and not {mine['numpy']}; it is passed over\n"
    )
    client.workers |= {"c": mine}
    team.look()
    assert team.right == ["a", "c"]
    client.workers = {"b": client.workers["b"], "d": mine | older}
    with pytest.raises(ValueError, match="worker b is not as it is here") as error:
        team.look()
    assert len(str(error.value)) < 200
    assert len(engines.__dict__["_fault"](mine, mine | older)) < 200
    assert capsys.readouterr().err == ""


def test_a_run_that_kills_its_workers_is_one_sentence(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "ABANDONED", 0)
    runs = grid_module.grid("figure-3", TINY)[:1]
    sentence = re.escape(engines.KILLING)
    with (
        engines.dask(lambda _: os._exit(1), runs, address) as finished,  # each of the three, once
        pytest.raises(ValueError, match=sentence),
    ):
        next(finished)
    with pytest.raises(ValueError, match=sentence), engines._explained(address):
        raise distributed.KilledWorker("run", None, 3)  # type: ignore[arg-type]


def test_a_lost_scheduler_is_one_sentence_without_a_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on the command line: the handlers that Dask sets up write to the standard error of then.
    for name in ("distributed", "tornado"):
        monkeypatch.setattr(logging.getLogger(name), "handlers", [logging.StreamHandler(sys.stderr)])
    before = {name: logging.getLogger(name).level for name in ("distributed", "distributed.client", "asyncio")}
    with scheduler(tmp_path) as (process, address):
        engine = engines.engine("dask", address=address)
        with engine(run_one, grid_module.grid("figure-3", TINY)) as finished:
            process.kill()
            with pytest.raises(ValueError, match=r"lost the Dask scheduler at 'tcp://127.0.0.1:"):
                next(finished)
    assert capfd.readouterr().err == ""
    assert {name: logging.getLogger(name).level for name in before} == before


def test_a_scheduler_that_was_lost_long_ago(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "CONNECT_SECONDS", 0.5)  # after which the client gives up
    with scheduler(tmp_path) as (process, address):
        engine = engines.engine("dask", address=address)
        with engine(run_one, grid_module.grid("figure-3", TINY)) as finished:
            process.kill()
            time.sleep(3)
            with pytest.raises(ValueError, match=r"lost the Dask scheduler at 'tcp://127.0.0.1:"):
                next(finished)


@pytest.mark.parametrize("banner", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_what_is_no_scheduler(banner: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something mute, or that speaks of other things; the sentence comes within a few seconds."""
    monkeypatch.setattr(engines, "CONNECT_SECONDS", 1)

    def speak() -> None:
        with suppress(OSError):  # the end of the test
            peer, _ = listening.accept()
            peer.sendall(banner)
            time.sleep(3)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=speak, daemon=True).start()
        address = f"tcp://127.0.0.1:{listening.getsockname()[1]}"
        with (
            pytest.raises(ValueError, match=f"^no Dask scheduler answers at '{address}': "),
            engines.engine("dask", address=address)(run_one, []),
        ):
            pass


def test_an_address_where_no_scheduler_answers(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "CONNECT_SECONDS", 0.5)
    assert "no Dask scheduler answers at 'tcp://127.0.0.1:1'" in refusal(capsys, *run_on("tcp://127.0.0.1:1"))


def test_a_missing_extra_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert 'needs the extra "dask"' in refusal(capsys, *run_on("tcp://127.0.0.1:1"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--engine", "dsk"], "unknown engine 'dsk'; did you mean dask?"),
        (["--engine", "dask"], "needs the address of a scheduler, tcp://HOST:PORT, not None"),
        (
            ["--engine", "dask", "--address", "here"],
            "needs the address of a scheduler, tcp://HOST:PORT, not 'here'",
        ),
        *(
            (["--engine", "dask", "--address", wrong], "needs the address of a scheduler, tcp://HOST:PORT, not")
            for wrong in (
                "tcp://localhost:99999",
                "tcp://localhost:0",
                "tcp://::1:8786",
                "tcp://a:٣",
                "tcp://x/y:1",
            )
        ),
        (["--engine", "dask", "--address", "tls://localhost:1"], "answers at 'tls://localhost:1': TLS expects"),
        (["--engine", "dask", "--address", f"tcp://{'a' * 250}:1"], "label too long"),
        (["--address", "tcp://127.0.0.1:1"], "engine local has no address"),
        (["--jobs", "0"], "jobs must be at least 1, not 0"),
    ],
)
def test_bad_options(capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str) -> None:
    assert sentence in refusal(capsys, "run", "figure-3", "--profile", "smoke", *arguments)
