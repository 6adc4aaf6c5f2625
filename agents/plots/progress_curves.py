"""Learning curves against what a run costs: epochs, updates and seconds, side by side."""

from typing import TYPE_CHECKING

from agents.runs.comparison import Group

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Columns of a run's measurements that can carry the horizontal axis.
AXES = {"epoch": "epochs", "updates": "updates", "seconds": "seconds of training"}


def draw_progress(groups: list[Group], metric: str) -> "Figure":
    """Draw one line per run: the measurement against each cost that the runs recorded.

    Raises:
        ValueError: if no run has the measurement together with a cost.
    """
    from matplotlib.figure import Figure

    rows = [row for group in groups for run in group.rows for row in run if metric in row]
    axes = [name for name in AXES if any(name in row for row in rows)]
    if not axes:
        raise ValueError(f"metric: got {metric}, expected a measurement recorded with {', '.join(AXES)}")
    figure = Figure(figsize=(4.2 * len(axes), 3.2), layout="constrained")
    panels = figure.subplots(1, len(axes), squeeze=False, sharey=True)[0]
    for panel, name in zip(panels, axes, strict=True):
        for place, group in enumerate(groups):
            for number, run in enumerate(group.rows):
                points = [(row[name], row[metric]) for row in run if metric in row and name in row]
                label = f"{group.label} (n={len(group.rows)})" if number == 0 else None
                panel.plot(*zip(*points, strict=True), color=f"C{place % 10}", label=label, linewidth=1.2)
        panel.set(xlabel=AXES[name])
        panel.grid(alpha=0.3)
    panels[0].set_ylabel(metric)
    panels[0].legend(fontsize="small")
    return figure
