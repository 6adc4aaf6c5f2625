"""The latest positions of self-play, to draw batches from (Lee et al., ICML 2018: the latest million).

Shape letters: N examples kept, B examples of a batch, G cells, K scores of an end, T cells kept of a target.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from agents.curling.learning.self_play import EXAMPLE
from agents.curling.networks.features import inputs_of, mirror_inputs
from agents.curling.positions import POSITION, mover
from agents.curling.search.grid import CELLS, PolicyGrid
from agents.curling.winning import POINTS
from envs.curling.rules.scoring import MOST_POINTS
from vision.fit import Batch


class Replay:
    """A ring of examples.

    Args:
        size: examples kept, the latest.
        grid: whose cells the policy is over.
        search_share: share of the search's own estimate in the value's target, 0 to 1.
        mirror: whether every second example, drawn each time, is mirrored.
    """

    def __init__(self, size: int, grid: PolicyGrid, *, search_share: float, mirror: bool) -> None:
        self._rows = np.zeros(size, EXAMPLE)
        self._seen = 0
        self._mirror_cells, self._search_share, self._mirror = grid.mirror, search_share, mirror

    def __len__(self) -> int:
        return min(self._seen, len(self._rows))

    def add(self, examples: NDArray) -> None:
        """Adds examples [M] EXAMPLE, over the oldest ones."""
        places = (self._seen + np.arange(len(examples))) % len(self._rows)
        self._rows[places[-len(self._rows) :]] = examples[-len(self._rows) :]
        self._seen += len(examples)

    def hammer_points(self) -> NDArray[np.int64]:
        """How often the team with the hammer scored each number of points in the ends of the examples kept:
        [K] int64. An end counts by its last shot."""
        rows = self._rows[: len(self)]
        last = rows[rows["position"]["shot"] == rows["position"]["shots"] - 1]
        points = last["score"] * np.where(last["position"]["hammer"] == 0, 1, -1)
        return np.bincount(points + MOST_POINTS, minlength=len(POINTS))

    def draw(self, count: int, rng: np.random.Generator, device: str | torch.device) -> Batch:
        """A batch of examples drawn evenly: inputs, policy targets [B, G], value targets [B, K].

        Raises:
            ValueError: nothing was added yet.
        """
        if self._seen == 0:
            raise ValueError("replay: is empty, expected examples before a batch is drawn")
        rows = self._rows[rng.integers(len(self), size=count)]
        flips = rng.integers(2, size=count).astype(bool) if self._mirror else np.zeros(count, bool)
        positions = rows["position"].astype(POSITION)
        inputs = inputs_of(positions, device)
        turned = torch.from_numpy(flips).to(device)[:, None, None]
        stones = torch.where(turned, mirror_inputs(inputs).stones, inputs.stones)
        cells = rows["cells"].astype(np.int64)
        cells = np.where(flips[:, None], self._mirror_cells[cells], cells)
        policy = torch.zeros(count, CELLS).scatter_(
            1, torch.from_numpy(cells), torch.from_numpy(rows["shares"].copy())
        )
        values = self._values(rows, mover(positions) == 0)
        return (*inputs._replace(stones=stones), policy.to(device), values.to(device))

    def _values(self, rows: NDArray, first: NDArray[np.bool_]) -> Tensor:
        """[B, K] float32 for the mover, who is team 0 where `first`."""
        ended = functional.one_hot(
            torch.from_numpy(rows["score"].astype(np.int64) + MOST_POINTS), len(POINTS)
        )
        found = torch.from_numpy(rows["found"].copy())
        values = torch.lerp(ended.float(), found, self._search_share)
        return torch.where(torch.from_numpy(first)[:, None], values, values.flip(-1))

    def state_dict(self) -> dict[str, Any]:
        """The examples as bytes, and how many there ever were."""
        rows = self._rows[: len(self)]
        return {"rows": rows.view(np.uint8).reshape(len(rows), EXAMPLE.itemsize), "seen": self._seen}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave.

        Raises:
            ValueError: it is of examples of another kind or of a larger replay.
        """
        rows, seen = np.ascontiguousarray(state["rows"]), int(state["seen"])
        expected = min(seen, len(self._rows))
        if rows.dtype != np.uint8 or rows.shape != (expected, EXAMPLE.itemsize):
            raise ValueError(
                f"replay: got {rows.dtype} {rows.shape}, expected uint8 {(expected, EXAMPLE.itemsize)}"
            )
        self._rows[:expected] = rows.reshape(-1).view(EXAMPLE)
        self._seen = seen
