"""What the search benchmark searches with: worlds and judges of every cost, and a clock around them.

Shape letters: B positions, K outcomes.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from agents.curling.compiled.end_step import OUTCOMES
from agents.curling.networks.network_config import NETWORKS
from agents.curling.networks.policy_value import build_network
from agents.curling.positions import positions_of
from agents.curling.search.board_judge import BoardJudge
from agents.curling.search.candidates import Candidates
from agents.curling.search.evaluator import NetworkEvaluator
from agents.curling.search.grid import CELLS, PolicyGrid
from agents.curling.search.shot_space import ShotSpace
from agents.curling.search.simulator import EndSimulator
from envs.curling.conditions import build_world
from envs.curling.rules.game import start_game
from planners.config import KernelConfig
from planners.interfaces import Evaluation, Evaluator, Proposal, Simulator, Step
from planners.rollout import Rollouts

PROPOSED = 64
"""Actions that the constant evaluator proposes in the null world."""
SPREAD = 3.0
"""Standard deviation of these actions, in kernel scales."""
STATE_NUMBERS = 40
"""Numbers of a null state: about those of sixteen stones and a score."""
NULL_KERNEL = KernelConfig(scales=(1.0, 1.0))
GPU_BATCH = 1024
"""Rows of each call of a network on a GPU."""


class NullSimulator:
    """A world in which nothing happens and no game ends."""

    def mover(self, states: NDArray) -> NDArray[np.int64]:
        """Player 0, always."""
        return np.zeros(len(states), np.int64)

    def step(self, states: NDArray, points: NDArray, parts: NDArray) -> Step:
        """The states given."""
        return Step(states, np.zeros(len(states), np.bool_), np.zeros((len(states), OUTCOMES)))


class ConstantEvaluator:
    """A judge to whom all outcomes are equally likely, and who proposes the same actions everywhere."""

    def __init__(self, points: NDArray[np.float64], parts: NDArray[np.int64]) -> None:
        count = len(parts)
        self._proposal = Proposal(points[None], parts[None], np.full((1, count), 1 / count, np.float32))

    def evaluate(self, states: NDArray, seeds: NDArray[np.uint64]) -> Evaluation:
        """The same for each state."""
        return Evaluation(np.full((len(states), OUTCOMES), 1 / OUTCOMES), self._proposal)


class Clock:
    """Seconds spent inside what it watches, summed over threads."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._lock = threading.Lock()

    def watch(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The same callable, watched."""

        def watched(*arguments: Any) -> Any:
            started = time.perf_counter()
            try:
                return call(*arguments)
            finally:
                spent = time.perf_counter() - started
                with self._lock:
                    self.seconds += spent

        return watched


class Watched:
    """A simulator or an evaluator whose time a clock takes."""

    def __init__(self, part: Simulator | Evaluator, clock: Clock) -> None:
        for name in ("step", "mover", "evaluate"):
            if hasattr(part, name):
                setattr(self, name, clock.watch(getattr(part, name)))


class Scene(NamedTuple):
    """What is searched: simulator, evaluator, their kernel of noise, and states to search from."""

    simulator: Simulator
    evaluator: Evaluator
    kernel: KernelConfig
    states: NDArray


def null_scene(games: int, seed: int) -> Scene:
    """A world that costs nothing and a judge that costs nothing."""
    rng = np.random.default_rng(seed)
    judge = ConstantEvaluator(rng.normal(0.0, SPREAD, (PROPOSED, 2)), rng.integers(0, 2, PROPOSED))
    return Scene(NullSimulator(), judge, NULL_KERNEL, np.zeros((games, STATE_NUMBERS)))


def curling_scene(
    judge: str, games: int, batch: int, seed: int, device: str = "cpu", *, compile: bool = False
) -> Scene:
    """Ends of curling, all their shots alike often.

    Args:
        judge: free (a constant), rollouts (hand-made candidates), or one of `NETWORKS`, with random weights.
        games: states to search from.
        batch: rows of each call of a network.
        seed: of the states and the weights.
        device: where a network runs.
        compile: whether torch compiles it.
    """
    world = build_world("fcv1", "dc3", "end")
    space = ShotSpace(world.ice, world.noise)
    grid, simulator = PolicyGrid(world.ice, space), EndSimulator(world, space)
    if judge == "free":
        evaluator: Evaluator = ConstantEvaluator(grid.points, grid.parts)
    elif judge == "rollouts":
        candidates, board = Candidates(world, space), BoardJudge(world)
        evaluator = Rollouts(simulator, candidates, board, noise=space.kernel)
    else:
        network = build_network(NETWORKS[judge], generator=torch.Generator().manual_seed(seed))
        precision = "float32" if device == "cpu" else "bfloat16"
        evaluator = NetworkEvaluator(
            network, grid, device=device, batch=batch, precision=precision, compile=compile
        )
    now = positions_of(world, [start_game(world.ice.sheet, world.rules)] * games)
    states = _played_on(simulator, grid, now, np.random.default_rng(seed))
    return Scene(simulator, evaluator, space.kernel, states)


def _played_on(
    simulator: EndSimulator, grid: PolicyGrid, positions: NDArray, rng: np.random.Generator
) -> NDArray:
    """Position n [B] after (n + 8) % 16 shots of random cells."""
    now, shots = positions.copy(), int(positions["shots"][0])
    for shot in range(1, shots):
        cells = rng.integers(0, CELLS, len(now))
        now = simulator.step(now, grid.points[cells], grid.parts[cells]).states
        later = (np.arange(len(now)) + shots // 2) % shots >= shot
        positions[later] = now[later]
    return positions
