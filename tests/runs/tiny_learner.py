"""A tiny but complete torch learner: network, Adam, data from a NumPy generator, noise from a torch one."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from agents.runs.random_state import numpy_state, restore_numpy, restore_torch, torch_state
from tests.runs.tiny_config import TinyConfig


class TinyLearner:
    """Fits a two-layer network to noisy samples of a line or a wave."""

    def __init__(self, config: TinyConfig, seed: int, device: str) -> None:
        self.config = config
        self._device = device
        self._step = 0
        self._rng = np.random.default_rng(seed)
        self._generator = torch.Generator().manual_seed(seed)
        width = config.network.width
        self.network = torch.nn.Sequential(
            torch.nn.Linear(1, width), torch.nn.Tanh(), torch.nn.Linear(width, 1)
        )
        with torch.no_grad():
            for parameter in self.network.parameters():
                parameter.copy_(torch.rand(parameter.shape, generator=self._generator) - 0.5)
        self.network.to(device)
        self._optimizer = torch.optim.Adam(self.network.parameters(), lr=config.learning_rate)

    def train(self) -> Iterator[dict[str, float]]:
        """Yields the loss of each update."""
        while self._step < self.config.updates:
            self._step += 1
            time.sleep(self.config.pause)
            x = torch.from_numpy(self._rng.uniform(-1, 1, size=(8, 1)).astype(np.float32))
            y = x if self.config.target == "line" else torch.sin(4 * x)
            y = y + 0.01 * torch.randn(y.shape, generator=self._generator)
            loss = torch.nn.functional.mse_loss(self.network(x.to(self._device)), y.to(self._device))
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            if self._step == self.config.poison_at:
                with torch.no_grad():
                    self.network[0].weight.fill_(float("nan"))
            yield {"loss": loss.item(), "samples": float(8 * self._step)}

    def state_dict(self) -> dict[str, Any]:
        """Everything that changes."""
        return {
            "step": self._step,
            "network": self.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "rng": numpy_state(self._rng),
            "generator": torch_state(self._generator),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes a state over."""
        self._step = state["step"]
        self.network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        restore_numpy(self._rng, state["rng"])
        restore_torch(self._generator, state["generator"])


def build(config: TinyConfig, *, seed: int, device: str) -> TinyLearner:
    """Builds the tiny learner."""
    return TinyLearner(config, seed, device)
