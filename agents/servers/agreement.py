"""How far our engine puts the stones from where another server put them, shot by shot."""

from dataclasses import replace

import numpy as np

from envs.curling.physics.delivery import Shot
from envs.curling.physics.noise import NoNoise
from envs.curling.rules.game import GameState
from envs.curling.world import World


class Agreement:
    """Compares shots that were seen.

    Args:
        world: what they are played again in.
        step: seconds of a frame of the other simulator, in which contacts are rounded up.
    """

    def __init__(self, world: World, step: float) -> None:
        self._world = replace(world, noise=NoNoise(), contact_quantum=step)
        self.errors: list[float] = []
        """metres; of every shot that left stones in play, the farthest stone's."""
        self.other_stones = 0
        """shots after which other stones were in play than ours."""
        self.shots = 0

    def see(self, before: GameState, executed: Shot, after: GameState) -> None:
        """Plays one shot again; the last of an end is not seen, as the other board is cleared by then."""
        if after.end != before.end or after.over:
            return
        self.shots += 1
        (throw,) = self._world.deliver_each([before], [executed], [np.random.default_rng(0)])
        stones, in_play = throw.board
        self.other_stones += int((in_play != after.in_play).any())
        both = in_play & after.in_play
        if both.any():
            self.errors.append(float(np.hypot(*(stones - after.stones)[both].T).max()))
