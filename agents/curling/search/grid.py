"""The policy's grid of shots, 32 x 32 x 2: rows of stopping points, then rows of hits, for both handles.

Lee et al., ICML 2018, with rows for hits as in the authors' published code.

Differs from the paper: rows of hits are speeds over the tee line, evenly from a stone that just runs through
the house to the strongest legal delivery, where theirs are stopping points behind the house, of one narrow
band of weights. Cells of draws are about as large as
theirs: 0.28 m along the sheet, 0.14 m across.

Cell n = (part * 32 + row) * 32 + column, rows downrange, columns from left to right.

Shape letters: G cells, B shots.
"""

import numpy as np
from numpy.typing import NDArray

from agents.curling.search.shot_space import ANTICLOCKWISE, ShotSpace
from envs.curling.crossing import crossing
from envs.curling.physics.delivery import stop_point, velocity_through
from envs.curling.physics.ice import Ice
from envs.curling.tasks.actions import tee_speeds

Floats = NDArray[np.float64]
ROWS = COLUMNS = 32
PARTS = 2
CELLS = PARTS * ROWS * COLUMNS
DRAW_ROWS = 23
"""Rows of stopping points; the others are hits."""
TEE_ROW = 15
"""The row of stopping points on the tee line."""
ROW_SPACING, COLUMN_SPACING = 0.28, 0.14
"""Metres; about one standard deviation of `dc3`'s misses along the sheet, and two across."""


class PolicyGrid:
    """The grid on an ice, seen in a space of shots.

    points: [G, 2] float64 and parts [G] int64: the cells' shots.
    mirror: [G] int64, the cell of each cell's mirrored shot.
    targets: [G, 3] float64: x and y in metres, and the speed there in m/s: 0 where it is a stopping point.
    """

    def __init__(self, ice: Ice, space: ShotSpace) -> None:
        self._ice, self._space = ice, space
        self._speeds = _hit_speeds(ice)
        half = _targets(ice, self._speeds)
        velocity, spin = _deliveries(ice, half)
        points, parts = space.points(velocity, spin)
        turned = np.arange(len(half)).reshape(ROWS, COLUMNS)[:, ::-1].reshape(-1)
        flipped, other = space.mirrored(points[turned], parts[turned])
        self.points = np.concatenate([flipped, points])
        self.parts = np.concatenate([other, parts])
        self.targets = np.concatenate([half, half])
        self.mirror = np.concatenate([turned + len(half), turned])

    def cells(self, points: Floats, parts: NDArray[np.int64]) -> NDArray[np.int64]:
        """The nearest cell [B] of points [B, 2] and parts [B], by where the shots go."""
        velocity, spin = self._space.velocities(np.asarray(points, np.float64), parts)
        sheet = self._ice.sheet
        stop = stop_point(self._ice, velocity, spin)
        deepest = sheet.tee_y + (DRAW_ROWS - TEE_ROW - 0.5) * ROW_SPACING
        across, speed = crossing(self._ice, velocity, spin, sheet.tee_y)
        hits = stop[:, 1] >= deepest
        row = np.clip(np.rint((stop[:, 1] - sheet.tee_y) / ROW_SPACING) + TEE_ROW, 0, DRAW_ROWS - 1)
        nearest = np.abs(speed[:, None] - self._speeds).argmin(1)
        row = np.where(hits, DRAW_ROWS + nearest, row).astype(np.int64)
        column = np.floor(np.where(hits, across, stop[:, 0]) / COLUMN_SPACING) + COLUMNS // 2
        column = np.clip(column, 0, COLUMNS - 1).astype(np.int64)
        return (np.asarray(parts) * ROWS + row) * COLUMNS + column


def _hit_speeds(ice: Ice) -> Floats:
    """Speeds over the tee of the rows of hits, m/s: the first would stop a row behind the last draws."""
    _, strongest = tee_speeds(ice)
    behind = ice.sheet.tee + [0.0, (DRAW_ROWS - TEE_ROW) * ROW_SPACING]
    velocity, spin = _deliveries(ice, np.array([[*behind, 0.0]]))
    _, softest = crossing(ice, velocity, spin, ice.sheet.tee_y)
    return np.linspace(softest[0], strongest, ROWS - DRAW_ROWS)


def _targets(ice: Ice, speeds: Floats) -> Floats:
    """Targets [1024, 3] of one handle."""
    targets = np.zeros((ROWS, COLUMNS, 3))
    targets[..., 0] = (np.arange(COLUMNS) - (COLUMNS - 1) / 2) * COLUMN_SPACING
    depth = (np.arange(DRAW_ROWS) - TEE_ROW) * ROW_SPACING
    targets[..., 1] = ice.sheet.tee_y
    targets[:DRAW_ROWS, :, 1] += depth[:, None]
    targets[DRAW_ROWS:, :, 2] = speeds[:, None]
    return targets.reshape(-1, 3)


def _deliveries(ice: Ice, targets: Floats) -> tuple[Floats, Floats]:
    """Velocities [B, 2] and spins [B] of anticlockwise shots at targets [B, 3], at most the strongest legal.

    Beside the centre, the strongest row would need a little more; there it passes the tee that much slower.
    """
    spin = np.full(len(targets), (2.0 * ANTICLOCKWISE - 1.0) * ice.release_spin)
    velocity = velocity_through(ice, targets[:, :2], targets[:, 2], spin)
    speed = np.hypot(velocity[:, 0], velocity[:, 1])
    return velocity * np.minimum(1.0, ice.max_speed / speed)[:, None], spin
