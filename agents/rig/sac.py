"""Soft actor-critic for goals, with a learnt temperature (Haarnoja et al. 2018, arXiv 1812.05905).

B batch, A action.
"""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from agents.rig.batch import Batch, temporal_difference_target
from agents.rig.checked_adam import CheckedAdam
from agents.rig.config import RigConfig
from agents.rig.networks import ActorCritic
from agents.rig.twin_critics import TwinCritics

OUTPUTS = 2
"""Of the policy for each action: mean and log standard deviation before tanh."""
LOG_DEVIATION_LOW, LOG_DEVIATION_HIGH = -20.0, 2.0


def squashed_sample(outputs: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """An action from tanh of a normal variable, and its log-density.

    Args:
        outputs: (B, 2 A) means and log standard deviations.
        noise: (B, A) standard normal.

    Returns:
        Actions (B, A) in [-1, 1] and log-densities (B,) in nats.
    """
    mean, log_deviation = outputs.chunk(2, dim=1)
    log_deviation = log_deviation.clamp(LOG_DEVIATION_LOW, LOG_DEVIATION_HIGH)
    raw = mean + noise * log_deviation.exp()
    log_normal = -0.5 * (noise.square() + math.log(2 * math.pi)) - log_deviation
    # log(1 - tanh(x)^2), in a form that stays finite for large x.
    log_slope = 2.0 * (math.log(2.0) - raw - softplus(-2.0 * raw))
    return raw.tanh(), (log_normal - log_slope).sum(1)


class Sac(TwinCritics):
    """Policy, critics and temperature on their way; the policy has `OUTPUTS`."""

    def __init__(
        self, networks: ActorCritic, config: RigConfig, *, seed: int, device: torch.device | str
    ) -> None:
        super().__init__(networks, config, seed=seed, device=device)
        self.log_temperature = nn.Parameter(torch.zeros((), device=device))
        self._temperature_step = CheckedAdam("temperature", [self.log_temperature], config.rate)

    def policy_moves_in(self, update: int) -> bool:
        """Every one does."""
        return True

    def learn(self, batch: Batch, *, policy_too: bool) -> dict[str, float | Tensor]:
        """The losses and the temperature; see `TwinCritics.learn`."""
        critic_loss, state = self._step_critics(batch, self.target(batch))
        losses = {"critic_loss": critic_loss}
        if not policy_too:
            return losses
        action, log_density = squashed_sample(self.networks.policy(state), self._noise(batch.action))
        temperature = self.log_temperature.detach().exp()
        policy_loss = (temperature * log_density - self.networks.critics(state, action).amin(0)).mean()
        losses["policy_loss"] = self._move(self._policy_step, policy_loss)
        excess = log_density.detach().mean() - batch.action.shape[1]  # the wanted entropy is -A
        self._move(self._temperature_step, -self.log_temperature.exp() * excess)
        self._follow()
        return losses | {"temperature": temperature}

    @torch.no_grad()
    def target(self, batch: Batch) -> Tensor:
        """What the critics should say of a batch, (B,)."""
        pair = batch.next_observation, batch.goal
        # The learnt policy reads the learnt trunk's features, with which it was trained.
        outputs = self.networks.policy(self.networks.trunk(*pair))
        action, log_density = squashed_sample(outputs, self._noise(batch.action))
        state = self.targets.trunk(*pair)
        value = self.targets.critics(state, action).amin(0) - self.log_temperature.exp() * log_density
        return temporal_difference_target(batch.reward, batch.terminated, value, self.config.discount)

    def state_dict(self) -> dict[str, Any]:
        """All that changes; the tensors are the live ones."""
        return super().state_dict() | {
            "log_temperature": self.log_temperature.detach(),
            "temperature_step": self._temperature_step.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        super().load_state_dict(state)
        with torch.no_grad():
            self.log_temperature.copy_(state["log_temperature"])
        self._temperature_step.load_state_dict(state["temperature_step"])
