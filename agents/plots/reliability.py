"""The reliability diagram: accuracy against confidence (Guo et al. 2017, figure 1)."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from vision.evaluate import Report


def draw_reliability(report: "Report") -> "Figure":
    """Draw a report's bins above the share of answers in each; the diagonal is perfect calibration."""
    from matplotlib.figure import Figure

    bins = report.reliability
    edges = np.linspace(0.0, 1.0, len(bins.count) + 1)
    middles, width = (edges[:-1] + edges[1:]) / 2, 0.92 / len(bins.count)
    figure = Figure(figsize=(4.2, 5.0), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    above.plot([0, 1], [0, 1], color="grey", linestyle="--", linewidth=1)
    filled = bins.count > 0
    above.bar(middles[filled], bins.accuracy[filled], width, label="accuracy of a bin", alpha=0.8)
    above.plot(bins.confidence[filled], bins.accuracy[filled], "k.", label="at the mean confidence")
    error = report.calibration_error
    title = f"calibration error {100 * error.mean:.2f} % [{100 * error.low:.2f}, {100 * error.high:.2f}]"
    above.set(xlim=(0, 1), ylim=(0, 1), ylabel="accuracy", title=title)
    above.legend(fontsize="small", loc="upper left")
    below.bar(middles, bins.count / bins.count.sum(), width, color="grey")
    below.set(xlabel="confidence", ylabel="share")
    return figure
