"""TD3 for goals: twin critics, smoothed target actions, delayed policy (Fujimoto et al. 2018).

B batch, A action.
"""

import torch
from torch import Tensor

from agents.rig.batch import Batch, temporal_difference_target
from agents.rig.twin_critics import TwinCritics

OUTPUTS = 1
"""Of the policy for each action: the action before tanh."""


class Td3(TwinCritics):
    """Policy and critics on their way; the policy has `OUTPUTS`."""

    def policy_moves_in(self, update: int) -> bool:
        """Every `policy_delay`-th does."""
        return update % self.config.policy_delay == 0

    def learn(self, batch: Batch, *, policy_too: bool) -> dict[str, float | Tensor]:
        """The losses; see `TwinCritics.learn`."""
        critic_loss, state = self._step_critics(batch, self.target(batch))
        losses = {"critic_loss": critic_loss}
        if policy_too:
            losses["policy_loss"] = self._move(self._policy_step, self._policy_loss(state))
            self._follow()
        return losses

    @torch.no_grad()
    def target(self, batch: Batch) -> Tensor:
        """What the critics should say of a batch, (B,)."""
        state = self.targets.trunk(batch.next_observation, batch.goal)
        action = self._smoothed(self.targets.policy(state).tanh())
        value = self.targets.critics(state, action).amin(0)
        return temporal_difference_target(batch.reward, batch.terminated, value, self.config.discount)

    def _smoothed(self, action: Tensor) -> Tensor:
        clip = self.config.target_clip
        return (action + (self._noise(action) * self.config.target_noise).clamp(-clip, clip)).clamp(-1.0, 1.0)

    def _policy_loss(self, state: Tensor) -> Tensor:
        action = self.networks.policy(state).tanh()
        return -self.networks.critics.first(torch.cat((state, action), dim=1)).mean()
