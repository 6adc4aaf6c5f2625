"""Random boards for the tests of the curling rules."""

import numpy as np

from envs.curling.physics.sheet import STONES, WORLD_CURLING


def random_boards(count, rng, crowd=0.5):
    """Stones [count, 16, 2] metres around the house and in_play [count, 16]; stones may overlap."""
    spread = np.array([1.0, 1.6])
    stones = WORLD_CURLING.tee + rng.normal(size=(count, STONES, 2)) * spread
    in_play = rng.random((count, STONES)) < crowd
    return np.where(in_play[..., None], stones, 0.0), in_play


def board(team_0=(), team_1=()):
    """Stones [1, 16, 2] and in_play [1, 16] from positions (x, distance beyond the tee), metres."""
    stones, in_play = np.zeros((1, STONES, 2)), np.zeros((1, STONES), dtype=bool)
    for team, positions in enumerate((team_0, team_1)):
        for number, (x, beyond) in enumerate(positions):
            stones[0, 8 * team + number] = x, WORLD_CURLING.tee_y + beyond
            in_play[0, 8 * team + number] = True
    return stones, in_play
