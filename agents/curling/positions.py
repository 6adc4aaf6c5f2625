"""Positions of a game as plain numbers, so that trees can copy them and compiled code can play on them.

Shape letters: B positions.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from envs.curling.physics.sheet import STONES
from envs.curling.rules.game import GameState
from envs.curling.world import World

POSITION = np.dtype(
    [
        ("stones", np.float64, (STONES, 2)),
        ("in_play", np.uint8, (STONES,)),
        ("shot", np.int16),
        ("shots", np.int16),
        ("end", np.int16),
        ("ends", np.int16),
        ("lead", np.int16),
        ("hammer", np.int8),
    ],
    align=True,
)
"""One position of a game in progress.

stones, in_play: [16, 2] metres and [16], 0 or 1, as in `GameState` (compiled records hold no booleans).
shot, shots: shots thrown in this end, and shots of an end.
end, ends: ends finished, and ends of the event before extra ends.
lead: points of team 0 less those of team 1.
hammer: team with the last stone of this end.
"""


def positions_of(world: World, states: Sequence[GameState]) -> NDArray:
    """The positions [B] POSITION of games in progress."""
    positions = np.zeros(len(states), POSITION)
    for position, state in zip(positions, states, strict=True):
        first, second = state.totals
        position["stones"], position["in_play"] = state.stones, state.in_play
        position["shot"], position["end"], position["hammer"] = state.shot, state.end, state.hammer
        position["lead"] = first - second
    positions["shots"], positions["ends"] = world.rules.shots_per_end, world.rules.ends
    return positions


def mover(positions: NDArray) -> NDArray[np.int64]:
    """The team to throw in each position [B]: the one without the hammer on even shots."""
    hammer = positions["hammer"].astype(np.int64)
    return np.where(positions["shot"] % 2 == 1, hammer, 1 - hammer)


def mirrored(positions: NDArray) -> NDArray:
    """The same positions [B] on a sheet whose left is its right."""
    turned = positions.copy()
    turned["stones"][..., 0] = -turned["stones"][..., 0]
    return turned
