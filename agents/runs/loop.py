"""The loop that trains any learner: log each interval, save when due, stop when asked."""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Protocol

from agents.runs.checkpoint import Checkpoint
from agents.runs.checkpoint_store import BEST, numbered_name
from agents.runs.config_json import config_from_json
from agents.runs.errors import ConfigError, CorruptFileError, Stopped
from agents.runs.kinds import Kind
from agents.runs.learner import Learner
from agents.runs.lengthening import is_lengthened, length_of
from agents.runs.metrics import MetricsFile, check_measurements
from agents.runs.processes import ALONE, Team
from agents.runs.run_folder import RunFolder, RunRecord
from agents.runs.signals import StopRequest
from agents.runs.tensorboard import EventFile


class Observer(Protocol):
    """Whoever shows the progress of a run to a person."""

    def start(self, step: int, total: int) -> None:
        """The run starts after interval `step` of `total`."""

    def interval(self, step: int, measurements: Mapping[str, float]) -> None:
        """Interval `step` ended."""

    def notice(self, text: str) -> None:
        """Something a person should know."""


@dataclass
class _Progress:
    """Where a run stands; `seconds` counts training time over all its parts."""

    step: int = 0
    seconds: float = 0.0
    best: float | None = None
    best_step: int = 0


def train_run(
    run: RunFolder,
    kind: Kind,
    learner: Learner,
    *,
    stop: StopRequest,
    observer: Observer,
    team: Team = ALONE,
) -> int:
    """Trains a learner from the run's newest checkpoint to the end.

    Args:
        run: Where it is kept.
        kind: Says which interval is the best.
        learner: Fresh.
        stop: Asked after each interval.
        observer: Sees each interval.
        team: Whose other processes train with this one, which leads (`follow_run`).

    Returns:
        The number of intervals completed.

    Raises:
        NumericalError: A measurement or a weight is not finite; the last checkpoint stays as it is.
        StorageError: The run folder cannot be written.
        Stopped: A signal asked to stop; the state is saved.
    """
    progress = _restore(run, learner, observer.notice)
    if team.count > 1:
        team.tell(learner.state_dict() if progress.step else None)
    with ExitStack() as files:
        metrics = files.enter_context(closing(MetricsFile(run.path, step=progress.step)))
        events = files.enter_context(closing(EventFile(run.path, step=progress.step)))
        observer.start(progress.step, learner.config.intervals)
        clock = time.monotonic() - progress.seconds
        for yielded in learner.train():
            progress.step += 1
            progress.seconds = time.monotonic() - clock
            measurements = check_measurements(yielded, progress.step)
            metrics.append({"step": progress.step, "seconds": round(progress.seconds, 3), **measurements})
            events.append(progress.step, measurements)
            observer.interval(progress.step, measurements)
            asked, due = stop.signal_number, _is_due(run.record, learner, progress.step)
            if asked:
                stop.accept()
            if due:
                _update_best(progress, kind, measurements)
            if asked or due:
                metrics.sync()
                _save(run, learner, progress)
            team.tell(not asked)
            if asked:
                raise Stopped(asked, f"stopped and saved at step {progress.step}")
    return progress.step


def follow_run(learner: Learner, team: Team) -> bool:
    """Trains along with the process that leads, from the same state and as far; whether it was to the end."""
    state = team.told()
    if state is not None:
        learner.load_state_dict(state)
    return all(team.told() for _ in learner.train())


def _restore(run: RunFolder, learner: Learner, notice: Callable[[str], None]) -> _Progress:
    checkpoint = run.checkpoints.newest(notice)
    if checkpoint is None:
        return _Progress()
    if checkpoint.kind != run.record.kind or not _is_of(run.record, learner, checkpoint):
        raise ConfigError(f"{run.path}: the checkpoint's kind or config differs from the run's config.json")
    try:
        kept, learned = checkpoint.state["run"], checkpoint.state["learner"]
        best = None if kept["best"] is None else float(kept["best"])
        numbers = float(kept["seconds"]), best, int(kept["best_step"])
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptFileError(f"{run.path}: the checkpoint's state is malformed ({error})") from error
    try:
        learner.load_state_dict(learned)
    except (ValueError, KeyError, TypeError, RuntimeError) as error:
        line = " ".join(str(error).split())[:200]
        raise CorruptFileError(f"{run.path}: the checkpoint does not fit the learner ({line})") from error
    progress = _Progress(checkpoint.step, *numbers)
    run.checkpoints.restore(checkpoint, _further_names(run.record, progress))
    return progress


def _is_of(record: RunRecord, learner: Learner, checkpoint: Checkpoint) -> bool:
    """Whether a checkpoint is of the run's config, or of what it was before the run was lengthened."""
    if checkpoint.config == record.config:
        return True
    field = length_of(learner.config).field
    if checkpoint.config | {field: None} != record.config | {field: None}:
        return False
    return is_lengthened(config_from_json(type(learner.config), checkpoint.config), learner.config)


def _update_best(progress: _Progress, kind: Kind, measurements: Mapping[str, float]) -> None:
    if kind.best_metric not in measurements:
        return
    value = measurements[kind.best_metric]
    better = progress.best is None or (
        value < progress.best if kind.best_is_lowest else value > progress.best
    )
    if better:
        progress.best, progress.best_step = value, progress.step


def _is_due(record: RunRecord, learner: Learner, step: int) -> bool:
    """Whether an interval is saved even if nobody asks to stop; only such a one can be the best, so that a
    stop does not change which is."""
    ended = step == learner.config.intervals
    return ended or step % record.checkpoint_every == 0 or _is_kept(record, step)


def _is_kept(record: RunRecord, step: int) -> bool:
    return record.keep_every > 0 and step % record.keep_every == 0


def _further_names(record: RunRecord, progress: _Progress) -> list[str]:
    """Names that the checkpoint of the present interval has beside `last`."""
    best = [BEST] if progress.best_step == progress.step else []
    return [*best, numbered_name(progress.step)] if _is_kept(record, progress.step) else best


def _save(run: RunFolder, learner: Learner, progress: _Progress) -> None:
    record = run.record
    kept = {"best": progress.best, "best_step": progress.best_step, "seconds": progress.seconds}
    state = {"run": kept, "learner": learner.state_dict()}
    checkpoint = Checkpoint(record.kind, record.config, progress.step, record.versions, state)
    run.checkpoints.save(checkpoint, more=_further_names(record, progress))
