"""The world of the search: shots as given; noise enters a search by its kernel and its executed actions.

Shape letters: B positions, K outcomes.
"""

import threading

import numpy as np
from numpy.typing import NDArray

from agents.curling.compiled.end_step import OUTCOMES, rules_of, settle_shots
from agents.curling.positions import mover
from agents.curling.search.shot_space import ShotSpace
from envs.curling.physics.board import Board, empty_board
from envs.curling.physics.events import UNFINISHED
from envs.curling.physics.motion import physics_of, play_each
from envs.curling.physics.sheet import STONES, STONES_PER_TEAM
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
        self._of_thread = threading.local()

    def mover(self, states: NDArray) -> NDArray[np.int64]:
        """As `Simulator.mover`."""
        return mover(states)

    def step(self, states: NDArray, points: NDArray[np.float64], parts: NDArray[np.int64]) -> Step:
        """As `Simulator.step`: terminal is the end of the end, whose score is the outcome.

        Raises:
            RuntimeError: a shot did not come to rest; none is known.
        """
        after, count = states.copy(), len(states)
        stones, in_play = np.zeros((count, STONES, 2)), np.zeros((count, STONES), np.bool_)
        contacts, seconds = np.zeros(count, np.int64), np.zeros(count)
        play_each(
            self._physics,
            self._board(),
            self._rules.hog,
            self._origin,
            np.ascontiguousarray(states["stones"]),
            states["in_play"] != 0,
            STONES_PER_TEAM * mover(states) + self._rules.positioned + states["shot"] // 2,
            *self._space.velocities(points, parts),
            stones,
            in_play,
            contacts,
            seconds,
        )
        if UNFINISHED in contacts:
            raise RuntimeError(f"shot {contacts.argmin()}: its stones did not come to rest, expected them to")
        terminal, outcomes = np.zeros(count, np.bool_), np.zeros((count, OUTCOMES))
        settle_shots(self._rules, after, stones, in_play, terminal, outcomes)
        return Step(after, terminal, outcomes)

    def _board(self) -> Board:
        """The calling thread's room for one sheet, which every shot sets up anew."""
        if not hasattr(self._of_thread, "board"):
            self._of_thread.board = empty_board()
        return self._of_thread.board
