"""The order in which a run sees its samples: seeded permutations, a pure function of the position."""

import numpy as np
import torch
from torch import Tensor


class SampleOrder:
    """Every epoch is one permutation of all samples; batches run across epoch ends.

    The order is a function of (seed, epoch) alone, so the number of samples seen is all the state that a
    resumed run needs. The latest permutation is kept to save drawing it again.

    Args:
        count: number of samples, at least 1.
        seed: of the permutations, at least 0.
    """

    def __init__(self, count: int, seed: int) -> None:
        if count < 1:
            raise ValueError(f"count: got {count}, expected at least 1 sample")
        self.count = count
        self.seed = seed
        self._epoch = -1
        self._permutation = np.empty(0, np.int64)

    def take(self, position: int, length: int) -> Tensor:
        """Return the samples number `position` to `position + length` of the stream, (length,) int64."""
        parts = []
        while length > 0:
            epoch, start = divmod(position, self.count)
            part = self._order(epoch)[start : start + length]
            parts.append(part)
            position += len(part)
            length -= len(part)
        return torch.from_numpy(np.concatenate(parts))

    def _order(self, epoch: int) -> np.ndarray:
        """Return the permutation of an epoch, (count,) int64."""
        if epoch != self._epoch:
            self._permutation = np.random.default_rng((self.seed, epoch)).permutation(self.count)
            self._epoch = epoch
        return self._permutation
