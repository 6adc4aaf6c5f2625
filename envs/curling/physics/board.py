"""One sheet in motion, and the physics that moves it, as compiled code takes them."""

import math
from typing import NamedTuple

import numpy as np

from envs.curling.physics.collision import MEMBER, PAIR, Contact
from envs.curling.physics.path import PathTable
from envs.curling.physics.stones import STONE


class Physics(NamedTuple):
    """What one delivery needs to know: the ice's path, contacts, and where the sheet ends (metres).

    quantum: 0 is exact; the step in seconds of a simulator that steps mirrors that one: contacts and
        departures take effect at the next multiple of it, and a struck stone makes a step before it slows.
    release_lag: quanta that a delivered stone has slowed for when it sets out.
    """

    table: PathTable
    contact: Contact
    side: float
    back: float
    near: float
    quantum: float
    release_lag: float


class Board(NamedTuple):
    """One sheet in motion, and room to work in.

    stones: [16] of dtype `STONE`.
    meet: [16, 16] when each pair next collides, seconds; a row is current while its stone moves.
    sure: [16, 16] bool; where it is not, the pair only surely does not collide before `meet`.
    members, pairs: [16] and [120] of dtypes `MEMBER` and `PAIR`, for the stones in touch at one instant.
    """

    stones: np.ndarray
    meet: np.ndarray
    sure: np.ndarray
    members: np.ndarray
    pairs: np.ndarray


def empty_board() -> Board:
    """Room for one sheet."""
    never, sure = np.full((16, 16), math.inf), np.ones((16, 16), np.bool_)
    return Board(np.zeros(16, STONE), never, sure, np.zeros(16, MEMBER), np.zeros(120, PAIR))
