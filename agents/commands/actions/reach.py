"""What `run.py reach` does once its flags are parsed: a goal, an episode towards it, and its pictures."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agents.commands.terminal.notes import note
from agents.commands.terminal.progress import progress
from agents.plots.picture_grid import png_bytes
from agents.plots.rollouts import contact_sheet, moving_picture, objects_measured
from agents.rig.agent import Agent, load_agent
from agents.rig.evaluation import held_out_goals
from agents.rig.film import Rollouts, record
from agents.rig.goal_images import read_goal_image
from agents.rig.play import begin_towards
from agents.rig.worlds import build_task
from agents.runs.atomic import write_file
from agents.runs.checkpoint_paths import LAST_FIRST, checkpoint_files
from agents.runs.device import resolve_device
from agents.runs.errors import ConfigError
from envs.goal import pixel_distance
from envs.manipulation.episode import Episode
from envs.manipulation.task import ManipulationTask

if TYPE_CHECKING:
    from agents.commands.reach import Config


def reach(config: "Config") -> int:
    """Plays the episode, tells how near it came and writes its picture; returns the exit code.

    Raises:
        ConfigError: the goal does not suit the agent, or the checkpoint is of another kind.
        CorruptFileError, StorageError: a file is malformed, or cannot be read or written.
    """
    file, *others = checkpoint_files(Path(config.checkpoint), LAST_FIRST)
    if others:
        raise ConfigError(f"checkpoint: got {config.checkpoint} of several seeds, expected one of its runs")
    agent = load_agent(file, resolve_device(config.device))
    task = build_task(agent.config)
    episode = _episode(config, agent, task)
    sys.stdout.write(f"{agent.config.method} on {agent.config.env}; goal: {_told(episode)}\n")
    rollouts = _played(config, agent, task, episode)
    if config.out:
        content = (
            moving_picture(rollouts) if config.out.endswith(".gif") else png_bytes(contact_sheet(rollouts))
        )
        write_file(Path(config.out), content)
    sys.stdout.write(_outcome(task, episode) + (f"picture: {config.out}\n" if config.out else ""))
    task.close()
    return 0


def _episode(config: "Config", agent: Agent, task: ManipulationTask) -> Episode:
    """An episode at the task's start, towards the goal that is asked for."""
    if config.goal_image:
        if task.camera is None:
            raise ConfigError("goal_image: got an image, expected --goal, because the agent sees no images")
        found = read_goal_image(Path(config.goal_image), agent.config.image_size)
        if found.change:
            note(found.change)
        count = task.plan.things if config.pucks is None else config.pucks
        options = {"goal": found.image, "pucks": count}
        try:
            return task.begin([np.random.default_rng(config.seed)], options)[0]
        except ValueError as error:
            raise ConfigError(str(error)) from error
    goals = np.array([config.goal]) if config.goal else held_out_goals(task, 1, config.seed)
    try:
        return begin_towards(task, goals)[0]
    except ValueError as error:
        numbers = 2 + 2 * task.plan.things
        raise ConfigError(
            f"goal: got {list(config.goal)}, expected {numbers} numbers on the table, x and y of "
            "the hand and each thing in metres"
        ) from error


def _played(config: "Config", agent: Agent, task: ManipulationTask, episode: Episode) -> Rollouts:
    """The episode from start to end, filmed, with its progress on the terminal."""
    steps = config.steps or task.horizon
    with progress("reaching") as bar:
        bar.start(0, steps)
        return record(
            agent,
            task,
            [episode],
            horizon=steps,
            one_at_a_time=config.one_at_a_time,
            watch=lambda taken: bar.interval(taken, _distances(task, episode)),
        )


def _told(episode: Episode) -> str:
    """The goal in words."""
    if not np.isfinite(episode.goal).all():
        return "an image"
    names = ["hand", *(f"puck {number + 1}" for number in range(len(episode.present)))]
    places = episode.goal.reshape(-1, 2)
    here = [True, *episode.present]
    return ", ".join(
        f"{name} at {x:.3f} {y:.3f}"
        for name, (x, y), is_here in zip(names, places, here, strict=True)
        if is_here
    )


def _outcome(task: ManipulationTask, episode: Episode) -> str:
    """How near the episode ended: in centimetres where that is known, in pixels where there are images."""
    found = _distances(task, episode)
    pixels = found.pop("image", None)
    near = ", ".join(f"{name.removesuffix('_cm')} {value:.1f} cm" for name, value in found.items())
    lines = [f"after {episode.steps} actions: {near or 'distances unknown, as the goal is an image'}"]
    if pixels is not None:
        lines.append(f"image distance: {pixels:.2f} (Euclidean, pixels from 0 to 1)")
    return "".join(f"{line}\n" for line in lines)


def _distances(task: ManipulationTask, episode: Episode) -> dict[str, float]:
    """What is known of the way left: hand and pucks in centimetres, and the image's distance."""
    found = {}
    if np.isfinite(episode.goal).all():
        infos = task.infos([episode])
        names = objects_measured(infos)
        found = {f"{name}_cm": 100 * float(infos[f"{name}_distance"][0]) for name in names}
    if episode.goal_image is not None:
        found["image"] = float(pixel_distance(episode.image, episode.goal_image))
    return found
