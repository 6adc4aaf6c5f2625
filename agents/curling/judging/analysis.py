"""What a player makes of a position: its shots, each thrown many times, and the worth of every target.

A thrown board is worth what the end then comes to: its score if that was the last stone, else what a judge
expects - the player's network if it has one, the hand-made judgement of boards if not.

Shape letters: B shots, N throws of each, G cells of the grid, K scores of an end from -8 to 8.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.curling.compiled.end_step import MOST_POINTS, OUTCOMES
from agents.curling.judging.imagined_throws import throw_each
from agents.curling.players import BatchPlayer, even_game
from agents.curling.positions import positions_of
from agents.curling.search.board_judge import BoardJudge
from agents.curling.search.grid import PolicyGrid
from agents.curling.search.search_player import SearchPlayer
from agents.curling.search.shot_space import ShotSpace
from agents.curling.winning import POINTS
from envs.curling.physics.delivery import Shot
from envs.curling.rules.game import GameState
from envs.curling.rules.scoring import score_ends
from envs.curling.world import World

Floats = NDArray[np.float64]
AT_ONCE = 4096  # boards judged together


class Prospect(NamedTuple):
    """What becomes of a shot, as its thrower sees it, over many throws.

    scores: [K] distribution of the score of the end.
    points: its mean.
    error: standard error of that mean.
    winning: chance to win the game, between equal teams.
    """

    scores: Floats
    points: float
    error: float
    winning: float


class Thought(NamedTuple):
    """A shot that the player thought of.

    shot: the shot.
    visits: of the search, 0 without one.
    value: what the search believes, in points or chances for the thrower; None without one.
    chosen: whether the player plays it.
    """

    shot: Shot
    visits: int
    value: float | None
    chosen: bool


class Candidate(NamedTuple):
    """A thought, and what becomes of its shot."""

    thought: Thought
    prospect: Prospect


class Analysis(NamedTuple):
    """What there is to say of a position.

    candidates: the player's shots, the best first by what it plays for.
    grid: [G] mean points of every cell of the policy grid, for the thrower.
    mapped: the shot at the grid's best cell, thrown as often as the candidates, whether or not it is one.
    chosen_cell: the cell nearest to the player's shot; None where it plays none.
    goal: what the player plays for: points of the end ("score") or the chance to win ("winning").
    """

    candidates: list[Candidate]
    grid: Floats
    mapped: Candidate
    chosen_cell: int | None
    goal: str


def best_first(candidates: list[Candidate], goal: str) -> list[Candidate]:
    """Candidates by what a player with this goal plays for; of equal chances to win that with more points."""

    def worth(candidate: Candidate) -> tuple[float, float]:
        points, winning = candidate.prospect.points, candidate.prospect.winning
        return (winning, points) if goal == "winning" else (points, winning)

    return sorted(candidates, key=worth, reverse=True)


class Analyst:
    """Judges the shots of one player.

    Args:
        world: ice, noise and rules.
        player: whose shots and whose network; made for `world`.
        seed: decides what the player draws, and the noise.
    """

    def __init__(self, world: World, player: BatchPlayer, seed: int) -> None:
        self.world, self._player, self._seed = world, player, seed
        self.space = ShotSpace(world.ice, world.noise)
        self.grid = PolicyGrid(world.ice, self.space)
        self._goal = player.config.utility if isinstance(player, SearchPlayer) else "score"
        own = player.winning if isinstance(player, SearchPlayer) else None
        self.winning = own or even_game(world)
        """What ends are worth: as the player sees it, if it plays to win."""
        self._judge = _judge_of(player, world)

    def analyse(self, state: GameState, *, shots: int, throws: int, grid_throws: int) -> Analysis:
        """Everything about a position.

        Args:
            state: a game in progress.
            shots: candidates to report, at least 1.
            throws: of each candidate.
            grid_throws: of each cell of the grid.
        """
        velocity, spin = self.space.velocities(self.grid.points, self.grid.parts)
        scores = self._thrown(state, velocity, spin, grid_throws, stream=0)
        cells = (scores @ POINTS).mean(axis=1)
        found = self._thoughts(state, cells, shots)
        best = [int(cells.argmax())]
        (mapped,) = self._shots(self.grid.points[best], self.grid.parts[best])
        thrown = [*(thought.shot for thought in found), mapped]
        velocity = np.array([shot[:2] for shot in thrown])
        spin = np.array([shot.spin for shot in thrown])
        scores = self._thrown(state, velocity, spin, throws, stream=1)
        utility = self._utility(state)
        *candidates, on_map = [
            Candidate(thought, _prospect(own, utility))
            for thought, own in zip([*found, Thought(mapped, 0, None, chosen=False)], scores, strict=True)
        ]
        chosen = [place for place, thought in enumerate(found) if thought.chosen]
        cell = int(self.grid.cells(*self.space.points(velocity, spin))[chosen[0]]) if chosen else None
        return Analysis(best_first(candidates, self._goal), cells, on_map, cell, self._goal)

    def _thoughts(self, state: GameState, cells: Floats, shots: int) -> list[Thought]:
        """The player's own shot, then those its search weighed most, or the best cells of the grid."""
        seeds = np.random.SeedSequence(self._seed).generate_state(1, np.uint64)
        if not isinstance(self._player, SearchPlayer):
            (shot,) = self._player.shots([state], seeds)
            own = [] if shot is None else [Thought(shot, 0, None, chosen=True)]
            best = np.argsort(-cells, kind="stable")[: shots - len(own)]
            others = self._shots(self.grid.points[best], self.grid.parts[best])
            return own + [Thought(shot, 0, None, chosen=False) for shot in others]
        result = self._player.think([state], seeds)
        chosen, count = int(result.chosen[0]), int(result.count[0])
        order = np.argsort(-result.weights[0, :count], kind="stable").tolist()
        shown = [chosen, *[place for place in order if place != chosen]][:shots]
        values = result.values[0, shown]
        if state.thrower == 1:
            values = 1.0 - values if self._goal == "winning" else -values
        rows = zip(
            self._shots(result.points[0, shown], result.parts[0, shown]),
            result.visits[0, shown].tolist(),
            values.tolist(),
            shown,
            strict=True,
        )
        return [Thought(shot, visits, value, place == chosen) for shot, visits, value, place in rows]

    def _shots(self, points: Floats, parts: NDArray[np.int64]) -> list[Shot]:
        """The shots of points [B, 2] and parts [B]."""
        velocity, spin = self.space.velocities(points, parts)
        return [Shot(x, y, s) for (x, y), s in zip(velocity.tolist(), spin.tolist(), strict=True)]

    def _thrown(
        self, state: GameState, velocity: Floats, spin: Floats, throws: int, *, stream: int
    ) -> Floats:
        """Distributions [B, N, K] of the end's score after each of N throws of B shots, for the thrower."""
        rng = np.random.default_rng((self._seed, stream))
        velocity, spin = np.repeat(velocity, throws, axis=0), np.repeat(spin, throws)
        boards = throw_each(self.world, state, velocity, spin, rng)
        if state.shot + 1 == self.world.rules.shots_per_end:
            score = score_ends(self.world.ice.sheet, boards.stones, boards.in_play)
            outcomes = np.eye(OUTCOMES)[score + MOST_POINTS]
        else:
            after = np.repeat(positions_of(self.world, [state]), len(spin))
            after["stones"], after["in_play"] = boards.stones, boards.in_play
            after["shot"] += 1
            starts = range(0, len(after), AT_ONCE)
            outcomes = np.concatenate([self._judge(after[start : start + AT_ONCE]) for start in starts])
        seen = outcomes if state.thrower == 0 else outcomes[:, ::-1]
        return seen.reshape(-1, throws, OUTCOMES)

    def _utility(self, state: GameState) -> Floats:
        """The thrower's chance to win the game [K] after each score of the end, for the thrower; as a player
        that plays for it reckons it."""
        if self._goal == "winning":
            chance = self._player.utility(positions_of(self.world, [state]))[0]
        else:
            left = np.array([max(self.world.rules.ends - state.end - 1, 0)])
            lead = np.array([state.totals[0] - state.totals[1]])
            chance = self.winning.utility(left, lead, np.array([state.hammer]))[0]
        return chance if state.thrower == 0 else 1.0 - chance[::-1]


def _judge_of(player: BatchPlayer, world: World) -> Callable[[NDArray], Floats]:
    """Distributions [B, K] of the end's score as team 0 sees it, from positions [B]."""
    if isinstance(player, SearchPlayer) and player.evaluator is not None:
        evaluator = player.evaluator
        return lambda positions: evaluator.judge(positions).outcomes.astype(np.float64)
    return BoardJudge(world).outcomes


def _prospect(scores: Floats, utility: Floats) -> Prospect:
    """What throws that led to distributions [N, K] come to."""
    each = scores @ POINTS
    error = float(each.std(ddof=1) / np.sqrt(len(each))) if len(each) > 1 else float("nan")
    mean = scores.mean(axis=0)
    return Prospect(mean, float(each.mean()), error, float(mean @ utility))
