"""A policy and value network as the judge of a search.

Shape letters: B positions, G cells, A = 2 dimensions, K outcomes.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from agents.curling.networks.features import Inputs, inputs_of
from agents.curling.positions import mover
from agents.curling.search.captured import CapturedNetwork
from agents.curling.search.grid import PolicyGrid
from planners.interfaces import Evaluation, Proposal

Precision = Literal["float32", "bfloat16"]
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
LAYOUTS = {"cuda": torch.channels_last}
"""Type of device -> order of a convolution's weights; as they are on others."""


class Judgement(NamedTuple):
    """What a network says about B positions.

    policy: [B, G] float32, probabilities of the grid's cells.
    outcomes: [B, K] float32, distribution of the end's score as team 0 sees it.
    """

    policy: NDArray[np.float32]
    outcomes: NDArray[np.float32]


def laid_out(network: nn.Module, device: str | torch.device) -> nn.Module:
    """The network itself, moved to a device and its weights to where convolutions find them fastest there.

    Weights that lie elsewhere are replaced, which captured graphs of training would not notice: call it
    before the first update. A second call moves nothing.
    """
    return network.to(device, memory_format=LAYOUTS.get(torch.device(device).type, torch.preserve_format))


class NetworkEvaluator:
    """A network as `planners.interfaces.Evaluator`; it may be called from several threads at once.

    Args:
        network: as `policy_value.build_network` makes it; it is put into evaluation mode, on the device.
        grid: what its policy is about.
        device: where it runs.
        batch: rows of every call of the network, filled up with copies of a row, so that a position's
            judgement does not depend, to the last bit, on how many are judged at once; 0 is as many as come.
        precision: arithmetic of the network; bfloat16 moves probabilities by up to 0.02.
        compile: whether torch compiles the network: slow to start, faster to run.

    On a GPU with a fixed batch the calls are captured CUDA graphs (`captured.py`).
    """

    def __init__(
        self,
        network: nn.Module,
        grid: PolicyGrid,
        *,
        device: str | torch.device = "cpu",
        batch: int = 0,
        precision: Precision = "float32",
        compile: bool = False,
    ) -> None:
        if batch < 0:
            raise ValueError(f"batch: got {batch}, expected 0 or more")
        self._device = torch.device(device)
        network = laid_out(network, device).eval()
        self._network = torch.compile(network) if compile else network
        self._batch, self._dtype = batch, DTYPES[precision]
        self._run = self._eager
        if self._device.type == "cuda" and batch > 0:
            self._run = CapturedNetwork(self._network, batch, self._device, self._dtype)
        self._points, self._parts = grid.points[None], grid.parts[None]

    def evaluate(self, states: NDArray, seeds: NDArray[np.uint64]) -> Evaluation:
        """As `Evaluator.evaluate`; nothing in it is random.

        Raises:
            FloatingPointError: the network gave a number that is not finite.
        """
        judgement = self.judge(states)
        return Evaluation(judgement.outcomes, Proposal(self._points, self._parts, judgement.policy))

    def judge(self, positions: NDArray) -> Judgement:
        """The network's view of positions [B] POSITION.

        Raises:
            FloatingPointError: as `evaluate`.
            ValueError: there are none.
        """
        count = len(positions)
        if count == 0:
            raise ValueError("positions: got none, expected at least one")
        size = self._batch or count
        rows = np.arange(-(-count // size) * size)
        rows[rows >= count] = 0
        parts = [self._run(positions[part]) for part in rows.reshape(-1, size)]
        policy, value = (_joined(answers)[:count] for answers in zip(*parts, strict=True))
        if not (np.isfinite(policy.sum()) and np.isfinite(value.sum())):
            raise FloatingPointError("network: a judgement is not finite, expected finite weights")
        first = mover(positions) == 0
        return Judgement(policy, np.where(first[:, None], value, value[:, ::-1]))

    def _eager(self, positions: NDArray) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities of policy and value, from the mover's view."""
        with torch.inference_mode(), self._arithmetic():
            inputs: Inputs = inputs_of(positions, self._device)
            policy, value = self._network(inputs)
        with torch.inference_mode():
            policy, value = policy.float().softmax(-1), value.float().softmax(-1)
            return policy.cpu().numpy(), value.cpu().numpy()

    def _arithmetic(self) -> AbstractContextManager:
        if self._dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self._device.type, self._dtype)


def _joined(answers: tuple[NDArray, ...]) -> NDArray:
    """Answers [R, ...] one after the other; a single one is not copied."""
    return answers[0] if len(answers) == 1 else np.concatenate(answers)
