"""The free guard zone and the no-tick rule (World Curling, The Rules of Curling): which shots are fouls.

Differs from the World Curling rules, as Digital Curling does: a foul always restores the board and takes
the thrown stone; the offended team gets no choice. Differs from Digital Curling 4: there a guard that
leaves the zone for the house is a foul; here, as in Digital Curling 3 and in the World Curling rules, only
one that leaves play is.

Shape letters: B boards.
"""

import numpy as np
from numpy.typing import NDArray

from envs.curling.physics.sheet import STONES, STONES_PER_TEAM, Sheet
from envs.curling.rules.rule_set import RuleSet
from envs.curling.rules.scoring import check_boards, squared_distances

Boards = tuple[NDArray[np.float64], NDArray[np.bool_]]


def free_guards(sheet: Sheet, stones: NDArray[np.float64], in_play: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which stones lie in the free guard zone: between hog and tee line, touching neither nor the house.

    Args:
        sheet: the geometry.
        stones: [..., 16, 2] float64, metres.
        in_play: [..., 16] bool.

    Returns:
        [..., 16] bool.

    Source: Digital Curling 3 (a stone touching the tee line is outside the zone).
    """
    outside_house = squared_distances(sheet, stones, in_play) >= sheet.house_reach**2
    along = stones[..., 1]
    between_lines = (along > sheet.hog_limit) & (along + sheet.stone_radius < sheet.tee_y)
    return in_play & outside_house & between_lines


def fouls(
    sheet: Sheet,
    rules: RuleSet,
    before: Boards,
    after: Boards,
    shot: NDArray[np.int64],
    team: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Which shots broke the free guard zone or the no-tick rule.

    Standard game: an opponent's stone in the free guard zone may not leave play in the first protected
    shots, and one that also touches the centre line must still touch it in the first no-tick shots. Mixed
    doubles: no stone of either team, wherever it lies, may leave play in the protected shots.

    Args:
        sheet: the geometry.
        rules: which rules hold, and for how many shots.
        before: stones [B, 16, 2] float64 metres and in_play [B, 16] bool before the shot.
        after: the same after every stone has come to rest.
        shot: [B] int, number of the shot in its end, from 0.
        team: [B] int, the throwing team.

    Returns:
        [B] bool.

    Raises:
        ValueError: on a wrong shape.
    """
    check_boards(*before)
    check_boards(*after)
    stones, in_play = before
    removed = in_play & ~after[1]
    if rules.game == "mixed_doubles":
        protected = in_play
    else:
        owner = np.arange(STONES) // STONES_PER_TEAM
        opponents = owner[None, :] != np.asarray(team)[:, None]
        protected = free_guards(sheet, stones, in_play) & opponents
    foul = (removed & protected).any(axis=1) & (np.asarray(shot) < rules.protected_shots)
    if rules.no_tick_shots:
        ticked = _ticked(sheet, before, after) & protected
        foul |= ticked.any(axis=1) & (np.asarray(shot) < rules.no_tick_shots)
    return foul


def settle(
    sheet: Sheet,
    rules: RuleSet,
    before: Boards,
    after: Boards,
    shot: NDArray[np.int64],
    team: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """The boards that stand after the shots: those that came to rest, or on a foul those before, bit for bit.

    Args: as for `fouls`.

    Returns:
        stones [B, 16, 2] float64, in_play [B, 16] bool, foul [B] bool.

    Raises:
        ValueError: on a wrong shape.
    """
    foul = fouls(sheet, rules, before, after, shot, team)
    stones = np.where(foul[:, None, None], before[0], after[0])
    return stones, np.where(foul[:, None], before[1], after[1]), foul


def _ticked(
    sheet: Sheet,
    before: Boards,
    after: Boards,
) -> NDArray[np.bool_]:
    """[B, 16] guards that touched the centre line before the shot and no longer do, or are out of play."""
    guards = free_guards(sheet, *before) & (np.abs(before[0][..., 0]) < sheet.stone_radius)
    return guards & ~(after[1] & (np.abs(after[0][..., 0]) < sheet.stone_radius))
