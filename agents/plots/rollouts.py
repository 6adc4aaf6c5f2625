"""Recorded episodes beside their goals: a contact sheet, and a moving picture.

Shape letters: T actions, N episodes, P pixels, height and width.
"""

from collections.abc import Mapping

import numpy as np
from PIL import Image

from agents.plots.picture_grid import PAPER, draw_grid, framed, gif_bytes
from agents.rig.film import Rollouts

MOMENTS = 5
"""Pictures of an episode on a contact sheet, its start and end included."""
ABREAST = 3
"""Episodes side by side in a moving picture."""
SECONDS = 0.1
"""that a moving picture shows a frame: the time of an action."""
HOLD = 1.5
"""seconds that it rests at the end."""


def contact_sheet(rollouts: Rollouts) -> Image.Image:
    """One row an episode: its goal, moments from start to end, and how far from the goal it ended."""
    shares = np.linspace(0.0, 1.0, MOMENTS) ** 2  # most happens at the start
    moments = np.unique((shares * (len(rollouts.frames) - 1)).round().astype(int))
    scenes = rollouts.frames[moments].swapaxes(0, 1)
    images = np.concatenate([framed(rollouts.goals)[:, None], scenes], axis=1)
    columns = ["goal", "start", *(f"after {moment}" for moment in moments[1:])]
    return draw_grid(images, columns=columns, rows=distance_labels(rollouts))


def moving_picture(rollouts: Rollouts) -> bytes:
    """A GIF of all episodes at once, each beside its goal, and between them the goal of its stage, if any."""
    goals = framed(rollouts.goals)
    abreast = min(ABREAST, len(goals))
    parts = 2 if rollouts.aims is None else 3
    blanks = np.full((-len(goals) % abreast, parts, *goals.shape[1:]), PAPER, dtype=np.uint8)
    pictures = []
    for taken, scenes in enumerate(rollouts.frames):
        between = [] if rollouts.aims is None else [rollouts.aims[taken]]
        cells = np.concatenate([np.stack([goals, *between, scenes], axis=1), blanks])
        grid = cells.reshape(-1, parts * abreast, *goals.shape[1:])
        labels = ["goal", *(["now towards"] if between else []), f"after {taken}"]
        pictures.append(draw_grid(grid, columns=labels * abreast))
    return gif_bytes(pictures, seconds=SECONDS, hold=HOLD)


def objects_measured(distances: Mapping[str, object]) -> list[str]:
    """The hand and what else distances are known of, such as pucks."""
    names = [name.removesuffix("_distance") for name in distances if name.endswith("_distance")]
    return [name for name in names if name != "total"]


def distance_labels(rollouts: Rollouts) -> list[str]:
    """How far hand and things of each episode ended from their goals, in lines; empty where not known."""
    labels = []
    names = objects_measured(rollouts.distances)
    for number in range(len(rollouts.goals)):
        metres = [float(rollouts.distances[f"{name}_distance"][number]) for name in names]
        known = zip(names, metres, strict=True) if np.isfinite(metres).all() else ()
        labels.append("\n".join(f"{name} {100 * distance:.1f} cm" for name, distance in known))
    return labels
