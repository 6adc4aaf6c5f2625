"""The manipulation tasks as Gymnasium goal environments, single and in lockstep."""

import os
from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from envs.goal import GoalObservation
from envs.lockstep import LockstepVectorEnv, begun, checked_render_mode, first
from envs.manipulation.episode import Episode
from envs.manipulation.plan import TaskPlan
from envs.manipulation.task import ManipulationTask
from envs.manipulation.tasks import get_plan

FRAMES_PER_SECOND = 10


class ManipulationEnv(gymnasium.Env):
    """
    ## Description
    A hand over a table is to bring itself, and pucks or a door, to where a goal shows them: the simulated
    tasks of Nair et al., "Visual Reinforcement Learning with Imagined Goals" (2018), and a door after theirs.
    Goals are vectors, or images for the ids that begin with `Visual`.

    | id | task | things | hand's range (x, y) | hand's goals | things' goals |
    |---|---|---|---|---|---|
    | `Reacher-v0` | reach a point | 0 | 40 x 20 cm | 40 x 20 cm | - |
    | `Pusher-v0` | push a puck | 1 | 20 x 20 cm | 10 x 10 cm | 40 x 20 cm |
    | `MultiPusher-v0` | push two pucks | 2 | 20 x 20 cm | 10 x 10 cm | 20 x 20 cm a side |
    | `VariablePusher-v0` | push what is there | 0 to 2 | 20 x 20 cm | 10 x 10 cm | 20 x 20 cm a side |
    | `Door-v0` | open a door | 1 | 27 x 32 cm | at the handle | 0 to 60 degrees |

    Some puck goals lie beyond the hand's range, as in the paper's simulator: no policy reaches them all. A
    policy that does nothing ends 11.9 cm from its goal with the reacher's hand and with the pusher's puck.

    ## Action space
    `Box(-1, 1, (2,), float32)`: the hand's way along x and y in this step, in 2 cm; 10 steps are a second.
    The hand moves evenly along it, and stays in its range. Values beyond -1..1 are cut off to them; one that
    is not finite is a `ValueError`.

    ## Observation space
    `Dict` of three boxes of one kind.

    | key | meaning |
    |---|---|
    | `observation` | the world |
    | `achieved_goal` | the same |
    | `desired_goal` | the world as it should be |

    | ids | shape | dtype | meaning |
    |---|---|---|---|
    | `Visual...` | (48, 48, 3) | uint8 | RGB image, rows from the top; (84, 84, 3) with `image_size=84` |
    | others | (2 + 2 things,) | float32 | x, y of the hand and each thing, metres; 0, 0 for a missing puck |

    The place of a door is that of its handle.

    ## Reward
    Minus the length of the difference between achieved and desired goal: metres, or for images pixel values
    from 0 to 1. `reward="sparse"` (not for images): 0 where hand and things are together less than 6 cm away
    from their goals, else -1. `compute_reward(achieved_goal, desired_goal, info)` gives the reward of any
    goals, one or many.

    ## Starting state
    The hand at the edge of its range and the pucks or the shut door before it (the reacher's hand in the
    middle), always the same; the goal, and which pucks there are, by chance. `reset(options=...)` takes
    `goal` (a vector as the observation of the id without `Visual`, or an image for those with it), `start`
    (such a vector) and, for `VariablePusher`, `pucks` (how many; pucks at 0, 0 in a given vector are left
    out).

    ## Episode end
    Never terminated. Truncated after 50 steps (reacher) or 100 (others).

    ## Information
    | key | meaning |
    |---|---|
    | `hand_distance` | metres between the hand and its goal, in the plane |
    | `puck_distance`, `door_distance` | the same for the pucks, added up, or for the door's handle |
    | `puck_distances`, `door_distances` | [things] the same one by one, 0 for a missing puck |
    | `door_angle_error` | degrees between the door and its goal |
    | `total_distance` | hand and things, added up |
    | `is_success` | whether that is below 6 cm |
    | `layout`, `goal_layout` | hand and things, and their goals, as vectors |
    | `present` | [things] which there are; not for the reacher |

    With a goal image of your own, distances are NaN.

    ## Arguments
    | name | default | values |
    |---|---|---|
    | `image_size` | 48 for `Visual...` | pixels, height and width |
    | `reward` | `"dense"` | `"dense"`, `"sparse"` |
    | `horizon` | 50 or 100 | steps until truncation |
    | `render_mode` | `None` | `"rgb_array"`: pictures by MuJoCo's renderer; needs OpenGL |

    `gymnasium.make_vec("hogline/VisualPusher-v0", num_envs=64)` plays many episodes at once on `threads`
    threads (default: one a core), with `autoreset_mode="next_step"`, `"same_step"` or `"disabled"`; the
    results are those of single environments with the same seeds.

    A simulation that goes wrong raises `PhysicsError`, which holds its state; the episode is lost (of a
    vector environment all are) and `reset` starts anew.

    ## Versions
    - v0: first version.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": FRAMES_PER_SECOND}  # noqa: RUF012

    def __init__(
        self,
        *,
        task: str | TaskPlan,
        image_size: int | None = None,
        reward: str = "dense",
        horizon: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        self.render_mode = checked_render_mode(render_mode)
        self.task = ManipulationTask(get_plan(task), image_size=image_size, reward=reward, horizon=horizon)
        self.observation_space = self.task.observation_space()
        self.action_space = self.task.action_space()
        self._episode: Episode | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[GoalObservation, dict[str, Any]]:
        """Start a new episode; see the class for `options`.

        Raises:
            ValueError: on a bad option.
        """
        super().reset(seed=seed)
        (self._episode,) = self.task.begin([self.np_random], options)
        return self._seen()

    def step(self, action: NDArray[np.float32]) -> tuple[GoalObservation, float, bool, bool, dict[str, Any]]:
        """Move the hand once.

        Raises:
            ResetNeeded: before the first reset.
            PhysicsError: when the simulation went wrong.
        """
        (reward,), (terminated,), (truncated,) = self.task.play(
            [begun(self._episode)], np.asarray(action)[None]
        )
        observation, info = self._seen()
        return observation, float(reward), bool(terminated), bool(truncated), info

    def compute_reward(
        self, achieved_goal: NDArray, desired_goal: NDArray, info: Any
    ) -> NDArray[np.float64] | float:
        """Rewards [B] of goals [B, ...], or the reward of one goal; `info` is not used."""
        rewards = self.task.compute_reward(achieved_goal, desired_goal, info)
        return rewards if np.ndim(rewards) else float(rewards)

    def render(self) -> NDArray[np.uint8] | None:
        """A picture [H, W, 3] uint8, in the mode `rgb_array`.

        Raises:
            ResetNeeded: before the first reset.
            PictureError: when OpenGL is missing.
        """
        return None if self.render_mode is None else self.task.picture(begun(self._episode))

    def state_dict(self) -> dict[str, Any]:
        """The episode and its generator as arrays and plain values, for `load_state_dict`.

        Raises:
            ResetNeeded: before the first reset.
        """
        return begun(self._episode).state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> tuple[GoalObservation, dict[str, Any]]:
        """Go on from a state of `state_dict`, bit by bit; returns what is seen there.

        Raises:
            ValueError: when it belongs to another task.
        """
        self._episode = self.task.resumed(state)
        self.np_random = self._episode.rng
        return self._seen()

    def close(self) -> None:
        """Free the renderer, if there is one."""
        self.task.close()

    def _seen(self) -> tuple[GoalObservation, dict[str, Any]]:
        episodes = [begun(self._episode)]
        return first(self.task.observe(episodes)), first(self.task.infos(episodes))


class ManipulationVectorEnv(LockstepVectorEnv):
    """B episodes of a manipulation task, with the rewards of any goals."""

    def compute_reward(self, achieved_goal: NDArray, desired_goal: NDArray, info: Any) -> NDArray[np.float64]:
        """Rewards [B] of goals [B, ...]; `info` is not used."""
        return self.task.compute_reward(achieved_goal, desired_goal, info)


def manipulation_vector_env(
    num_envs: int,
    *,
    task: str | TaskPlan,
    threads: int | None = None,
    autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
    render_mode: str | None = None,
    **arguments: Any,
) -> ManipulationVectorEnv:
    """A task in lockstep; `arguments` are those of `ManipulationEnv`, `threads` of None is one a core."""
    threads = min(num_envs, os.cpu_count() or 1) if threads is None else threads
    return ManipulationVectorEnv(
        ManipulationTask(get_plan(task), threads=threads, **arguments),
        num_envs,
        frames_per_second=FRAMES_PER_SECOND,
        autoreset_mode=autoreset_mode,
        render_mode=render_mode,
    )
