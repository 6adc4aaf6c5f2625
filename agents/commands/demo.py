"""`run.py demo`: Hogline's main jobs from end to end: a match, then an agent that is taught and wins a
tournament."""

import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from agents.commands.flags import parse_flags
from agents.runs.errors import ConfigError, Stopped
from agents.runs.fields import MAX_SEED, check_folder_to_be, check_whole

PLAYERS = ("rules", "drawer")
ENDS = 8
SHOWN_SHOT = 14
LEARNING = ("pairs", "agent", "tournament")
"""Folders that a demo with learning leaves."""
RECORD_NAME = "demo.json"


@dataclass(frozen=True)
class Config:
    """See Hogline at work: a full match between two scripted players, with replay and picture; then an agent
    that learns from nothing but games, its tournament, a game of it, and what it thinks of a position.

    A demo that was stopped goes on with the same flags.
    """

    out: str = "demo"
    """Folder for all that is made; made if it is missing."""

    seed: int = 3
    """Decides everything that is drawn at random."""

    learn: bool = True
    """Teach an agent after the match; one to three minutes on two cores, compiling apart."""

    pairs: int = 10_000
    """Shots of the rules player that the agent learns from."""

    epochs: int = 10
    """Passes over these shots."""

    simulations: int = 64
    """Simulations for each of the agent's shots."""

    games: int = 100
    """Games of the agent against each opponent; even."""

    def __post_init__(self) -> None:
        check_whole("seed", self.seed, low=0, high=MAX_SEED)
        check_whole("pairs", self.pairs, low=1, high=10**6)
        check_whole("epochs", self.epochs, low=1, high=10**4)
        check_whole("simulations", self.simulations, low=1, high=10**5)
        check_whole("games", self.games, low=2, high=10**5)
        if self.games % 2:
            raise ConfigError(f"games: got {self.games}, expected an even number")
        check_folder_to_be("out", self.out)


def main(argv: list[str]) -> int:
    """Parses the flags and shows the demo."""
    return run(parse_flags(Config, argv, command="demo"))


def run(config: Config) -> int:
    """Plays, teaches, plays again, and says where to look; returns the exit code."""
    folder = Path(config.out)
    if config.learn:
        _keep_record(config, folder)
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    _show_match(config, folder)
    if config.learn:
        try:
            _teach(config, folder)
            _train(config, folder)
            _hold_tournament(config, folder)
            _show_agent(config, folder)
        except Stopped as error:
            raise Stopped(error.signal_number, f"{error}; the demo's own command goes on, too") from error
    _say(f"The demo took {time.monotonic() - started:.0f} seconds; everything is in {folder}.")
    return 0


def _keep_record(config: Config, folder: Path) -> None:
    """Writes the flags of a new demo, or checks those of the demo that goes on.

    Raises:
        ConfigError: the folder holds a demo of other flags.
    """
    from agents.runs.config_json import changed_fields, config_from_json, config_to_json
    from agents.runs.json_file import write_json
    from agents.runs.state_tree import load_json

    path = folder / RECORD_NAME
    if path.exists():
        kept = replace(config_from_json(Config, load_json(path.read_bytes(), str(path))), out=config.out)
        for name, old, new in changed_fields(kept, config):
            raise ConfigError(
                f"{name}: got {new}, expected {old} as in the earlier demo in {folder} (or --out)"
            )
    elif any((folder / name).exists() for name in LEARNING):
        raise ConfigError(f"out: got {folder}, which holds no demo, expected another folder")
    folder.mkdir(parents=True, exist_ok=True)
    write_json(path, config_to_json(config))


def _show_match(config: Config, folder: Path) -> None:
    from agents.commands import match

    _say(
        f"A match over {ENDS} ends: {PLAYERS[0]}, which plays like a person, against {PLAYERS[1]}, "
        "which only draws to the button."
    )
    replay, picture = folder / "replay.html", folder / "final_house.png"
    match.run(match.Config(*PLAYERS, ends=ENDS, seed=config.seed, replay=str(replay), picture=str(picture)))


def _teach(config: Config, folder: Path) -> None:
    from agents.commands import teach

    _say(f"\nTeaching, 1: {PLAYERS[0]} plays against itself and shows some {config.pairs:,} shots.")
    lessons = {"imagined": 4, "explore": 0.2, "seed": config.seed, "pairs": config.pairs}
    teach.run(teach.Config(**lessons, out=str(folder / "pairs")))


def _train(config: Config, folder: Path) -> None:
    from agents.commands import train
    from agents.curling.learning.presets import QUICK
    from agents.runs.run_folder import RECORD_NAME as RUN_RECORD

    _say("\nTeaching, 2: a network with random weights learns the shots, and who wins.")
    agent = folder / "agent"
    place = {"resume" if (agent / RUN_RECORD).exists() else "out": str(agent)}
    options = train.Options(**place, seed=config.seed, device="cpu")
    train.run("kr_dl", options, replace(QUICK, data=str(folder / "pairs"), epochs=float(config.epochs)))


def _hold_tournament(config: Config, folder: Path) -> None:
    from agents.commands import tournament

    _say(f"\nA tournament: the agent, searching {config.simulations} simulations a shot, drawer and random.")
    flags = tournament.Config(
        players=(str(folder / "agent"), "drawer", "random"),
        pairs="first",
        games=config.games,
        ends=2,
        extra_ends=True,
        simulations=config.simulations,
        seed=config.seed,
        batch=max(config.games // 2, 1),
        device="cpu",
    )
    path = folder / "tournament"
    begun = (path / tournament.RECORD_NAME).exists()
    tournament.run(replace(flags, **{"resume" if begun else "out": str(path)}))


def _show_agent(config: Config, folder: Path) -> None:
    from agents.commands import analyse, match

    agent, searched = str(folder / "agent"), 4 * config.simulations
    _say("\nA game of the agent against the drawer:")
    match.run(
        match.Config(
            "drawer",
            agent,
            rules="two_ends",
            seed=config.seed,
            simulations=searched,
            device="cpu",
            replay=str(folder / "agent_replay.html"),
        )
    )
    _say(f"\nWhat the agent makes of stone {SHOWN_SHOT} of the tournament's first game:")
    analyse.run(
        analyse.Config(
            position=str(folder / "tournament" / "games.jsonl"),
            shot=SHOWN_SHOT,
            player=agent,
            shots=4,
            throws=200,
            simulations=searched,
            seed=config.seed,
            device="cpu",
            out=str(folder / "heat_map.png"),
        )
    )


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
