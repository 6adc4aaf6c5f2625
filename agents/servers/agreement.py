"""How far our engine puts the stones from where another server put them, shot by shot."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from envs.curling.physics.delivery import Shot
from envs.curling.physics.noise import NoNoise
from envs.curling.rules.game import GameState
from envs.curling.world import World


class Comparison(NamedTuple):
    """Shots played on two engines."""

    shots: int
    errors: list[float]
    """metres; of every shot after which both have stones in play, the farthest stone's"""
    other_stones: int
    """shots after which not the same stones are in play"""


class Agreement:
    """Compares shots that were seen.

    Args:
        world: what they are played again in.
        step: seconds of a frame of the other simulator, in which contacts are rounded up.
    """

    def __init__(self, world: World, step: float) -> None:
        self._world = replace(world, noise=NoNoise(), contact_quantum=step)
        self._seen: list[tuple[GameState, Shot, GameState]] = []

    def see(self, before: GameState, executed: Shot, after: GameState) -> None:
        """Remembers a shot; not the last of an end, as the other board is cleared by then."""
        if after.end == before.end and not after.over:
            self._seen.append((before, executed, after))

    def compared(self) -> Comparison:
        """Plays again all shots that were seen."""
        befores, shots, afters = zip(*self._seen, strict=True) if self._seen else ((), (), ())
        throws = self._world.deliver_each(befores, shots, [np.random.default_rng(0)] * len(shots))
        errors, others = [], 0
        for throw, after in zip(throws, afters, strict=True):
            stones, in_play = throw.board
            others += int((in_play != after.in_play).any())
            both = in_play & after.in_play
            if both.any():
                errors.append(float(np.hypot(*(stones - after.stones)[both].T).max()))
        return Comparison(len(throws), errors, others)
