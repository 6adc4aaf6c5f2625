"""`run.py bench SUITE`: measures speed in one run, as a table and as JSON."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, get_args

import tyro

from agents.commands.curling_names import IceName
from agents.commands.flags import parse_flags
from agents.commands.terminal.tables import print_table
from agents.runs.atomic import write_file
from agents.runs.device import DeviceName, resolve_device
from agents.runs.errors import ConfigError
from agents.runs.fields import MAX_SEED, check_choice, check_new_file, check_whole


class Suite(NamedTuple):
    """`module` offers `measure(variant, seed)`, which yields `ROWS` rows of plain values, one at a time; if
    there is something to measure on a GPU, also `measure_gpu` and `GPU_ROWS`."""

    module: str
    variants: tuple[str, ...]
    columns: tuple[str, ...]
    """Keys of a row that the table shows."""


SUITES = {
    "curling": Suite(
        "agents.benchmarks.curling",
        get_args(IceName),
        (
            "scene",
            "with_contact",
            "per_second_one_thread",
            "per_second_all_threads",
            "stepped_per_second_one_thread",
            "ratio_one_thread",
            "ratio_all_threads",
            "official_per_second_elsewhere",
        ),
    ),
    "search": Suite(
        "agents.benchmarks.search",
        ("kr_dl_uct", "kr_dl_uct_executed", "kr_dl_uct_public", "kr_uct", "kr_uct_executed", "dl_uct", "uct"),
        (
            "judge",
            "device",
            "games",
            "leaves_per_step",
            "threads",
            "simulations_per_second",
            "judge_share",
            "simulator_share",
            "tree_share",
            "kilobytes_per_tree",
        ),
    ),
    "manipulation": Suite(
        "agents.benchmarks.manipulation",
        ("multi_pusher", "pusher", "reacher"),
        (
            "scene",
            "frames_per_second",
            "mujoco_frames_per_second",
            "ratio",
            "steps_per_second",
            "vector_steps_per_second_one_thread",
            "vector_steps_per_second",
            "device",
            "updates_per_second",
        ),
    ),
    "vision": Suite(
        "agents.benchmarks.vision",
        ("wrn_16_4", "preresnet20", "resnet20"),
        (
            "case",
            "milliseconds",
            "time_ratio",
            "own_percent",
            "peak_megabytes",
            "memory_ratio",
            "dense_milliseconds",
            "fast_milliseconds",
            "ratio",
            "images_per_second",
        ),
    ),
}


@dataclass(frozen=True)
class Config:
    """Measure speed: figures and ratios of one run on this machine; quote the ratios."""

    suite: tyro.conf.Positional[str]
    """What to measure: curling, search, manipulation or vision."""

    variant: str = ""
    """Variant of the suite, such as an ice, a task or a network; its first if left out."""

    json: str = ""
    """File for the figures as JSON; none if left out."""

    seed: int = 0
    """Seed of what is measured."""

    device: DeviceName = "auto"
    """Rows of a CPU (cpu), of a GPU (cuda), or of both where there is a GPU (auto)."""

    def __post_init__(self) -> None:
        check_choice("suite", self.suite, tuple(SUITES))
        if self.variant:
            check_choice("variant", self.variant, SUITES[self.suite].variants)
        if self.json:
            check_new_file("json", self.json, ".json")
        check_whole("seed", self.seed, low=0, high=MAX_SEED)
        check_choice("device", self.device, get_args(DeviceName))
        if self.suite == "curling" and self.device == "cuda":
            raise ConfigError("device: got cuda, expected auto or cpu: the engine runs on processors alone")


def main(argv: list[str]) -> int:
    """Parses the flags and measures."""
    return run(parse_flags(Config, argv, command="bench"))


def run(config: Config) -> int:
    """Measures, shows a table and writes the JSON file; returns the exit code."""
    from agents.commands.terminal.progress import progress
    from agents.runs.origin import origin

    suite = SUITES[config.suite]
    variant = config.variant or suite.variants[0]
    parts = _parts(import_module(suite.module), config.device)
    started, rows = time.time(), []
    with progress(f"bench {config.suite}") as bar:
        bar.start(0, sum(count for _, count in parts))
        for measure, _ in parts:
            for row in measure(variant, config.seed):
                rows.append(row)
                bar.interval(len(rows), {})
    _print_table(rows, suite.columns)
    if config.json:
        report = {
            "command": f"run.py bench {config.suite} --variant {variant} --seed {config.seed}"
            f" --device {config.device}",
            **origin(),
            "seconds": time.time() - started,
            "rows": rows,
        }
        write_file(Path(config.json), (json.dumps(report, indent=1) + "\n").encode())
    return 0


def _parts(module: ModuleType, device: DeviceName) -> list[tuple[Callable[..., Any], int]]:
    """What is measured on a device, and how many rows that gives.

    Raises:
        ConfigError: `cuda` was asked for and there is no such device.
    """
    on_gpu = hasattr(module, "measure_gpu") and resolve_device(device) == "cuda"
    parts = [] if device == "cuda" else [(module.measure, module.ROWS)]
    return [*parts, (module.measure_gpu, module.GPU_ROWS)] if on_gpu else parts


def _print_table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    """Prints the rows, those with the same columns together in one table."""
    from itertools import groupby

    from rich.table import Table

    for shown, alike in groupby(rows, lambda row: tuple(name for name in columns if name in row)):
        table = Table(*(name.replace("_", " ") for name in shown))
        for row in alike:
            table.add_row(*(_shown(row[name]) for name in shown))
        print_table(table)


def _shown(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
