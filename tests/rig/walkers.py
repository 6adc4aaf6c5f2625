"""Agents that need no learning: one walks to the goal, one pushes there; both read layouts."""

import numpy as np

from envs.manipulation.task import ACTION_METRES
from tests.manipulation.scripted_pusher import scripted_action


class Walker:
    """Brings the hand to its goal on the shortest way."""

    def towards(self, goal):
        """Actions [N, 2] for layouts [N, S]."""
        return lambda seen: np.clip((goal - seen)[:, :2] / ACTION_METRES, -1, 1).astype(np.float32)


class Pusher:
    """Pushes the one puck to its goal, and leaves the hand where that ends."""

    def towards(self, goal):
        """Actions [N, 2] for layouts [N, 4]."""
        return lambda seen: np.stack([scripted_action(*pair) for pair in zip(seen, goal, strict=True)])
