"""Learning curves against what a run costs: epochs, updates and seconds, side by side."""

from typing import TYPE_CHECKING

from agents.plots.curves import name_groups, point_marker, use_log_scale
from agents.runs.comparison import Group

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Columns of a run's measurements that can carry the horizontal axis; every run has the last.
COSTS = {
    "epoch": "epochs",
    "environment_steps": "actions in the world",
    "updates": "updates",
    "seconds": "seconds of training",
}
PANEL_INCHES = (4.2, 3.0)


def draw_progress(groups: list[Group], metrics: list[str]) -> "Figure":
    """Draw one line per run: a row of panels for each measurement, a column for each cost that was recorded.

    Raises:
        ValueError: if there is nothing to draw.
    """
    from matplotlib.figure import Figure

    rows = [row for group in groups for run in group.rows for row in run]
    costs = [name for name in COSTS if any(name in row for row in rows)]
    shown = [name for name in metrics if name not in COSTS]
    if not costs or not shown:
        raise ValueError(f"curves: got {shown} against {costs}, expected measurements and {', '.join(COSTS)}")
    size = (PANEL_INCHES[0] * len(costs), PANEL_INCHES[1] * len(shown))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(shown), len(costs), squeeze=False, sharex="col", sharey="row")
    for line, metric in zip(panels, shown, strict=True):
        for panel, cost in zip(line, costs, strict=True):
            for place, group in enumerate(groups):
                _draw_group(panel, group, cost, metric, f"C{place % 10}")
            panel.grid(alpha=0.3)
        use_log_scale(line[0], groups, metric)
        line[0].set_ylabel(metric)
    for panel, cost in zip(panels[-1], costs, strict=True):
        panel.set_xlabel(COSTS[cost])
    name_groups(figure, groups)
    return figure


def _draw_group(panel: "Axes", group: Group, cost: str, metric: str, colour: str) -> None:
    """Draw every run of a group in one colour."""
    for run in group.rows:
        points = [(row[cost], row[metric]) for row in run if metric in row and cost in row]
        horizontal, vertical = zip(*points, strict=True) if points else ((), ())
        marker = point_marker(len(points))
        panel.plot(horizontal, vertical, marker=marker, color=colour, linewidth=1.2)
