"""The two stones on the ice before an end of mixed doubles (World Curling, The Rules of Curling).

The team that decides has its stone in the house (and the last shot), or as the guard (and the first shot),
or plays its power play: both stones aside, its own in the house.
Source of the coordinates: Digital Curling 4, whose six guard places are half a stone before or behind three
marks.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from envs.curling.physics.sheet import EIGHT_FOOT_RADIUS, FOUR_FOOT_RADIUS, STONES, STONES_PER_TEAM, Sheet
from envs.curling.rules.rule_set import RuleSet

Placement = Literal["house", "guard", "power_play_left", "power_play_right"]
PLACEMENTS: tuple[Placement, ...] = ("house", "guard", "power_play_left", "power_play_right")
POWER_PLAYS = ("power_play_left", "power_play_right")

MARK_SPACING = 0.915  # metres between the guard marks; the middle one halves hog line and house
POWER_PLAY_GUARD_X = (1.093, 1.087, 1.073, 1.067, 1.053, 1.047)  # metres, by guard position


def positioned_board(
    sheet: Sheet, rules: RuleSet, decider: int, placement: Placement
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Stones [16, 2] float64 (metres) and in_play [16] bool at the start of an end of mixed doubles.

    Args:
        sheet: the geometry.
        rules: says which guard position the event uses.
        decider: team with the decision, 0 or 1.
        placement: what it chose.

    Raises:
        ValueError: on an unknown placement.
    """
    if placement not in PLACEMENTS:
        raise ValueError(f"placement: {placement!r}, expected one of {', '.join(PLACEMENTS)}")
    house, guard = _points(sheet, rules.guard_position, placement)
    own, other = (guard, house) if placement == "guard" else (house, guard)
    stones = np.zeros((STONES, 2))
    in_play = np.zeros(STONES, dtype=bool)
    stones[STONES_PER_TEAM * decider], stones[STONES_PER_TEAM * (1 - decider)] = own, other
    in_play[[0, STONES_PER_TEAM]] = True
    return stones, in_play


def _points(
    sheet: Sheet, position: int, placement: Placement
) -> tuple[tuple[float, float], tuple[float, float]]:
    """The stone in the house and the guard, metres.

    The back of the stone in the house touches the back of the four-foot circle; the stone of a power play
    straddles the eight-foot circle before the tee line.
    """
    mark, behind = divmod(position, 2)
    middle = (sheet.hog_y + sheet.tee_y - sheet.house_radius) / 2
    guard_y = middle + (1 - mark) * MARK_SPACING + (1 - 2 * behind) * sheet.stone_radius
    if placement not in POWER_PLAYS:
        return (0.0, sheet.tee_y + FOUR_FOOT_RADIUS - sheet.stone_radius), (0.0, guard_y)
    side = -1.0 if placement == "power_play_left" else 1.0
    house = (side * EIGHT_FOOT_RADIUS, sheet.tee_y - sheet.stone_radius)
    return house, (side * POWER_PLAY_GUARD_X[position], guard_y)
