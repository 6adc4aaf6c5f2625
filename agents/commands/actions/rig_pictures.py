"""Pictures of what an agent learnt, for `run.py evaluate rig --pictures DIR`."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agents.plots.codes import SAMPLES_ABREAST, draw_interpolations, draw_reconstructions, draw_samples
from agents.plots.picture_grid import png_bytes
from agents.plots.rollouts import contact_sheet, moving_picture
from agents.rig.agent import agent_of
from agents.rig.evaluation import held_out_goals
from agents.rig.film import record
from agents.rig.goals import ImaginedGoals
from agents.rig.groups import Group
from agents.rig.play import begin_towards
from agents.rig.representation import LatentRepresentation
from agents.rig.worlds import build_task
from agents.runs.atomic import write_file
from agents.runs.checkpoint import load_checkpoint
from agents.runs.errors import StorageError

if TYPE_CHECKING:
    from agents.commands.evaluate_rig import Config

ROLLOUTS = 6
"""Goals that are filmed."""
SCENES = 8
"""Images of a picture of reconstructions."""
WAYS = 5
"""Interpolations in a picture."""
SAMPLES = 4 * SAMPLES_ABREAST


def write_pictures(folder: Path, name: str, group: Group, config: "Config", device: str) -> None:
    """Writes what a group's first run does and decodes: rollouts (PNG, GIF) and, of autoencoders, PNGs.

    Raises:
        StorageError: The folder or a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot make {folder}: {error.strerror or error}") from error
    checkpoint = load_checkpoint(group.runs[0].file)
    agent = agent_of(checkpoint, group.runs[0].file, device)
    task = build_task(agent.config)
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", name)[-80:]
    goals = held_out_goals(task, min(ROLLOUTS, config.goals), config.seed)
    rollouts = record(
        agent,
        task,
        begin_towards(task, goals),
        horizon=config.horizon or None,
        one_at_a_time=config.one_at_a_time,
    )
    write_file(folder / f"{stem}-rollouts.png", png_bytes(contact_sheet(rollouts)))
    write_file(folder / f"{stem}-rollouts.gif", moving_picture(rollouts))
    if agent.config.autoencoder:
        images = task.images_of(held_out_goals(task, SCENES + WAYS, config.seed))
        goals = ImaginedGoals(agent.representation, with_images=False)
        goals.load_state_dict(checkpoint.state["learner"]["goals"])
        imagined = goals.imagine(np.random.default_rng(config.seed), SAMPLES).codes
        _write_codes(folder, stem, agent.representation, images, imagined)
    task.close()


def _write_codes(
    folder: Path, stem: str, codec: LatentRepresentation, images: np.ndarray, imagined: np.ndarray
) -> None:
    """Writes reconstructions and interpolations of images [N, S, S, 3], and what codes [M, D] look like."""
    drawn = {
        "reconstructions": draw_reconstructions(codec, images[:SCENES]),
        "interpolations": draw_interpolations(codec, images[:WAYS], images[WAYS : 2 * WAYS]),
        "imagined": draw_samples(codec, imagined),
    }
    for name, picture in drawn.items():
        write_file(folder / f"{stem}-{name}.png", png_bytes(picture))
