"""The geometry of a curling sheet, in shot coordinates.

Shot coordinates: metres, origin at the delivering hack, x to the right and y downrange as the thrower sees
them, so that the tee lies at `(0, tee_y)`. Angles and spins are anticlockwise seen from above. Everything in
this package uses them; converters live at the border (`digital_curling.py`).
"""

from dataclasses import dataclass

import numpy as np

STONES = 16
"""Stone slots of a sheet: slots 0-7 belong to team 0, slots 8-15 to team 1, each in order of delivery."""

STONES_PER_TEAM = 8

EIGHT_FOOT_RADIUS, FOUR_FOOT_RADIUS, BUTTON_RADIUS = 1.219, 0.610, 0.152
"""Metres; radii of the inner circles of every house."""


@dataclass(frozen=True)
class Sheet:
    """Lines and radii of one sheet; all lengths in metres.

    Args:
        width: distance between the side lines; a stone that reaches one leaves play.
        hog_y: the far hog line; a stone at rest must lie wholly beyond it.
        tee_y: the tee line of the playing end.
        back_y: the back line; a stone that touches it is in play.
        hack_y: the far hack.
        backboard_y: the far end of the sheet; the near end lies as far behind the delivering hack.
        house_radius: outer radius of the twelve-foot circle.
        stone_radius: radius of a stone.
    """

    width: float
    hog_y: float
    tee_y: float
    back_y: float
    hack_y: float
    backboard_y: float
    house_radius: float
    stone_radius: float

    @property
    def tee(self) -> np.ndarray:
        """The tee, shape [2], metres."""
        return np.array([0.0, self.tee_y])

    @property
    def house_reach(self) -> float:
        """Distance of a stone from the tee within which it touches the house, metres."""
        return self.house_radius + self.stone_radius

    @property
    def near_end_y(self) -> float:
        """The end of the sheet behind the delivering hack, metres (negative)."""
        return self.hack_y - self.backboard_y

    @property
    def side_limit(self) -> float:
        """|x| at which a stone's edge reaches a side line, metres."""
        return self.width / 2 - self.stone_radius

    @property
    def back_limit(self) -> float:
        """y at which a stone has wholly crossed the back line, metres."""
        return self.back_y + self.stone_radius

    @property
    def hog_limit(self) -> float:
        """y which a stone at rest must exceed to have wholly crossed the hog line, metres."""
        return self.hog_y + self.stone_radius


WORLD_CURLING = Sheet(
    width=4.75,
    hog_y=32.004,
    tee_y=38.405,
    back_y=40.234,
    hack_y=42.063,
    backboard_y=43.892,
    house_radius=1.829,
    stone_radius=0.145,
)
"""The sheet of Digital Curling 3 and 4."""

GAT2016 = Sheet(
    width=4.75,
    hog_y=32.005,
    tee_y=38.405,
    back_y=40.235,
    hack_y=42.065,
    backboard_y=43.895,
    house_radius=1.83,
    stone_radius=0.145,
)
"""The sheet of the 2016-2018 game-AI tournaments, its tee moved to that of `WORLD_CURLING`."""
