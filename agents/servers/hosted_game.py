"""One game on our engine between two seats, each a player of ours or a program at the other end of a line.

Both teams have a clock, as in Digital Curling 3: thinking time for all shots of the regular ends, and another
for each extra end. Whoever runs out of it, says what is no shot, speaks out of turn or goes away loses by
forfeit; the other program hears of a game lost by `time_limit`, as the protocol has no word for the rest.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import numpy as np

from agents.curling.games.game_records import GameRecord, GameSpec, Turn, first_state
from agents.curling.games.lockstep_games import draw_seed, turn_noise
from agents.curling.games.referee import Forfeit, Referee
from agents.servers.guest import Guest
from agents.servers.lines import Broken, Interrupted, Silent
from envs.curling.physics.delivery import Shot
from envs.curling.physics.sheet import STONES
from envs.curling.players.opponents import legal_shot
from envs.curling.rules.game import TEAMS
from envs.curling.wire.digital_curling import TEAM_NAMES, WireState
from envs.curling.wire.session_messages import MILLISECONDS, GameSetting, Update, format_update
from envs.curling.world import World

Seat = Guest | Referee


class Loses(Exception):
    """A team loses by forfeit."""

    def __init__(self, team: int, note: str) -> None:
        super().__init__(note)
        self.team, self.note = team, note


class HostedGame:
    """A game in progress.

    Args:
        world: ice, noise and rules.
        setting: what guests were told of it.
        spec: seeds and the first hammer.
        seats: who plays team 0 and team 1.
        names: what they are called.
    """

    def __init__(
        self,
        world: World,
        setting: GameSetting,
        spec: GameSpec,
        seats: Sequence[Seat],
        names: Sequence[str],
    ) -> None:
        self._world, self._setting, self._spec = world, setting, spec
        self._seats, self._names = seats, names
        self._state = first_state(world, spec.hammer)
        self._turns: list[Turn] = []
        self._seconds_left = list(setting.thinking_seconds)
        self.thought = [0.0, 0.0]
        """seconds that team 0 and team 1 took for their moves, the way to and fro included"""

    def play(self) -> GameRecord:
        """Plays it to its end; guests then know that it is over."""
        try:
            self._tell({"cmd": "new_game", "name": dict(zip(TEAM_NAMES, self._names, strict=True))})
            self._tell(format_update(Update(self._wire(), False)))
            while True:
                update = format_update(self._take_turn())
                if self._state.over:
                    break
                self._tell(update)
        except Loses as loss:
            return self._forfeited(loss)
        self._part(update)
        return self.record()

    def record(self) -> GameRecord:
        """The game so far."""
        spec, state = self._spec, self._state
        result = (state.scores, state.winner, state.reason)
        return GameRecord(spec.number, spec.seed, spec.hammer, tuple(self._turns), *result)

    def _take_turn(self) -> Update:
        """Throws one stone; returns what there is to tell about it.

        Raises:
            Loses: there was no shot, or somebody misbehaved meanwhile.
        """
        before, team = self._state, self._state.thrower
        began = time.monotonic()
        shot = self._shot(team)
        self._take_time(team, time.monotonic() - began)
        rng = turn_noise(self._spec.seed, len(self._turns))
        self._state, throw = self._world.deliver(before, shot, rng)
        self._turns.append(Turn(shot, throw.executed))
        if self._state.end > before.end and self._state.end >= self._setting.ends:
            self._seconds_left = list(self._setting.extra_thinking_seconds)
        return Update(self._wire(), True, throw.executed, throw.foul)

    def _shot(self, team: int) -> Shot | None:
        """What the team to throw intends.

        Raises:
            Loses: as `_take_turn`.
        """
        seat, other = self._seats[team], self._seats[1 - team]
        if isinstance(seat, Referee):
            return self._our_shot(team, seat)
        quiet = [other.lines] if isinstance(other, Guest) else []
        spin = self._world.ice.release_spin
        try:
            with self._charged(team):
                return legal_shot(self._world, seat.move(self._seconds_left[team], spin, quiet))
        except Interrupted as error:
            raise Loses(1 - team, str(error)) from error

    def _our_shot(self, team: int, referee: Referee) -> Shot | None:
        spec, turn = self._spec, len(self._turns)
        seed = draw_seed(spec.seed, spec.hammer, team, turn)
        (answer,) = referee.answers([self._state], np.array([seed], dtype=np.uint64))
        if isinstance(answer, Forfeit):
            raise Loses(team, answer.note)
        return answer

    def _take_time(self, team: int, seconds: float) -> None:
        self.thought[team] += seconds
        self._seconds_left[team] -= seconds
        if self._seconds_left[team] < 0:
            raise Loses(team, "ran out of thinking time")

    def _tell(self, message: dict[str, Any]) -> None:
        """Sends a message to all guests, who said nothing since their last turn.

        Raises:
            Loses: one did, or is gone.
        """
        for team in self._listening():
            with self._charged(team):
                self._seats[team].lines.check_quiet()
        for team in self._listening():
            with self._charged(team):
                self._seats[team].lines.send(message)

    def _listening(self) -> list[int]:
        """The teams of guests, the one to throw last, so that it cannot act before the other one knows."""
        guests = [team for team in TEAMS if isinstance(self._seats[team], Guest)]
        return sorted(guests, key=lambda team: team == self._state.thrower)

    @contextmanager
    def _charged(self, team: int) -> Iterator[None]:
        """While open, what goes wrong is this team's fault."""
        try:
            yield
        except Silent:
            raise Loses(team, "ran out of thinking time") from None
        except Broken as error:
            raise Loses(team, str(error)) from error

    def _forfeited(self, loss: Loses) -> GameRecord:
        self._state = replace(self._state, winner=1 - loss.team, reason="time_limit")
        self._part(format_update(Update(self._wire(), True)))
        return replace(self.record(), reason="forfeit", note=loss.note)

    def _part(self, update: dict[str, Any]) -> None:
        """Tells whoever still listens how the game ended."""
        for team in self._listening():
            with suppress(Broken):
                self._seats[team].lines.send(update)
                self._seats[team].lines.send({"cmd": "game_over"})

    def _wire(self) -> WireState:
        first, second = (left * MILLISECONDS for left in self._seconds_left)
        return WireState(self._state, self._setting.ends, (0.0,) * STONES, (first, second))
