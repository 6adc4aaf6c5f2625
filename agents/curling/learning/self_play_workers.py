"""The games of an interval of self-play at workers, a batch of them at a time; to the same bytes as in one
process.

Weights go out once an interval, to each machine once; games come back by whole batches.

Shape letters: B games.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from queue import SimpleQueue
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from agents.curling.learning.self_play import PlayedGames, play_ends, self_play_world
from agents.curling.learning.self_play_config import SelfPlayConfig
from agents.curling.networks.policy_value import build_network
from agents.curling.search.search_player import SearchPlayer
from agents.runs.errors import NumericalError
from agents.runs.task_board import TaskBoard
from agents.runs.workers import StartCrew

WAIT_SECONDS = 1.0  # how long a look for finished batches waits for one


class SelfPlayWorkers:
    """Workers that play the games of a run; close it.

    Args:
        config: of the run.
        seed: of the run.
        device: where their networks run.
        start: starts the workers.
    """

    def __init__(self, config: SelfPlayConfig, seed: int, device: str, start: StartCrew) -> None:
        self._config = config
        self._crew = start(_play, (config, seed, device))
        self._board = TaskBoard(self._crew, slots=1)

    def play(self, weights: Mapping[str, torch.Tensor], numbers: Sequence[int]) -> PlayedGames:
        """The games of these numbers, played by the network with these weights.

        Raises:
            HoglineError: a worker failed with this.
            WorkerEnded: a worker is gone for good.
        """
        arrays = {name: tensor.detach().cpu().numpy().copy() for name, tensor in weights.items()}
        self._crew.announce(("weights", arrays))
        for task, batch in enumerate(batches(numbers, len(self._crew), self._config.search_batch)):
            self._board.add(task, ("games", (task, batch)))
        played: dict[int, PlayedGames] = {}
        while len(self._board):
            for worker, (task, games) in self._board.listen(WAIT_SECONDS):
                self._board.done(worker, task)
                played[task] = games
        return joined([played[task] for task in sorted(played)])

    def close(self) -> None:
        """Ends the workers, which have nothing to lose."""
        self._crew.close()


def batches(numbers: Sequence[int], workers: int, most: int) -> list[Sequence[int]]:
    """Games shared out: as evenly as they go, to all workers, but not more at once than `most`, the positions
    of one call of the network, as beyond them a batch is no faster."""
    size = max(1, min(most, -(-len(numbers) // workers)))
    return [numbers[first : first + size] for first in range(0, len(numbers), size)]


def joined(parts: Sequence[PlayedGames]) -> PlayedGames:
    """Batches of games as one, in their order: records [B], and the examples of every shot [16 B]."""
    records = [record for part in parts for record in part.records]
    shots = [part.examples.reshape(-1, len(part.records)) for part in parts]
    return PlayedGames(records, np.concatenate(shots, axis=1).reshape(-1))


def _play(
    config: SelfPlayConfig,
    seed: int,
    device: str,
    tell: Callable[[tuple[int, PlayedGames]], None],
    messages: "SimpleQueue[tuple[str, Any]]",
) -> None:
    """What a worker does: plays the batches it is given, with the latest weights."""
    if device == "cpu":
        config = replace(config, groups=1)  # it has one core
    network = build_network(config.network, generator=torch.Generator())
    player = SearchPlayer(config.player, self_play_world(config), network, device=device)
    while True:
        kind, content = messages.get()
        if kind == "weights":
            _take_over(network, content)
            continue
        task, numbers = content
        try:
            tell((task, play_ends(player, config, seed, numbers)))
        except FloatingPointError as error:
            raise NumericalError(str(error)) from error


def _take_over(network: torch.nn.Module, weights: Mapping[str, NDArray]) -> None:
    """Puts weights, which may lie in memory that is shared and not to be written, into a network."""
    network.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})
    network.eval()
