"""What `run.py serve` does once its flags are parsed: listens, lets play, keeps, and shows the score."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.table import Table

from agents.commands.serve import EXTERNAL
from agents.commands.terminal.notes import note
from agents.commands.terminal.player_notes import note_players
from agents.commands.terminal.tables import print_table
from agents.curling.games.game_records import GameRecord, GameSpec, first_state
from agents.curling.games.lockstep_games import game_seed
from agents.curling.games.referee import Referee
from agents.curling.player_tokens import check_token
from agents.curling.players import SINGLE_LEAVES, make_player
from agents.ratings import Record, score_interval
from agents.runs.device import resolve_device
from agents.runs.errors import PeerError, Stopped
from agents.runs.intervals import CONFIDENCE
from agents.runs.lock import FolderLock
from agents.runs.run_folder import default_path, new_folder
from agents.runs.signals import signal_of
from agents.servers.conditions import ICE, setting_of
from agents.servers.guest import Guest
from agents.servers.hosted_game import HostedGame, Seat
from agents.servers.kept_games import KeptGames
from agents.servers.lobby import LOOPBACK, Lobby
from envs.curling.conditions import build_world
from envs.curling.rules.rule_set import RuleSet
from envs.curling.world import World

if TYPE_CHECKING:
    from agents.commands.serve import Config

TEAM_1 = 1  # has the first hammer, by the rules of Digital Curling 3


def serve_games(config: "Config") -> int:
    """Serves the games, keeps them, and shows the score; returns the exit code.

    Raises:
        PeerError: nobody can listen there, or no program came in time.
        Stopped: a signal asked for it.
    """
    world = build_world(ICE, config.noise, RuleSet(ends=config.ends))
    referees = _referees(config, world)
    specs = {n: _spec(config, n) for n in range(config.games)}
    guests = config.players.count(EXTERNAL)
    with Lobby(config.host, [config.port + n if config.port else 0 for n in range(guests)]) as lobby:
        folder = new_folder(config.out, default_path("serve", [config.seed]))
        with FolderLock(folder):
            kept = KeptGames(folder, specs, note)
            host = _Host(config, world, referees, lobby, kept)
            try:
                host.serve(specs)
            except KeyboardInterrupt as error:
                raise Stopped(signal_of(error), f"stopped; {host.kept}") from error
            except PeerError as error:
                raise PeerError(f"{error}; {host.kept}") from error
            finally:
                kept.close()
    print_table(_score(host.players, kept.records), *_notes(host.players, kept.records), f"games: {folder}")
    return 0


def _spec(config: "Config", number: int) -> GameSpec:
    """Games come in pairs of one seed; in the second the teams are swapped, and with them the hammer."""
    seats = (number % 2, 1 - number % 2)
    return GameSpec(game_seed(config.seed, number // 2), TEAM_1, seats, number)


def _referees(config: "Config", world: World) -> list[Referee | None]:
    """Who asks each of the two players; None for a program. Ours have thought once, so all is compiled."""
    tokens = [None if word == EXTERNAL else check_token(word) for word in config.players]
    note_players([token for token in tokens if token is not None], world)
    referees: list[Referee | None] = []
    for token in tokens:
        if token is None:
            referees.append(None)
            continue
        device = "cpu" if token.network is None else resolve_device(config.device)
        one_game = {"leaves": SINGLE_LEAVES, "batch": SINGLE_LEAVES}
        player = make_player(token, world, simulations=config.simulations, device=device, **one_game)
        referee = Referee(player, world)
        referee.answers([first_state(world, TEAM_1)], np.zeros(1, dtype=np.uint64))
        referees.append(referee)
    return referees


class _Host:
    """Lets one game after the other be played.

    Args:
        config: the flags.
        world: ice, noise and rules.
        referees: who asks the players; None for a program.
        lobby: where programs come in.
        kept: where games go.
    """

    def __init__(
        self,
        config: "Config",
        world: World,
        referees: Sequence[Referee | None],
        lobby: Lobby,
        kept: KeptGames,
    ) -> None:
        self._config, self._world, self._referees = config, world, referees
        self._lobby, self._kept = lobby, kept
        self._setting = setting_of(world, config.thinking_seconds, config.extra_thinking_seconds)
        first, second = config.players
        self.players = (f"{first} 1", f"{second} 2") if first == second else (first, second)
        """What the two are called in the score."""

    @property
    def kept(self) -> str:
        """What is kept, in words."""
        return f"{len(self._kept)} of {self._config.games} games are kept in {self._kept.folder}"

    def serve(self, specs: dict[int, GameSpec]) -> None:
        """Lets all games be played.

        Raises:
            PeerError: a program did not come in time.
        """
        for place, (host, port) in enumerate(self._lobby.addresses, start=1):
            _say(f"{host}:{port}: waiting for program {place}")
            if host != LOOPBACK:
                note(f"anybody who reaches {host}:{port} can play")
        for spec in specs.values():
            self._play(spec)

    def _play(self, spec: GameSpec) -> None:
        guests: dict[int, Guest] = {}
        try:
            seats = [self._seated(player, team, guests) for team, player in enumerate(spec.seats)]
            names = [guests[p].name if p in guests else self.players[p] for p in spec.seats]
            game = HostedGame(self._world, self._setting, spec, seats, names)
            _say(f"game {spec.number + 1}: {names[0]} against {names[1]}, who has the hammer")
            try:
                record = game.play()
            except BaseException:
                with suppress(OSError):
                    self._kept.add_unfinished(game.record(), self._labels(spec, names))
                raise
        finally:
            for guest in guests.values():
                guest.lines.close(linger=sys.exc_info()[0] is None)
        self._kept.add(record, {**self._labels(spec, names), "thought": game.thought})
        _say(f"game {spec.number + 1}: {_outcome(record, names)}")

    def _seated(self, player: int, team: int, guests: dict[int, Guest]) -> Seat:
        """Who plays a team; a program is waited for."""
        referee = self._referees[player]
        if referee is not None:
            return referee
        door = sum(other is None for other in self._referees[:player])
        guests[player] = self._lobby.guest(
            door, team, self._setting, seconds=self._config.wait_seconds, refused=_turned_away
        )
        return guests[player]

    def _labels(self, spec: GameSpec, names: Sequence[str]) -> dict[str, Any]:
        conditions = {**asdict(self._setting), "noise": self._config.noise}
        players = [self.players[player] for player in spec.seats]
        return {"players": players, "names": list(names), "conditions": conditions}


def _outcome(record: GameRecord, names: Sequence[str]) -> str:
    """A finished game in one line."""
    totals = [sum(points) for points in zip(*record.scores, strict=True)] or [0, 0]
    score = f"{names[0]} {totals[0]}, {names[1]} {totals[1]} after {len(record.scores)} ends"
    if record.winner is None:
        return f"{score}; a draw"
    winner, loser = names[record.winner], names[1 - record.winner]
    if record.reason == "forfeit":
        return f"{score}; {winner} wins, because {loser} {record.note}"
    return f"{score}; {winner} wins" + (" by concession" if record.reason == "concede" else "")


def _won(record: GameRecord) -> float:
    """Points of the first player of the two; it is team 0 in every second game."""
    if record.winner is None:
        return 0.5
    return float(record.winner == record.number % 2)


def _score(players: Sequence[str], records: Sequence[GameRecord]) -> Table:
    """Games won, drawn and lost by the first player, in all and with each hammer."""
    table = Table(
        "first",
        "second",
        "games",
        "won",
        "drawn",
        "lost",
        f"points [{CONFIDENCE:.0%}]",
        "hammer",
        "no hammer",
    )
    points = [_won(record) for record in records]
    found = _record(points)
    share, low, high = (100 * value for value in score_interval(found))
    by_hammer = [_record([won for n, won in enumerate(points) if n % 2 == odd]) for odd in (1, 0)]
    table.add_row(
        *players,
        *map(str, (found.games, *found)),
        f"{share:.1f} % [{low:.1f}, {high:.1f}]",
        *(f"{100 * part.score:.1f} %" if part.games else "-" for part in by_hammer),
    )
    return table


def _record(points: Sequence[float]) -> Record:
    return Record(points.count(1.0), points.count(0.5), points.count(0.0))


def _notes(players: Sequence[str], records: Sequence[GameRecord]) -> list[str]:
    """Who forfeited how often, and why for the first time."""
    lines = []
    for seat, player in enumerate(players):
        lost = [one for one in records if one.reason == "forfeit" and _won(one) == float(seat)]
        if lost:
            lines.append(f"{player} forfeited {len(lost)}, the first because it {lost[0].note}")
    return lines


def _turned_away(line: str) -> None:
    note(f"turned away: {line}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
