"""What `run.py play` does once its flags are parsed: asks, throws, shows, keeps."""

import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agents.commands.actions.match import print_score_sheet
from agents.commands.terminal.player_notes import note_players
from agents.curling.games.game_records import GameRecord, Turn, first_state, played_again
from agents.curling.games.house_text import TEAM_LETTERS, house_text
from agents.curling.games.lockstep_games import draw_seed, turn_noise
from agents.curling.games.saved_game import PersonGame, read_game, write_game
from agents.curling.games.spoken_shots import describe_aim, describe_throw, parse_shot
from agents.curling.player_tokens import check_token
from agents.curling.players import SINGLE_LEAVES, BatchPlayer, make_player
from agents.curling.winning import played_ends
from agents.runs.atomic import write_file
from agents.runs.device import resolve_device
from agents.runs.errors import ConfigError, CorruptFileError, Stopped
from agents.runs.signals import signal_of
from envs.curling.conditions import build_world
from envs.curling.physics.delivery import Shot
from envs.curling.pictures.render import draw_game, png_bytes
from envs.curling.pictures.replay import shot_tracks
from envs.curling.players.opponents import legal_shot
from envs.curling.rules.game import GameState
from envs.curling.rules.rule_set import RuleSet
from envs.curling.rules.scoring import score_ends
from envs.curling.world import Throw, World

if TYPE_CHECKING:
    from agents.commands.play import Config

PERSON, PLAYER = 0, 1
COLOURS = ("red", "yellow")
HELP = """Say one of
  draw X Y left|right        stop X metres right of the centre line and Y metres beyond the tee (- is before)
  hit STONE WEIGHT left|right [BESIDE]
                             hit a stone, such as Y3; WEIGHT is control, normal or peel; BESIDE is how far
                             right of its centre, in stone radii from -2 to 2
  undo                       take back your last shot and the answer to it; the next one is another throw
  house, score, help         show the house, the score sheet, this help
  concede, quit              lose the game; leave it
left or right is where the stone curls to. Hands are not exact: a draw misses by decimetres along the sheet.
"""


class Leaves(Exception):
    """The person wants to stop."""


class TakesBack(Exception):
    """The person wants its last shot back."""


def play_person(config: "Config") -> int:
    """Plays until the game is over or the person leaves; returns the exit code.

    Raises:
        Stopped: a signal asked for it.
    """
    table = Table(config)
    try:
        table.play()
    except Leaves:
        sys.stdout.write(f"\ngoodbye; {_kept(table)}\n")
    except KeyboardInterrupt as error:
        raise Stopped(signal_of(error), f"stopped; {_kept(table)}") from error
    return 0


def _kept(table: "Table") -> str:
    return f"the game is kept: --resume {table.file}" if table.file else "the game was not kept (--save FILE)"


