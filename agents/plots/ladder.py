"""The ladder of a tournament: every player's rating with its interval, the strongest on top."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from agents.runs.intervals import Interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH_INCHES = 7.0
ROW_INCHES = 0.42
FRAME_INCHES = 1.3
LONGEST_NAME = 40  # characters


def draw_ladder(ratings: Mapping[str, Interval], *, title: str) -> "Figure":
    """Draws the ladder; the figure belongs to no window and no global list of figures.

    Args:
        ratings: player -> Elo rating with 95 % interval.
        title: above the ladder.

    Raises:
        ValueError: there is nobody to draw.
    """
    from matplotlib.figure import Figure

    if not ratings:
        raise ValueError("ratings: got none, expected at least one player")
    ordered = sorted(ratings.items(), key=lambda item: item[1].estimate)
    figure = Figure(figsize=(WIDTH_INCHES, FRAME_INCHES + ROW_INCHES * len(ordered)), layout="constrained")
    panel = figure.subplots()
    for row, (_, rating) in enumerate(ordered):
        low, high = (rating.estimate if bound is None else bound for bound in rating[1:])
        panel.plot([low, high], [row, row], color="C0", linewidth=3, alpha=0.4, solid_capstyle="butt")
        panel.plot(rating.estimate, row, "o", color="C0")
        label = f"{round(rating.estimate)}"
        panel.annotate(label, (rating.estimate, row), (0, 7), textcoords="offset points", ha="center", size=8)
    panel.axvline(0.0, color="0.7", linewidth=1, zorder=0)
    panel.set_yticks(range(len(ordered)), [_short(name) for name, _ in ordered])
    panel.set_ylim(-0.6, len(ordered) - 0.2)
    panel.set(xlabel="Elo, mean of the players 0; bars are 95 % intervals", title=title)
    panel.grid(axis="x", alpha=0.3)
    return figure


def _short(name: str) -> str:
    """The name, or its end where it is long: checkpoints differ there."""
    return name if len(name) <= LONGEST_NAME else f"...{name[3 - LONGEST_NAME :]}"
