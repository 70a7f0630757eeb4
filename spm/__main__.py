"""The command line: ``python -m spm`` or ``spm``.

Bad input ends with one sentence on standard error and exit status 2 (:mod:`spm.compendium.command_line`). Each
command imports what it needs when it runs, so that ``spm list`` and ``spm --help`` answer at once.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

from spm.compendium.command_line import JOBS_PER_PROCESSOR, Parser, jobs, place, status_of, whole
from spm.compendium.record import grid
from spm.files import check_writable, home
from spm.learning import VARIANTS, VISITS, Specification, evaluation_seed, point, recommended
from spm.limits import showing_progress
from spm.market import STATISTICS, get_statistic
from spm.mechanisms import play
from spm.settings import CONSTRUCTIONS, FIGURES, MORE_SETTINGS, Setting, construction, get_setting

Command = Callable[[argparse.Namespace], None]
YOUR_OWN = "your own finite setting (format: spm.exact.json_format)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status (:func:`spm.compendium.command_line.status_of`)."""

    def command() -> None:
        options = parser().parse_args(arguments)
        with showing_progress():
            options.command(options)

    return status_of(
        "spm", command, "interrupted; finished runs are kept, and the same command resumes from there"
    )


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    root = Parser(prog="spm", description="Sequential price mechanisms.")
    commands = root.add_subparsers(metavar="COMMAND")
    _library_commands(commands)
    _book_commands(commands)
    root.set_defaults(command=lambda _: root.error("name a command: " + ", ".join(commands.choices)))
    return root


def _library_commands(commands: Any) -> None:
    """Add what can be done with one setting."""
    _add(commands, "list", list_panels, "list panels, statistics and profiles")
    add = _add(commands, "exact", solve_exactly, "solve a finite setting exactly, for every cell of the taxonomy")
    add("name", nargs="?", metavar="NAME", help=", ".join(CONSTRUCTIONS))
    add("--file", type=place("--file"), metavar="SETTING.json", help=YOUR_OWN)
    add("--tree", action="store_true", help="print an optimal mechanism")
    add = _add(commands, "bounds", show_bounds, "bound what the best mechanism for a panel could earn")
    add("panel", metavar="PANEL")
    add = _add(commands, "train", train_one, "learn one mechanism and store its record", as_json=False)
    _add_setting(add)
    add("--statistic", required=True, metavar="S", help="what the policy sees: " + ", ".join(STATISTICS))
    add("--seed", type=whole("--seed", 0, 2**32 - 1), default=0, metavar="K")
    add("--visits", type=whole("--visits", 1), default=VISITS, metavar="N")
    add("--variant", default="scores", metavar="V", help="the kind of policy: " + ", ".join(VARIANTS))
    add("--out", type=place("--out"), metavar="DIR", help="where the record goes (default: _build/trained)")
    add = _add(commands, "evaluate", evaluate_policy, "play a learned mechanism on fresh profiles")
    add("policy", type=place("POLICY"), metavar="POLICY", help="a record written by train or run")
    _add_setting(add)
    add("--profiles", type=whole("--profiles", 2), default=100_000, metavar="N")


def _book_commands(commands: Any) -> None:
    """Add what makes and checks the results that the book shows."""
    about = "do the missing runs of a figure, then write its tables and pictures"
    add = _add(commands, "run", run_figures, about, as_json=False)
    add("figure", metavar="FIGURE", help="figure-2, figure-3, figure-4 or all")
    _add_profile(add)
    _add_engine(add)
    add = _add(commands, "status", show_status, "say which runs are done, missing or stale, and why")
    _add_profile(add)
    add = _add(commands, "claims", show_claims, "check every claim of the paper")
    _add_profile(add)
    about = "run the paper's whole protocol from scratch and write its results to data/"
    _add_engine(_add(commands, "reproduce", reproduce, about, as_json=False))
    about = "make the certificates under data/certificates from scratch"
    _add(commands, "certify", certify, about, as_json=False)
    about = "compute the results under data/computed from scratch and say which differ"
    _add_jobs(_add(commands, "compute", compute, about))
    about = "retrain a sample of the runs of record and play all kept policies"
    _add_verification(_add(commands, "verify", verify_records, about))
    about = "replay the results of record in miniature and note that the present code reproduces them"
    _add_jobs(_add(commands, "seal", seal_records, about, as_json=False))


