"""One position, many shots: what the hand and the ice make of each.

Shape letters: B throws.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from envs.curling.physics.motion import simulate
from envs.curling.physics.sheet import STONES
from envs.curling.rules.free_guard_zone import settle
from envs.curling.rules.game import GameState, thrown_slot
from envs.curling.rules.scoring import score_ends
from envs.curling.world import World


class Boards(NamedTuple):
    """What B throws left.

    stones: [B, 16, 2] float64, metres.
    in_play: [B, 16] bool.
    foul: [B] bool, whether a guard was protected and the board restored.
    """

    stones: NDArray[np.float64]
    in_play: NDArray[np.bool_]
    foul: NDArray[np.bool_]


def throw_each(
    world: World,
    state: GameState,
    velocity: NDArray[np.float64],
    spin: NDArray[np.float64],
    rng: np.random.Generator,
) -> Boards:
    """Throw each of B shots once, from the same position.

    Args:
        world: ice, noise and rules.
        state: a game in progress.
        velocity: [B, 2] intended release velocities, m/s.
        spin: [B] rad/s anticlockwise.
        rng: draws the noise.
    """
    count = len(spin)
    before = (
        np.broadcast_to(state.stones, (count, STONES, 2)).copy(),
        np.broadcast_to(state.in_play, (count, STONES)).copy(),
    )
    thrown = world.noise.perturb(velocity, spin, rng)
    slot = np.full(count, thrown_slot(world.rules, state))
    motion = simulate(world.ice, *before, slot, thrown, spin, contact_quantum=world.contact_quantum)
    shot, team = np.full(count, state.shot), np.full(count, state.thrower)
    after = motion.stones, motion.in_play
    return Boards(*settle(world.ice.sheet, world.rules, before, after, shot, team))


def points_lying(world: World, state: GameState, boards: Boards) -> NDArray[np.int64]:
    """[B] points that the thrower would score if the end were over, negative for the opponent's."""
    score = score_ends(world.ice.sheet, boards.stones, boards.in_play)
    return score if state.thrower == 0 else -score
