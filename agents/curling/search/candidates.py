"""Shots worth a try, made by hand: draws, freezes, take-outs, guards, with both handles, up to 40 a position.

KR-UCT starts from such candidates and plays its rollouts with them (Yee et al., IJCAI 2016).
Which release reaches a point depends on its distance alone, up to a rotation, so aiming is one look-up.

Shape letters: B positions, P = 40 candidates, D distances, A = 2 dimensions.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.curling.compiled.end_step import Rules, rules_of
from agents.curling.compiled.hand_made import MOST, make_candidates
from agents.curling.search.shot_space import ShotSpace
from envs.curling.physics.delivery import velocity_through, velocity_to_stop
from envs.curling.physics.ice import Ice
from envs.curling.players.rules_player import WEIGHTS
from envs.curling.world import World
from planners.interfaces import Proposal

DISTANCES = 2048
"""Entries of the aiming tables; aims between them are off by less than a micrometre."""


class Aims(NamedTuple):
    """How to reach points straight ahead of the release, as compiled code reads it.

    table: [1 + weights, D, 2] float64: speed (m/s) and direction (radians anticlockwise) at release, of
        anticlockwise stones, to stop at a distance, or to pass it at each weight.
    near, step: first distance and distance between entries, metres.
    x, y: where stones are released, metres.
    """

    table: NDArray[np.float64]
    near: float
    step: float
    x: float
    y: float


class Candidates:
    """Hand-made candidates as `planners.interfaces.Proposer`; it may be called from several threads."""

    def __init__(self, world: World, space: ShotSpace) -> None:
        self._space, self._aims = space, aims_of(world.ice)
        self._rules: Rules = rules_of(world.ice.sheet, world.rules)

    def propose(self, states: NDArray) -> Proposal:
        """As `Proposer.propose`, for positions [B] POSITION."""
        count = len(states)
        velocity, parts = np.zeros((count, MOST, 2)), np.ones((count, MOST), np.int64)
        priors = np.zeros((count, MOST))
        make_candidates(self._aims, self._rules, states, velocity, parts, priors)
        spin = 2.0 * parts.reshape(-1) - 1.0
        points, _ = self._space.points(velocity.reshape(-1, 2), spin)
        return Proposal(points.reshape(count, MOST, 2), parts, priors)


def aims_of(ice: Ice) -> Aims:
    """The aiming tables of an ice, from the hog line to beyond the back line, for the weights of `rules`."""
    sheet, (x, y) = ice.sheet, ice.release_position
    farthest = np.hypot(sheet.width, sheet.backboard_y - y)
    distance = np.linspace(sheet.hog_y - y, farthest, DISTANCES)
    points = np.stack([np.full(DISTANCES, x), distance + y], -1)
    draw = float(np.hypot(*velocity_to_stop(ice, sheet.tee, ice.release_spin)))
    speeds = (0.0, *(weight * draw for weight in WEIGHTS))
    velocity = np.stack([velocity_through(ice, points, speed, ice.release_spin) for speed in speeds])
    release = np.hypot(velocity[..., 0], velocity[..., 1]), np.arctan2(-velocity[..., 0], velocity[..., 1])
    return Aims(np.stack(release, -1), float(distance[0]), float(distance[1] - distance[0]), x, y)
