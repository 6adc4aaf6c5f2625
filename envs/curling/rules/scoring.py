"""The score of an end: stones in the house nearer than the opponent's nearest (World Curling).

Shape letters: B boards. A board has 16 slots, team 0 in slots 0-7 and team 1 in slots 8-15.
"""

import numpy as np
from numpy.typing import NDArray

from envs.curling.physics.sheet import STONES, STONES_PER_TEAM, Sheet

MOST_POINTS = STONES_PER_TEAM  # of one team in one end


def check_boards(stones: NDArray[np.float64], in_play: NDArray[np.bool_]) -> None:
    """Refuse arrays that are not a batch of boards.

    Raises:
        ValueError: unless `stones` is [B, 16, 2], `in_play` is [B, 16] bool of the same B, and every stone in
            play lies at finite coordinates.
    """
    if stones.ndim != 3 or stones.shape[1:] != (STONES, 2):
        raise ValueError(f"stones: shape {stones.shape}, expected [B, {STONES}, 2]")
    if in_play.shape != stones.shape[:2]:
        raise ValueError(f"in_play: shape {in_play.shape}, expected {stones.shape[:2]}")
    if in_play.dtype != np.bool_:
        raise ValueError(f"in_play: dtype {in_play.dtype}, expected bool")
    if (in_play & ~np.isfinite(stones).all(axis=-1)).any():
        raise ValueError("stones: NaN or infinity for a stone in play, expected finite metres")


def squared_distances(
    sheet: Sheet, stones: NDArray[np.float64], in_play: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Squared distance of every stone from the tee.

    Args:
        sheet: the geometry.
        stones: [..., 16, 2] float64, metres in shot coordinates.
        in_play: [..., 16] bool.

    Returns:
        [..., 16] float64, square metres; infinite for a stone that is not in play.
    """
    across = stones[..., 0]
    along = stones[..., 1] - sheet.tee_y
    return np.where(in_play, across * across + along * along, np.inf)


def score_ends(sheet: Sheet, stones: NDArray[np.float64], in_play: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Score of each board as if its end were over.

    A stone is in the house when its nearest point is, which is distance < `Sheet.house_reach`. When
    the nearest stones of both teams are equally far the score is 0, as in Digital Curling 3.

    Args:
        sheet: the geometry.
        stones: [B, 16, 2] float64, metres in shot coordinates.
        in_play: [B, 16] bool.

    Returns:
        [B] int64; positive points for team 0, negative for team 1, 0 for a blank.

    Raises:
        ValueError: on a wrong shape or dtype, or a stone in play that is not at finite coordinates.
    """
    check_boards(stones, in_play)
    reach = sheet.house_reach**2
    distances = squared_distances(sheet, stones, in_play)
    first, second = distances[:, :STONES_PER_TEAM], distances[:, STONES_PER_TEAM:]
    nearest_first = np.minimum(first.min(axis=1), reach)
    nearest_second = np.minimum(second.min(axis=1), reach)
    points_first = (first < nearest_second[:, None]).sum(axis=1)
    points_second = (second < nearest_first[:, None]).sum(axis=1)
    return points_first - points_second
