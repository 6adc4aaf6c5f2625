"""Games that a search plays against itself, and what a network learns from them (Lee et al., ICML 2018).

A game is one end, played with the expected score as utility; for the network it may be any end of a game of
up to ten, at any lead, since points of an end are worth the same in all. It is a pure function of the run's
seed, its number and the network, and is kept as a record that plays again to the same score.

Differs from the paper: candidates are drawn from the policy as it is in every shot, where the paper sharpens
it by the temperature of the shot; here the temperature is that of the shot played and of its target alone.

Policy target: see `policy_targets.py`.
Value target: what the search found for its shot by kernel regression, mixed with how the end really ended.
Differs from the paper: its target is the search's estimate alone (a `search_share` of 1); real ends are for a
network that knows nothing yet, whose search finds the network's own guesses.

Shape letters: B games, G cells, K scores of an end, T cells kept.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.lib.recfunctions import repack_fields
from numpy.typing import NDArray

from agents.curling.games.game_records import GameRecord, GameSpec, Turn, first_state
from agents.curling.games.lockstep_games import game_seed
from agents.curling.leads import drawn_lead
from agents.curling.learning.policy_targets import density_targets, improved_targets
from agents.curling.learning.self_play_config import SelfPlayConfig
from agents.curling.positions import POSITION, positions_of
from agents.curling.search.search_player import SearchPlayer
from agents.curling.seeds import seed_of
from agents.curling.winning import POINTS
from envs.curling.conditions import build_world
from envs.curling.rules.game import GameState
from envs.curling.rules.scoring import MOST_POINTS
from envs.curling.world import World
from planners.interfaces import SearchResult

EVENT = "end"
MOST_ENDS_TO_COME = 9
KEPT_CELLS = 64
"""Cells of a policy target that are kept, the greatest; the others are next to nothing."""
NOISE, SEARCH, SITUATION = range(3)  # streams of a game's seed

EXAMPLE = np.dtype(
    [
        ("position", repack_fields(POSITION, recurse=True)),
        ("cells", np.int16, (KEPT_CELLS,)),
        ("shares", np.float32, (KEPT_CELLS,)),
        ("found", np.float32, (len(POINTS),)),
        ("score", np.int8),
    ]
)
"""One position to learn from.

cells, shares: [T] the policy's target; shares sum to 1.
found: [K] distribution of the end's score that the search found for its shot, as team 0 sees it.
score: points of team 0 in the end as it really ended, less those of team 1.
"""


class PlayedGames(NamedTuple):
    """records: B games; examples: [16 B] EXAMPLE, the positions of the first shots first."""

    records: list[GameRecord]
    examples: NDArray


def self_play_world(config: SelfPlayConfig) -> World:
    """What is played in."""
    return build_world(config.ice, config.noise, EVENT)


def play_ends(player: SearchPlayer, config: SelfPlayConfig, seed: int, numbers: Sequence[int]) -> PlayedGames:
    """Play the games of these numbers in lockstep.

    Args:
        player: searches for both teams.
        config: temperatures.
        seed: of the run.
        numbers: of the games; team 1 has the hammer in odd ones.
    """
    world = player.world
    specs = [GameSpec(game_seed(seed, number), number % 2, (0, 0), number) for number in numbers]
    states = [first_state(world, spec.hammer) for spec in specs]
    situations = np.array([_situation(spec) for spec in specs])
    turns: list[list[Turn]] = [[] for _ in specs]
    examples = []
    for shot in range(world.rules.shots_per_end):
        positions = positions_of(world, states)
        positions["ends"], positions["lead"] = situations[:, 0] + 1, situations[:, 1]
        temperature = config.warm if shot < config.warm_shots else config.cool
        result = player.search(positions, _seeds(specs, shot), temperature=temperature)
        shares = _policy_targets(player, config, positions, result, temperature)
        examples.append(_examples(positions, result, shares))
        shots = player.played(result)
        rngs = [np.random.default_rng((spec.seed, NOISE, shot)) for spec in specs]
        throws = world.deliver_each(states, shots, rngs)
        for turn, intended, throw in zip(turns, shots, throws, strict=True):
            turn.append(Turn(intended, throw.executed))
        states = [throw.after for throw in throws]
    records = [_record(*game) for game in zip(specs, turns, states, strict=True)]
    scores = [first - second for ((first, second),) in (record.scores for record in records)]
    for rows in examples:
        rows["score"] = scores
    return PlayedGames(records, np.concatenate(examples))


def _policy_targets(
    player: SearchPlayer, config: SelfPlayConfig, positions: NDArray, result: SearchResult, temperature: float
) -> NDArray[np.float64]:
    """[B, G] by the config's kind; the games are shared out to the threads of the search."""
    kernel, grid, improved = player.kernel, player.grid, config.policy_target == "improved"
    policy = player.evaluator.judge(positions).policy if improved else None

    def targets(rows: NDArray[np.intp]) -> NDArray[np.float64]:
        some = SearchResult(*(values[rows] for values in result))
        if policy is None:
            return density_targets(some, kernel, grid, temperature)
        return improved_targets(some, kernel, grid, policy[rows], config.policy_step)

    groups = np.array_split(np.arange(len(positions)), min(config.groups, len(positions)))
    with ThreadPoolExecutor(len(groups)) as pool:
        return np.concatenate(list(pool.map(targets, groups)))


def _examples(positions: NDArray, result: SearchResult, shares: NDArray[np.float64]) -> NDArray:
    """[B] EXAMPLE of searches, without the score."""
    cells = np.argpartition(-shares, KEPT_CELLS, axis=1)[:, :KEPT_CELLS]
    cells = np.sort(cells, axis=1)
    kept = np.take_along_axis(shares, cells, axis=1)
    examples = np.zeros(len(positions), EXAMPLE)
    examples["position"], examples["cells"] = positions, cells
    examples["shares"] = kept / kept.sum(axis=1, keepdims=True)
    examples["found"] = result.outcomes[np.arange(len(positions)), result.chosen]
    return examples


def _situation(spec: GameSpec) -> tuple[int, int]:
    """Ends to come and lead of team 0 that the network is told of."""
    rng = np.random.default_rng((spec.seed, SITUATION))
    to_come = int(rng.integers(MOST_ENDS_TO_COME + 1))
    return to_come, drawn_lead(rng, MOST_ENDS_TO_COME - to_come)


def _seeds(specs: Sequence[GameSpec], shot: int) -> NDArray[np.uint64]:
    """[B] seeds of the searches."""
    return np.array([seed_of(spec.seed, SEARCH, shot) for spec in specs])


def _record(spec: GameSpec, turns: list[Turn], state: GameState) -> GameRecord:
    return GameRecord(
        spec.number, spec.seed, spec.hammer, tuple(turns), state.scores, state.winner, state.reason
    )


def hammer_points(records: Sequence[GameRecord]) -> NDArray[np.int64]:
    """How often the team with the hammer scored each number of points in games of one end: [K] int64."""
    points = [first - second for ((first, second),) in (record.scores for record in records)]
    signs = [1 if record.hammer == 0 else -1 for record in records]
    return np.bincount(np.multiply(points, signs) + MOST_POINTS, minlength=len(POINTS))
