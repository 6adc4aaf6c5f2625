"""The latest positions of self-play, to draw batches from (Lee et al., ICML 2018: the latest million).

What was added together never changes again: it is one sealed segment of the checkpoints
(`agents.runs.segments`).

Shape letters: B examples of a batch, M added at once, G cells, K scores of an end, T cells kept of a target.
"""

from collections import deque
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
from agents.runs.segments import Segment
from envs.curling.rules.scoring import MOST_POINTS
from vision.fit import Batch

MOST_SEGMENTS = 1000
"""About how many segments there are at most: fewer examples than keep / this join the segment before them."""


class Replay:
    """The latest examples, in segments; the oldest give way.

    Args:
        size: examples kept, the latest.
        grid: whose cells the policy is over.
        search_share: share of the search's own estimate in the value's target, 0 to 1.
        mirror: whether every second example, drawn each time, is mirrored.
    """

    def __init__(self, size: int, grid: PolicyGrid, *, search_share: float, mirror: bool) -> None:
        self._size = size
        self._segments: deque[Segment] = deque()
        """Each of [M, bytes of an example] uint8; of the first, only the latest examples may still count."""
        self._ends = np.zeros(0, np.int64)
        """Examples that there ever were, up to the end of each segment."""
        self._seen = 0
        self._mirror_cells, self._search_share, self._mirror = grid.mirror, search_share, mirror

    def __len__(self) -> int:
        return min(self._seen, self._size)

    def add(self, examples: NDArray) -> None:
        """Adds examples [M] EXAMPLE, in place of the oldest ones."""
        rows = np.array(examples).view(np.uint8).reshape(len(examples), EXAMPLE.itemsize)
        if self._segments and self._segments[-1].shape[0] < self._size // MOST_SEGMENTS:
            rows = np.concatenate([self._segments.pop().array, rows])
        self._segments.append(Segment(rows))
        self._seen += len(examples)
        self._forget()

    def _forget(self) -> None:
        """Let segments go of which no example counts any more."""
        lengths = np.array([segment.shape[0] for segment in self._segments])
        ends = self._seen - lengths.sum() + np.cumsum(lengths)
        gone = int(np.searchsorted(ends, self._seen - self._size, side="right"))
        for _ in range(gone):
            self._segments.popleft()
        self._ends = ends[gone:]

    def hammer_points(self) -> NDArray[np.int64]:
        """How often the team with the hammer scored each number of points in the ends of the examples kept:
        [K] int64. An end counts by its last shot."""
        counts = np.zeros(len(POINTS), np.int64)
        for segment, end in zip(self._segments, self._ends.tolist(), strict=True):
            rows = segment.array.reshape(-1).view(EXAMPLE)[-(end - self._seen + self._size) :]
            last = rows[rows["position"]["shot"] == rows["position"]["shots"] - 1]
            points = last["score"] * np.where(last["position"]["hammer"] == 0, 1, -1)
            counts += np.bincount(points + MOST_POINTS, minlength=len(POINTS))
        return counts

    def draw(self, count: int, rng: np.random.Generator, device: str | torch.device) -> Batch:
        """A batch of examples drawn evenly: inputs, policy targets [B, G], value targets [B, K].

        Raises:
            ValueError: nothing was added yet.
        """
        if self._seen == 0:
            raise ValueError("replay: is empty, expected examples before a batch is drawn")
        rows = self._examples(rng.integers(len(self), size=count))
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

    def _examples(self, places: NDArray[np.int64]) -> NDArray:
        """[B] EXAMPLE at these places of a ring, in which each example has taken the place of the oldest."""
        oldest, size = self._seen - len(self), EXAMPLE.itemsize
        numbers = oldest + (places - oldest) % len(self)
        owners = np.searchsorted(self._ends, numbers, side="right")
        stops = (numbers + 1 - self._ends[owners]) * size  # counted back from the end of the segment
        contents = [memoryview(segment.array).cast("B") for segment in self._segments]
        found = [
            contents[owner][stop - size : stop or None]
            for owner, stop in zip(owners.tolist(), stops.tolist(), strict=True)
        ]
        return np.frombuffer(b"".join(found), EXAMPLE)

    def _values(self, rows: NDArray, first: NDArray[np.bool_]) -> Tensor:
        """[B, K] float32 for the mover, who is team 0 where `first`."""
        ended = functional.one_hot(
            torch.from_numpy(rows["score"].astype(np.int64) + MOST_POINTS), len(POINTS)
        )
        found = torch.from_numpy(rows["found"].copy())
        values = torch.lerp(ended.float(), found, self._search_share)
        return torch.where(torch.from_numpy(first)[:, None], values, values.flip(-1))

    def state_dict(self) -> dict[str, Any]:
        """The examples as sealed segments of bytes, and how many there ever were."""
        return {"segments": list(self._segments), "seen": self._seen}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave, or what it once gave: `rows`, the examples as a ring of bytes.

        Raises:
            ValueError: it is of examples of another kind or of a smaller replay.
        """
        seen = int(state["seen"])
        if "rows" in state:
            segments = [Segment(np.roll(state["rows"], -(seen % len(state["rows"])), axis=0))]
        else:
            segments = state["segments"]
        for segment in segments:
            if segment.dtype != "uint8" or segment.shape[1:] != (EXAMPLE.itemsize,):
                raise ValueError(
                    f"replay: got {segment.dtype} {segment.shape}, expected uint8 (M, {EXAMPLE.itemsize})"
                )
        held, expected = sum(segment.shape[0] for segment in segments), min(seen, self._size)
        if not expected <= held <= seen:
            raise ValueError(f"replay: got {held} examples, expected {expected} to {seen}")
        self._segments, self._seen = deque(segments), seen
        self._forget()
