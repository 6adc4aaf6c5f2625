"""Asks players for shots and turns what is no shot - an error, nonsense, a move too late - into a forfeit.

Shape letters: B games.
"""

import threading
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.curling.players import BatchPlayer
from agents.runs.errors import Stopped
from envs.curling.physics.delivery import Shot
from envs.curling.players.opponents import legal_shot
from envs.curling.rules.game import GameState
from envs.curling.world import World

SPIN_SLACK = 1e-9  # share by which a shot's spin may exceed the ice's release spin
LONGEST_NOTE = 200
PATIENCE = 60.0  # seconds in which a player that overslept a move may wake up before it has to answer again


class Forfeit(NamedTuple):
    """A game lost without a shot.

    note: what the player did, in one line.
    """

    note: str


Answer = Shot | Forfeit | None


class Referee:
    """Asks one player.

    Args:
        player: who is asked.
        world: what is played in.
        move_seconds: what a move may take, None for any time; with a limit every game is asked alone, so that
            its time can be told, and a result may depend on the machine.
    """

    def __init__(self, player: BatchPlayer, world: World, move_seconds: float | None = None) -> None:
        self._player, self._world = player, world
        self._clock = None if move_seconds is None else MoveClock(move_seconds)

    def answers(self, states: Sequence[GameState], seeds: NDArray[np.uint64]) -> list[Answer]:
        """The legal shot, the concession (None) or the forfeit of each of B games; arguments as for `shots`.

        A player that fails on B games together is asked for each alone, so that a failure costs its own game.
        """
        if self._clock is None and len(states) > 1:
            try:
                shots = self._player.shots(states, seeds)
            except (Stopped, MemoryError):
                raise
            except Exception:
                shots = None
            if isinstance(shots, list) and len(shots) == len(states):
                return [self._checked(shot) for shot in shots]
        return [self._alone(state, seeds[b : b + 1]) for b, state in enumerate(states)]

    def _alone(self, state: GameState, seed: NDArray[np.uint64]) -> Answer:
        ask = self._player.shots
        try:
            shots = ask([state], seed) if self._clock is None else self._clock.timed(ask, [state], seed)
        except (Stopped, MemoryError):
            raise
        except Exception as error:
            return _forfeit(f"raised {type(error).__name__}: {error}")
        if not isinstance(shots, list) or len(shots) != 1:
            return _forfeit(f"answered {shots!r}, expected a list of one shot")
        return self._checked(shots[0])

    def _checked(self, shot: Any) -> Answer:
        try:
            legal = legal_shot(self._world, shot)
        except ValueError as error:
            return _forfeit(str(error))
        limit = self._world.ice.release_spin * (1 + SPIN_SLACK)
        if legal is not None and abs(legal.spin) > limit:
            return _forfeit(f"shot: a spin of {legal.spin:g} rad/s, expected at most {limit:g}")
        return legal


class MoveTooLate(Exception):
    """A move took longer than allowed."""


class MoveClock:
    """Lets a function run for so long and no longer; what still runs then is left behind, in its own thread.

    A late call costs itself alone: the next one begins, and its time with it, when the late one has ended.

    Args:
        seconds: of one call.
        patience: seconds to wait, once, for a late call to end; after them calls are too late until it has.
    """

    def __init__(self, seconds: float, *, patience: float = PATIENCE) -> None:
        self.seconds, self.patience = seconds, patience
        self._running: threading.Thread | None = None
        self._left = patience

    def timed(self, ask: Any, *arguments: Any) -> Any:
        """What the call returns or raises.

        Raises:
            MoveTooLate: it took too long, or an earlier call does not end.
        """
        self._await_earlier()
        results: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()

        def work() -> None:
            try:
                results.put((ask(*arguments), None))
            except BaseException as error:  # handed to the caller
                results.put((None, error))

        self._running = threading.Thread(target=work, name="move", daemon=True)
        self._running.start()
        try:
            result, error = results.get(timeout=self.seconds)
        except Empty:
            raise MoveTooLate(f"no move within {self.seconds:g} s") from None
        self._running = None
        if error is not None:
            raise error
        return result

    def _await_earlier(self) -> None:
        if self._running is None:
            return
        left, self._left = self._left, 0.0
        self._running.join(left)
        if self._running.is_alive():
            raise MoveTooLate(f"an earlier move still runs {self.patience:g} s after its time")
        self._left = self.patience


def _forfeit(note: str) -> Forfeit:
    line = " ".join(note.split())
    return Forfeit(line if len(line) <= LONGEST_NOTE else f"{line[: LONGEST_NOTE - 3]}...")
