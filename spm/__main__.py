"""The command line: ``python -m spm`` or ``spm``.

Bad input ends with one sentence on standard error and exit status 2.
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
from pathlib import Path
from typing import Any

from spm.compendium.claims import ledger
from spm.compendium.record import (
    bracket_cache,
    computed,
    engines,
    grid,
    kept,
    policies,
    publish,
    published,
    runs,
    tuning,
    verify,
)
from spm.compendium.record.store import Store, check_writable, read_record
from spm.compendium.report import curves, evidence, tables
from spm.exact import ORDERS, Solver, read_setting, result, tree_text
from spm.files import home
from spm.learning import VARIANTS, Specification, evaluation_seed, point, train
from spm.market import STATISTICS, get_statistic
from spm.mechanisms import play
from spm.settings import CONSTRUCTIONS, FIGURES, MORE_SETTINGS, construction, get_setting


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    options = parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], None] = options.command
    try:
        command(options)
    except ValueError as error:
        print(f"spm: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("spm: interrupted; finished runs are kept, and the same command goes on from there", file=sys.stderr)
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    root = argparse.ArgumentParser(prog="spm", description="Sequential price mechanisms.")
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    _add(commands, "list", list_panels, "the panels, statistics and profiles")
    add = _add(commands, "train", train_one, "learn one mechanism and store its record")
    add("panel", metavar="PANEL")
    add("--statistic", required=True, metavar="S", help="what the policy sees: " + ", ".join(STATISTICS))
    add("--seed", type=int, default=0, metavar="K")
    add("--visits", type=int, default=grid.PROTOCOLS["quick"].visits["scores"], metavar="N")
    add("--variant", default="scores", metavar="V", help="the kind of policy: " + ", ".join(VARIANTS))
    add("--out", type=Path, default=None, metavar="DIR", help="where the record goes (default: _build/trained)")
    add = _add(
        commands, "run", run_figures, "do the runs of a figure that are missing, and write its tables and pictures"
    )
    add("figure", metavar="FIGURE", help="figure-2, figure-3, figure-4 or all")
    _add_profile(add)
    _add_engine(add)
    add = _add(commands, "reproduce", reproduce, "the paper's whole protocol from nothing, written to data/")
    _add_engine(add)
    add = _add(commands, "compute", compute, "the results under data/computed, from nothing; says which differ")
    _add_jobs(add)
    about = "retrain a sample of the runs of record and play all kept policies"
    _add_verification(_add(commands, "verify", verify_records, about))
    about = "replay the results of record in miniature and note that the present code produces them"
    _add_jobs(_add(commands, "seal", seal_records, about))
    add = _add(commands, "status", show_status, "done, missing and stale runs, with the reason")
    _add_profile(add)
    add = _add(commands, "evaluate", evaluate_policy, "play a learned mechanism on fresh profiles")
    add("policy", type=Path, metavar="POLICY", help="a record written by train or run")
    add("panel", metavar="PANEL")
    add("--profiles", type=int, default=100_000, metavar="N")
    add = _add(
        commands, "exact", solve_exactly, "the exact optimum of a finite setting, for every cell of the taxonomy"
    )
    add("name", nargs="?", metavar="NAME", help=", ".join(CONSTRUCTIONS))
    add(
        "--file", type=Path, metavar="SETTING.json", help="your own finite setting (format: spm.exact.json_format)"
    )
    add("--tree", action="store_true", help="print an optimal mechanism")
    add = _add(commands, "bounds", show_bounds, "what the best possible mechanism would earn in a panel")
    add("panel", metavar="PANEL")
    add = _add(commands, "claims", show_claims, "every claim of the paper, what was found, and the verdict")
    _add_profile(add)
    return root


def _add(
    commands: Any, name: str, command: Callable[[argparse.Namespace], None], about: str
) -> Callable[..., Any]:
    """Add a command; return the function that adds its arguments."""
    sub = commands.add_parser(name, help=about, description=about)
    sub.set_defaults(command=command)
    if name not in ("train", "run", "reproduce", "seal"):
        sub.add_argument("--json", action="store_true", help="print JSON")
    added: Callable[..., Any] = sub.add_argument
    return added


def _add_jobs(add: Callable[..., Any]) -> None:
    add("--jobs", type=int, default=os.cpu_count() or 1, metavar="J")


def _add_engine(add: Callable[..., Any]) -> None:
    _add_jobs(add)
    add("--engine", default="local", metavar="E", help="where runs are done: " + ", ".join(engines.ENGINES))
    add("--address", metavar="tcp://HOST:PORT", help="the scheduler of the Dask cluster, for --engine dask")


def _add_verification(add: Callable[..., Any]) -> None:
    add("--sample", type=int, default=3, metavar="K", help="runs to train again (default 3)")
    add("--seed", type=int, default=None, metavar="S", help="which runs those are (default: drawn anew)")
    add("--profiles", type=int, default=8_192, metavar="N", help="profiles for each policy (default 8192)")
    _add_jobs(add)


def _add_profile(add: Callable[..., Any]) -> None:
    add("--profile", default="quick", metavar="P", help=", ".join(grid.PROTOCOLS))


def emit(options: argparse.Namespace, data: Any, lines: Sequence[str]) -> None:
    """Print ``data`` as JSON when asked for, else ``lines``."""
    print(json.dumps(data, indent=2) if options.json else "\n".join(lines))


def list_panels(options: argparse.Namespace) -> None:
    """List figures with their panels, statistics and profiles."""
    data = {
        "figures": {figure: list(panels) for figure, panels in FIGURES.items()},
        "extras": list(MORE_SETTINGS),
        "statistics": {name: statistic.title for name, statistic in STATISTICS.items()},
        "profiles": {name: asdict(profile) for name, profile in grid.PROTOCOLS.items()},
    }
    lines = [f"{figure}: {', '.join(panels)}" for figure, panels in FIGURES.items()]
    lines += [f"more settings: {', '.join(MORE_SETTINGS)}, correlated-AGENTS-ITEMS-DELTA"]
    lines += [f"statistic {name}: {statistic.title}" for name, statistic in STATISTICS.items()]
    lines += [
        f"profile {p.name}: {p.seeds} seeds, up to {max(p.visits.values()):,} visits"
        for p in grid.PROTOCOLS.values()
    ]
    emit(options, data, lines)


def train_one(options: argparse.Namespace) -> None:
    """Learn one mechanism, print its curve's ends, store its record."""
    hyperparameters = grid.hyperparameters(options.variant, options.statistic)
    specification = Specification(
        get_setting(options.panel),
        get_statistic(options.statistic),
        options.seed,
        options.visits,
        hyperparameters=hyperparameters,
        variant=options.variant,
    )
    store = Store(options.out or home() / "_build" / "trained")
    check_writable(store.root)
    start = time.perf_counter()
    run = train(specification)
    path = store.save(run, time.perf_counter() - start)
    first, last = run.curve[0], run.final
    print(f"objective {first.objective:.4f} before, {last.objective:.4f} ± {last.objective_se:.4f} after learning")
    print(f"regret to the first best {last.regret:.4f} ± {last.regret_se:.4f}; record in {path}")


