"""Learning curves: one panel a measurement, one line a group of runs, with the interval over its seeds."""

from pathlib import Path
from typing import TYPE_CHECKING

from agents.runs.comparison import Group, curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS_PER_ROW = 3
PANEL_INCHES = (4.2, 3.0)
DOTS_PER_INCH = 130
LOG_FROM_RATIO = 10.0
MARKED_POINTS = 12


def draw_curves(groups: list[Group], metrics: list[str]) -> "Figure":
    """Draws the curves; the figure belongs to no window and no global list of figures.

    Raises:
        ValueError: There is nothing to draw.
    """
    from matplotlib.figure import Figure

    if not groups or not metrics:
        raise ValueError(
            f"curves: got {len(groups)} groups and {len(metrics)} metrics, expected some of each"
        )
    columns = min(PANELS_PER_ROW, len(metrics))
    rows = -(-len(metrics) // columns)
    figure = Figure(figsize=(PANEL_INCHES[0] * columns, PANEL_INCHES[1] * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, metric in zip(panels, metrics, strict=False):
        for place, group in enumerate(groups):
            _draw_group(panel, group, metric, f"C{place % 10}")
        panel.set(title=metric, xlabel="interval")
        panel.xaxis.get_major_locator().set_params(integer=True)
        use_log_scale(panel, groups, metric)
        panel.grid(alpha=0.3)
    for panel in panels[len(metrics) :]:
        panel.set_axis_off()
    name_groups(figure, groups)
    return figure


def name_groups(figure: "Figure", groups: list[Group]) -> None:
    """Puts a legend of all groups, in their colours, above the panels."""
    from matplotlib.lines import Line2D

    lines = [Line2D([], [], color=f"C{place % 10}") for place in range(len(groups))]
    names = [f"{group.label} (n={len(group.seeds)})" for group in groups]
    figure.legend(lines, names, loc="outside upper left", ncols=3, fontsize="small")


def use_log_scale(panel: "Axes", groups: list[Group], metric: str) -> None:
    """Makes the vertical axis logarithmic where a measurement is positive and falls or grows more than
    `LOG_FROM_RATIO` times."""
    values = [row[metric] for group in groups for run in group.rows for row in run if metric in row]
    if values and min(values) > 0 and max(values) > LOG_FROM_RATIO * min(values):
        panel.set_yscale("log")


def point_marker(count: int) -> str:
    """Returns the marker of a line of `count` points: a dot where they are few, or it would not be seen."""
    return "." if count <= MARKED_POINTS else ""


def save_figure(figure: "Figure", path: Path) -> None:
    """Writes the figure as PNG.

    Raises:
        OSError: The file cannot be written.
    """
    figure.savefig(path, dpi=DOTS_PER_INCH, format="png")


def _draw_group(panel: "Axes", group: Group, metric: str, colour: str) -> None:
    drawn = curve(group, metric)
    if drawn is None:
        return
    marker = point_marker(len(drawn.steps))
    panel.plot(drawn.steps, drawn.mean, marker=marker, color=colour, linewidth=1.5)
    if len(group.seeds) > 1:
        panel.fill_between(drawn.steps, drawn.low, drawn.high, color=colour, alpha=0.2, linewidth=0)