def _add(commands: Any, name: str, command: Command, about: str, as_json: bool = True) -> Callable[..., Any]:
    """Add a command; return the function that adds its arguments."""
    sub = commands.add_parser(name, help=about, description=about)
    sub.set_defaults(command=command)
    if as_json:
        sub.add_argument("--json", action="store_true", help="print JSON")
    added: Callable[..., Any] = sub.add_argument
    return added


def _add_setting(add: Callable[..., Any]) -> None:
    add("panel", nargs="?", metavar="PANEL")
    add("--setting", type=place("--setting"), metavar="SETTING.json", help=YOUR_OWN)


def _add_jobs(add: Callable[..., Any]) -> None:
    about = f"processes (default: one for each processor; at most {JOBS_PER_PROCESSOR} for each)"
    add("--jobs", type=jobs(), default=os.cpu_count() or 1, metavar="J", help=about)


def _add_engine(add: Callable[..., Any]) -> None:
    _add_jobs(add)
    about = "where runs are done: local, in processes of this machine (default), or dask, on a cluster"
    add("--engine", default="local", metavar="E", help=about)
    add("--address", metavar="tcp://HOST:PORT", help="the scheduler of the Dask cluster, for --engine dask")


def _add_verification(add: Callable[..., Any]) -> None:
    add(
        "--sample", type=whole("--sample", 0), default=3, metavar="K", help="how many runs to retrain (default: 3)"
    )
    add("--seed", type=whole("--seed", 0), metavar="S", help="seed of the draw of these runs (default: a new one)")
    add(
        "--profiles",
        type=whole("--profiles", 2),
        default=8_192,
        metavar="N",
        help="profiles per policy (default: 8192)",
    )
    _add_jobs(add)


def _add_profile(add: Callable[..., Any]) -> None:
    add("--profile", default="quick", metavar="P", help=", ".join(grid.PROTOCOLS))


def emit(options: argparse.Namespace, data: Any, lines: Sequence[str]) -> None:
    """Print ``data`` as JSON when asked for, else ``lines``.

    Raises:
        ValueError: a number is not finite, which JSON can't say.
    """
    try:
        text = json.dumps(data, indent=2, allow_nan=False) if options.json else "\n".join(lines)
    except ValueError:
        raise ValueError("a result is not a finite number, which JSON can't say; ask without --json") from None
    print(text)


def list_panels(options: argparse.Namespace) -> None:
    """List figures with their panels, statistics and profiles."""
    data = {
        "figures": {figure: list(panels) for figure, panels in FIGURES.items()},
        "extras": list(MORE_SETTINGS),
        "statistics": {name: statistic.title for name, statistic in STATISTICS.items()},
        "profiles": {name: asdict(protocol) for name, protocol in grid.PROTOCOLS.items()},
    }
    lines = [f"{figure}: {', '.join(panels)}" for figure, panels in FIGURES.items()]
    lines += [f"more settings: {', '.join(MORE_SETTINGS)}, correlated-AGENTS-ITEMS-DELTA"]
    lines += [f"statistic {name}: {statistic.title}" for name, statistic in STATISTICS.items()]
    lines += [
        f"profile {p.name}: {p.seeds} seeds, up to {max(p.visits.values()):,} visits"
        for p in grid.PROTOCOLS.values()
    ]
    emit(options, data, lines)


def _setting(options: argparse.Namespace) -> Setting:
    """The panel named, or the setting of the file."""
    from spm.exact import read_setting

    if (options.panel is None) == (options.setting is None):
        raise ValueError("give either a PANEL (`spm list` names them) or --setting SETTING.json")
    return get_setting(options.panel) if options.setting is None else read_setting(options.setting)


def train_one(options: argparse.Namespace) -> None:
    """Learn one mechanism, print how it did before and after, and store its record.

    Raises:
        ValueError: neither panel nor file or both, an unknown name, an impossible size, or an unwritable folder.
    """
    from spm.compendium.record.store import Store
    from spm.learning import learn

    sees = get_statistic(options.statistic)
    specification = Specification(
        _setting(options),
        sees,
        options.seed,
        options.visits,
        hyperparameters=recommended(options.variant, sees),
        variant=options.variant,
    )
    store = Store(options.out or home() / "_build" / "trained")
    check_writable([store.path(specification)])
    start = time.perf_counter()
    run = learn(specification)
    path = store.save(run, time.perf_counter() - start)
    first, last = run.curve[0], run.final
    print(f"objective {first.objective:.4f} before, {last.objective:.4f} ± {last.objective_se:.4f} after learning")
    print(f"regret to the first best {last.regret:.4f} ± {last.regret_se:.4f}; record in {path}")


