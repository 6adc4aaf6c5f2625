"""The speed of the tree search: alone, with the curling simulator, and with every judge.

Rows of the null world show what the trees cost; the others what a simulation costs on curling. The shares say
where the threads' time went: the judge (a network, or rollouts), the simulator, and the trees with the rest.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch

from agents.benchmarks.search_parts import (
    GPU_BATCH,
    NULL_KERNEL,
    OUTCOMES,
    Clock,
    Scene,
    Watched,
    curling_scene,
    null_scene,
)
from planners.config import SearchConfig
from planners.presets import PRESETS, PUBLIC_WIDENING
from planners.search import Search

UTILITY = np.linspace(-8.0, 8.0, OUTCOMES)
BATCH = 128
"""Rows of each call of a network on a CPU."""


class Setting(NamedTuple):
    """One row: who judges, how many games at once, leaves a game and step, on one thread or all.

    simulations, repeats: of a search, and searches timed; the fastest counts.
    groups: lockstep groups for each thread; several let the processor walk trees while others wait for a GPU.
    compile: whether torch compiles the network.
    """

    judge: str
    games: int
    leaves: int
    all_threads: bool
    simulations: int
    repeats: int
    device: str = "cpu"
    groups: int = 1
    compile: bool = False


SETTINGS = (
    Setting("null world", 64, 1, False, 400, 7),
    Setting("null world", 64, 1, True, 400, 7),
    Setting("null world", 1, 1, False, 400, 7),
    Setting("null world", 1, 64, False, 400, 7),
    Setting("free", 64, 1, False, 400, 4),
    Setting("free", 64, 1, True, 400, 4),
    Setting("free", 1, 64, False, 400, 7),
    Setting("deep_sets", 256, 1, False, 50, 3),
    Setting("deep_sets", 256, 1, True, 50, 3),
    Setting("deep_sets", 1, 64, True, 400, 5),
    Setting("attention", 256, 1, True, 30, 2),
    Setting("attention", 1, 64, True, 400, 4),
    Setting("cnn", 128, 1, True, 12, 1),
    Setting("cnn", 1, 64, True, 256, 1),
    Setting("rollouts", 64, 1, True, 100, 3),
    Setting("rollouts", 1, 16, False, 400, 3),
)
GPU_SETTINGS = (
    Setting("deep_sets", 16_384, 1, True, 50, 2, "cuda", 2),
    Setting("attention", 16_384, 1, True, 50, 2, "cuda", 2),
    Setting("cnn", 16_384, 1, True, 50, 2, "cuda", 1, True),
    Setting("cnn", 1, 64, True, 400, 3, "cuda"),
)
ROWS, GPU_ROWS = len(SETTINGS), len(GPU_SETTINGS)
"""How many rows `measure` and `measure_gpu` yield."""


def measure(variant: str, seed: int) -> Iterator[dict[str, Any]]:
    """Time every setting of a CPU with one preset; yields one row a setting.

    In the null world a node's actions grow as in the public code, to 64 at the root. Rollouts are always
    searched with `kr_uct`.

    Args:
        variant: one of `planners.presets.PRESETS`.
        seed: of positions, weights, proposals and searches.
    """
    return _measure_all(SETTINGS, variant, seed)


def measure_gpu(variant: str, seed: int) -> Iterator[dict[str, Any]]:
    """As `measure`, with networks on a GPU."""
    return _measure_all(GPU_SETTINGS, variant, seed)


def _measure_all(settings: tuple[Setting, ...], variant: str, seed: int) -> Iterator[dict[str, Any]]:
    threads_before = torch.get_num_threads()
    try:
        for setting in settings:
            yield _measure(setting, variant, seed)
    finally:
        torch.set_num_threads(threads_before)


def _measure(setting: Setting, variant: str, seed: int) -> dict[str, Any]:
    cores = os.cpu_count() or 1
    threads = cores if setting.all_threads else 1
    groups = min(threads * setting.groups, setting.games)
    torch.set_num_threads(max(threads // groups, 1))
    scene = _scene(setting, groups, seed)
    network, world = Clock(), Clock()
    evaluator, simulator = Watched(scene.evaluator, network), Watched(scene.simulator, world)
    config = _config(setting, variant, scene)
    search = Search(config, simulator, evaluator, groups=groups)
    seeds = seed + np.arange(setting.games)
    fastest = np.inf
    for _ in range(1 if setting.device == "cpu" else 2):  # compiles, if need be, and warms a GPU up
        result = search.run(scene.states[:groups], seeds[:groups], UTILITY)
    for _ in range(setting.repeats):
        before = network.seconds, world.seconds
        started = time.perf_counter()
        result = search.run(scene.states, seeds, UTILITY)
        wall = time.perf_counter() - started
        if wall < fastest:
            fastest = wall
            shares = [
                (after - b) / (groups * wall)
                for after, b in zip((network.seconds, world.seconds), before, strict=True)
            ]
    return {
        "judge": setting.judge,
        "device": setting.device,
        "games": setting.games,
        "simulations": config.simulations,
        "leaves_per_step": config.leaves,
        "threads": threads,
        "actions_at_the_root": int(result.count.max()),
        "simulations_per_second": setting.games * config.simulations / fastest,
        "judge_share": shares[0],
        "simulator_share": shares[1],
        "tree_share": 1.0 - sum(shares),
        "kilobytes_per_tree": search.trees.bytes_per_tree / 1024 if search.trees else 0.0,
    }


def _scene(setting: Setting, groups: int, seed: int) -> Scene:
    if setting.judge == "null world":
        return null_scene(setting.games, seed)
    rows = setting.games // groups * setting.leaves
    batch = min(rows, GPU_BATCH if setting.device == "cuda" else BATCH)
    return curling_scene(setting.judge, setting.games, batch, seed, setting.device, compile=setting.compile)


def _config(setting: Setting, variant: str, scene: Scene) -> SearchConfig:
    config = PRESETS["kr_uct" if setting.judge == "rollouts" else variant](scene.kernel)
    if scene.kernel == NULL_KERNEL and config.widening > 0:
        config = replace(config, widening=PUBLIC_WIDENING)
    return replace(config, simulations=setting.simulations, leaves=setting.leaves)
