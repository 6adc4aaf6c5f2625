"""Updates for which nobody waits: batches come to the device in one piece, each update is a CUDA graph.

An update of small networks is some hundred kernels of microseconds. Launched one by one from Python they cost
several times what they compute; recorded once as a graph, and with no number read in between, they do not.

B batch, W numbers of a transition (`agents.rig.batch`), U updates.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.rig.batch import as_batch
from agents.rig.graphs import record
from agents.rig.twin_critics import TwinCritics

CHECK_EVERY = 500
"""Updates after which a failure is noticed at the latest; nothing moves after it in any case."""
PRODUCTS = {"float32": "ieee", "tfloat32": "tf32"}
"""PyTorch's words for the arithmetic of matrix products."""
FINE = "fine"
"""Beside the losses: 1 for an update that failed in nothing."""


class UpdateKind:
    """Updates of one kind, all with the same kernels, and the sums of what they measure.

    Args:
        algorithm: with deferred errors.
        rows: (B, W) float32 on the device, where each update finds its batch.
        code: D.
        policy_too: whether they move the policy.
    """

    def __init__(self, algorithm: TwinCritics, rows: Tensor, code: int, *, policy_too: bool) -> None:
        self._algorithm, self._batch, self._policy_too = algorithm, as_batch(rows, code), policy_too
        self._graph: torch.cuda.CUDAGraph | None = None
        self._names: tuple[str, ...] = ()
        self._sums = torch.empty(0, device=rows.device)
        self._made = 0

    def update(self) -> None:
        """Make one update: on a CUDA device by its graph, which the first one records."""
        self._made += 1
        if not self._sums.is_cuda:
            self._run()
            return
        if self._graph is None:
            with _products(PRODUCTS[self._algorithm.config.products]):
                self._record()
        self._graph.replay()

    def _record(self) -> None:
        """Record the update as a graph; all that it changes is then as it was."""
        before, failed = copy.deepcopy(self._algorithm.state_dict()), self._algorithm.failed.clone()
        self._graph = record(self._run, self._algorithm.generator)
        self._algorithm.load_state_dict(before)
        self._algorithm.failed.copy_(failed)
        self._sums.zero_()

    def take(self) -> tuple[dict[str, float], int]:
        """Sums of what was measured since the last call, and over how many updates; waits for the device."""
        sums, made = dict(zip(self._names, self._sums.tolist(), strict=True)), self._made
        self._sums.zero_()
        self._made = 0
        return sums, made

    def _run(self) -> None:
        measured = self._algorithm.learn(self._batch, policy_too=self._policy_too)
        measured |= {"reward": self._batch.reward.mean(), FINE: 1 - self._algorithm.failed}
        if not self._names:
            self._names = tuple(measured)
            self._sums = torch.zeros(len(measured), device=self._sums.device)
        self._sums += torch.stack(tuple(measured.values()))


@contextmanager
def _products(arithmetic: str) -> Iterator[None]:
    """Let matrix products on CUDA devices be done in an arithmetic, for what is recorded meanwhile."""
    backend = torch.backends.cuda.matmul
    before = backend.fp32_precision
    backend.fp32_precision = arithmetic
    try:
        yield
    finally:
        backend.fp32_precision = before


class DeviceUpdates:
    """The updates of an algorithm, many in a row.

    Args:
        algorithm: its errors are deferred from now on.
        batch: B.
        code: D.
        actions: A.
        device: where the algorithm is; graphs are recorded where it is a CUDA device.
    """

    def __init__(
        self, algorithm: TwinCritics, batch: int, code: int, *, actions: int, device: torch.device | str
    ) -> None:
        self.algorithm = algorithm
        self._failed = algorithm.defer_errors()
        self._device = torch.device(device)
        self._rows = torch.zeros((batch, 3 * code + actions + 2), device=self._device)
        self._kinds = {
            policy_too: UpdateKind(algorithm, self._rows, code, policy_too=policy_too)
            for policy_too in (False, True)
        }
        self._unchecked = 0
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def learn(self, rows: NDArray[np.float32]) -> None:
        """Make U updates with the batches [U, B, W] of `agents.rig.experience.draw_rows`.

        Raises:
            FloatingPointError: when one of the last updates failed; see `check`.
        """
        for batch in self._sent(torch.from_numpy(rows)):
            self._rows.copy_(batch)
            self.algorithm.updates += 1
            self._kinds[self.algorithm.policy_moves_in(self.algorithm.updates)].update()
            self._unchecked += 1
        if self._unchecked >= CHECK_EVERY:
            self.check()

    def _sent(self, rows: Tensor) -> Tensor:
        """The rows on the device; from pinned memory, so that this need not wait for what it computes."""
        pinned = rows.pin_memory() if self._device.type == "cuda" else rows
        return pinned.to(self._device, non_blocking=True)

    def check(self) -> None:
        """Wait for the device, and take over what it measured.

        Raises:
            FloatingPointError: when an update since the last check met a loss, gradient or weight that is not
                finite; the weights are those before it.
        """
        fine = sum(self._take(kind) for kind in self._kinds.values())
        first = self.algorithm.updates - self._unchecked + 1
        self._unchecked = 0
        if self._failed.item():
            raise FloatingPointError(
                f"update {first + fine}: got a loss, gradient or weight that is not finite, expected finite"
            )

    def means(self) -> dict[str, float]:
        """Mean losses and reward of the updates since the last call; checks."""
        self.check()
        found = {name: value / self._counts[name] for name, value in self._sums.items() if self._counts[name]}
        self._sums, self._counts = {}, {}
        return found

    def _take(self, kind: UpdateKind) -> int:
        """Add what a kind measured to the sums; returns how many of its updates failed in nothing."""
        sums, made = kind.take()
        fine = int(sums.pop(FINE, 0.0))
        for name, value in sums.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + made
        return fine
