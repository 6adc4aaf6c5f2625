"""TD3 for goals: twin critics, smoothed target actions, delayed policy (Fujimoto et al. 2018).

B batch, A action.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from agents.rig.batch import Batch, temporal_difference_target
from agents.rig.checked_adam import CheckedAdam
from agents.rig.config import RigConfig
from agents.rig.networks import ActorCritic, follow
from agents.runs.random_state import restore_torch, torch_state

OUTPUTS = 1
"""Of the policy for each action: the action before tanh."""


class Td3:
    """Policy and critics on their way.

    Args:
        networks: with a policy of `OUTPUTS`; they are moved to the device.
        config: rates and noises.
        seed: of the smoothing noise.
        device: where to compute.
    """

    def __init__(
        self, networks: ActorCritic, config: RigConfig, *, seed: int, device: torch.device | str
    ) -> None:
        self.config = config
        self.networks = networks.to(device)
        self.targets = self.networks.frozen_copy()
        self._followed = list(self.targets.parameters()), list(self.networks.parameters())
        self.generator = torch.Generator(device).manual_seed(seed)
        self.updates = 0
        critics = (*self.networks.trunk.parameters(), *self.networks.critics.parameters())
        self._critic_step = CheckedAdam("critic", critics, config.rate)
        self._policy_step = CheckedAdam("policy", self.networks.policy.parameters(), config.rate)

    def update(self, batch: Batch) -> dict[str, float]:
        """Learn from a batch; returns the losses.

        Raises:
            FloatingPointError: when a loss, gradient or weight is not finite; see `CheckedAdam.step`.
        """
        target = self.target(batch)
        state = self.networks.trunk(batch.observation, batch.goal)
        values = self.networks.critics(state, batch.action)
        loss = mse_loss(values, target.expand_as(values), reduction="sum") / len(target)
        losses = {"critic_loss": self._critic_step.step(loss)}
        self.updates += 1
        if self.updates % self.config.policy_delay == 0:
            losses["policy_loss"] = self._policy_step.step(self._policy_loss(state.detach()))
            follow(*self._followed, self.config.tau)
        return losses

    @torch.no_grad()
    def target(self, batch: Batch) -> Tensor:
        """What the critics should say of a batch, (B,)."""
        state = self.targets.trunk(batch.next_observation, batch.goal)
        action = self._smoothed(self.targets.policy(state).tanh())
        value = self.targets.critics(state, action).amin(0)
        return temporal_difference_target(batch.reward, batch.terminated, value, self.config.discount)

    def _smoothed(self, action: Tensor) -> Tensor:
        noise = torch.randn(action.shape, generator=self.generator, device=action.device)
        clip = self.config.target_clip
        return (action + (noise * self.config.target_noise).clamp(-clip, clip)).clamp(-1.0, 1.0)

    def _policy_loss(self, state: Tensor) -> Tensor:
        action = self.networks.policy(state).tanh()
        return -self.networks.critics.first(torch.cat((state, action), dim=1)).mean()

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
