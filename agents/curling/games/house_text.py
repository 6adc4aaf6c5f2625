"""The playing end of the sheet as text: back line above, hog line below, as the thrower sees it.

A stone is one row high and two columns wide, about as in life: R1 is the first stone of the red team (team
0), Y1 that of the yellow one. Distances are metres from the tee.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from envs.curling.physics.sheet import (
    BUTTON_RADIUS,
    EIGHT_FOOT_RADIUS,
    FOUR_FOOT_RADIUS,
    STONES,
    STONES_PER_TEAM,
    Sheet,
)

TEAM_LETTERS = ("R", "Y")
ROW = 0.29  # metres; a stone's diameter
COLUMN = 0.145  # metres
LABEL_EVERY = 4  # rows
ICE, OUTER, MIDDLE, INNER, BUTTON = " ", "\N{LIGHT SHADE}", "\N{MIDDLE DOT}", "\N{MEDIUM SHADE}", "+"
EDGE, HOG_LINE = "\N{BOX DRAWINGS LIGHT VERTICAL}", "\N{BOX DRAWINGS DOUBLE HORIZONTAL}"
LABEL_WIDTH = 6


def stone_name(slot: int) -> str:
    """How people call the stone of a slot, such as R3."""
    team, number = divmod(slot, STONES_PER_TEAM)
    return f"{TEAM_LETTERS[team]}{number + 1}"


def stone_slot(name: str) -> int:
    """The slot of a stone called so.

    Raises:
        ValueError: no stone is.
    """
    for slot in range(STONES):
        if stone_name(slot) == name.upper():
            return slot
    raise ValueError(f"stone: got {name[:20]!r}, expected R1 to R8 or Y1 to Y8")


def house_text(sheet: Sheet, stones: NDArray[np.float64], in_play: NDArray[np.bool_]) -> str:
    """The playing end in lines of text.

    Args:
        sheet: the geometry.
        stones: [16, 2] float64, metres.
        in_play: [16] bool.
    """
    columns = 2 * round(sheet.width / 2 / COLUMN)
    above = math.ceil((sheet.back_limit - sheet.tee_y) / ROW)
    below = math.ceil((sheet.tee_y - sheet.hog_y) / ROW)
    grid = [_ice_row(sheet, row * ROW, columns) for row in range(above, -below - 1, -1)]
    for slot in np.flatnonzero(in_play):
        x, beyond = float(stones[slot, 0]), float(stones[slot, 1]) - sheet.tee_y
        row = min(max(above - round(beyond / ROW), 0), len(grid) - 1)
        left = min(max(round(x / COLUMN) + columns // 2 - 1, 0), columns - 2)
        grid[row][left : left + 2] = stone_name(int(slot))
    return "\n".join(_framed(grid, above, columns))


def _ice_row(sheet: Sheet, beyond: float, columns: int) -> list[str]:
    """The ice at a distance beyond the tee."""
    middles = ((column + 0.5 - columns / 2) * COLUMN for column in range(columns))
    return [_ice(sheet, math.hypot(x, beyond)) for x in middles]


def _ice(sheet: Sheet, distance: float) -> str:
    """The ice at a distance from the tee."""
    rings = (
        (BUTTON_RADIUS, BUTTON),
        (FOUR_FOOT_RADIUS, INNER),
        (EIGHT_FOOT_RADIUS, MIDDLE),
        (sheet.house_radius, OUTER),
    )
    return next((mark for radius, mark in rings if distance <= radius), ICE)


def _framed(grid: list[list[str]], above: int, columns: int) -> Iterator[str]:
    """Rows with the distance from the tee at their left, the hog line and the distances across below."""
    for place, row in enumerate(grid):
        label = "" if (above - place) % LABEL_EVERY else f"{(above - place) * ROW:+.1f}"
        yield f"{label:>{LABEL_WIDTH}}{EDGE}{''.join(row)}{EDGE}"
    yield f"{'hog':>{LABEL_WIDTH}}{EDGE}{HOG_LINE * columns}{EDGE}"
    marks = [" "] * (columns + LABEL_WIDTH)
    for metre in range(-2, 3):
        text = f"{metre:+d}" if metre else "0"
        start = columns // 2 + round(metre / COLUMN) - len(text) // 2
        marks[start : start + len(text)] = text
    yield " " * (LABEL_WIDTH + 1) + "".join(marks).rstrip()