def run_figures(options: argparse.Namespace) -> None:
    """Do the missing runs of a figure, then write its tables and pictures."""
    from spm.compendium.record import bracket_cache, engines, published, runs

    protocol = grid.get_protocol(options.profile)
    names = FIGURES if options.figure == "all" else [options.figure]
    engine = engines.engine(options.engine, options.jobs, options.address)
    done = runs.run_grid(options.figure, protocol, engine=engine)
    bracket_cache.compute_brackets(grid.panels(options.figure), options.jobs)
    if protocol.of_record:  # whose tables and pictures are made from data/
        print(f"{done} runs done; `spm reproduce` completes them and writes {published.folder(protocol)}")
        return
    draw(names, protocol)
    print(f"{done} runs done, {len(grid.grid(options.figure, protocol)) - done} found done")


def draw(names: Iterable[str], protocol: grid.Protocol) -> None:
    """Write the tables and pictures of figures; with all of them, the cover too."""
    from spm.compendium.report import curves, tables

    for figure in names:
        tables.write_tables(figure, protocol)
        curves.write_figures(figure, protocol)
    if set(names) == set(FIGURES):
        curves.write_figures("cover", protocol)


def reproduce(options: argparse.Namespace) -> None:
    """Do every run of the paper's protocol, write the results to ``data/``, repeat the trials of the tuning."""
    from spm.compendium.record import computed, engines, kept, publish, runs
    from spm.compendium.record.belief import BELIEF
    from spm.compendium.record.tuning import TUNING

    protocol = grid.get_protocol("paper")
    engine = engines.engine(options.engine, options.jobs, options.address)
    tables = [*publish.publish_files(protocol), *kept.files_of_record(computed.calls())]
    check_writable([*tables, *TUNING.files, *BELIEF.files])
    start = time.perf_counter()
    done = runs.run_grid("all", protocol, engine=engine)
    kept.refresh(computed.calls(), options.jobs)
    print(f"{done} runs done; results of record in {publish.publish(protocol)}")
    for trials in (TUNING, BELIEF):
        trials.do(options.jobs)
    draw(FIGURES, protocol)
    print(f"{time.perf_counter() - start:.0f} s in all")


def certify(options: argparse.Namespace) -> None:
    """Make the certificates of the panels' upper bounds anew; `spm compute` and `spm reproduce` rest on them.

    Raises:
        ValueError: the folder can't be written to.
    """
    from spm.bounds.certificates import make_certificates

    for path in make_certificates():
        print(path, flush=True)


def compute(options: argparse.Namespace) -> None:
    """Compute all kept results from scratch, write them, and print those that differ from before.

    Raises:
        ValueError: the folder can't be written to.
    """
    from spm.compendium.record import computed, kept

    checks = kept.refresh(computed.calls(), options.jobs)
    changed = [one for one in checks if one.outcome != "same"]
    data = {"same": len(checks) - len(changed), "changed": {str(one.call): one.outcome for one in changed}}
    lines = [f"{one.outcome}: {one.call}" for one in changed]
    emit(options, data, [*lines, f"{data['same']} of {len(checks)} results are the same as before"])


def verify_records(options: argparse.Namespace) -> None:
    """Check the results of record; print every retrained run and every failure.

    Raises:
        ValueError: a check failed, or the results can't be checked.
    """
    from spm.compendium.record import verify

    protocol = grid.get_protocol("paper")
    seed = secrets.randbelow(2**32) if options.seed is None else options.seed
    findings = []
    for one in verify.verify(protocol, options.sample, seed, options.profiles, options.jobs):
        findings.append(one)
        if not options.json and (one.check == "retrained" or not one.passed):
            print(f"{one.check}: {one.run}: {'ok' if one.passed else 'FAILED'}, {one.detail}", flush=True)
    failed = [one for one in findings if not one.passed]
    emit(
        options,
        {"seed": seed, "failed": len(failed), "checks": [asdict(one) for one in findings]},
        [f"{len(findings)} checks, {len(failed)} failed (--seed {seed})"],
    )
    if failed:
        raise ValueError(f"{len(failed)} of {len(findings)} checks failed, the first: {failed[0].run}")


