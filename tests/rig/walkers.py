"""Agents that need no learning: one walks to the goal, one pushes there; both read layouts."""

import numpy as np

from envs.manipulation.task import ACTION_METRES
from tests.manipulation.scripted_pusher import scripted_action


class Walker:
    """Brings the hand to its goal on the shortest way."""

    def act(self, observation, goal, *, rng=None):
        """Actions [N, 2] for layouts [N, S]."""
        return np.clip((goal[:, :2] - observation[:, :2]) / ACTION_METRES, -1, 1).astype(np.float32)


class Pusher:
    """Pushes the one puck to its goal, and leaves the hand where that ends."""

    def act(self, observation, goal, *, rng=None):
        """Actions [N, 2] for layouts [N, 4]."""
        return np.stack([scripted_action(*pair) for pair in zip(observation, goal, strict=True)])
