"""What `run.py tournament` does once its flags are parsed: plays, keeps every game, shows the standings."""

import io
import json
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from agents.cluster.workplace import Workplace, workplace
from agents.commands.terminal.notes import note
from agents.commands.terminal.player_notes import note_players
from agents.commands.terminal.progress import BarProgress, LineProgress, progress
from agents.commands.terminal.tables import print_table
from agents.commands.tournament import FREE_TO_CHANGE, RECORD_NAME
from agents.curling.games.event import Event
from agents.curling.games.game_ledger import (
    GameLedger,
    drop_unfinished,
    read_unfinished,
    write_unfinished,
)
from agents.curling.games.game_records import GameRecord, GameSpec
from agents.curling.games.game_workers import GameWorkers
from agents.curling.games.lockstep_games import LockstepGames
from agents.curling.games.standings import Standings, notes, results_json, standings, tables
from agents.curling.player_tokens import check_token
from agents.plots.curves import save_figure
from agents.plots.ladder import draw_ladder
from agents.runs import origin
from agents.runs.atomic import discard_strays, write_file
from agents.runs.device import resolve_device
from agents.runs.errors import ConfigError, CorruptFileError, Stopped
from agents.runs.json_file import write_json
from agents.runs.lock import FolderLock
from agents.runs.run_folder import default_path, new_folder
from agents.runs.signals import StopRequest, signal_of
from agents.runs.workers import WorkerEnded

if TYPE_CHECKING:
    from agents.commands.tournament import Config

RESULTS_NAME, TABLE_NAME, LADDER_NAME = "results.json", "table.txt", "ladder.png"
TABLE_WIDTH = 120  # characters of a line of table.txt
SNAPSHOT_SECONDS = 10.0  # between two copies of the games in progress
AT_ONCE = {"cpu": 128, "cuda": 1024}  # games of a process: a GPU answers many as quickly as few
FEW_GAMES = 16  # that one process plays before others would have started

Hall = LockstepGames | GameWorkers


def hold_tournament(config: "Config") -> int:
    """Plays the games that are left and shows the standings; returns the exit code."""
    event = _event(config)
    note_players([check_token(player) for player in config.players], event.world)
    with workplace(config.cluster, workers=config.workers, device=_device(config), notice=note) as place:
        folder = _folder(config)
        with FolderLock(folder):
            discard_strays(folder)
            _keep_record(config, folder)
            with progress("stones") as observer:
                ledger = GameLedger(folder, event.specs, event.labels, observer.notice)
                try:
                    _play(config, event, folder, ledger, observer, place)
                    ledger.sort()
                except KeyboardInterrupt as error:  # before or after the games
                    raise Stopped(signal_of(error), f"stopped; go on with --resume {folder}") from error
                finally:
                    ledger.close()
            drop_unfinished(folder)
            _publish(config, event, folder, ledger.records)
    return 0


def _event(config: "Config") -> Event:
    return Event(
        schedule=config.checked_schedule(),
        ends=config.ends,
        extra_ends=config.extra_ends,
        ice=config.ice,
        noise=config.noise,
        seed=config.seed,
        simulations=config.simulations,
        move_seconds=config.move_seconds or None,
    )


def _folder(config: "Config") -> Path:
    """The tournament's folder, made if it is new.

    Raises:
        ConfigError: a new one holds something already.
        StorageError: it cannot be made.
    """
    if config.resume:
        return Path(config.resume)
    default = default_path("tournament", [config.seed])
    return new_folder(config.out, default, hint=" (--resume goes on with one)")


