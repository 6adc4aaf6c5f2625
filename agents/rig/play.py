"""Episodes towards goals of one's choice, in lockstep, with an agent that sees what the environment shows.

Shape letters: N episodes, S = 2 + 2 pucks numbers of a layout, H height, W width.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from envs.manipulation.episode import Episode
from envs.manipulation.plan import checked_layout, taking_part
from envs.manipulation.task import ManipulationTask

Aims = Callable[[int, NDArray], NDArray]
"""(actions so far, the episodes' own goals [N, ...]) -> goals [N, ...] to show the agent."""


Way = Callable[[NDArray], NDArray[np.float32]]
"""Images [N, H, W, 3] uint8, or layouts [N, S] float32 in metres -> actions [N, 2] in [-1, 1]."""


class Actor(Protocol):
    """Whatever chooses actions; `agents.rig.agent.Agent` is one."""

    def towards(self, goal: NDArray) -> Way:
        """How to act without exploration while the goals [N, ...], like the observations, stay the same."""
        ...


class Passive:
    """Never moves the hand; what it ends with is what a task gives for free."""

    def towards(self, goal: NDArray) -> Way:
        """Zeros [N, 2]; see `Actor`."""
        return lambda observation: np.zeros((len(observation), 2), dtype=np.float32)


def begin_towards(task: ManipulationTask, goals: NDArray[np.float64]) -> list[Episode]:
    """Episodes at the task's start, one towards each goal; goal images are drawn once.

    Args:
        task: with or without images.
        goals: layouts [N, S], metres; 0, 0 leaves a puck out of the episode.

    Raises:
        ValueError: on a goal that is off the table or of another size.
    """
    goals = np.stack([checked_layout(task.plan, "goals", goal) for goal in goals])
    present = np.stack([taking_part(goal) for goal in goals])
    shown = np.repeat(np.insert(present, 0, True, axis=1), 2, axis=1)
    starts = np.where(shown, checked_layout(task.plan, "start", task.plan.start), 0.0)
    images = [[None] * len(goals)] * 2 if task.camera is None else map(task.images_of, (goals, starts))
    episodes = []
    for number, row in enumerate(zip(starts, present, goals, *images, strict=True)):
        simulation = task.simulation()
        simulation.place(*row[:2])
        episodes.append(Episode(simulation, np.random.default_rng(number), *row[1:]))
    return episodes


def play(
    actor: Actor,
    task: ManipulationTask,
    episodes: Sequence[Episode],
    *,
    horizon: int | None = None,
    aims: Aims | None = None,
) -> Iterator[int]:
    """Play N episodes on, yielding how many actions they have taken: 0 before the first, then each.

    Args:
        actor: acts without exploration.
        task: of the episodes.
        episodes: changed in place.
        horizon: actions to take; None takes the task's.
        aims: other goals to show the actor than the episodes' own.

    Raises:
        ValueError: on a horizon below 1, or actions of another shape.
        PhysicsError: when a simulation went wrong.
    """
    horizon = task.horizon if horizon is None else horizon
    if horizon < 1:
        raise ValueError(f"horizon: got {horizon!r}, expected at least 1")
    yield 0
    shown: NDArray | None = None
    for taken in range(horizon):
        seen = task.observe(episodes)
        goal = seen["desired_goal"] if aims is None else aims(taken, seen["desired_goal"])
        if shown is None or not np.array_equal(goal, shown):
            shown, way = goal, actor.towards(goal)
        task.move(episodes, way(seen["observation"]))
        yield taken + 1
