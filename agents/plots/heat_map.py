"""The worth of every target of a position, for both handles, beside the picture of the position.

Shape letters: G cells of the policy grid, of which there are 2 parts x 32 rows x 32 columns.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.curling.judging.analysis import Analysis
from agents.curling.search.grid import (
    COLUMN_SPACING,
    COLUMNS,
    DRAW_ROWS,
    PARTS,
    ROW_SPACING,
    ROWS,
    PolicyGrid,
)
from agents.curling.search.shot_space import ANTICLOCKWISE, CLOCKWISE
from envs.curling.physics.sheet import EIGHT_FOOT_RADIUS, FOUR_FOOT_RADIUS, STONES_PER_TEAM, Sheet
from envs.curling.rules.game import GameState

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE_INCHES = (13.0, 7.6)
WIDTHS = (1.25, 1.0, 1.0)
COLOURS = ("#d62828", "#fac720")
LEGEND = "cross: the map's best target, ring: the player's shot (its nearest target)"
TITLES = {ANTICLOCKWISE: "curling left", CLOCKWISE: "curling right"}


def draw_heat_map(
    picture: NDArray[np.uint8],
    sheet: Sheet,
    state: GameState,
    grid: PolicyGrid,
    found: Analysis,
    *,
    title: str,
) -> "Figure":
    """Draws the heat map; the figure belongs to no window and no global list of figures.

    Args:
        picture: [H, W, 3] uint8, the position.
        sheet: the geometry.
        state: the position, for its stones.
        grid: the targets.
        found: expected points of each, and the player's shot.
        title: above all; a line below explains a cross at the best target and a ring at the player's shot.

    Raises:
        ValueError: on a wrong number of cells.
    """
    from matplotlib.figure import Figure

    points = found.grid
    if points.shape != (PARTS * ROWS * COLUMNS,):
        raise ValueError(f"points: shape {points.shape}, expected ({PARTS * ROWS * COLUMNS},)")
    figure = Figure(figsize=SIZE_INCHES, layout="constrained")
    places = figure.add_gridspec(2, 3, width_ratios=WIDTHS, height_ratios=(ROWS - DRAW_ROWS, DRAW_ROWS))
    board = figure.add_subplot(places[:, 0])
    board.imshow(picture)
    board.set_axis_off()
    shades = {"vmin": float(points.min()), "vmax": float(points.max()), "cmap": "viridis"}
    halves = points.reshape(PARTS, ROWS, COLUMNS)
    targets = grid.targets.reshape(PARTS, ROWS, COLUMNS, 3)
    marks = {"X": int(points.argmax())} | ({} if found.chosen_cell is None else {"o": found.chosen_cell})
    panels = []
    for column, part in enumerate((ANTICLOCKWISE, CLOCKWISE), start=1):
        hits, draws = (figure.add_subplot(places[row, column]) for row in (0, 1))
        image = _draw_hits(hits, targets[part, DRAW_ROWS:, 0, 2], halves[part, DRAW_ROWS:], shades)
        _draw_draws(draws, sheet, state, halves[part, :DRAW_ROWS], targets[part, 0, 0, 1], shades)
        hits.set_title(f"{TITLES[part]}: hits")
        draws.set_title("draws")
        if column == 1:
            hits.set_ylabel("m/s over the tee")
            draws.set_ylabel("m beyond the tee")
        draws.set_xlabel("m right of the centre line")
        for shape, cell in marks.items():
            if cell // (ROWS * COLUMNS) == part:
                _mark(hits, draws, sheet, cell, grid, shape)
        panels += [hits, draws]
    figure.colorbar(image, ax=panels, label="expected points of the end", shrink=0.8)
    figure.suptitle(title)
    figure.supxlabel(LEGEND if len(marks) > 1 else LEGEND.partition(",")[0], fontsize="medium")
    return figure


def _draw_hits(
    panel: "Axes", speeds: NDArray[np.float64], points: NDArray[np.float64], shades: dict
) -> object:
    """Rows of speeds over the tee, columns of where the tee line is crossed."""
    edge = (speeds[1] - speeds[0]) / 2
    side = COLUMNS / 2 * COLUMN_SPACING
    extent = (-side, side, speeds[0] - edge, speeds[-1] + edge)
    return panel.imshow(points, origin="lower", extent=extent, aspect="auto", **shades)


def _draw_draws(
    panel: "Axes",
    sheet: Sheet,
    state: GameState,
    points: NDArray[np.float64],
    nearest: float,
    shades: dict,
) -> None:
    """Stopping points, true to scale, with the circles of the house and the stones."""
    from matplotlib.patches import Circle

    side, low = COLUMNS / 2 * COLUMN_SPACING, nearest - sheet.tee_y - ROW_SPACING / 2
    extent = (-side, side, low, low + DRAW_ROWS * ROW_SPACING)
    panel.imshow(points, origin="lower", extent=extent, aspect="equal", **shades)
    for radius in (sheet.house_radius, EIGHT_FOOT_RADIUS, FOUR_FOOT_RADIUS):
        panel.add_patch(Circle((0.0, 0.0), radius, fill=False, color="white", linewidth=0.8, alpha=0.8))
    for slot in np.flatnonzero(state.in_play):
        place = (float(state.stones[slot, 0]), float(state.stones[slot, 1]) - sheet.tee_y)
        colour = COLOURS[int(slot) // STONES_PER_TEAM]
        panel.add_patch(Circle(place, sheet.stone_radius, facecolor=colour, edgecolor="black", linewidth=0.8))
    panel.set_xlim(extent[:2])
    panel.set_ylim(extent[2:])


def _mark(hits: "Axes", draws: "Axes", sheet: Sheet, cell: int, grid: PolicyGrid, shape: str) -> None:
    """A white cross, or a ring that hides nothing, at a target."""
    x, y, speed = (float(value) for value in grid.targets[cell])
    is_hit = cell // COLUMNS % ROWS >= DRAW_ROWS
    panel, height = (hits, speed) if is_hit else (draws, y - sheet.tee_y)
    if shape == "X":
        panel.plot(x, height, shape, color="white", markeredgecolor="black", markersize=13)
    else:
        panel.plot(x, height, shape, fillstyle="none", color="white", markersize=17, markeredgewidth=2.5)
