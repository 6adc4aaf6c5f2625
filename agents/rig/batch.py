"""One batch of transitions under the goals they are learnt for.

B batch, D code, A action, W = 3 D + A + 2 numbers of a transition.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class Batch(NamedTuple):
    """Codes are (B, D) float32, or (B, S, S, 3) uint8 where policy and critics see pixels."""

    observation: Tensor
    goal: Tensor
    action: Tensor
    """(B, A) float32 in [-1, 1]."""
    reward: Tensor
    """(B,) float32."""
    next_observation: Tensor
    terminated: Tensor
    """(B,) float32: 1 where the task ended, so that nothing follows; 0 also where only time ran out."""


def to_batch(*arrays: NDArray, device: torch.device | str) -> Batch:
    """The arrays of a `Batch`, in its order, as tensors on a device."""
    return Batch(*(torch.from_numpy(np.ascontiguousarray(array)).to(device) for array in arrays))


def as_batch(rows: Tensor, code: int) -> Batch:
    """Rows (B, W) float32, the columns in the order of a `Batch`, as views; D is `code`."""
    actions = rows.shape[1] - 3 * code - 2
    parts = rows.split((code, code, actions, 1, code, 1), dim=1)
    return Batch(*(part.squeeze(1) if place in (3, 5) else part for place, part in enumerate(parts)))


def temporal_difference_target(
    reward: Tensor, terminated: Tensor, next_value: Tensor, discount: float
) -> Tensor:
    """r + discount (1 - terminated) V(s'), (B,) each: an episode that only ran out of time goes on."""
    return reward + discount * (1.0 - terminated) * next_value
