"""What `run.py train` does once the flags are parsed: run folders, learners, several seeds, and their
summary."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from agents.cluster.workplace import Workplace, workplace
from agents.commands.terminal.notes import note
from agents.commands.terminal.progress import progress
from agents.commands.terminal.tables import print_table
from agents.runs.checkpoint import read_step
from agents.runs.checkpoint_store import BEST, LAST
from agents.runs.config_json import config_from_json, config_to_json
from agents.runs.device import resolve_device
from agents.runs.errors import ConfigError, CorruptFileError, NumericalError, Stopped, StorageError
from agents.runs.kinds import KINDS, Kind, builder, get_kind
from agents.runs.lengthening import how_to_lengthen, is_lengthened, length_of
from agents.runs.loop import Observer, follow_run, train_run
from agents.runs.metrics import METRICS_NAME, RUN_COLUMNS, read_metrics
from agents.runs.processes import deaf, joined, team_of
from agents.runs.run_folder import (
    CHECKPOINTS_NAME,
    RECORD_NAME,
    RunFolder,
    RunRecord,
    default_path,
    read_record,
)
from agents.runs.signals import StopRequest, signal_of

if TYPE_CHECKING:
    from agents.commands.train import Options


def start_training(kind: str, config: Any, options: "Options") -> int:
    """Makes a new run folder and trains into it; returns the exit code."""
    with _place(kind, options) as place:
        if not place.team.leads:
            return _follow(kind, config, options.seed_list, place)
        record = _record(kind, config, options, place.device)
        path = Path(options.out) if options.out else default_path(kind, record.seeds)
        with RunFolder.create(path, record) as run, _forgotten_unless_begun(run):
            return _train_all(run, config, place)


def continue_training(path: Path, kind: str, config: Any, options: "Options") -> int:
    """Continues a run folder, longer where the config says so; returns the exit code."""
    with _place(kind, options) as place:
        if not place.team.leads:
            return _follow(kind, config, options.seed_list, place)
        with RunFolder.open(path) as run:
            before = config_from_json(type(config), run.record.config)
            if run.record.kind != kind or (before != config and not is_lengthened(before, config)):
                raise ConfigError(f"{path}: config.json changed while it was read")
            if before != config:
                _lengthen(run, config)
            elif _has_ended(run, config):
                note(f"the run has ended; {how_to_lengthen(path, kind, config)}")
            return _train_all(run, config, place)


def _lengthen(run: RunFolder, config: Any) -> None:
    field = length_of(config).field
    run.lengthen(field, getattr(config, field))


@contextmanager
def _place(kind: str, options: "Options") -> Iterator[Workplace]:
    """Where networks run, games are played and updates are made.

    Raises:
        ConfigError: torchrun started several processes for a kind that trains in one.
    """
    device, sharing, team = resolve_device(options.device), options.sharing, team_of(os.environ)
    if team.count > 1 and not get_kind(kind).shares_batches:
        able = ", ".join(name for name, row in KINDS.items() if row.shares_batches)
        raise ConfigError(f"kind: got {kind} in {team.count} processes, expected one, or a kind of {able}")
    with (
        joined(team, device),
        workplace(sharing.cluster, workers=sharing.workers, device=device, notice=note) as place,
    ):
        yield replace(place, team=team)


def _follow(kind: str, config: Any, seeds: list[int], place: Workplace) -> int:
    """Trains along with the process that leads, which says what there is to say; returns the exit code."""
    with deaf():
        try:
            for seed in seeds:
                if not follow_run(_learner(kind, config, seed, place), place.team):
                    break
        except FloatingPointError:
            return NumericalError.exit_code
    return 0


def _record(kind: str, config: Any, options: "Options", device: str) -> RunRecord:
    return RunRecord(
        kind,
        config_to_json(config),
        options.seed_list,
        options.device,
        options.checkpoint_every,
        device,
        options.keep_every,
    )


def train_rows(folder: Path, kind: str, rows: dict[str, Any], options: "Options") -> None:
    """Trains named configs over the seeds of the options, each into its own run folder inside `folder`;
    continues those that are there, and passes over those that have ended.

    Raises:
        ConfigError: A folder holds a run of another config or other seeds.
    """
    _check_is_of(folder, rows)
    if (count := team_of(os.environ).count) > 1:
        raise ConfigError(f"processes: got {count}, expected one: a table trains its rows in turn")
    place = Workplace(resolve_device(options.device))
    for name, config in rows.items():
        wanted = _record(kind, config, options, place.device)
        with _open_row(folder / name, wanted, type(config)) as run:
            if not _has_ended(run, config):
                with _forgotten_unless_begun(run):
                    _train_row(name, run, config, place)


def _train_row(name: str, run: RunFolder, config: Any, place: Workplace) -> None:
    try:
        _train_seeds(run, config, place)
    except Stopped as stopped:
        line = f"{name}, {stopped}; the same command goes on"
        raise Stopped(stopped.signal_number, line) from stopped


def _check_is_of(folder: Path, rows: dict[str, Any]) -> None:
    """Checks that a folder is new or empty, or holds a row already.

    Raises:
        ConfigError: It holds something else.
    """
    if folder.is_dir() and any(folder.iterdir()) and not any((folder / name).is_dir() for name in rows):
        raise ConfigError(f"out: got {folder}, expected a new or empty folder, or one with this table's runs")


@contextmanager
def _forgotten_unless_begun(run: RunFolder) -> Iterator[None]:
    """Frees the folder of a run that fails before it measures anything: a mistake in a flag should not cost
    its name."""
    try:
        yield
    except (ConfigError, CorruptFileError, OSError):
        run.forget()
        raise


def _open_row(path: Path, wanted: RunRecord, config_class: type[Any]) -> RunFolder:
    if not (path / RECORD_NAME).exists():
        return RunFolder.create(path, wanted)
    record = read_record(path)
    kept = config_to_json(config_from_json(config_class, record.config))
    found = {"kind": record.kind, "seeds": record.seeds, **kept}
    expected = {"kind": wanted.kind, "seeds": wanted.seeds, **wanted.config}
    for name in (name for name in {**expected, **found} if found.get(name) != expected.get(name)):
        shown = f"{str(expected.get(name))[:80]}, expected {str(found.get(name))[:80]}"
        raise ConfigError(f"{name}: got {shown}, as in the earlier run in {path}")
    return RunFolder.open(path)


def _has_ended(run: RunFolder, config: Any) -> bool:
    """Whether every seed of a run has saved the last of its intervals."""
    seeds = run.record.seeds
    members = [run.path / f"seed-{seed}" for seed in seeds] if len(seeds) > 1 else [run.path]
    try:
        return all(read_step(member / CHECKPOINTS_NAME / LAST) == config.intervals for member in members)
    except (CorruptFileError, StorageError):  # going on says what is wrong, or begins
        return False


def _train_all(run: RunFolder, config: Any, place: Workplace) -> int:
    try:
        _train_seeds(run, config, place)
    except Stopped as stopped:
        raise Stopped(stopped.signal_number, f"{stopped}: --resume {run.path}") from stopped
    if len(run.record.seeds) > 1:
        _summarise(run)
    else:
        _show_figures(run)
    return 0


def _train_seeds(run: RunFolder, config: Any, place: Workplace) -> None:
    if len(run.record.seeds) == 1:
        _train_one(run, config, place)
        return
    for seed in run.record.seeds:
        with _open_member(run, seed, config) as member:
            try:
                _train_one(member, config, place)
            except Stopped as stopped:
                raise Stopped(stopped.signal_number, f"seed {seed} {stopped}") from stopped


def _train_one(run: RunFolder, config: Any, place: Workplace) -> None:
    """Trains a run of one seed to its end.

    Raises:
        Stopped: A signal asked to stop; what it names is saved.
    """
    record, kind = run.record, get_kind(run.record.kind)
    (seed,) = record.seeds
    try:
        learner = _learner(record.kind, config, seed, place)
    except KeyboardInterrupt as error:
        raise Stopped(signal_of(error), "stopped before it went on") from error
    stages = getattr(config, "stages", ())
    with (
        progress(f"{record.kind} seed {seed}", stages, headline=kind.best_metric) as observer,
        _games_shared(kind, learner, place, observer),
        StopRequest(echoed=place.team.count > 1) as stop,
    ):
        if place.device != record.resolved_device:
            began = f"the run began on {record.resolved_device}"
            observer.notice(f"{began} and goes on on {place.device}: numbers may differ")
        for line in getattr(learner, "notes", ()):
            observer.notice(line)
        train_run(run, kind, learner, stop=stop, observer=observer, team=place.team)


def _learner(kind: str, config: Any, seed: int, place: Workplace) -> Any:
    """A fresh learner, which makes its updates together with the other processes, if there are any.

    Raises:
        ConfigError: The config asks for something impossible.
    """
    try:
        learner = builder(kind)(config, seed=seed, device=place.device)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    if place.team.count > 1:
        from vision.processes import Processes

        learner.share(Processes(place.team.rank, place.team.count))
    return learner


def _games_shared(
    kind: Kind, learner: Any, place: Workplace, observer: Observer
) -> AbstractContextManager[None]:
    """Lets workers play a learner's games, if it shares them and more than this process should work."""
    start = None
    if kind.shares_games:
        start = place.starter(most=learner.config.games, notice=observer.notice, suits=1)
    return nullcontext() if start is None else learner.games_shared(start)