def _keep_record(config: "Config", folder: Path) -> None:
    """Writes the flags and the players' fingerprints of a new tournament, or checks those of an older one.

    Raises:
        ConfigError: a player's network is not what it was.
    """
    prints = {player: check_token(player).fingerprint for player in config.players}
    path = folder / RECORD_NAME
    if config.resume:
        kept = json.loads(path.read_bytes()).get("fingerprints")
        if not isinstance(kept, dict):
            raise CorruptFileError(f"{path}: fingerprints: missing, expected those of the players")
        for player, fingerprint in prints.items():
            if kept.get(player) != fingerprint:
                raise ConfigError(f"players: {player} is another network than when {folder} began")
        return
    flags = {name: value for name, value in asdict(config).items() if name not in FREE_TO_CHANGE}
    record = {
        "config": flags,
        "fingerprints": prints,
        "versions": origin.versions(),
        "revision": origin.revision(),
        "machine": origin.machine(),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    write_json(path, record)


def _play(
    config: "Config",
    event: Event,
    folder: Path,
    ledger: GameLedger,
    observer: BarProgress | LineProgress,
    place: Workplace,
) -> None:
    """Plays what the ledger lacks.

    Raises:
        Stopped: a signal asked for it; the games in progress are kept.
    """
    left = [spec for number, spec in event.specs.items() if number not in ledger.records]
    begun = read_unfinished(folder, event.specs, event.labels)
    waiting = deque(_resumed(spec, begun.get(spec.number)) for spec in left)
    stones = event.world.rules.shots_per_end * config.ends  # of a game without extra ends and concessions
    total = stones * len(event.specs)
    before = total - sum(stones - len(spec.begun) for spec in waiting)
    observer.start(before, total)
    if not left:
        return
    saved = time.monotonic()
    with ExitStack() as afterwards:
        hall, capacity = _hall(config, event, len(left), place, observer.notice)
        if isinstance(hall, GameWorkers):
            afterwards.callback(hall.close)
        stop = afterwards.enter_context(StopRequest(kept="the finished games are kept, --resume goes on"))
        try:
            while len(ledger.records) < len(event.specs):
                while waiting and len(hall) < capacity:
                    hall.start(waiting.popleft())
                for record in hall.step():
                    ledger.append(record)
                if hall.thrown:
                    observer.interval(min(before + hall.thrown, total - 1), {"games": len(ledger.records)})
                if stop.signal_number or time.monotonic() - saved > SNAPSHOT_SECONDS:
                    _keep_unfinished(event, folder, hall, [spec for spec in waiting if spec.begun])
                    saved = time.monotonic()
                if stop.signal_number:
                    raise _stopped(event, folder, ledger, stop)
            observer.interval(total, {"games": len(ledger.records)})
        except WorkerEnded as error:
            if not stop.signal_number:
                raise
            raise _stopped(event, folder, ledger, stop) from error  # the signal reached the processes too


def _hall(
    config: "Config", event: Event, games: int, place: Workplace, notice: Callable[[str], None]
) -> tuple[Hall, int]:
    """Where so many games are played, and how many of them at once."""
    device, at_once = place.device, config.batch or AT_ONCE[place.device]
    start = place.starter(most=games, notice=notice, suits=_processes(device, games))
    if start is None:
        return event.hall(device), at_once
    players = [check_token(player) for player in config.players]
    if place.cluster is not None:
        players = [player.packed() for player in players]
    hall = GameWorkers(event, players, device, start)
    return hall, at_once * hall.workers


def _keep_unfinished(event: Event, folder: Path, hall: Hall, waiting: list[GameSpec]) -> None:
    """Keeps the games in progress and those begun in an earlier part that wait; what is kept already stays
    if no stone was thrown since."""
    if hall.thrown:
        begun = read_unfinished(folder, event.specs, event.labels)
        records = [*hall.unfinished(), *(begun[spec.number] for spec in waiting)]
        write_unfinished(folder, records, event.specs, event.labels)


def _stopped(event: Event, folder: Path, ledger: GameLedger, stop: StopRequest) -> Stopped:
    """Says what is kept."""
    begun = read_unfinished(folder, event.specs, event.labels).keys() - ledger.records.keys()
    kept = f"{len(ledger.records)} of {len(event.specs)} games are kept, {len(begun)} half-played"
    return Stopped(stop.signal_number, f"stopped: {kept}; go on with --resume {folder}")


def _resumed(spec: GameSpec, begun: GameRecord | None) -> GameSpec:
    return spec if begun is None else replace(spec, begun=begun.turns)


def _device(config: "Config") -> str:
    """Where networks run; the CPU if nobody has one."""
    networks = any(check_token(player).network is not None for player in config.players)
    return resolve_device(config.device) if networks else "cpu"


def _processes(device: str, games: int) -> int:
    """Processes of this machine that suit: one with a GPU or few games, otherwise 0, one for each core."""
    return int(device == "cuda" or games < FEW_GAMES)


def _publish(config: "Config", event: Event, folder: Path, records: dict[int, GameRecord]) -> None:
    """Writes results, table and ladder into the folder, and shows the table."""
    found = standings(event.schedule, records.values())
    results = results_json(found)
    write_json(folder / RESULTS_NAME, results)
    if config.json:
        write_json(Path(config.json), results)
    write_file(folder / TABLE_NAME, _table_text(found).encode())
    ratings = {one.name: one.rating for one in found.players}
    extra = ", extra ends" if config.extra_ends else ""
    length = f"{config.ends} end{'s' * (config.ends != 1)}"
    title = f"{config.games} games of {length} a pairing{extra}, {config.ice} ice, {config.noise} noise"
    image = io.BytesIO()
    save_figure(draw_ladder(ratings, title=title), image)
    write_file(folder / LADDER_NAME, image.getvalue())
    first, second = tables(found)
    print_table(first)
    print_table(second, *notes(found), f"games, table and ladder: {folder}")
    sys.stdout.flush()


def _table_text(found: Standings) -> str:
    """The tables as they look on a wide plain terminal, whatever the present one is like."""
    text = io.StringIO()
    console = Console(
        file=text, width=TABLE_WIDTH, color_system=None, force_terminal=False, legacy_windows=False
    )
    for table in tables(found):
        console.print(table)
    return text.getvalue() + "".join(f"{line}\n" for line in notes(found))