def run_figures(options: argparse.Namespace) -> None:
    """Do the missing runs of a figure, then write its tables and pictures."""
    profile = grid.get_protocol(options.profile)
    names = FIGURES if options.figure == "all" else [options.figure]
    engine = engines.engine(options.engine, options.jobs, options.address)
    done = runs.run_grid(options.figure, profile, engine=engine)
    bracket_cache.compute_brackets(grid.panels(options.figure), options.jobs)
    if profile.of_record:  # whose tables and pictures are made from data/
        print(f"{done} runs done; `spm reproduce` completes them and writes {published.folder(profile)}")
        return
    draw(names, profile)
    print(f"{done} runs done, {len(grid.grid(options.figure, profile)) - done} found done")


def draw(names: Iterable[str], profile: grid.Protocol) -> None:
    """Write the tables and pictures of figures; with all of them, the cover too."""
    for figure in names:
        tables.write_tables(figure, profile)
        curves.write_figures(figure, profile)
    if set(names) == set(FIGURES):
        curves.write_figures("cover", profile)


def reproduce(options: argparse.Namespace) -> None:
    """Do the whole profile of record, write its results to ``data/``, and then the trials of the tuning."""
    profile = grid.get_protocol("paper")
    engine = engines.engine(options.engine, options.jobs, options.address)
    check_writable(published.folder(profile))
    start = time.perf_counter()
    done = runs.run_grid("all", profile, engine=engine)
    kept.refresh(computed.calls(), options.jobs)
    print(f"{done} runs done; results of record in {publish.publish(profile)}")
    tuning.tune(options.jobs)
    draw(FIGURES, profile)
    print(f"{time.perf_counter() - start:.0f} s in all")


