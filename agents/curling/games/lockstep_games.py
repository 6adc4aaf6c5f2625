"""Many games at once: every step throws one stone in each, one call per player and one of the engine.

A game depends on the world, its players, its seed and its first hammer alone: the noise of turn n comes from
(seed, n), so that two games of one seed with swapped hammers are thrown with the same hands, and what a
player draws comes from (seed, first hammer, player, n).

Shape letters: B games.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from agents.curling.games.game_records import GameRecord, GameSpec, Turn, first_state, played_again
from agents.curling.games.referee import Answer, Forfeit, Referee
from agents.curling.players import BatchPlayer
from agents.curling.seeds import seed_of
from envs.curling.world import World

AT_ONCE = 128
NOISE, DRAWS = 0, 1  # streams of a game's seed


class LockstepGames:
    """Games in progress.

    Args:
        world: ice, noise and rules; who has the first hammer is said by every game.
        players: whom the seats of the games point at.
        move_seconds: what a move may take, None for any time (`Referee`).
    """

    def __init__(
        self, world: World, players: Sequence[BatchPlayer], *, move_seconds: float | None = None
    ) -> None:
        self._world = world
        self._referees = [Referee(player, world, move_seconds) for player in players]
        self._games: list[_Game] = []
        self.thrown = 0
        """Stones thrown so far in all games together."""

    def __len__(self) -> int:
        """How many games are in progress."""
        return len(self._games)

    def start(self, spec: GameSpec) -> None:
        """Adds a game; one that was begun goes on where it was.

        Raises:
            ValueError: the spec is of no game of these players, or its turns cannot be played.
        """
        places = range(len(self._referees))
        if spec.hammer not in (0, 1) or not all(seat in places for seat in spec.seats):
            raise ValueError(
                f"spec: hammer {spec.hammer!r} and seats {spec.seats!r}, expected hammer 0 or 1 and seats "
                f"below {len(places)}"
            )
        self._games.append(_Game(self._world, spec))

    def step(self) -> list[GameRecord]:
        """Throws one stone in every game; returns and removes the games that are over."""
        playing = [game for game in self._games if not game.over]
        thrown = []
        for game, answer in zip(playing, self._answers(playing), strict=True):
            if isinstance(answer, Forfeit):
                game.forfeit = answer
            else:
                thrown.append((game, answer))
        games = [game for game, _ in thrown]
        throws = self._world.deliver_each(
            [game.state for game in games], [shot for _, shot in thrown], [game.noise() for game in games]
        )
        for (game, shot), throw in zip(thrown, throws, strict=True):
            game.turns.append(Turn(shot, throw.executed))
            game.state = throw.after
        self.thrown += len(throws)
        finished = [game.record() for game in self._games if game.over]
        self._games = [game for game in self._games if not game.over]
        return finished

    def unfinished(self) -> list[GameRecord]:
        """The games in progress so far."""
        return [game.record() for game in self._games]

    def _answers(self, games: list["_Game"]) -> list[Answer]:
        """What the players to throw say, each asked once for all of its games."""
        asked: dict[int, list[int]] = defaultdict(list)
        for b, game in enumerate(games):
            asked[game.spec.seats[game.state.thrower]].append(b)
        answers: list[Answer] = [None] * len(games)
        for player, rows in asked.items():
            seeds = np.array([games[b].player_seed() for b in rows], dtype=np.uint64)
            said = self._referees[player].answers([games[b].state for b in rows], seeds)
            for b, answer in zip(rows, said, strict=True):
                answers[b] = answer
        return answers


class _Game:
    """One game in progress."""

    def __init__(self, world: World, spec: GameSpec) -> None:
        self.spec = spec
        self.state = first_state(world, spec.hammer)
        self.turns: list[Turn] = list(spec.begun)
        self.forfeit: Forfeit | None = None
        for throw in played_again(world, spec.hammer, spec.begun):
            self.state = throw.after

    @property
    def over(self) -> bool:
        return self.forfeit is not None or self.state.over

    def noise(self) -> np.random.Generator:
        """The generator of this turn's noise."""
        return turn_noise(self.spec.seed, len(self.turns))

    def player_seed(self) -> int:
        """The seed of what the player to throw draws in this turn."""
        return draw_seed(self.spec.seed, self.spec.hammer, self.state.thrower, len(self.turns))

    def record(self) -> GameRecord:
        spec, state = self.spec, self.state
        winner, reason, note = state.winner, state.reason, ""
        if self.forfeit is not None:
            winner, reason, note = 1 - state.thrower, "forfeit", self.forfeit.note
        turns = tuple(self.turns)
        return GameRecord(spec.number, spec.seed, spec.hammer, turns, state.scores, winner, reason, note)


def play_games(
    world: World,
    players: Sequence[BatchPlayer],
    games: Iterable[GameSpec],
    *,
    at_once: int = AT_ONCE,
    move_seconds: float | None = None,
) -> Iterator[GameRecord]:
    """Play games in lockstep; when one ends, the next begins.

    Args:
        world: ice, noise and rules.
        players: whom the seats of the games point at.
        games: what to play.
        at_once: games in progress at most; it decides speed alone, not results.
        move_seconds: what a move may take, None for any time (`Referee`).

    Yields:
        Every game as it ends.

    Raises:
        ValueError: on a bad spec or `at_once`.
    """
    if at_once < 1:
        raise ValueError(f"at_once: {at_once!r}, expected at least 1")
    hall = LockstepGames(world, players, move_seconds=move_seconds)
    for spec in games:
        hall.start(spec)
        while len(hall) >= at_once:
            yield from hall.step()
    while len(hall):
        yield from hall.step()


def game_seed(seed: int, number: int) -> int:
    """The seed of a pair of games in an event of this seed: 63 bits."""
    return int(seed_of(seed, number)) >> 1


def turn_noise(seed: int, turn: int) -> np.random.Generator:
    """The generator of the noise of a turn, in a game of this seed."""
    return np.random.default_rng((seed, NOISE, turn))


def draw_seed(seed: int, hammer: int, player: int, turn: int) -> int:
    """The seed of what a player draws in a turn of a game with this seed and first hammer."""
    return int(seed_of(seed, DRAWS, hammer, player, turn))
