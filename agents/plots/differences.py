"""Differences of runs to their baseline with intervals, against the band that counts as equal."""

from typing import TYPE_CHECKING

from agents.runs.paired import Difference

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH_INCHES, ROW_INCHES, FRAME_INCHES = 6.4, 0.32, 1.0
MOST_TICKS = 5


def draw_differences(rows: dict[str, Difference], margin: float) -> "Figure":
    """Draw one line per run: every seed as a dot, the mean with its interval, and the band of the margin.

    The axis is linear up to ten margins and logarithmic beyond, if a difference lies there.

    Args:
        rows: Run -> its difference in one measurement, at least one.
        margin: Half the width of the band, at least 0.

    Raises:
        ValueError: There is nothing to draw.
    """
    from matplotlib.figure import Figure

    if not rows:
        raise ValueError("differences: got none, expected at least one")
    figure = Figure(figsize=(WIDTH_INCHES, FRAME_INCHES + ROW_INCHES * len(rows)), layout="constrained")
    panel = figure.subplots()
    panel.axvspan(-margin, margin, color="C2", alpha=0.2, linewidth=0)
    panel.axvline(0.0, color="grey", linewidth=1)
    for place, difference in enumerate(rows.values()):
        mean, low, high = difference.mean
        panel.plot(difference.values, [place] * len(difference.values), ".", color="grey")
        if low is not None and high is not None:
            panel.errorbar(mean, place, xerr=[[mean - low], [high - mean]], fmt="o", color="C0", capsize=3)
    largest = max(abs(value) for row in rows.values() for value in row.values)
    if margin > 0.0 and largest > 10.0 * margin:
        panel.set_xscale("symlog", linthresh=10.0 * margin)
    else:
        panel.locator_params(axis="x", nbins=MOST_TICKS)
    panel.set_yticks(range(len(rows)), list(rows))
    panel.set_ylim(len(rows) - 0.5, -0.5)
    panel.grid(axis="x", alpha=0.3)
    panel.set_xlabel(f"{next(iter(rows.values())).metric} minus the baseline's")
    return figure
