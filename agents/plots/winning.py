"""The chance to win by lead and ends left as a table of colours, beside the points of one end."""

from typing import TYPE_CHECKING

import numpy as np

from agents.curling.winning import POINTS, WinningTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_winning(table: WinningTable, *, most_lead: int, title: str) -> "Figure":
    """Draw the chance to win with the hammer, for leads from -most_lead to most_lead, and the points of an
    end of the team with the hammer."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 4.8), layout="constrained")
    chances, points = figure.subplots(1, 2, width_ratios=(2, 1))
    leads, left = np.arange(-most_lead, most_lead + 1), np.arange(1, table.ends + 1)
    chance = 100 * table.chance(left[:, None], leads, 0)
    shades = chances.imshow(chance, cmap="RdYlBu", vmin=0.0, vmax=100.0, aspect="auto")
    for row, column in np.ndindex(chance.shape):
        dark = abs(chance[row, column] - 50) > 40
        text = {"ha": "center", "va": "center", "color": "white" if dark else "black", "fontsize": "small"}
        chances.text(column, row, f"{chance[row, column]:.0f}", **text)
    chances.set(xlabel="lead of the team with the hammer", ylabel="ends left", title="games won, %")
    chances.set_xticks(range(len(leads)), [f"{lead:+d}" if lead else "0" for lead in leads])
    chances.set_yticks(range(len(left)), [str(n) for n in left])
    figure.colorbar(shades, ax=chances)
    _draw_points(points, table.scores)
    figure.suptitle(title)
    return figure


def _draw_points(axes: "Axes", scores: np.ndarray) -> None:
    """Bars of the share of ends by points of the team with the hammer, without the empty sides."""
    seen = POINTS[scores > 0]
    shown = (seen.min() <= POINTS) & (seen.max() >= POINTS)
    axes.bar(POINTS[shown], scores[shown], color="tab:blue")
    axes.set(xlabel="points of the team with the hammer", ylabel="share of ends", title="one end")
    axes.set_xticks(POINTS[shown])
    axes.tick_params(axis="x", labelsize="small")
    axes.grid(axis="y", alpha=0.3)
