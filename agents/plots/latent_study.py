"""Curves of the study of code sizes: jitter, order and blur, and distances of codes against metres."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.rig.latent_study import NEARLY, REFERENCE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_INCHES = (4.2, 3.2)
TOP_MARGIN = 0.05
"""Of the height of a panel, above its highest dot."""
MEASURES = {
    "sample_jitter": f"sample jitter (share of {100 * REFERENCE:g} cm)",
    "shift_jitter": f"shift jitter: {1000 * NEARLY:g} mm (share of {100 * REFERENCE:g} cm)",
    "order": "order (rank correlation)",
    "blur": "blur (1: not drawn)",
}


def draw_study(rows: Sequence[dict[str, Any]]) -> "Figure":
    """Draw the measurements of every object: dots are autoencoders, lines their means.

    Args:
        rows: values of `agents.rig.latent_study.Row`s, at least one.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3 * PANEL_INCHES[0], 2 * PANEL_INCHES[1]), layout="constrained")
    panels = figure.subplots(2, 3).ravel()
    for panel, (measure, title) in zip(panels, MEASURES.items(), strict=False):
        for colour, name in enumerate(rows[0]["objects"]):
            values = [(row["latent"], row["objects"][name][measure]) for row in rows]
            _draw_sizes(panel, values, f"C{colour}", name.replace("_", " "))
        _dress(panel, title)
    _draw_sizes(panels[4], [(row["latent"], row["order"]) for row in rows], "C7", "all objects")
    _dress(panels[4], "order of random pairs of scenes")
    _draw_distances(panels[5], rows)
    panels[0].legend(fontsize="small")
    return figure


def _draw_sizes(panel: "Axes", values: list[tuple[int, float]], colour: str, label: str) -> None:
    """Dots of all autoencoders and a line through the means of each size."""
    sizes = sorted({size for size, _ in values})
    means = [np.mean([value for other, value in values if other == size]) for size in sizes]
    panel.plot(sizes, means, color=colour, label=label, linewidth=1.5)
    panel.plot(*zip(*values, strict=True), "o", color=colour, markersize=4)
    panel.set_xscale("log", base=2)
    panel.set_xticks(sizes, [str(size) for size in sizes])
    panel.minorticks_off()


def _dress(panel: "Axes", title: str) -> None:
    panel.set(title=title, xlabel="numbers of the code")
    low, high = panel.get_ylim()
    low = min(0.0, low)
    panel.set_ylim(low, high + TOP_MARGIN * (high - low))
    panel.grid(alpha=0.3)


def _draw_distances(panel: "Axes", rows: Sequence[dict[str, Any]]) -> None:
    """Distance of codes against metres for the last object, one line a size, beside the ideal."""
    from matplotlib import colormaps

    name = list(rows[0]["objects"])[-1]
    sizes = sorted({row["latent"] for row in rows})
    metres = np.array([float(key) for key in rows[0]["objects"][name]["distances"]])
    shades = colormaps["viridis"](np.linspace(0.9, 0.0, len(sizes)))
    for size, shade in zip(sizes, shades, strict=True):
        curves = [list(row["objects"][name]["distances"].values()) for row in rows if row["latent"] == size]
        panel.plot(100 * metres, np.mean(curves, 0), "o-", markersize=3, color=shade, label=str(size))
    panel.plot(100 * metres, metres / REFERENCE, "--", color="black", linewidth=1, label="ideal")
    panel.set(
        title=f"distance of codes, {name.replace('_', ' ')} moved",
        xlabel="cm",
        ylabel=f"share of that at {100 * REFERENCE:g} cm",
    )
    panel.grid(alpha=0.3)
    panel.legend(fontsize="small")
