"""What `run.py evaluate rig` does once the flags are parsed: load, play, table, JSON and pictures."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from agents.commands.terminal.tables import print_table
from agents.rig.agent import agent_of
from agents.rig.config import RigConfig
from agents.rig.evaluation import final_distances, held_out_goals, passive_distances
from agents.rig.groups import Group, Measured, baseline_of, grouped, oracle_means
from agents.rig.worlds import build_task
from agents.runs.atomic import write_file
from agents.runs.checkpoint import load_checkpoint
from agents.runs.checkpoint_paths import BEST_FIRST, LAST_FIRST, checkpoint_files, run_label, run_seed
from agents.runs.device import resolve_device
from agents.runs.errors import ConfigError
from agents.runs.intervals import CONFIDENCE, Interval
from agents.runs.origin import origin
from agents.runs.paired import verdict

if TYPE_CHECKING:
    from agents.commands.evaluate_rig import Config

Passive = dict[str, dict[str, np.ndarray]]
"""Task -> final distances of a hand that never moves."""
PERCENT = f"{CONFIDENCE:.0%}"


def write_evaluation(config: "Config") -> None:
    """Evaluates the checkpoints of a config and shows the result.

    Raises:
        ConfigError: A checkpoint is of another kind or given twice.
        CorruptFileError, StorageError: A file is malformed or cannot be read or written.
    """
    device = resolve_device(config.device)
    groups = grouped(_measured(config, device))
    tasks = {group.config.env: build_task(group.config, visual=False) for group in groups}
    goals = {env: held_out_goals(task, config.goals, config.seed) for env, task in tasks.items()}
    passive = {env: passive_distances(task, goals[env]) for env, task in tasks.items()}
    for task in tasks.values():
        task.close()
    if config.json:
        report = _report(config, groups, passive)
        report["goal_layouts"] = {env: layouts.tolist() for env, layouts in goals.items()}
        write_file(Path(config.json), (json.dumps(report, indent=1, allow_nan=False) + "\n").encode())
    notes = [
        f"{config.goals} held-out goals of seed {config.seed}; distances in cm; "
        "IQM: interquartile mean of all",
        f"{PERCENT} intervals over runs: percentile bootstrap, Student's t",
    ]
    if any(len(group.runs) == 1 for group in groups):
        notes.append("the bootstrap of a single run is over its goals and says nothing of other seeds")
    if config.pictures:
        from agents.commands.actions.rig_pictures import write_pictures

        for number, group in enumerate(groups, start=1):
            write_pictures(Path(config.pictures), f"{number:02d}-{group.label}", group, config, device)
        notes.append(f"pictures: {config.pictures}")
    print_table(_table(groups, passive), *notes)
    table = _differences(groups)
    if table.row_count:
        print_table(table, "goal by goal the same; paired by seed")


def _measured(config: "Config", device: str) -> Iterator[tuple[str, RigConfig, Measured]]:
    """Every checkpoint's label, config and final distances, in the order given."""
    preferred = LAST_FIRST if config.checkpoint == "last" else BEST_FIRST
    given = [
        (path, file) for path in map(Path, config.checkpoints) for file in checkpoint_files(path, preferred)
    ]
    counts = Counter(file.resolve() for _, file in given)
    for _, file in given:
        if counts[file.resolve()] > 1:
            raise ConfigError(f"checkpoints: got {file} twice, expected each once")
    console = Console(stderr=True)
    bar = {"console": console, "transient": True, "disable": not console.is_terminal}
    for path, file in track(given, description="evaluating", **bar):
        checkpoint = load_checkpoint(file)
        agent = agent_of(checkpoint, file, device)
        task = build_task(agent.config)
        goals = held_out_goals(task, config.goals, config.seed)
        found = final_distances(
            agent, task, goals, horizon=config.horizon or None, one_at_a_time=config.one_at_a_time
        )
        task.close()
        yield run_label(path), agent.config, Measured(file, run_seed(file), checkpoint.step, found)


