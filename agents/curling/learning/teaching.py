"""Pairs of a position and a teacher's shot, from games that the teacher plays against itself (KR-DL).

Lee et al., ICML 2018, section 5.1, learn from 400,000 such pairs. A game is one end, begun at a random point
of an eight-end game: any end, extra ends included, any hammer, a lead as games bring it. So that positions
vary, now and then the game goes on with another shot than the teacher's; the pair keeps the teacher's.

The value target of the paper is a simulation of d shots, without noise but for the last, and the network's
value there. So every pair also has the position after such a rollout: the teacher's shot, then the
teacher's answers. The paper does not say which d, nor who answers.

Shape letters: B games, N pairs.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.lib.recfunctions import repack_fields
from numpy.typing import NDArray

from agents.curling.leads import drawn_lead
from agents.curling.learning.teaching_config import TeachingConfig
from agents.curling.players import BatchPlayer, batch_player, make_player
from agents.curling.positions import POSITION, positions_of
from agents.curling.seeds import seed_of
from envs.curling.conditions import build_world
from envs.curling.physics.delivery import Shot
from envs.curling.physics.noise import NoNoise
from envs.curling.players.opponents import draw, random_player
from envs.curling.players.rules_player import rules_player
from envs.curling.rules.game import GameState, start_game
from envs.curling.world import World

EVENT = "eight_ends"
SITUATION, LABEL, THROW, EXPLORE, ROLLOUT = range(5)  # streams of random numbers of one game

PACKED = repack_fields(POSITION, recurse=True)
"""`POSITION` without the gaps between its fields, whose bytes would be anything."""
OUTCOME = np.dtype([("position", PACKED), ("over", np.bool_), ("score", np.int8)])
"""Where a rollout led. position: to be judged, unless the end is over; score: points of team 0 in it then."""

PAIR = np.dtype(
    [
        ("position", PACKED),
        ("velocity", np.float64, (2,)),
        ("spin", np.float64),
        ("score", np.int8),
        ("game", np.int64),
        ("rollout", OUTCOME),
    ]
)
"""One pair.

