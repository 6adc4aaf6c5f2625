"""What the agent lived through: codes, and where they are asked for images once as uint8, episode by episode.

The observation after step t is the next image of its episode, so none is stored twice. An episode that ended
never changes again: its images are one sealed segment of the checkpoints (`agents.runs.segments`). The
numbers, 8 D + 4 A + 1 bytes of each transition, are in every checkpoint: they change with the encoder.

E slots of episodes, T actions of a whole episode, B batch, D code, S image side, A action.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.rig.goals import Goals
from agents.rig.rewards import Reached
from agents.runs.segments import Segment


class Replay:
    """A ring of episodes; the oldest give way.

    Args:
        slots: E, how many episodes, the open ones included.
        horizon: T.
        code_size: D, or None where images are their own codes.
        side: S, or None where no images are kept.
        goal_images: whether each episode's goal is kept as an image.
        gives_images: whether batches come with images, of moments and of goals.
        actions: A.
    """

    def __init__(
        self,
        slots: int,
        horizon: int,
        *,
        code_size: int | None,
        side: int | None,
        goal_images: bool,
        gives_images: bool | None = None,
        actions: int = 2,
    ) -> None:
        self.horizon, self.goal_images = horizon, goal_images
        self._gives_images = goal_images if gives_images is None else gives_images
        self.lengths = np.zeros(slots, np.int64)
        """[E] actions of each finished episode; 0 for a slot that is empty or open."""
        self.images: list[Segment | NDArray[np.uint8] | None] = [None] * slots
        """[E] of [T + 1, S, S, 3], and one more if goals are kept; writable while the episode is open."""
        self._open = np.empty(0, np.int64)
        self._time = 0
        self._begun = 0
        self._side = side
        size = code_size or 0
        self._numbers: dict[str, NDArray] = {
            "codes": np.zeros((slots, horizon + 1, size), np.float32),
            "log_variances": np.zeros((slots, horizon + 1, size), np.float32),
            "goals": np.zeros((slots, size), np.float32),
            "actions": np.zeros((slots, horizon, actions), np.float32),
            "terminated": np.zeros((slots, horizon), np.bool_),
        }
        self._ends = np.cumsum(self.lengths)

    def __len__(self) -> int:
        """Transitions that can be drawn."""
        return int(self._ends[-1])

    @property
    def codes(self) -> NDArray[np.float32]:
        """[E, T + 1, D]."""
        return self._numbers["codes"]

    def begin(self, goals: Goals, observations: NDArray, codes: NDArray, log_variances: NDArray) -> None:
        """Open one episode for each goal, and put its first observation there.

        Args:
            goals: of the N episodes.
            observations: [N, S, S, 3] uint8 images, or states, which are not kept.
            codes, log_variances: [N, D] float32 of these; not used where images are their own codes.
        """
        slots, count = len(self.lengths), len(observations)
        self._open = (self._begun + np.arange(count)) % slots
        self._begun, self._time = self._begun + count, 0
        self.lengths[self._open] = 0
        self._ends = np.cumsum(self.lengths)
        for place, slot in enumerate(self._open):
            for values in self._numbers.values():
                values[slot] = 0
            if self._side is not None:
                rows = self.horizon + 1 + self.goal_images
                self.images[slot] = np.zeros((rows, self._side, self._side, 3), np.uint8)
                if self.goal_images:
                    self.images[slot][-1] = goals.images[place]
        if self.codes.shape[-1]:
            self._numbers["goals"][self._open] = goals.codes
        self._put(observations, codes, log_variances)

    def add(
        self,
        actions: NDArray[np.float32],
        terminated: NDArray[np.bool_],
        observations: NDArray,
        codes: NDArray,
        log_variances: NDArray,
    ) -> None:
        """One action [N, A] in every open episode, and what was seen after it."""
        self._numbers["actions"][self._open, self._time] = actions
        self._numbers["terminated"][self._open, self._time] = terminated
        self._time += 1
        self._put(observations, codes, log_variances)

    def finish(self) -> None:
        """Seal the open episodes; their transitions can be drawn from now on."""
        self.lengths[self._open] = self._time
        self._ends = np.cumsum(self.lengths)
        for slot in self._open:
            if self._side is not None:
                self.images[slot] = Segment(self.images[slot])
        self._open = np.empty(0, np.int64)

    def abandon(self) -> None:
        """Forget the open episodes; their slots stay empty until their turn comes again."""
        for slot in self._open:
            self.images[slot] = None
        self._open = np.empty(0, np.int64)

    def sample(self, rng: np.random.Generator, count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Slots and times [count] of transitions of finished episodes, each as likely.

        Raises:
            ValueError: when there are none.
        """
        if not len(self):
            raise ValueError("replay: got no finished episode, expected at least 1")
        picks = rng.integers(len(self), size=count)
        slots = np.searchsorted(self._ends, picks, side="right")
        return slots, picks - (self._ends[slots] - self.lengths[slots])

    def codes_at(self, slots: NDArray[np.intp], times: NDArray[np.intp]) -> NDArray:
        """What policy and critics take of moments [B]: codes, or images where these are their own codes."""
        return self.codes[slots, times] if self.codes.shape[-1] else self.images_at(slots, times)

    def actions_at(
        self, slots: NDArray[np.intp], times: NDArray[np.intp]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Actions [B, A], and whether the task ended with them [B]."""
        terminated = self._numbers["terminated"][slots, times].astype(np.float32)
        return self._numbers["actions"][slots, times], terminated

    def images_at(self, slots: NDArray[np.intp], times: NDArray[np.intp]) -> NDArray[np.uint8]:
        """Images [B, S, S, 3] of moments; time -1 is an episode's goal, if goals are kept."""
        moments = zip(slots.tolist(), times.tolist(), strict=True)
        return np.stack([_pixels(self.images[slot])[time] for slot, time in moments])

    def reached_at(self, slots: NDArray[np.intp], times: NDArray[np.intp]) -> Reached:
        """What rewards need of moments [B]."""
        images = self.images_at(slots, times) if self._gives_images else None
        has_codes = bool(self.codes.shape[-1])
        codes = self.codes[slots, times] if has_codes else images
        return Reached(codes, self._numbers["log_variances"][slots, times] if has_codes else None, images)

    def own_goals(self, slots: NDArray[np.intp]) -> Goals:
        """The goals [B] for which episodes were played."""
        images = self.images_at(slots, np.full(len(slots), -1)) if self._gives_images else None
        return Goals(self._numbers["goals"][slots] if self.codes.shape[-1] else images, images)

    def reached_goals(self, slots: NDArray[np.intp], times: NDArray[np.intp]) -> Goals:
        """Moments [B] as goals."""
        reached = self.reached_at(slots, times)
        return Goals(reached.codes, reached.images)

    def moments(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Slots and times of all observations of finished episodes."""
        slots = np.repeat(np.arange(len(self.lengths)), np.where(self.lengths > 0, self.lengths + 1, 0))
        starts = np.flatnonzero(np.diff(slots, prepend=-1))
        return slots, np.arange(len(slots)) - np.repeat(starts, np.diff(np.append(starts, len(slots))))

    def written(self) -> list[tuple[int, int]]:
        """(slot, observations) of all episodes, the open ones included."""
        counts = np.where(self.lengths > 0, self.lengths + 1, 0)
        counts[self._open] = self._time + 1
        return [(int(slot), int(counts[slot])) for slot in np.flatnonzero(counts)]

    def recode(self, slot: int, codes: NDArray[np.float32], log_variances: NDArray[np.float32]) -> None:
        """Put new codes of an episode's observations [M, D] in place of the old."""
        self._numbers["codes"][slot, : len(codes)] = codes
        self._numbers["log_variances"][slot, : len(codes)] = log_variances

    def recode_goal(self, slot: int, code: NDArray[np.float32]) -> None:
        """Put a new code [D] of an episode's own goal in place of the old."""
        self._numbers["goals"][slot] = code

    def open_goals(self) -> NDArray[np.float32]:
        """Codes [N, D] of the open episodes' own goals."""
        return self._numbers["goals"][self._open]

    def state_dict(self) -> dict[str, Any]:
        """All that changes, of the slots ever used; images of ended episodes as sealed segments."""
        used = min(self._begun, len(self.lengths))
        return {
            "numbers": {name: values[:used].copy() for name, values in self._numbers.items()},
            "images": [
                image if isinstance(image, Segment) else _copied(image) for image in self.images[:used]
            ],
            "lengths": self.lengths[:used].copy(),
            "open": self._open.copy(),
            "time": self._time,
            "begun": self._begun,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave.

        Raises:
            ValueError: when it is of another capacity, horizon or code.
        """
        used = len(state["lengths"])
        for name, values in self._numbers.items():
            found = state["numbers"][name]
            if used > len(values) or found.shape != (used, *values.shape[1:]):
                raise ValueError(f"replay {name}: got {found.shape}, expected {values.shape} or fewer rows")
            values[:used] = found
        self.lengths[:] = 0
        self.lengths[:used] = state["lengths"]
        for slot, image in enumerate(state["images"] if self._side is not None else ()):
            _check_rows(image, self.horizon + 1 + self.goal_images)
            self.images[slot] = image if isinstance(image, Segment) else _copied(image)
        self._open, self._time, self._begun = state["open"].copy(), state["time"], state["begun"]
        self._ends = np.cumsum(self.lengths)

    def _put(self, observations: NDArray, codes: NDArray, log_variances: NDArray) -> None:
        if self.codes.shape[-1]:
            self._numbers["codes"][self._open, self._time] = codes
            self._numbers["log_variances"][self._open, self._time] = log_variances
        if self._side is not None:
            for place, slot in enumerate(self._open):
                self.images[slot][self._time] = observations[place]


def _pixels(image: Segment | NDArray[np.uint8]) -> NDArray[np.uint8]:
    return image.array if isinstance(image, Segment) else image


def _check_rows(image: Segment | NDArray[np.uint8] | None, expected: int) -> None:
    if image is not None and len(_pixels(image)) != expected:
        raise ValueError(f"replay images: got {len(_pixels(image))} an episode, expected {expected}")


def _copied(image: NDArray[np.uint8] | None) -> NDArray[np.uint8] | None:
    return None if image is None else image.copy()


def all_images(replay: Replay, slot: int, count: int) -> NDArray[np.uint8]:
    """The first `count` images of an episode, [count, S, S, 3]."""
    return _pixels(replay.images[slot])[:count]


def goal_image(replay: Replay, slot: int) -> NDArray[np.uint8]:
    """The image of an episode's own goal, [S, S, 3], where goals are kept."""
    return _pixels(replay.images[slot])[-1]
