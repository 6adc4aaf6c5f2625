"""Pairs of a teacher as tensors on a device, the same pairs mirrored, and what the value is to learn.

Shape letters: N pairs, B pairs of a batch, G cells of the policy, K scores of an end.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from agents.curling.learning.teaching_config import TeachingConfig
from agents.curling.networks.features import Inputs, inputs_of, mirror_inputs
from agents.curling.positions import POSITION, mover
from agents.curling.search.grid import PolicyGrid
from agents.curling.search.shot_space import ShotSpace
from agents.curling.winning import POINTS
from envs.curling.conditions import build_world
from envs.curling.rules.scoring import MOST_POINTS
from vision.fit import Batch

CHUNK = 1024
"""Positions in one call of a network outside training; fixed, so that a run repeats bit by bit."""


class Lessons(NamedTuple):
    """Pairs on a device.

    inputs: 2 N positions, those of index N + n mirrored.
    cells: [2N] int64, the cell of the policy nearest to the teacher's shot.
    scores: [N] int64, points of the mover in the end as it really went on, as an index from 0.
    after: N positions where the rollouts led; anything where the end was over.
    over: [N] bool, whether the rollout reached the end of the end.
    after_scores: [N] int64, points of the mover in it then, as an index.
    turned: [N] bool, whether after the rollout the other team is to throw.
    """

    inputs: Inputs
    cells: Tensor
    scores: Tensor
    after: Inputs
    over: Tensor
    after_scores: Tensor
    turned: Tensor

    def __len__(self) -> int:
        return len(self.scores)

    def outcomes(self) -> Tensor:
        """How the games really ended, [N, K] float32 for the mover."""
        return functional.one_hot(self.scores, len(POINTS)).float()

    def rollout_values(self, network: nn.Module) -> Tensor:
        """How the ends that rollouts reached ended, and else what `network` says there: [N, K] float32."""
        value = torch.cat([value for _, value in _judged(network, self.after)]).float().softmax(-1)
        value = torch.where(self.turned[:, None], value.flip(-1), value)
        reached = functional.one_hot(self.after_scores, len(POINTS)).float()
        return torch.where(self.over[:, None], reached, value)


def lessons_of(pairs: NDArray, grid: PolicyGrid, space: ShotSpace, device: str | torch.device) -> Lessons:
    """The lessons of pairs [N] PAIR.

    Args:
        pairs: of a teacher.
        grid: whose cells the policy is over.
        space: of shots.
        device: where the tensors lie.
    """
    positions = pairs["position"].astype(POSITION)
    rollout = pairs["rollout"]
    after = np.where(rollout["over"], positions, rollout["position"].astype(POSITION))
    team = mover(positions)
    side = np.where(team == 0, 1, -1)
    cells = grid.cells(*space.points(pairs["velocity"], pairs["spin"]))
    inputs = inputs_of(positions, device)
    numbers = (
        np.concatenate([cells, grid.mirror[cells]]),
        side * pairs["score"] + MOST_POINTS,
        rollout["over"],
        side * rollout["score"] + MOST_POINTS,
        mover(after) != team,
    )
    cells, scores, over, after_scores, turned = (torch.from_numpy(array).to(device) for array in numbers)
    return Lessons(
        Inputs(*(torch.cat(both) for both in zip(inputs, mirror_inputs(inputs), strict=True))),
        cells,
        scores.long(),
        inputs_of(after, device),
        over,
        after_scores.long(),
        turned,
    )


def grid_of(config: TeachingConfig) -> tuple[PolicyGrid, ShotSpace]:
    """The policy's grid and the space of shots on the ice of a teaching."""
    world = build_world(config.ice, config.noise, "end")
    space = ShotSpace(world.ice, world.noise)
    return PolicyGrid(world.ice, space), space


@torch.no_grad()
def _judged(network: nn.Module, inputs: Inputs) -> Iterator[tuple[Tensor, Tensor]]:
    """Policy logits [CHUNK, G] and value logits [CHUNK, K] of a network in evaluation mode, chunk by chunk:
    the policies of 400,000 positions together would take 3 GB."""
    was_training = network.training
    network.eval()
    for start in range(0, len(inputs.stones), CHUNK):
        yield network(inputs.take(slice(start, start + CHUNK)))
    network.train(was_training)


class LessonBatches:
    """Fetches batches for `vision.fit.Fit`: inputs, cells, and what the value is to learn.

    Args:
        lessons: to take from.
        mirror: whether half of what is taken, drawn each time, is mirrored.
    """

    def __init__(self, lessons: Lessons, *, mirror: bool) -> None:
        self.values = lessons.outcomes()
        """[N, K] float32, the value's targets; to be replaced as the network learns."""
        self._lessons, self._mirror = lessons, mirror

    def __call__(self, indices: Tensor, generator: torch.Generator) -> Batch:
        """The pairs of `indices` [B] int64."""
        lessons, rows = self._lessons, indices.to(self.values.device, non_blocking=True)
        values = self.values[rows]
        if self._mirror:
            flips = torch.randint(2, rows.shape, generator=generator, device=rows.device)
            rows = rows + flips * len(lessons)
        return (*lessons.inputs.take(rows), lessons.cells[rows], values)


class PolicyValueLoss:
    """Cross-entropy of the policy, and of the value times `value_weight`, for `vision.fit.Fit`."""

    def __init__(self, value_weight: float) -> None:
        self._value_weight = value_weight

    def __call__(
        self, network: nn.Module, batch: Batch, generator: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss and measurements; the policy's target is a cell [B] int64 or a distribution [B, G]."""
        *inputs, cells, values = batch
        policy, value = network(Inputs(*inputs))
        policy_loss = functional.cross_entropy(policy, cells)
        value_loss = functional.cross_entropy(value, values)
        loss = policy_loss + self._value_weight * value_loss
        return loss, {"policy_loss": policy_loss, "value_loss": value_loss}


def measure(network: nn.Module, lessons: Lessons) -> dict[str, float]:
    """How well a network foretells the teacher's shots and the games' outcomes, without mirroring."""
    count = len(lessons)
    answers = zip(*_judged(network, lessons.inputs.take(slice(0, count))), strict=True)
    policy, value = (torch.cat(chunks) for chunks in answers)
    cells, scores = lessons.cells[:count], lessons.scores
    points = torch.as_tensor(POINTS, device=value.device, dtype=torch.float64)
    expected = value.double().softmax(-1) @ points
    best = policy.topk(10, -1).indices == cells[:, None]
    return {
        "validation_policy_loss": float(functional.cross_entropy(policy.double(), cells)),
        "validation_policy_accuracy": float(best[:, 0].double().mean()),
        "validation_policy_top10": float(best.any(-1).double().mean()),
        "validation_value_loss": float(functional.cross_entropy(value.double(), scores)),
        "validation_points_error": float((expected - points[scores]).abs().mean()),
    }
