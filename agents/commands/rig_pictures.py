"""Pictures of what an agent learnt, for `run.py evaluate rig --pictures DIR`."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agents.plots.codes import SAMPLES_ABREAST, draw_interpolations, draw_reconstructions, draw_samples
from agents.plots.picture_grid import png_bytes
from agents.plots.rollouts import contact_sheet, moving_picture
from agents.rig.agent import Agent, load_agent
from agents.rig.evaluation import held_out_goals
from agents.rig.film import record
from agents.rig.groups import Group
from agents.rig.play import begin_towards
from agents.rig.worlds import build_task
from agents.runs.atomic import write_file
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
FITTED = 1000
"""Images to whose codes the fitted prior is fitted."""


def write_pictures(folder: Path, name: str, group: Group, config: "Config", device: str) -> None:
    """Writes what a group's first run does and decodes: rollouts (PNG, GIF) and, of autoencoders, PNGs.

    Raises:
        StorageError: The folder or a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot make {folder}: {error.strerror or error}") from error
    agent = load_agent(group.runs[0].file, device)
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
        images = task.images_of(held_out_goals(task, FITTED, config.seed))
        _write_codes(folder, stem, agent, images, np.random.default_rng(config.seed))
    task.close()


def _write_codes(folder: Path, stem: str, agent: Agent, images: np.ndarray, rng: np.random.Generator) -> None:
    """Writes reconstructions, interpolations and what the prior imagines, of images [N, S, S, 3]."""
    codec = agent.representation
    drawn = {
        "reconstructions": draw_reconstructions(codec, images[:SCENES]),
        "interpolations": draw_interpolations(codec, images[:WAYS], images[WAYS : 2 * WAYS]),
        "imagined": draw_samples(codec, _imagined(agent, images, rng)),
    }
    for name, picture in drawn.items():
        write_file(folder / f"{stem}-{name}.png", png_bytes(picture))


def _imagined(agent: Agent, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Codes [N, D] of the run's prior; a fitted one is fitted to the codes of images [N, S, S, 3]."""
    noise = rng.standard_normal((SAMPLES, agent.config.latent), dtype=np.float32)
    if agent.config.prior == "standard":
        return noise
    codes = agent.representation.encode(images)
    return codes.mean(0) + codes.std(0) * noise