position: before the shot.
velocity, spin: the teacher's shot as intended, m/s and rad/s anticlockwise.
score: points of team 0 in this end, less those of team 1, as the game really went on.
game: its number.
rollout: where `TeachingConfig.depth` shots from here led.
"""


class Teaching:
    """A teacher and its world.

    Args:
        config: who teaches, and where.

    Raises:
        ConfigError: there is no such teacher.
    """

    def __init__(self, config: TeachingConfig) -> None:
        self.config = config
        self.world = build_world(config.ice, config.noise, EVENT)
        self._quiet = replace(self.world, noise=NoNoise())
        self._teacher = _teacher(config, self.world)

    def pairs(self, games: Sequence[int]) -> NDArray:
        """The pairs [N] PAIR of games of these numbers, in the order of games and shots.

        A teacher that would concede shows nothing; the game goes on with a draw.
        """
        states = [self._situation(game) for game in games]
        rows: list[list[NDArray]] = [[] for _ in games]
        for turn in range(self.world.rules.shots_per_end):
            shown = self._teacher.shots(states, self._seeds(games, turn, LABEL))
            shots = [self._or_draw(shot) for shot in shown]
            outcomes = self._roll_out(games, turn, states, shots)
            pairs = self._written(games, states, shots, outcomes)
            for row, pair, shot in zip(rows, pairs, shown, strict=True):
                if shot is not None:
                    row.append(pair)
            states = self._go_on(games, turn, states, shots)
        for row, state in zip(rows, states, strict=True):
            for pair in row:
                pair["score"] = _last_score(state)
        return np.array([pair for row in rows for pair in row], PAIR)

    def _situation(self, game: int) -> GameState:
        """The end that a game begins with."""
        rng, rules = self._rng(game, 0, SITUATION), self.world.rules
        end, hammer = int(rng.integers(rules.ends + 1)), int(rng.integers(2))
        lead = drawn_lead(rng, end) if end < rules.ends else 0
        scores = ((max(lead, 0), max(-lead, 0)), *((0, 0),) * (end - 1)) if end else ()
        start = start_game(self.world.ice.sheet, rules)
        return replace(start, end=end, hammer=hammer, decider=hammer, scores=scores)

    def _go_on(
        self, games: Sequence[int], turn: int, states: Sequence[GameState], shots: Sequence[Shot]
    ) -> list[GameState]:
        """The games after this turn, mostly with the shots shown."""
        played = []
        for game, state, shot in zip(games, states, shots, strict=True):
            rng = self._rng(game, turn, EXPLORE)
            explores = rng.random() < self.config.explore
            played.append(random_player(self.world, state, rng) if explores else shot)
        return self._deliver(self.world, games, turn, THROW, states, played)

    def _roll_out(
        self, games: Sequence[int], turn: int, states: Sequence[GameState], shots: Sequence[Shot]
    ) -> NDArray:
        """Where `depth` shots lead [B] OUTCOME, of which the last alone is thrown with noise."""
        ends = [state.end for state in states]
        length = min(self.config.depth, self.world.rules.shots_per_end - turn)
        for step in range(1, length):
            states = self._deliver(self._quiet, games, turn, ROLLOUT, states, shots)
            answers = self._teacher.shots(states, self._seeds(games, turn, ROLLOUT, step))
            shots = [self._or_draw(shot) for shot in answers]
        states = self._deliver(self.world, games, turn, ROLLOUT, states, shots)
        outcomes = np.zeros(len(states), OUTCOME)
        outcomes["over"] = [state.end != end for state, end in zip(states, ends, strict=True)]
        for outcome, state in zip(outcomes, states, strict=True):
            if outcome["over"]:
                outcome["score"] = _last_score(state)
            else:
                outcome["position"] = positions_of(self.world, [state])[0]
        return outcomes

    def _deliver(
        self,
        world: World,
        games: Sequence[int],
        turn: int,
        stream: int,
        states: Sequence[GameState],
        shots: Sequence[Shot],
    ) -> list[GameState]:
        rngs = [self._rng(game, turn, stream) for game in games]
        return [throw.after for throw in world.deliver_each(states, shots, rngs)]

    def _written(
        self, games: Sequence[int], states: Sequence[GameState], shots: Sequence[Shot], outcomes: NDArray
    ) -> NDArray:
        pairs = np.zeros(len(games), PAIR)
        pairs["position"] = positions_of(self.world, states)
        pairs["velocity"], pairs["spin"] = [shot[:2] for shot in shots], [shot.spin for shot in shots]
        pairs["game"], pairs["rollout"] = games, outcomes
        return pairs

    def _or_draw(self, shot: Shot | None) -> Shot:
        """The shot, or a draw to the button for a concession."""
        sheet = self.world.ice.sheet
        return draw(self.world, (0.0, sheet.tee_y), self.world.ice.release_spin) if shot is None else shot

    def _rng(self, game: int, turn: int, stream: int) -> np.random.Generator:
        return np.random.default_rng((self.config.seed, game, turn, stream))

    def _seeds(self, games: Sequence[int], turn: int, stream: int, step: int = 0) -> NDArray[np.uint64]:
        """[B] seeds of what the teacher draws."""
        return np.array([seed_of(self.config.seed, game, turn, stream, step) for game in games])


def _teacher(config: TeachingConfig, world: World) -> BatchPlayer:
    if config.teacher == "rules":
        return batch_player(partial(rules_player, imagined=config.imagined), world)
    return make_player(config.teacher, world, simulations=config.simulations)


def _last_score(state: GameState) -> int:
    """Points of team 0 less those of team 1 in the latest finished end."""
    first, second = state.scores[-1]
    return first - second
