"""A throw as a picture: the house after it, with the way of every stone and the score board."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from envs.curling.pictures.render import PIXELS_PER_METRE, draw_game
from envs.curling.pictures.replay import shot_tracks
from envs.curling.world import Throw, World


def draw_throw(
    world: World,
    throw: Throw,
    *,
    names: Sequence[str] = ("Red", "Yellow"),
    pixels_per_metre: int = PIXELS_PER_METRE,
) -> NDArray[np.uint8]:
    """What a turn left; a concession has no tracks.

    Args:
        world: what it was played in.
        throw: the turn.
        names: of team 0 and team 1.
        pixels_per_metre: scale.

    Returns:
        [H, W, 3] uint8 RGB.

    Raises:
        ValueError: on a wrong scale.
    """
    sheet, rules = world.ice.sheet, world.rules
    tracks = None if throw.executed is None else shot_tracks(world.ice, rules, throw)
    scale = {"names": names, "pixels_per_metre": pixels_per_metre}
    return draw_game(sheet, rules, throw.after, board=throw.board, tracks=tracks, **scale)