def _open_member(run: RunFolder, seed: int, config: Any) -> RunFolder:
    record, path = run.record, run.path / f"seed-{seed}"
    if not (path / RECORD_NAME).exists():
        return RunFolder.create(path, RunRecord(**(vars(record) | {"seeds": [seed]})))
    member = RunFolder.open(path)
    theirs = member.record
    same = (theirs.kind, theirs.seeds) == (record.kind, [seed])
    if same and theirs.config != record.config:
        same = is_lengthened(config_from_json(type(config), theirs.config), config)
        if same:
            _lengthen(member, config)
    if not same:
        member.__exit__()
        raise ConfigError(f"{path}: got another kind, config or seed than {run.path}")
    return member


def _show_figures(run: RunFolder) -> None:
    """Prints what a run measured last and, where it keeps the best checkpoint, what it measured then."""
    rows = read_metrics(run.path / METRICS_NAME)
    lasts = {name: value for row in rows for name, value in row.items() if name not in RUN_COLUMNS}
    best = run.path / CHECKPOINTS_NAME / BEST
    chosen = rows[read_step(best) - 1] if best.exists() else {}
    table = Table("measurement", "last", *([f"best, interval {chosen['step']:g}"] if chosen else []))
    for name, value in lasts.items():
        table.add_row(
            name, f"{value:.6g}", *([f"{chosen[name]:.6g}" if name in chosen else ""] if chosen else [])
        )
    print_table(table, f"finished {len(rows)} interval{'s' * (len(rows) != 1)}: {run.path}")


def _summarise(run: RunFolder) -> None:
    from agents.commands.actions.compare import write_comparison

    write_comparison([run.path], curves=run.path / "curves.png", report=run.path / "summary.json", metrics=())
