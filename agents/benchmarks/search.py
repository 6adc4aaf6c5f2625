"""The tree search's own speed: a simulator that copies its state and an evaluator that says the same always.

Nothing but the trees takes time, so the rates are what a free simulator and network would reach.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from planners.config import KernelConfig, SearchConfig
from planners.interfaces import Evaluation, Proposal, Step
from planners.presets import PRESETS, PUBLIC_WIDENING
from planners.search import Search

OUTCOMES = 17
PROPOSED = 64
"""Actions that the evaluator proposes."""
SPREAD = 3.0
"""Standard deviation of the proposed actions, in kernel scales."""
STATE_NUMBERS = 40
"""Numbers of a state: about those of sixteen stones and a score."""
REPEATS = 7
"""Searches timed in each setting; the fastest counts."""


class Setting(NamedTuple):
    """How many games at once, leaves a game and step, and whether on one thread or all."""

    name: str
    games: int
    leaves: int
    all_threads: bool


SETTINGS = (
    Setting("64 games, one thread", 64, 1, False),
    Setting("64 games, all threads", 64, 1, True),
    Setting("one game, a leaf a step", 1, 1, False),
    Setting("one game, 16 leaves a step", 1, 16, False),
)
ROWS = len(SETTINGS)
"""How many rows `measure` yields."""


class NullSimulator:
    """A world in which nothing happens and no game ends."""

    def mover(self, states: np.ndarray) -> np.ndarray:
        """Player 0, always."""
        return np.zeros(len(states), np.int64)

    def step(self, states: np.ndarray, points: np.ndarray, parts: np.ndarray) -> Step:
        """The states given."""
        return Step(states, np.zeros(len(states), np.bool_), np.zeros((len(states), OUTCOMES)))


class ConstantEvaluator:
    """A judge to whom all outcomes are equally likely, and who proposes the same actions everywhere."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._proposal = Proposal(
            rng.normal(0.0, SPREAD, (1, PROPOSED, 2)),
            rng.integers(0, 2, (1, PROPOSED)),
            np.full((1, PROPOSED), 1 / PROPOSED, np.float32),
        )

    def evaluate(self, states: np.ndarray, seeds: np.ndarray) -> Evaluation:
        """The same for each state."""
        return Evaluation(np.full((len(states), OUTCOMES), 1 / OUTCOMES), self._proposal)


def measure(variant: str, seed: int) -> Iterator[dict[str, Any]]:
    """Time every setting of one preset; yields one row a setting.

    The node's actions grow as in the public code, to 64 at the root.

    Args:
        variant: one of `planners.presets.PRESETS`.
        seed: of the proposals and the searches.
    """
    config = PRESETS[variant](KernelConfig(scales=(1.0, 1.0)))
    widening = PUBLIC_WIDENING if config.widening > 0 else 0.0
    for setting in SETTINGS:
        yield _measure(setting, replace(config, simulations=400, widening=widening), seed)


def _measure(setting: Setting, config: SearchConfig, seed: int) -> dict[str, Any]:
    threads = (os.cpu_count() or 1) if setting.all_threads else 1
    config = replace(config, leaves=setting.leaves)
    evaluator = ConstantEvaluator(np.random.default_rng(seed))
    search = Search(config, NullSimulator(), evaluator, groups=threads)
    states, seeds = np.zeros((setting.games, STATE_NUMBERS)), seed + np.arange(setting.games)
    utility = np.linspace(-8.0, 8.0, OUTCOMES)
    result = search.run(states, seeds, utility)
    fastest = np.inf
    for _ in range(REPEATS):
        started = time.perf_counter()
        search.run(states, seeds, utility)
        fastest = min(fastest, time.perf_counter() - started)
    return {
        "setting": setting.name,
        "games": setting.games,
        "simulations": config.simulations,
        "leaves_per_step": config.leaves,
        "threads": threads,
        "actions_at_the_root": int(result.count.max()),
        "simulations_per_second": setting.games * config.simulations / fastest,
        "kilobytes_per_tree": search.trees.bytes_per_tree / 1024 if search.trees else 0.0,
    }
