"""Rate, batch and noise scale of schedules against epochs (Smith et al. 2018, figure 1)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from vision.schedules import ScheduleConfig, noise_scale, phases, setting_at, update_count

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POINTS = 2000
MINOR_LABELS = 5.0
"""Ratio of the highest to the lowest batch up to which the marks between powers of ten are labelled."""


def draw_schedules(schedules: Mapping[str, ScheduleConfig], count: int) -> "Figure":
    """Draw named schedules over `count` training samples, one panel each for rate, batch and noise scale.

    Raises:
        ValueError: if there is nothing to draw.
    """
    from matplotlib.figure import Figure

    if not schedules:
        raise ValueError("schedules: got none, expected at least one")
    figure = Figure(figsize=(6.4, 7.6), layout="constrained")
    panels = figure.subplots(3, 1, sharex=True)
    styles = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
    for place, (name, config) in enumerate(schedules.items()):
        progress = np.unique(np.concatenate([np.linspace(0, 1, POINTS), _edges(config)]))
        settings = [setting_at(config, float(point)) for point in progress]
        epochs = progress * config.epochs
        style = {"linestyle": styles[place % len(styles)], "linewidth": 1.6}
        label = f"{name} ({update_count(config, count):,} updates)"
        panels[0].plot(epochs, [setting.rate for setting in settings], label=label, **style)
        panels[1].plot(epochs, [setting.batch for setting in settings], **style)
        panels[2].plot(epochs, [noise_scale(setting, count) for setting in settings], **style)
    for panel, title in zip(panels, ("learning rate", "batch", "noise scale g"), strict=True):
        panel.set(ylabel=title, yscale="log")
        panel.grid(alpha=0.3)
    panels[1].yaxis.set_major_formatter("{x:,.0f}")
    low, high = panels[1].get_ylim()
    if high < MINOR_LABELS * low:  # over more decades they would lie on each other
        panels[1].yaxis.set_minor_formatter("{x:,.0f}")
    panels[0].legend(fontsize="small")
    panels[2].set_xlabel("epoch")
    return figure


def _edges(config: ScheduleConfig) -> np.ndarray:
    """Return progress just before and at each milestone, so that steps are drawn upright."""
    starts = np.array([start for start, _ in phases(config)][1:])
    return np.concatenate([starts, np.nextafter(starts, 0)])