def _table(groups: list[Group], passive: Passive) -> Table:
    """One section a group, and at last what a hand that never moves ends with; cm and per cent."""
    table = Table("run", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("", no_wrap=True)
    for heading in ("value", "bootstrap", "t", "/passive", "/oracle"):
        table.add_column(heading, justify="right", no_wrap=True)
    oracle = oracle_means(groups)
    for group in groups:
        env, who = group.config.env, iter(_who(group))
        for name, found in group.scores().items():
            shown = _shown(name)
            spreads = _bounds(found.mean, shown), _bounds(found.student, shown)
            if name == "is_success":
                table.add_row(next(who, ""), shown.label, shown.text(found.mean.estimate), *spreads)
                continue
            others = float(passive[env][name].mean()), oracle.get((env, name))
            shares = [f"{found.mean.estimate / other:.2f}" if other else "" for other in others]
            mean, middle = (shown.text(part.estimate) for part in (found.mean, found.middle))
            table.add_row(next(who, ""), f"{shown.label} mean", mean, *spreads, *shares)
            table.add_row(next(who, ""), f"{shown.label} IQM", middle, _bounds(found.middle, shown))
        table.add_section()
    for env, distances in passive.items():
        who = iter(("passive", env))
        for name, values in distances.items():
            shown = _shown(name)
            label = shown.label if name == "is_success" else f"{shown.label} mean"
            table.add_row(next(who, ""), label, shown.text(float(values.mean())))
    return table


def _differences(groups: list[Group]) -> Table:
    """What groups end with minus the first on their task, over the seeds of both; cm and per cent."""
    table = Table("run", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("", no_wrap=True)
    for heading in ("seeds", "difference", "t", "shown"):
        table.add_column(heading, justify="right", no_wrap=True)
    for group in groups:
        baseline = baseline_of(group, groups)
        who = iter((group.label, f"minus {baseline.label}" if baseline else ""))
        for one in group.minus(baseline) if baseline else []:
            shown = _shown(one.metric)
            value = f"{shown.factor * one.mean.estimate:+.{shown.digits}f}"
            spread = _bounds(one.mean, shown)
            row = (shown.label, str(len(one.seeds)), value, spread, verdict(one.mean, 0.0))
            table.add_row(next(who, ""), *row)
        table.add_section()
    return table


def _who(group: Group) -> list[str]:
    """What the first column says of a group, line by line."""
    steps = sorted({run.step for run in group.runs})
    lengths = "-".join(map(str, dict.fromkeys((steps[0], steps[-1]))))
    runs = "1 run" if len(group.runs) == 1 else f"{len(group.runs)} runs"
    return [group.label, group.config.env, group.config.method, runs, f"{lengths} intervals"]


class Shown(NamedTuple):
    """How a measurement is shown: its name, what it is multiplied by, and digits behind the point."""

    label: str
    factor: float
    digits: int

    def text(self, value: float) -> str:
        """A value in the table's unit."""
        return f"{self.factor * value:.{self.digits}f}"


def _shown(measure: str) -> Shown:
    """Distances in cm, successes in per cent, and whatever else a task measures as it is."""
    if measure == "is_success":
        return Shown("success %", 100.0, 1)
    if measure.endswith("_distance"):
        return Shown(measure.removesuffix("_distance"), 100.0, 2)
    return Shown(measure.replace("_", " "), 1.0, 2)


def _bounds(interval: Interval, shown: Shown) -> str:
    """The bounds in the table's unit, empty without any."""
    if interval.low is None or interval.high is None:
        return ""
    return f"{shown.text(interval.low)}, {shown.text(interval.high)}"


def _report(config: "Config", groups: list[Group], passive: Passive) -> dict[str, Any]:
    """Everything measured as plain JSON values, metres."""
    return {
        **origin(),
        "goals": config.goals,
        "goal_seed": config.seed,
        "horizon": config.horizon or None,
        "one_at_a_time": config.one_at_a_time,
        "confidence": CONFIDENCE,
        "passive": {
            env: {name: float(v.mean()) for name, v in found.items()} for env, found in passive.items()
        },
        "groups": [
            {
                "run": group.label,
                "config": asdict(group.config),
                "checkpoints": [{"file": str(run.file), "step": run.step} for run in group.runs],
                "measurements": {
                    name: {
                        "mean": found.mean._asdict(),
                        "student": found.student._asdict(),
                        "interquartile_mean": found.middle._asdict(),
                        "passive": float(passive[group.config.env][name].mean()),
                        "values": group.values(name).tolist(),
                    }
                    for name, found in group.scores().items()
                },
                "difference_to_first": {
                    one.metric: {
                        "seeds": one.seeds,
                        "values": one.values,
                        "mean": one.mean._asdict(),
                        "shown": verdict(one.mean, 0.0),
                    }
                    for one in (group.minus(baseline) if baseline else [])
                },
            }
            for group, baseline in ((group, baseline_of(group, groups)) for group in groups)
        ],
    }