def seal_records(options: argparse.Namespace) -> None:
    """Replay the results of record where code or packages have changed, and note that they are reproduced."""
    from spm.compendium.record import publish
    from spm.compendium.record.belief import BELIEF
    from spm.compendium.record.tuning import TUNING

    protocol = grid.get_protocol("paper")
    check_writable([*publish.seal_files(protocol), TUNING.seal_path, BELIEF.seal_path])
    changed = publish.reseal_published(protocol, options.jobs)
    for trials in (TUNING, BELIEF):
        trials.reseal()
    print(changed or "nothing has changed since the results of record were sealed")


def show_status(options: argparse.Namespace) -> None:
    """Count the runs of a profile by state, and list those that are not done."""
    from spm.compendium.record import runs

    rows = runs.status("all", grid.get_protocol(options.profile))
    data = [{**run.key, "status": state.status, "reason": state.reason} for run, state in rows]
    counts = {status: sum(row["status"] == status for row in data) for status in ("done", "missing", "stale")}
    lines = [", ".join(f"{count} {status}" for status, count in counts.items())]
    lines += [
        f"{row['status']:8}{row['panel']:14}{row['variant']:8}{row['statistic']:18}"
        f"seed {row['seed']}  {row['reason']}"
        for row in data
        if row["status"] != "done"
    ]
    emit(options, {"counts": counts, "runs": data}, lines)


def evaluate_policy(options: argparse.Namespace) -> None:
    """Play the policy of a record on fresh profiles of its setting.

    Raises:
        ValueError: neither panel nor file or both, or the record is missing, damaged, or of another setting.
    """
    from spm.compendium.record import policies
    from spm.compendium.record.schema import naming
    from spm.compendium.record.store import read_record

    setting = _setting(options)
    record = read_record(options.policy)
    with naming(options.policy):
        learned = policies.mechanism_of(record, setting)
        outcomes = play(learned, setting, options.profiles, evaluation_seed("final"))
    data = asdict(point(outcomes, record.final.visits)) | {"profiles": options.profiles}
    lines = [
        f"objective {data['objective']:.5f} ± {data['objective_se']:.5f}",
        f"regret to the first best {data['regret']:.5f} ± {data['regret_se']:.5f}",
        f"{options.profiles:,} profiles",
    ]
    emit(options, data, lines)


def solve_exactly(options: argparse.Namespace) -> None:
    """Solve a construction or the reader's own finite setting exactly.

    Raises:
        ValueError: neither or both are given, an unknown name, or a bad file.
    """
    from spm.exact import ORDERS, Solver, read_setting, result, tree_text

    if (options.name is None) == (options.file is None):
        raise ValueError("exact takes either a NAME or --file SETTING.json; names: " + ", ".join(CONSTRUCTIONS))
    setting = read_setting(options.file) if options.name is None else construction(options.name)
    solver = Solver(setting)
    if options.tree:
        text = tree_text(setting, solver.tree())
        emit(options, {"name": setting.name, "tree": text}, [text])
        return
    data = result(solver)
    lines = [f"{setting.title}: optimal {setting.objective} before normalisation, first best {data['first_best']}"]
    lines += [f"{'prices':22}" + "".join(f"{order + ' order':>18}" for order in ORDERS)]
    lines += [
        f"{prices:22}" + "".join(f"{row[order]:>18}" for order in ORDERS) for prices, row in data["values"].items()
    ]
    emit(options, data, lines)


def show_bounds(options: argparse.Namespace) -> None:
    """Print a panel's certified bracket and its benchmarks, normalised."""
    from spm.compendium.record import bracket_cache

    data = bracket_cache.benchmark(options.panel)
    emit(options, data, [f"{name:28}{value}" for name, value in data.items()])


def show_claims(options: argparse.Namespace) -> None:
    """Check every claim against the exact solver and the records of a profile."""
    from spm.compendium.claims import ledger
    from spm.compendium.report import evidence

    checked = ledger.check_claims(evidence.load(grid.get_protocol(options.profile)))
    data = {"counts": ledger.counts(checked), "claims": [entry.as_dict() for entry in checked]}
    emit(options, data, ledger.ledger_text(checked))


if __name__ == "__main__":
    sys.exit(main())
