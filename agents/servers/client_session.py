"""Our side of one game at a Digital Curling 3 server: what to answer to each of its messages. No sockets."""

from collections.abc import Callable
from typing import Any, Protocol

from agents.curling.games.game_records import GameRecord, Turn
from agents.servers.agreement import Agreement
from agents.servers.names import clean_name
from envs.curling.physics.delivery import Shot
from envs.curling.physics.positions import QUANTUM_OVERLAP
from envs.curling.players.opponents import legal_shot
from envs.curling.rules.game import GameState
from envs.curling.wire.digital_curling import TEAM_NAMES, check_position
from envs.curling.wire.session_messages import (
    HANDS,
    MILLISECONDS,
    PROTOCOL,
    GameSetting,
    Update,
    format_move,
    parse_setting,
    parse_update,
)
from envs.curling.wire.wire_values import chosen, mapping, member
from envs.curling.world import World

READY_SECONDS = 60.0  # that a server may take between the greeting and the settings
SLACK_SECONDS = 60.0  # that a server may take for a shot beyond its thrower's thinking time


class Thinker(Protocol):
    """Chooses the shots of a game."""

    def shot(self, state: GameState, turn: int, seconds_left: float) -> Shot | None:
        """The shot of our team; None concedes.

        Args:
            state: the game; we are to throw.
            turn: turns of the game so far.
            seconds_left: our thinking time.
        """
        ...


Prepare = Callable[[int, GameSetting], tuple[World, Thinker]]
"""Team and settings -> the world to play in and the one who thinks; raises ValueError where it cannot."""


class ClientSession:
    """One game, from `dc` to `game_over`.

    Args:
        name: what we are called.
        prepare: is told the settings before the game begins.
        opponent_seconds: how long the other program may take to come.
    """

    def __init__(self, name: str, prepare: Prepare, *, opponent_seconds: float) -> None:
        self._name, self._prepare, self._opponent_seconds = name, prepare, opponent_seconds
        self._answers = {"dc": self._greet, "is_ready": self._get_ready}
        self._intended: Shot | None = None
        self.patience = READY_SECONDS
        """seconds in which the server's next message must come"""
        self.turns: list[Turn] = []
        self.update: Update | None = None
        """The last one."""
        self.shots: list[dict[str, Any]] = []
        """Every shot so far between the server's own states before and after it, for `run.py shots`."""
        self.names = ("", "")
        """Of team 0 and team 1, once the game begins."""
        self.protocol: tuple[Any, Any] = PROTOCOL
        self.over = False

    def answer(self, message: object) -> dict[str, Any] | None:
        """What to say to a message; None for nothing.

        Raises:
            ValueError: the message breaks the protocol; one line that says how.
        """
        fields = mapping(message, "message")
        command = chosen(member(fields, "cmd", "message"), "cmd", tuple(self._answers))
        return self._answers[command](fields)

    def record(self, number: int, seed: int) -> GameRecord:
        """The game so far; what the other team intended is not known, what it executed stands for it.

        Args:
            number: of the game.
            seed: from which our side drew.
        """
        if self.update is None:
            return GameRecord(number, seed, 1, (), (), None, None)
        state, note = self.update.wire.state, ""
        reason = state.reason
        if reason == "time_limit":
            reason, note = "forfeit", "ran out of time, says the server"
        turns, result = tuple(self.turns), (state.scores, state.winner, reason, note)
        return GameRecord(number, seed, self._first_hammer, turns, *result)

    def _greet(self, fields: Any) -> dict[str, Any]:
        version = mapping(member(fields, "version", "dc"), "dc.version")
        self.protocol = tuple(member(version, part, "dc.version") for part in ("major", "minor"))
        self._expect("is_ready", self._get_ready)
        return {"cmd": "dc_ok", "name": self._name}

    def _get_ready(self, fields: Any) -> dict[str, Any]:
        self.team, self.setting = parse_setting(fields)
        self.world, self._thinker = self._prepare(self.team, self.setting)
        self.agreement = Agreement(self.world, min(max(self.setting.seconds_per_frame, 0.0), 0.5))
        self.patience = self._opponent_seconds
        self._expect("new_game", self._begin)
        return {"cmd": "ready_ok", "player_order": list(range(HANDS))}

    def _begin(self, fields: Any) -> None:
        names = mapping(member(fields, "name", "new_game"), "new_game.name")
        first, second = (clean_name(member(names, team, "new_game.name")) for team in TEAM_NAMES)
        self.names = (first, second)
        self.patience = SLACK_SECONDS
        self._expect("update", self._play)

    def _play(self, fields: Any) -> dict[str, Any] | None:
        update = parse_update(fields, self.world.ice.release_spin)
        self._check_next(update)
        check_position(self.world.ice, update.wire.state, QUANTUM_OVERLAP, "state")
        if self.update is None:
            self._first_hammer = update.wire.state.hammer
        else:
            self._take_turn(self.update.wire.state, update, fields)
        self.update, self._told, state = update, fields["state"], update.wire.state
        if state.over:
            self._expect("game_over", self._end)
            return None
        seconds_left = [left / MILLISECONDS for left in update.wire.thinking_time_remaining]
        self.patience = max(seconds_left[state.thrower], 0.0) + SLACK_SECONDS
        if state.thrower != self.team:
            return None
        shot = self._thinker.shot(state, len(self.turns), seconds_left[self.team])
        self._intended = legal_shot(self.world, shot)
        return {"cmd": "move", "move": format_move(self._intended)}

    def _take_turn(self, before: GameState, update: Update, fields: Any) -> None:
        """Remembers the turn that led to an update; a thrower that ran out of time had none."""
        after, executed = update.wire.state, update.executed
        if after.reason == "time_limit":
            return
        if executed is None:
            self.turns.append(Turn(None, None))
            return
        ours = before.thrower == self.team and self._intended is not None
        intended = self._intended._replace(spin=executed.spin) if ours else executed
        self.turns.append(Turn(intended, executed))
        move, after_it = fields["last_move"]["actual_move"], fields["state"]
        self.shots.append({"before": self._told, "move": move, "after": after_it, "fgz_foul": update.foul})
        self.agreement.see(before, executed, after)

    def _check_next(self, update: Update) -> None:
        """Refuses an update that does not follow the one before.

        Raises:
            ValueError: names the end and the shot.
        """
        state = update.wire.state
        if update.wire.ends != self.setting.ends:
            raise ValueError(f"state.scores: {update.wire.ends} ends, expected {self.setting.ends}")
        if self.update is None:
            due = {(0, 0)}
        else:
            before = self.update.wire.state
            last = before.shot + 1 == self.world.rules.shots_per_end
            due = {(before.end + 1, 0) if last else (before.end, before.shot + 1)}
            if state.over and state.reason != "score":
                due.add((before.end, before.shot))
        unmoved = not state.over and update.moved != (self.update is not None)
        if unmoved or (state.end, state.shot) not in due:
            raise ValueError(
                f"state: end {state.end} and shot {state.shot}, expected one shot more than before"
            )

    def _end(self, fields: Any) -> None:
        self.over = True

    def _expect(self, command: str, answer: Callable[[Any], dict[str, Any] | None]) -> None:
        self._answers = {command: answer}
