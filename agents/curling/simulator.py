"""The world of the search: shots without noise until the end is over; noise enters a search by its kernel.

Shape letters: B positions, K outcomes.
"""

import numpy as np
from numpy.typing import NDArray

from agents.curling.end_step import OUTCOMES, play_shots, rules_of
from agents.curling.positions import mover
from agents.curling.shot_space import ShotSpace
from envs.curling.events import MOST_EVENTS, empty_board
from envs.curling.motion import physics_of
from envs.curling.world import World
from planners.interfaces import Step


class EndSimulator:
    """A world as `planners.interfaces.Simulator`; positions are POSITION arrays, shots those of `space`.

    It may be called from several threads at once.
    """

    def __init__(self, world: World, space: ShotSpace) -> None:
        self._space = space
        self._physics = physics_of(world.ice, world.contact_quantum)
        self._origin = np.array(world.ice.release_position)
        self._rules = rules_of(world.ice.sheet, world.rules)

    def mover(self, states: NDArray) -> NDArray[np.int64]:
        """As `Simulator.mover`."""
        return mover(states)

    def step(self, states: NDArray, points: NDArray[np.float64], parts: NDArray[np.int64]) -> Step:
        """As `Simulator.step`: terminal is the end of the end, whose score is the outcome.

        Raises:
            RuntimeError: a shot did not come to rest; none is known.
        """
        after, count = states.copy(), len(states)
        terminal, outcomes = np.zeros(count, np.bool_), np.zeros((count, OUTCOMES))
        velocity, spin = self._space.velocities(points, parts)
        stuck = play_shots(
            self._physics,
            empty_board(),
            self._origin,
            self._rules,
            after,
            velocity,
            spin,
            terminal,
            outcomes,
        )
        if stuck >= 0:
            raise RuntimeError(f"shot {stuck}: its stones did not come to rest within {MOST_EVENTS} events")
        return Step(after, terminal, outcomes)
