"""How near an agent brings hand and things to held-out goals: Nair et al. (2018), section 5.

The goals of a task depend on a seed alone, so that every method, and a task's visual and state ids, are
measured on the same ones. Shape letters: N goals, S = 2 + 2 things numbers of a layout.
"""

import numpy as np
from numpy.typing import NDArray

from agents.rig.layouts import sample_layouts
from agents.rig.play import Actor, Passive, begin_towards, play
from agents.rig.single_goals import SingleObjectGoals
from envs.manipulation.env import ManipulationEnv, ManipulationVectorEnv
from envs.manipulation.task import ManipulationTask

Environment = ManipulationTask | ManipulationEnv | ManipulationVectorEnv
HELD_OUT = 0x60A1
"""Keeps the stream of held-out goals apart from whatever else starts from the same seed."""
MOST_AT_ONCE = 256
"""Episodes that are played in one batch."""


def held_out_goals(env: Environment, count: int, seed: int) -> NDArray[np.float64]:
    """Goals that no run trains on, the same at every call.

    Args:
        env: the task or an environment of it, visual or not, single or vector.
        count: N, at least 1; fewer goals are the first of more.
        seed: at least 0.

    Returns:
        Layouts [N, S], metres; 0, 0 for a puck that takes no part.

    Raises:
        ValueError: on a count below 1.
    """
    if count < 1:
        raise ValueError(f"count: got {count!r}, expected at least 1")
    return sample_layouts(task_of(env).plan, np.random.default_rng([HELD_OUT, seed]), count)


def final_distances(
    agent: Actor,
    env: Environment,
    goals: NDArray[np.float64],
    *,
    horizon: int | None = None,
    one_at_a_time: bool = False,
) -> dict[str, NDArray]:
    """Play one episode towards each goal, in lockstep, and measure where it ends.

    Args:
        agent: acts without exploration.
        env: with images where the agent takes images; its own episodes are left alone.
        goals: layouts [N, S], metres.
        horizon: actions of an episode; None takes the environment's.
        one_at_a_time: show the agent goals that move one object each (`agents.rig.single_goals`).

    Returns:
        [N] each, of what the task tells of an episode in one number: `hand_distance`, that of its things, all
        together (`puck_distance`; none for the reacher), and `total_distance`, float64 metres in the plane,
        what more the task measures, and `is_success`, bool.

    Raises:
        ValueError: on goals that are not of the task, or a horizon below 1.
        PhysicsError: when a simulation went wrong.
    """
    task, parts = task_of(env), []
    for first in range(0, len(goals), MOST_AT_ONCE):
        episodes = begin_towards(task, goals[first : first + MOST_AT_ONCE])
        aims = SingleObjectGoals(task, episodes, horizon or task.horizon) if one_at_a_time else None
        for _ in play(agent, task, episodes, horizon=horizon, aims=aims):
            pass
        parts.append(task.infos(episodes))
    measures = [name for name, values in parts[0].items() if values.ndim == 1]
    return {name: np.concatenate([part[name] for part in parts]) for name in measures}


def passive_distances(env: Environment, goals: NDArray[np.float64]) -> dict[str, NDArray]:
    """`final_distances` of a hand that never moves: as nothing else does then, one action tells."""
    return final_distances(Passive(), env, goals, horizon=1)


def task_of(env: Environment) -> ManipulationTask:
    """The task that an environment plays, or the task itself."""
    return env if isinstance(env, ManipulationTask) else env.unwrapped.task
