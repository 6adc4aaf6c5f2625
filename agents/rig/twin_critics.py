"""What TD3 and SAC share: networks and their slow copies, the critics' step, what a checkpoint holds."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from agents.rig.batch import Batch
from agents.rig.checked_adam import CheckedAdam
from agents.rig.config import RigConfig
from agents.rig.networks import ActorCritic, follow
from agents.runs.random_state import restore_torch, torch_state


class TwinCritics(ABC):
    """Policy and two critics on their way, and targets that follow them.

    Args:
        networks: with a policy of the algorithm's number of outputs; they are moved to the device.
        config: rates and noises.
        seed: of the noise that updates draw.
        device: where to compute.
    """

    def __init__(
        self, networks: ActorCritic, config: RigConfig, *, seed: int, device: torch.device | str
    ) -> None:
        self.config = config
        self.networks = networks.to(device)
        self._device = torch.device(device)
        self.targets = self.networks.frozen_copy()
        self._followed = list(self.targets.parameters()), list(self.networks.parameters())
        self.generator = torch.Generator(device).manual_seed(seed)
        self.updates = 0
        self.failed: Tensor | None = None
        """() float32 on the device, 1 after a failure; None where a failure raises at once."""
        critics = (*self.networks.trunk.parameters(), *self.networks.critics.parameters())
        self._critic_step = CheckedAdam("critic", critics, config.rate)
        self._policy_step = CheckedAdam("policy", self.networks.policy.parameters(), config.rate)

    def update(self, batch: Batch) -> dict[str, float]:
        """Learn from a batch; returns the losses.

        Raises:
            FloatingPointError: when a loss, gradient or weight is not finite; see `CheckedAdam.step`.
        """
        self.updates += 1
        losses = self.learn(batch, policy_too=self.policy_moves_in(self.updates))
        return {name: float(loss) for name, loss in losses.items()}

    @abstractmethod
    def learn(self, batch: Batch, *, policy_too: bool) -> dict[str, float | Tensor]:
        """Learn from a batch, critics alone or policy and targets too; the losses, see `defer_errors`."""

    @abstractmethod
    def policy_moves_in(self, update: int) -> bool:
        """Whether that update, counted from 1, moves policy and targets."""

    def defer_errors(self) -> Tensor:
        """Let `learn` wait for nothing from now on; returns where it marks a failure, see `failed`."""
        self.failed = torch.zeros((), device=self._device)
        return self.failed

    def _move(self, optimizer: CheckedAdam, loss: Tensor) -> float | Tensor:
        """Move what the optimiser moves against a loss; returns the loss."""
        return optimizer.step(loss) if self.failed is None else optimizer.attempt(loss, self.failed)

    def _step_critics(self, batch: Batch, target: Tensor) -> tuple[float | Tensor, Tensor]:
        """Move trunk and critics towards the target (B,); their loss, and the features (B, F) before."""
        state = self.networks.trunk(batch.observation, batch.goal)
        values = self.networks.critics(state, batch.action)
        loss = mse_loss(values, target.expand_as(values), reduction="sum") / len(target)
        return self._move(self._critic_step, loss), state.detach()

    def _noise(self, like: Tensor) -> Tensor:
        """Normal numbers of the same shape."""
        return torch.randn(like.shape, generator=self.generator, device=like.device)

    def _follow(self) -> None:
        """Move the targets the share tau of the way to the networks."""
        follow(*self._followed, self.config.tau)

    def state_dict(self) -> dict[str, Any]:
        """All that changes; the tensors are the live ones."""
        return {
            "networks": self.networks.state_dict(),
            "targets": self.targets.state_dict(),
            "critic_step": self._critic_step.state_dict(),
            "policy_step": self._policy_step.state_dict(),
            "generator": torch_state(self.generator),
            "updates": self.updates,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        self.networks.load_state_dict(state["networks"])
        self.targets.load_state_dict(state["targets"])
        self._critic_step.load_state_dict(state["critic_step"])
        self._policy_step.load_state_dict(state["policy_step"])
        restore_torch(self.generator, state["generator"])
        self.updates = state["updates"]
