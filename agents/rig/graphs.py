"""Work on a GPU recorded once as a CUDA graph: launched as one thing, where op by op it waits for Python.

N rows.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

WARM_UPS = 3
"""Runs before a recording, in which libraries choose their kernels and take their memory."""
MOST_GRAPHS = 4
"""Kinds of calls that `RepeatedCalls` records; what comes later is called as it is."""


def record(work: Callable[[], None], generator: torch.Generator | None = None) -> torch.cuda.CUDAGraph:
    """The graph of some work, which is done `WARM_UPS` times for it.

    Args:
        work: reads and writes tensors that stay where they are, and never waits for the device.
        generator: from which it draws, on the device; every replay draws fresh numbers.
    """
    ours, side = torch.cuda.current_stream(), torch.cuda.Stream()
    side.wait_stream(ours)
    with torch.cuda.stream(side):
        for _ in range(WARM_UPS):
            work()
    ours.wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    if generator is not None:
        graph.register_generator_state(generator)
    with torch.cuda.graph(graph):
        work()
    return graph


class RecordedCall:
    """A function as a graph, with the places of its arguments and of its result.

    Args:
        function: of tensors on the device; gives one.
        examples: arguments of the shapes and dtypes of every call.
    """

    def __init__(self, function: Callable[..., Tensor], examples: list[Tensor]) -> None:
        self._function, self._given = function, examples
        self._result = examples[0]
        self._graph = record(self._run)

    def __call__(self, parts: list[Tensor]) -> Tensor:
        """The result for arguments, which may lie on the host; it is overwritten by the next call."""
        for given, part in zip(self._given, parts, strict=True):
            given.copy_(part, non_blocking=True)
        self._graph.replay()
        return self._result

    def _run(self) -> None:
        self._result = self._function(*self._given)


class RepeatedCalls:
    """A function of arrays whose networks stay where they are, without gradients; on a GPU with graphs.

    Args:
        function: of tensors [N, ...] on the device; gives one of floating numbers.
    """

    def __init__(self, function: Callable[..., Tensor]) -> None:
        self._function = function
        self._recorded: dict[tuple, RecordedCall] = {}

    @torch.no_grad()
    def __call__(self, *arrays: NDArray, device: torch.device) -> NDArray[np.floating]:
        """The function's result for these arrays, as an array of its own."""
        parts = [torch.from_numpy(np.require(array, requirements="CW")) for array in arrays]
        if device.type != "cuda":
            return self._function(*parts).numpy()
        kind = tuple((part.shape, part.dtype) for part in parts)
        if kind not in self._recorded:
            if len(self._recorded) == MOST_GRAPHS:
                return self._function(*(part.to(device) for part in parts)).cpu().numpy()
            self._recorded[kind] = RecordedCall(self._function, [part.to(device) for part in parts])
        return self._recorded[kind](parts).cpu().numpy()
