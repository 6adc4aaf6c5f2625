"""A network on a GPU as a captured CUDA graph: for each call one upload, one launch and one download.

Called from Python op by op, a small network waits for the interpreter and not for the GPU, and the threads of
a search wait for each other. A captured one reads the network's weights where they lie, so updates in place
count at once.

Shape letters: R rows of a call, G cells, K outcomes.
"""

import threading
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from agents.curling.networks.features import PACKED, Inputs, inputs_of

WARM_UPS = 3
"""Calls before the capture, in which libraries choose their kernels and take their memory."""


class Slot(NamedTuple):
    """What one call at a time needs; host tensors are pinned.

    numbers, given: [R, PACKED] float32 on the host and on the device.
    policy, value: [R, G] and [R, K] float32 on the device; policy_out, value_out: the same on the host.
    """

    graph: torch.cuda.CUDAGraph
    stream: torch.cuda.Stream
    done: torch.cuda.Event
    numbers: Tensor
    given: Tensor
    policy: Tensor
    value: Tensor
    policy_out: Tensor
    value_out: Tensor


class CapturedNetwork:
    """Probabilities of a network for always the same number of positions; it may be called from several
    threads at once.

    Args:
        network: on the device, in evaluation mode whenever this is called.
        rows: R of every call.
        device: a CUDA device.
        dtype: arithmetic of what autocast knows; float32 is none.
    """

    def __init__(self, network: nn.Module, rows: int, device: torch.device, dtype: torch.dtype) -> None:
        self._network, self._rows, self._device, self._dtype = network, rows, device, dtype
        self._free: list[Slot] = []
        self._capturing = threading.Lock()

    def __call__(self, positions: NDArray) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Policy [R, G] and value [R, K] of positions [R] POSITION, from the mover's view."""
        slot = self._taken() or self._captured()
        try:
            slot.numbers.copy_(inputs_of(positions).packed())
            slot.stream.wait_stream(torch.cuda.current_stream(self._device))
            with torch.cuda.stream(slot.stream):
                slot.given.copy_(slot.numbers, non_blocking=True)
                slot.graph.replay()
                slot.policy_out.copy_(slot.policy, non_blocking=True)
                slot.value_out.copy_(slot.value, non_blocking=True)
                slot.done.record()
            slot.done.synchronize()
            return slot.policy_out.numpy().copy(), slot.value_out.numpy().copy()
        finally:
            self._free.append(slot)

    def _taken(self) -> Slot | None:
        """A slot that nobody uses, if there is one."""
        try:
            return self._free.pop()
        except IndexError:
            return None

    @torch.no_grad()
    def _captured(self) -> Slot:
        """One more slot; several threads make theirs one after the other."""
        with self._capturing:
            stream, graph = torch.cuda.Stream(self._device), torch.cuda.CUDAGraph()
            given = torch.zeros(self._rows, PACKED, device=self._device)
            stream.wait_stream(torch.cuda.current_stream(self._device))
            with torch.cuda.stream(stream):
                for _ in range(WARM_UPS):
                    self._probabilities(given)
            stream.synchronize()
            with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
                policy, value = self._probabilities(given)
            hosts = (torch.empty(part.shape, pin_memory=True) for part in (given, policy, value))
            numbers, policy_out, value_out = hosts
            done = torch.cuda.Event(blocking=True)
            return Slot(graph, stream, done, numbers, given, policy, value, policy_out, value_out)

    def _probabilities(self, given: Tensor) -> tuple[Tensor, Tensor]:
        half = self._dtype != torch.float32
        with torch.autocast("cuda", self._dtype if half else None, enabled=half, cache_enabled=False):
            policy, value = self._network(Inputs.unpacked(given))
        return policy.float().softmax(-1), value.float().softmax(-1)