def compute(options: argparse.Namespace) -> None:
    """Compute what is kept from nothing, write it, and print what is not the same as before.

    Raises:
        ValueError: fewer than 1 job, or the folder can't be written to.
    """
    if options.jobs < 1:
        raise ValueError(f"jobs must be at least 1, not {options.jobs}")
    checks = kept.refresh(computed.calls(), options.jobs)
    changed = [one for one in checks if one.outcome != "same"]
    data = {"same": len(checks) - len(changed), "changed": {str(one.call): one.outcome for one in changed}}
    lines = [f"{one.outcome}: {one.call}" for one in changed]
    emit(options, data, [*lines, f"{data['same']} of {len(checks)} results are the same as before"])


def verify_records(options: argparse.Namespace) -> None:
    """Check the results of record; print each retrained run, and each failure.

    Raises:
        ValueError: a check failed, or the results can't be checked.
    """
    profile = grid.get_protocol("paper")
    seed = secrets.randbelow(2**32) if options.seed is None else options.seed
    findings = []
    for one in verify.verify(profile, options.sample, seed, options.profiles, options.jobs):
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
    """Replay the results of record where code or packages have changed, and note that they still come out."""
    changed = publish.reseal_published(grid.get_protocol("paper"), options.jobs)
    tuning.reseal_trials()
    print(changed or "nothing has changed since the results of record were sealed")


def show_status(options: argparse.Namespace) -> None:
    """List every run of a profile with its state."""
    rows = runs.status("all", grid.get_protocol(options.profile))
    data = [
        {
            **s.key,
            "status": state.status,
            "reason": state.reason,
        }
        for s, state in rows
    ]
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
    """Play the policy of a record on fresh profiles of its panel.

    Raises:
        ValueError: the record is missing, damaged, or of another panel.
    """
    setting = get_setting(options.panel)
    record = read_record(options.policy)
    outcomes = play(policies.mechanism_of(record, setting), setting, options.profiles, evaluation_seed("final"))
    data = asdict(point(outcomes, record["final"]["visits"])) | {"profiles": options.profiles}
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
    if (options.name is None) == (options.file is None):
        raise ValueError("exact takes either a NAME or --file SETTING.json; names: " + ", ".join(CONSTRUCTIONS))
    setting = construction(options.name) if options.name else read_setting(options.file)
    solver = Solver(setting)
    if options.tree:
        print(tree_text(setting, solver.tree()))
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
    data = bracket_cache.benchmark(options.panel)
    emit(options, data, [f"{name:28}{value}" for name, value in data.items()])


def show_claims(options: argparse.Namespace) -> None:
    """Check every claim against the exact solver and the records of a profile."""
    checked = ledger.check_claims(evidence.load(grid.get_protocol(options.profile)))
    data = {"counts": ledger.counts(checked), "claims": [entry.as_dict() for entry in checked]}
    emit(options, data, ledger.ledger_text(checked))


if __name__ == "__main__":
    sys.exit(main())