class Table:
    """One game at the terminal.

    Args:
        config: the flags.

    Raises:
        HoglineError: the saved game is none, or the player cannot be made.
    """

    def __init__(self, config: "Config") -> None:
        self.file = Path(config.resume or config.save) if config.resume or config.save else None
        self._turns: list[Turn] = []
        if config.resume:
            self._game, record = read_game(Path(config.resume))
            _refuse_changes(config, self._game)
            self._turns = list(record.turns)
        else:
            hammer = PERSON if config.hammer == "me" else PLAYER
            terms = (config.player, config.ends, hammer, config.ice, config.noise)
            self._game = PersonGame(*terms, config.seed, config.simulations)
        self._world = build_world(self._game.ice, self._game.noise, RuleSet(ends=self._game.ends))
        self._state = self._after_turns()
        self._player = _opponent(self._game, self._world, config)
        self._pictures = Path(config.pictures) if config.pictures else None
        self._names = ("you (red)", f"{self._game.player} (yellow)")

    def play(self) -> None:
        """Plays the game out.

        Raises:
            Leaves: the person quits or its input ends.
        """
        length = f"{self._game.ends} end{'s' * (self._game.ends != 1)}"
        self._say(f"You are red, {self._game.player} is yellow; {length}. `help` explains.")
        if self._turns:
            self._say(f"The game goes on after {len(self._turns)} shots.")
        self._keep()
        self._show_house()
        while not self._state.over:
            try:
                shot = self._shot_of_person() if self._state.thrower == PERSON else self._shot_of_player()
            except TakesBack:
                self._take_back()
                continue
            self._throw(shot)
        self._show_score()

    def _throw(self, shot: Shot | None) -> None:
        before = self._state
        rng = turn_noise(self._game.noise_seed, len(self._turns))
        self._state, throw = self._world.deliver(before, shot, rng)
        self._turns.append(Turn(shot, throw.executed))
        self._keep()
        self._say("; ".join(describe_throw(self._world, throw)) or f"{self._names[before.thrower]} gives up")
        self._draw_picture(throw)
        self._show_house(throw)
        if self._state.end > before.end and not self._state.over:
            self._show_score()

    def _shot_of_player(self) -> Shot | None:
        seed = draw_seed(self._game.seed, self._game.hammer, PLAYER, len(self._turns))
        (shot,) = self._player.shots([self._state], np.array([seed], dtype=np.uint64))
        legal = legal_shot(self._world, shot)
        self._say(f"{self._game.player} {describe_aim(self._world, legal)}")
        return legal

    def _shot_of_person(self) -> Shot | None:
        """What the person wants to throw; None concedes.

        Raises:
            Leaves: it quits or its input ends.
            TakesBack: it wants its last shot back.
        """
        answers: dict[str, Callable[[], None]] = {
            "help": lambda: self._say(HELP.rstrip()),
            "house": self._show_house,
            "score": self._show_score,
        }
        while True:
            words = self._asked().lower().split()
            if not words:
                continue
            if words[0] in ("quit", "exit"):
                raise Leaves
            if words == ["undo"]:
                raise TakesBack
            if words == ["concede"]:
                return None
            if words[0] in answers:
                answers[words[0]]()
                continue
            try:
                spoken = parse_shot(self._world, self._state, words)
            except ValueError as error:
                self._say(str(error))
                continue
            self._say(f"you throw {spoken.meaning}")
            return spoken.shot

    def _asked(self) -> str:
        """A line of the person's input.

        Raises:
            Leaves: there is none any more.
        """
        stone = self._state.shot // 2 + 1
        last = " (last stone)" if self._state.shot + 1 == self._world.rules.shots_per_end else ""
        sys.stdout.write(f"end {self._state.end + 1}, your stone {stone} of 8{last}> ")
        sys.stdout.flush()
        line = sys.stdin.readline()
        if not line:
            raise Leaves
        return line

    def _take_back(self) -> None:
        """Forgets the person's last shot and what followed; the hands of a new one are new."""
        throws = list(played_again(self._world, self._game.hammer, self._turns))
        own = [place for place, throw in enumerate(throws) if throw.before.thrower == PERSON]
        if not own:
            self._say("undo: got no shot of yours yet, expected one to take back")
            return
        del self._turns[own[-1] :]
        self._game = replace(self._game, undone=self._game.undone + 1)
        self._state = self._after_turns()
        self._keep()
        self._show_house()

    def _after_turns(self) -> GameState:
        """The game after the turns so far.

        Raises:
            CorruptFileError: they cannot be played.
        """
        state = first_state(self._world, self._game.hammer)
        try:
            for throw in played_again(self._world, self._game.hammer, self._turns):
                state = throw.after
        except ValueError as error:
            raise CorruptFileError(f"{self.file}: its shots cannot be played ({error})") from error
        return state

    def _keep(self) -> None:
        if self.file is not None:
            state, spec = self._state, self._game.spec
            turns = tuple(self._turns)
            result = (state.scores, state.winner, state.reason)
            write_game(self.file, self._game, GameRecord(0, spec.seed, spec.hammer, turns, *result))

    def _show_house(self, throw: Throw | None = None) -> None:
        """The house, as the last throw of an end left it where one is given, and who lies how many."""
        stones, in_play = (self._state.stones, self._state.in_play) if throw is None else throw.board
        self._say(house_text(self._world.ice.sheet, stones, in_play))
        score = int(score_ends(self._world.ice.sheet, stones[None], in_play[None])[0])
        team = PERSON if score > 0 else PLAYER
        lying = f"{COLOURS[team]} ({TEAM_LETTERS[team]}) lies {abs(score)}" if score else "nobody counts"
        first, second = self._state.totals
        self._say(f"{lying}; you {first}, {self._game.player} {second}")

    def _show_score(self) -> None:
        if not self._state.scores and not self._state.over:
            self._say("no end is finished yet")
            return
        _, hammers = played_ends(self._state.scores, self._game.hammer)
        print_score_sheet(self._world.rules, self._state, self._names, hammers)

    def _draw_picture(self, throw: Throw) -> None:
        if self._pictures is None:
            return
        self._pictures.mkdir(parents=True, exist_ok=True)
        world = self._world
        tracks = shot_tracks(world.ice, world.rules, throw)
        shown = tracks if len(tracks) else None
        names = ("you", self._game.player)
        image = draw_game(
            world.ice.sheet, world.rules, throw.after, board=throw.board, tracks=shown, names=names
        )
        write_file(self._pictures / f"shot-{len(self._turns):03d}.png", png_bytes(image))

    def _say(self, text: str) -> None:
        sys.stdout.write(f"{text}\n")


def _refuse_changes(config: "Config", game: PersonGame) -> None:
    """Refuses flags that are given beside --resume and differ from the saved game's.

    Raises:
        ConfigError: names the flag.
    """
    kept = {**vars(game), "hammer": "me" if game.hammer == PERSON else "player"}
    for field in fields(config):
        given, saved = getattr(config, field.name), kept.get(field.name)
        if saved is not None and given not in (saved, field.default):
            raise ConfigError(f"{field.name}: got {given}, expected {saved}, as in the saved game")


def _opponent(game: PersonGame, world: World, config: "Config") -> BatchPlayer:
    token = check_token(game.player)
    note_players([token], world)
    device = "cpu" if token.network is None else resolve_device(config.device)
    one_game = {"leaves": SINGLE_LEAVES, "batch": SINGLE_LEAVES}
    return make_player(token, world, simulations=game.simulations, device=device, **one_game)
