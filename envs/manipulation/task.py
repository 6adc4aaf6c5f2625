"""The only begin and play of all manipulation tasks: B episodes of one task in lockstep.

Shape letters: B episodes, N things, G = 2 + 2 N numbers of a layout, H height, W width.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from envs.goal import (
    GoalObservation,
    checked_options,
    goal_space,
    joint_distance,
    object_distances,
    pixel_distance,
)
from envs.manipulation.camera import Camera
from envs.manipulation.episode import Episode
from envs.manipulation.picture import PictureRenderer
from envs.manipulation.plan import LAYOUT_HIGH, LAYOUT_LOW, TaskPlan, checked_layout, taking_part
from envs.manipulation.simulation import Simulation
from envs.manipulation.workers import Workers
from envs.manipulation.world import build_model

ACTION_METRES = 0.02
"""The way of the hand under an action of 1."""
SUCCESS_DISTANCE = 0.06
"""metres; the distances of the hand and all things together are below it."""
PICTURE_SIZE = 480
"""pixels, height and width of what `picture` draws."""
REWARDS = ("dense", "sparse")
OPTIONS = ("goal", "start", "pucks")


class ManipulationTask:
    """A plan to be played, as vectors or as images.

    Args:
        plan: what is played.
        image_size: H and W of the images, or None for vectors.
        reward: one of `REWARDS`; images have the dense one only.
        horizon: actions after which an episode is cut off; None takes the plan's.
        threads: that share the work on many episodes.

    Raises:
        ValueError: on a bad value.
    """

    def __init__(
        self,
        plan: TaskPlan,
        *,
        image_size: int | None = None,
        reward: str = "dense",
        horizon: int | None = None,
        threads: int = 1,
    ) -> None:
        if reward not in REWARDS or (image_size and reward != "dense"):
            expected = "dense" if image_size else " or ".join(REWARDS)
            raise ValueError(f"reward: {reward!r}, expected {expected}")
        self.plan, self.reward = plan, reward
        self.horizon = plan.horizon if horizon is None else horizon
        if self.horizon < 1:
            raise ValueError(f"horizon: {horizon!r}, expected at least 1")
        self.model = build_model(plan.world)
        self.camera = None if image_size is None else Camera(self.model, image_size)
        self._workers = Workers(threads)
        self._dtype = np.float32 if image_size is None else np.uint8
        self._sketch = self.simulation()
        self._renderer: PictureRenderer | None = None

    def simulation(self) -> Simulation:
        """A new one of this task's world; simulations share the model."""
        return Simulation(self.model, self.plan.world.things)

    def observation_space(self) -> spaces.Dict:
        """Bounds of one episode's observation."""
        if self.camera is not None:
            image = spaces.Box(0, 255, (self.camera.size, self.camera.size, 3), np.uint8)
            return goal_space(image, image)
        objects = 1 + self.plan.things
        low, high = np.tile(LAYOUT_LOW, objects), np.tile(LAYOUT_HIGH, objects)
        layout = spaces.Box(low.astype(np.float32), high.astype(np.float32))
        return goal_space(layout, layout)

    def action_space(self) -> spaces.Box:
        """The hand's way, x and y, in `ACTION_METRES`."""
        return spaces.Box(-1.0, 1.0, (2,), np.float32)

    def begin(
        self, rngs: Sequence[np.random.Generator], options: Mapping[str, Any] | None = None
    ) -> list[Episode]:
        """Start B episodes, each with its own generator.

        Args:
            rngs: B generators.
            options: the same for all: `goal` as a layout [G] or an image [H, W, 3] uint8, `start` as a
                layout, and how many `pucks`. Where their number varies, a layout with a puck at 0, 0 leaves
                it out.

        Raises:
            ValueError: on an option that is unknown or not of this task.
        """
        given = checked_options(options, OPTIONS)
        episodes = [self._drawn(rng, given) for rng in rngs]
        if self.camera is not None:
            self._workers.each_part(self._look, episodes)
        return episodes

    def play(
        self, episodes: Sequence[Episode], actions: NDArray[np.floating]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
        """Move every hand once.

        Args:
            episodes: B episodes.
            actions: [B, 2]; clipped to the action space.

        Returns:
            Rewards [B], terminated [B] (never: a goal is to be kept), truncated [B].

        Raises:
            ValueError: on an action that is not a number.
            PhysicsError: when a simulation went wrong.
        """
        self.move(episodes, actions)
        seen = self.observe(episodes)
        rewards = self.compute_reward(seen["achieved_goal"], seen["desired_goal"], {})
        return rewards, np.zeros(len(episodes), dtype=bool), self.truncated(episodes)

    def move(self, episodes: Sequence[Episode], actions: NDArray[np.floating]) -> None:
        """`play` for those who do not ask for its rewards, which cost more than the physics of a small image.

        Args:
            episodes, actions: as in `play`.

        Raises:
            ValueError, PhysicsError: as in `play`.
        """
        actions = np.clip(np.asarray(actions, dtype=np.float64), -1.0, 1.0)
        if actions.shape != (len(episodes), 2) or not np.isfinite(actions).all():
            raise ValueError(
                f"actions: got {actions.tolist()}, expected {len(episodes)} pairs of finite numbers"
            )
        self._workers.each_part(self._move, list(zip(episodes, actions, strict=True)))

    def truncated(self, episodes: Sequence[Episode]) -> NDArray[np.bool_]:
        """Which of B episodes have taken all their actions, [B]."""
        return np.array([episode.steps >= self.horizon for episode in episodes])

    def observe(self, episodes: Sequence[Episode]) -> GoalObservation:
        """What is seen of B episodes, arrays [B, ...] of their own."""
        if self.camera is not None:
            achieved, desired = [e.image for e in episodes], [e.goal_image for e in episodes]
        else:
            achieved, desired = [e.simulation.layout for e in episodes], [e.goal for e in episodes]
        observation = np.array(achieved, dtype=self._dtype)
        return {
            "observation": observation,
            "achieved_goal": observation.copy(),
            "desired_goal": np.array(desired, dtype=self._dtype),
        }

    def infos(self, episodes: Sequence[Episode]) -> dict[str, NDArray]:
        """How near B episodes are to their goals in the world, arrays [B, ...]; metres."""
        layouts = np.stack([episode.simulation.layout for episode in episodes])
        goals = np.stack([episode.goal for episode in episodes])
        present = np.stack([episode.present for episode in episodes])
        distances = object_distances(layouts, goals)
        apart = np.where(present, distances[:, 1:], 0.0)
        total = distances[:, 0] + apart.sum(1)
        infos = {"hand_distance": distances[:, 0]}
        if self.plan.things:
            infos[f"{self.plan.kind}_distance"] = apart.sum(1)
        if self.plan.measures is not None:
            infos |= self.plan.measures(layouts, goals)
        infos |= {
            "total_distance": total,
            "is_success": total < SUCCESS_DISTANCE,
            "layout": layouts,
            "goal_layout": goals,
        }
        if self.plan.things:
            infos |= {f"{self.plan.kind}_distances": apart, "present": present}
        return infos

    def compute_reward(self, achieved: NDArray, desired: NDArray, info: Any) -> NDArray[np.float64]:
        """Rewards [...] of goals [..., G] or [..., H, W, 3]; `info` is not used."""
        if self.camera is not None:
            return -pixel_distance(achieved, desired)
        if self.reward == "sparse":
            return np.where(object_distances(achieved, desired).sum(-1) < SUCCESS_DISTANCE, 0.0, -1.0)
        return -joint_distance(achieved, desired)

    def images_of(self, layouts: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Images [B, H, W, 3] of layouts [B, G], with things at 0, 0 left out.

        Raises:
            ValueError: when the task has no images, or on a bad layout.
        """
        if self.camera is None:
            raise ValueError("images_of: task has no images, expected an image_size")
        poses = []
        for layout in layouts:
            layout = checked_layout(self.plan, "layouts", layout)
            self._sketch.place(layout, taking_part(layout))
            poses.append(self.camera.poses(self._sketch.data))
        return self.camera.images(*(np.stack(parts) for parts in zip(*poses, strict=True)))

    def picture(self, episode: Episode) -> NDArray[np.uint8]:
        """[`PICTURE_SIZE`, `PICTURE_SIZE`, 3] uint8 by MuJoCo's renderer.

        Raises:
            PictureError: when OpenGL is missing.
        """
        if self._renderer is None:
            self._renderer = PictureRenderer(self.model, PICTURE_SIZE)
        self._sketch.load(episode.simulation.save())
        return self._renderer.draw(self._sketch.data)

    def close(self) -> None:
        """End threads and renderer."""
        self._workers.close()
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def resumed(self, state: Mapping[str, Any]) -> Episode:
        """The episode of a state of `Episode.state_dict`, to go on bit by bit.

        Raises:
            KeyError: when part of it is missing.
            ValueError: when it belongs to another task.
        """
        episode = Episode.from_state_dict(self.simulation(), state)
        if self.camera is not None:
            self._look([episode])
        return episode

    def _drawn(self, rng: np.random.Generator, options: Mapping[str, Any]) -> Episode:
        """A new episode, with the image of its goal."""
        present = self._present(rng, options)
        start = checked_layout(self.plan, "start", options.get("start", self.plan.start))
        goal, image = self.plan.sample_goal(rng, present), None
        if "goal" in options:
            goal, image = self._given_goal(np.asarray(options["goal"]))
        goal = np.where(np.repeat(np.append(True, present), 2), goal, 0.0)
        if self.camera is not None and image is None:
            image = self.images_of(goal[None])[0]
        simulation = self.simulation()
        simulation.place(start, present)
        return Episode(simulation, rng, present, goal, image)

    def _present(self, rng: np.random.Generator, options: Mapping[str, Any]) -> NDArray[np.bool_]:
        """Which things take part, [N] bool: those that a given layout does not leave out, else by chance."""
        count = options.get("pucks")
        present = self.plan.sample_present(rng, count)
        layouts = [np.asarray(options[name]) for name in ("start", "goal") if name in options]
        shown = [taking_part(layout) for layout in layouts if layout.shape == self.plan.start.shape]
        some = [here for here in shown if not here.all()]
        if self.plan.fewest is None or not some:
            return present
        if (some[0] != some[-1]).any() or count not in (None, some[0].sum()):
            told = [here.tolist() for here in some]
            raise ValueError(
                f"{self.plan.kind}s: {count!r}, expected those that start and goal both show, {told}"
            )
        return some[0]

    def _given_goal(self, goal: NDArray) -> tuple[NDArray[np.float64], NDArray[np.uint8] | None]:
        """A goal's layout, NaN for an image, and the image."""
        if self.camera is None or goal.ndim == 1:
            return checked_layout(self.plan, "goal", goal), None
        expected = (self.camera.size, self.camera.size, 3)
        if goal.dtype != np.uint8 or goal.shape != expected:
            raise ValueError(f"goal: {goal.dtype} {goal.shape}, expected uint8 {expected} or a layout")
        return np.full(2 + 2 * self.plan.things, np.nan), goal.copy()

    def _move(self, moves: Sequence[tuple[Episode, NDArray[np.float64]]]) -> None:
        """Move the hands of some episodes, and look."""
        for episode, action in moves:
            simulation = episode.simulation
            wanted = simulation.hand + ACTION_METRES * action
            simulation.move(np.clip(wanted, self.plan.hand_low, self.plan.hand_high))
            episode.steps += 1
        if self.camera is not None:
            self._look([episode for episode, _ in moves])

    def _look(self, episodes: Sequence[Episode]) -> None:
        """Take an image of every episode."""
        poses = [self.camera.poses(episode.simulation.data) for episode in episodes]
        images = self.camera.images(*(np.stack(parts) for parts in zip(*poses, strict=True)))
        for episode, image in zip(episodes, images, strict=True):
            episode.image = image
