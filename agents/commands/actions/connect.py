"""What `run.py connect` does once its flags are parsed: connects, plays, shows, keeps."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.commands.actions.match import print_score_sheet
from agents.commands.terminal.notes import note
from agents.commands.terminal.player_notes import note_players
from agents.curling.games.game_records import GameRecord, GameSpec, replayed
from agents.curling.games.lockstep_games import game_seed
from agents.curling.player_tokens import PlayerToken, check_token
from agents.curling.winning import played_ends
from agents.runs.device import resolve_device
from agents.runs.errors import PeerError, Stopped
from agents.runs.lock import FolderLock
from agents.runs.run_folder import default_path, new_folder
from agents.runs.signals import signal_of
from agents.servers.client import converse, reach
from agents.servers.client_session import ClientSession, Thinker
from agents.servers.conditions import ICE, world_of
from agents.servers.kept_games import SHOTS_NAME, KeptGames
from agents.servers.lines import Lines
from agents.servers.names import LONGEST_NAME
from agents.servers.thinker import FIRST_HAMMER, PacedThinker
from envs.curling.conditions import build_world
from envs.curling.wire.session_messages import PROTOCOL, GameSetting
from envs.curling.world import World

if TYPE_CHECKING:
    from agents.commands.connect import Config

MILLIMETRES = 1000.0  # in a metre


def play_at_server(config: "Config") -> int:
    """Plays the games, shows their score sheets and keeps them; returns the exit code.

    Raises:
        PeerError: the server cannot be reached, goes away, or breaks the protocol.
        Stopped: a signal asked for it.
    """
    token = check_token(config.player)
    device = "cpu" if token.network is None else resolve_device(config.device)
    usual = build_world(ICE, "dc3", "standard")
    PacedThinker(token, usual, config.seed, simulations=config.simulations, device=device)  # compiles
    lines = reach(config.host, config.port, config.wait_seconds)
    folder = new_folder(config.out, default_path("connect", [config.seed]))
    specs = {n: GameSpec(game_seed(config.seed, n), FIRST_HAMMER, number=n) for n in range(config.games)}
    with FolderLock(folder):
        kept = KeptGames(folder, specs, note)
        try:
            for number, spec in specs.items():
                if number:
                    lines = reach(config.host, config.port, config.wait_seconds)
                _Sitting(config, token, device, spec, kept).play(lines)
        except KeyboardInterrupt as error:
            raise Stopped(signal_of(error), f"stopped; {_state_of(kept, config)}") from error
        except PeerError as error:
            raise PeerError(f"{error}; {_state_of(kept, config)}") from error
        finally:
            kept.close()
    _say(f"games: {folder}")
    return 0


class _Sitting:
    """One game at the server."""

    def __init__(
        self, config: "Config", token: PlayerToken, device: str, spec: GameSpec, kept: KeptGames
    ) -> None:
        self._config, self._token, self._device = config, token, device
        self._spec, self._kept = spec, kept
        name = config.name or config.player[-LONGEST_NAME:]
        self._session = ClientSession(name, self._prepare, opponent_seconds=max(config.wait_seconds, 1.0))
        self._ends = 0

    def play(self, lines: Lines) -> None:
        """Plays it over a connection, and keeps it whatever happens."""
        session = self._session
        try:
            converse(lines, session, self._heard)
        except (KeyboardInterrupt, PeerError):
            self._kept.add_unfinished(self._record(), self._labels())
            raise
        finally:
            self._kept.add_shots(self._spec.number, session.shots)
        self._kept.add(self._record(), self._labels())
        state = session.update.wire.state
        _, hammers = played_ends(state.scores, self._record().hammer)
        print_score_sheet(session.world.rules, state, self._shown_names(), hammers)
        self._tell_agreement()

    def _prepare(self, team: int, setting: GameSetting) -> tuple[World, Thinker]:
        world, notes = world_of(setting, team)
        for line in notes:
            note(line)
        if self._session.protocol != PROTOCOL:
            note(f"the server speaks protocol {self._session.protocol}, we know {PROTOCOL}")
        note_players([self._token], world)
        knobs = {"simulations": self._config.simulations, "concede": self._config.concede}
        thinker = PacedThinker(self._token, world, self._spec.seed, device=self._device, **knobs)
        _say(f"{self._config.host}:{self._config.port}: we are team {team}; {_described(setting, team)}")
        return world, thinker

    def _heard(self, command: str) -> None:
        session = self._session
        if command == "new_game":
            _say(f"game {self._spec.number + 1}: {' against '.join(self._shown_names())}")
        if session.update is not None and len(session.update.wire.state.scores) > self._ends:
            state = session.update.wire.state
            self._ends = len(state.scores)
            _say(f"end {self._ends}: {state.scores[-1][0]}-{state.scores[-1][1]}, {_total(state.totals)}")

    def _record(self) -> GameRecord:
        return self._session.record(self._spec.number, self._spec.seed)

    def _labels(self) -> dict[str, Any]:
        session = self._session
        setting = asdict(session.setting) if hasattr(session, "setting") else None
        return {"players": list(session.names), "conditions": setting}

    def _shown_names(self) -> list[str]:
        colours = ("red", "yellow")
        ours = [", us" if team == self._session.team else "" for team in (0, 1)]
        return [f"{self._session.names[team]} ({colours[team]}{ours[team]})" for team in (0, 1)]

    def _tell_agreement(self) -> None:
        """Says how near our engine comes to the server's, and whether it scores the game alike."""
        seen, record = self._session.agreement.compared(), self._record()
        if seen.errors:
            median, worst = np.median(seen.errors) * MILLIMETRES, max(seen.errors) * MILLIMETRES
            others = f"; other stones in play after {seen.other_stones} of them" if seen.other_stones else ""
            apart = f"stones end {median:.1f} mm apart in the median, {worst:.1f} at worst"
            _say(f"our engine beside the server's, shot by shot: {apart}, over {seen.shots} shots{others}")
        if not _replays(self._session.world, record):
            note(f"from its first shot on our engine the game ends otherwise; {SHOTS_NAME} has its positions")


def _replays(world: World, record: GameRecord) -> bool:
    try:
        return replayed(world, record) == record
    except ValueError:  # it is over earlier there
        return False


def _described(setting: GameSetting, team: int) -> str:
    """The settings in one line."""
    hand = setting.hands[team][0]
    hands = "exact" if hand is None else f"{hand.speed:g} m/s and {hand.angle:g} rad"
    rocks = "five" if setting.five_rock else "four"
    return (
        f"{setting.ends} end{'s' * (setting.ends != 1)}, {rocks}-rock rule, {setting.simulator}, sheet "
        f"{setting.sheet_width:g} m, hands {hands}, {setting.thinking_seconds[team]:g} s to think"
    )


def _total(totals: tuple[int, int]) -> str:
    return f"{totals[0]}-{totals[1]} in all"


def _state_of(kept: KeptGames, config: "Config") -> str:
    return f"{len(kept)} of {config.games} games are kept in {kept.folder}"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
