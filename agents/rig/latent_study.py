"""What the size of a code does to it: jitter, blur, and whether near codes mean near scenes.

A latent distance can serve as a reward only where it grows with the true distance. For each size of the code
one autoencoder is trained as RIG trains it, and asked about scenes in which a single object moved:

- distances: between the codes of two scenes, one object so far apart, against that `REFERENCE` apart;
- shift jitter: the same for an object `NEARLY` where it was, which ideally is `NEARLY` / `REFERENCE`;
- sample jitter: distance of two draws from the encoder's distribution for one scene, against the same;
- order: Spearman's rank correlation of the codes' distances with the true ones, over pairs of scenes;
- blur: root-mean-square error of the decoded image where the object is, in shares of the error of a
  decoder that knows nothing of the scene (the mean image): 0 is sharp, 1 is not drawn.

N scenes, S numbers of a layout, H image side, D code.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.rig.autoencoding import AutoencoderTraining
from agents.rig.config import RigConfig
from agents.rig.covering import covering_sets
from agents.rig.representation import LatentRepresentation
from agents.rig.worlds import build_task
from envs.manipulation.plan import LAYOUT_HIGH, LAYOUT_LOW
from envs.manipulation.task import ManipulationTask

SCENES = 400
NEARLY, REFERENCE = 0.001, 0.05
"""metres"""
DISTANCES = (NEARLY, 0.005, 0.01, 0.02, REFERENCE, 0.1)
"""metres"""
SHOWN = 8
"""Scenes whose decoded images are kept."""


class Row(NamedTuple):
    """What one autoencoder showed.

    Args:
        values: plain values; those of an object are under `objects` and its name.
        decoded: [`SHOWN`, H, H, 3] uint8.
    """

    values: dict[str, Any]
    decoded: NDArray[np.uint8]


class Scenes:
    """Scenes about which all autoencoders are asked.

    Args:
        task: with images.
        rng: draws layouts, with all pucks, and directions.
        count: N; fewer scenes are the first of more.
    """

    def __init__(self, task: ManipulationTask, rng: np.random.Generator, count: int) -> None:
        self.task, everything = task, np.ones(task.plan.things, dtype=bool)
        self.layouts = np.stack([task.plan.sample_goal(rng, everything) for _ in range(count)])
        self.images = task.images_of(self.layouts)
        angles = rng.uniform(0.0, 2 * np.pi, count)
        self._directions = np.column_stack([np.cos(angles), np.sin(angles)])

    @property
    def objects(self) -> list[str]:
        """Names of the objects in the order of a layout."""
        return ["hand", *(puck.name for puck in self.task.plan.world.things)]

    def moved(self, moving: int, metres: float) -> NDArray[np.uint8]:
        """Images [N, H, H, 3] with one object so far away, or the other way where the table ends."""
        layouts, place = self.layouts.copy(), slice(2 * moving, 2 * moving + 2)
        there = layouts[:, place] + metres * self._directions
        on_table = ((there >= LAYOUT_LOW) & (there <= LAYOUT_HIGH)).all(1, keepdims=True)
        layouts[:, place] = np.where(on_table, there, layouts[:, place] - metres * self._directions)
        return self.task.images_of(layouts)

    def region(self, shown: int) -> NDArray[np.bool_]:
        """Which pixels [N, H, H] show one object."""
        model, sketch = self.task.model, self.task.simulation()
        body = model.body(self.objects[shown]).id
        poses = []
        for layout in self.layouts:
            sketch.place(layout, np.ones(self.task.plan.things, dtype=bool))
            poses.append([part.copy() for part in self.task.camera.poses(sketch.data)])
        ids = self.task.camera.ids(*(np.stack(parts) for parts in zip(*poses, strict=True)))
        return (ids >= 0) & (model.geom_bodyid[ids] == body)


def study(config: RigConfig, latents: tuple[int, ...], *, repeats: int, seed: int) -> Iterator[Row]:
    """Train `repeats` autoencoders of each size and ask them; yields one row each.

    Args:
        config: of the world, the images and the training; its `latent` is not used.
        latents: sizes of the code.
        repeats: autoencoders of each size, each with images and weights of its own.
        seed: of all that is drawn.

    Raises:
        FloatingPointError: when a loss is not finite.
    """
    task = build_task(config)
    asked, *children = np.random.SeedSequence(seed).spawn(1 + repeats)
    scenes = Scenes(task, np.random.default_rng(asked), SCENES)
    for latent in latents:
        sized = replace(config, latent=latent)
        for repeat, child in enumerate(children):
            rng = np.random.default_rng(child)
            codec = _trained(sized, task, rng)
            values = {"latent": latent, "repeat": repeat} | measure_codec(codec, scenes, rng)
            yield Row(values, codec.decode(codec.encode(scenes.images[:SHOWN])))
    task.close()


def measure_codec(codec: LatentRepresentation, scenes: Scenes, rng: np.random.Generator) -> dict[str, Any]:
    """Jitter, order and blur of one autoencoder, as the module says; `rng` draws from the encoder."""
    codes, log_variance = codec.distribution(scenes.images)
    decoded = codec.decode(codes).astype(np.float64)
    mean_image = scenes.images.mean(0)
    pairs = np.roll(np.arange(len(codes)), 1)
    deviation = np.exp(0.5 * log_variance) if codec.network.config.kind == "variational" else 0.0
    draws = rng.standard_normal((2, *codes.shape)) * deviation
    sampled = float(np.linalg.norm(draws[0] - draws[1], axis=1).mean())
    objects = {}
    for index, name in enumerate(scenes.objects):
        away = [np.linalg.norm(codec.encode(scenes.moved(index, d)) - codes, axis=1) for d in DISTANCES]
        means = {d: float(norms.mean()) for d, norms in zip(DISTANCES, away, strict=True)}
        reference = max(means[REFERENCE], np.finfo(np.float32).tiny)
        region = scenes.region(index)
        objects[name] = {
            "distances": {f"{d:g}": means[d] / reference for d in DISTANCES},
            "shift_jitter": means[NEARLY] / reference,
            "sample_jitter": sampled / reference,
            "order": rank_correlation(np.concatenate(away), np.repeat(DISTANCES, len(codes))),
            "blur": _error(scenes.images, decoded, region) / _error(scenes.images, mean_image, region),
        }
    gaps = np.linalg.norm(codes - codes[pairs], axis=1)
    apart = np.linalg.norm(scenes.layouts - scenes.layouts[pairs], axis=1)
    return {"order": rank_correlation(gaps, apart), "objects": objects}


def rank_correlation(one: NDArray, other: NDArray) -> float:
    """Spearman's coefficient of two vectors [N], ties at their mean rank; 0 where one of them is constant."""
    ranks = np.stack([_ranks(values) for values in (one, other)])
    spread = ranks.std(1)
    if not spread.all():
        return 0.0
    return float(((ranks[0] - ranks[0].mean()) * (ranks[1] - ranks[1].mean())).mean() / spread.prod())


def _ranks(values: NDArray) -> NDArray[np.float64]:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[places]


def _error(images: NDArray[np.uint8], others: NDArray, region: NDArray[np.bool_]) -> float:
    """Root-mean-square difference in a region [N, H, H]."""
    return float(np.sqrt(np.square(images - others)[region].mean()))


def _trained(config: RigConfig, task: ManipulationTask, rng: np.random.Generator) -> LatentRepresentation:
    """An autoencoder trained on covering images of its own."""
    sets = covering_sets(task, rng, count=config.vae_images, rollout=config.vae_rollout)
    training = AutoencoderTraining(config, seed=int(rng.integers(2**63)), device="cpu")
    training.begin(*sets)
    for _ in training.pretrain():
        pass
    return training.representation
