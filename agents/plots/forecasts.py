"""Forecasts against truth over a stretch of events, and how much SOCNN lets each lag count.

Shapes: T events of the stretch, N windows, L events of a window, D targets.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agents.series.evaluation import Significance

MOST_TARGETS = 7
WIDTH_INCHES, TARGET_INCHES, WEIGHTS_INCHES = 10.0, 1.9, 2.4
BAND = (10.0, 90.0)
"""Percentiles of the weights over the windows that are shaded."""


@dataclass(frozen=True)
class Stretch:
    """Consecutive events of the test part, in units of the standardised targets.

    Attributes:
        times: (T,) of the events.
        truth: (T, D) what was to be forecast.
        observed: (T, D) what was known of it once the event had been seen.
        forecasts: forecaster -> (T, D) forecasts made before each event.
        names: of the targets.
    """

    times: np.ndarray
    truth: np.ndarray
    observed: np.ndarray
    forecasts: dict[str, np.ndarray]
    names: tuple[str, ...]


def draw_forecasts(stretch: Stretch, significance: "Significance | None") -> "Figure":
    """Draw a panel for each of the first MOST_TARGETS targets, then SOCNN's weights by lag and source."""
    from matplotlib.figure import Figure

    targets = min(len(stretch.names), MOST_TARGETS)
    heights = [TARGET_INCHES if targets > 1 else 2 * TARGET_INCHES] * targets
    heights += [WEIGHTS_INCHES] * _weight_panels(significance)
    figure = Figure(figsize=(WIDTH_INCHES, 0.6 + sum(heights)), layout="constrained")
    panels = figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
    for target, panel in enumerate(panels[:targets]):
        _draw_target(panel, stretch, target)
    panels[targets - 1].set_xlabel("time of the event")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=len(labels), fontsize="small")
    if significance is not None:
        _draw_lags(panels[targets], significance.shares, stretch.names)
        if len(significance.by_source):
            _draw_sources(panels[-1], significance.by_source, stretch.names)
    return figure


def _weight_panels(significance: "Significance | None") -> int:
    """How many panels the weights take."""
    return 0 if significance is None else 1 + (len(significance.by_source) > 0)


def _draw_target(panel: "Axes", stretch: Stretch, target: int) -> None:
    panel.plot(stretch.times, stretch.observed[:, target], ".", color="0.7", markersize=4, label="observed")
    panel.plot(stretch.times, stretch.truth[:, target], color="black", linewidth=1.4, label="truth")
    for place, (name, values) in enumerate(stretch.forecasts.items()):
        colour, line = f"C{place}", "-" if place == 0 else "--"
        panel.plot(stretch.times, values[:, target], line, color=colour, linewidth=1.1, label=name)
    panel.set_title(stretch.names[target], fontsize="small")
    panel.grid(alpha=0.3)


def _draw_lags(panel: "Axes", weights: np.ndarray, names: tuple[str, ...]) -> None:
    """Draw the mean share by lag for each target, and for a single one the band over the windows."""
    lags = np.arange(weights.shape[1], 0, -1)
    for target, name in enumerate(names[:MOST_TARGETS]):
        share = weights[:, :, target]
        panel.plot(lags, share.mean(axis=0), marker=".", color=f"C{target}", linewidth=1.1, label=name)
        if len(names) == 1:
            low, high = np.percentile(share, BAND, axis=0)
            panel.fill_between(lags, low, high, color=f"C{target}", alpha=0.2, linewidth=0)
    panel.axhline(1.0 / len(lags), color="grey", linewidth=0.8, linestyle=":")
    panel.set(xlabel="lag, in events before the forecast", ylabel="significance (sums to 1)")
    panel.grid(alpha=0.3)
    if len(names) > 1:
        panel.legend(fontsize="x-small", ncols=2)
    else:
        panel.set_title(
            f"by lag: mean and {BAND[0]:.0f} to {BAND[1]:.0f} % band over the test part", fontsize="small"
        )


def _draw_sources(panel: "Axes", by_source: np.ndarray, names: tuple[str, ...]) -> None:
    """Draw the mean share of an event of each source, a line a target, beside that of all events."""
    sources = np.arange(len(by_source))
    for target, _ in enumerate(names[:MOST_TARGETS]):
        panel.plot(sources, by_source[:, target], marker="o", color=f"C{target}", linewidth=1.1)
    panel.axhline(1.0, color="grey", linewidth=0.8, linestyle=":")
    panel.set_xticks(sources)
    panel.set(xlabel="source of the event, by number", ylabel="relative significance", ylim=(0.0, None))
    panel.set_title("by source: 1 is an average event", fontsize="small")
    panel.grid(alpha=0.3)
