"""What follows a shot, compiled: the free guard zone, the next shot, the score of the end.

The rules are those of `envs.curling.free_guard_zone` and `envs.curling.scoring`, which say what they are and
where they come from; a test plays both and finds the same.

Shape letters: B positions, K outcomes (index s + 8: team 0 wins the end by s points).
"""

from typing import NamedTuple

import numpy as np

from envs.compiled import entry, kernel
from envs.curling.rule_set import RuleSet
from envs.curling.sheet import Sheet

MOST_POINTS = 8
OUTCOMES = 2 * MOST_POINTS + 1
"""Scores of an end from -8 to 8, as seen by team 0."""


class Rules(NamedTuple):
    """What a shot must keep to, as compiled code reads it; lengths in metres.

    any_stone: whether stones of both teams are protected, wherever they lie (mixed doubles).
    """

    hog: float
    tee: float
    house: float
    radius: float
    positioned: int
    protected: int
    untouchable: int
    any_stone: bool


def rules_of(sheet: Sheet, rules: RuleSet) -> Rules:
    """The compiled form of a sheet and a rule set."""
    return Rules(
        sheet.hog_limit,
        sheet.tee_y,
        sheet.house_reach,
        sheet.stone_radius,
        rules.positioned,
        rules.protected_shots,
        rules.no_tick_shots,
        rules.game == "mixed_doubles",
    )


@entry
def settle_shots(
    rules: Rules,
    positions: np.ndarray,
    stones: np.ndarray,
    in_play: np.ndarray,
    terminal: np.ndarray,
    outcomes: np.ndarray,
) -> None:
    """Turns positions [B] into those after a shot that left stones [B, 16, 2] metres and in_play [B, 16].

    Writes terminal [B] and, where the end is over, a 1 into outcomes [B, K].
    """
    for b in range(len(positions)):
        position = positions[b]
        team = position.hammer if position.shot % 2 == 1 else 1 - position.hammer
        if not _foul(rules, position.stones, position.in_play, stones[b], in_play[b], position.shot, team):
            for k in range(16):
                position.stones[k, 0], position.stones[k, 1] = stones[b, k, 0], stones[b, k, 1]
                position.in_play[k] = in_play[b, k]
        position.shot += 1
        terminal[b] = position.shot >= position.shots
        if terminal[b]:
            outcomes[b, MOST_POINTS + score(rules, position.stones, position.in_play)] = 1.0


@kernel
def _foul(
    rules: Rules,
    before: np.ndarray,
    lay: np.ndarray,
    stones: np.ndarray,
    in_play: np.ndarray,
    shot: int,
    team: int,
) -> bool:
    """Whether a shot of `team` that led from before [16, 2], lay [16] to stones, in_play breaks the rules."""
    for k in range(16):
        if not lay[k]:
            continue
        guards = rules.any_stone
        if not guards and k // 8 != team:
            across, along = before[k, 0], before[k, 1] - rules.tee
            outside = across * across + along * along >= rules.house * rules.house
            guards = outside and before[k, 1] > rules.hog and before[k, 1] + rules.radius < rules.tee
        if not guards:
            continue
        if shot < rules.protected and not in_play[k]:
            return True
        ticked = not in_play[k] or abs(stones[k, 0]) >= rules.radius
        if ticked and shot < rules.untouchable and abs(before[k, 0]) < rules.radius:
            return True
    return False


@kernel
def score(rules: Rules, stones: np.ndarray, in_play: np.ndarray) -> int:
    """Points of team 0 less those of team 1 for stones [16, 2], in_play [16] as they lie."""
    reach = rules.house * rules.house
    nearest_first, nearest_second = reach, reach
    for k in range(16):
        if in_play[k]:
            squared = squared_distance(rules, stones, k)
            if k < 8:
                nearest_first = min(nearest_first, squared)
            else:
                nearest_second = min(nearest_second, squared)
    points = 0
    for k in range(16):
        if in_play[k]:
            squared = squared_distance(rules, stones, k)
            if k < 8:
                points += squared < nearest_second
            else:
                points -= squared < nearest_first
    return points


@kernel
def squared_distance(rules: Rules, stones: np.ndarray, k: int) -> float:
    """Squared distance of a stone from the tee, square metres."""
    across, along = stones[k, 0], stones[k, 1] - rules.tee
    return across * across + along * along
