"""One world in motion: the hand is driven, things follow, and what goes wrong is told.

A layout is a vector [2 + 2 N] float64: the hand's x and y, then those of each of N things, in metres.
"""

from collections.abc import Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from envs.manipulation.thing import Thing
from envs.manipulation.world import ACTION_SECONDS

STATE = mujoco.mjtState.mjSTATE_INTEGRATION
"""Everything the future of a simulation depends on."""


class PhysicsError(FloatingPointError):
    """MuJoCo warned during an action, so that its outcome is not to be trusted.

    Attributes:
        warnings: how often each kind came, by MuJoCo's name of it.
        before: [S] float64 `mjSTATE_INTEGRATION` before the action, which together with `target` repeats it.
        after: the same when the action was over.
        target: [2] metres, where the hand was sent.
    """

    def __init__(
        self, warnings: dict[str, int], before: NDArray, after: NDArray, target: NDArray, time: float
    ) -> None:
        counts = ", ".join(f"{name} {count}" for name, count in warnings.items())
        super().__init__(
            f"physics at {time:.2f} s: {counts}, expected no warnings; state before {before.tolist()}, after "
            f"{after.tolist()}, hand sent to {np.asarray(target).tolist()}"
        )
        self.warnings, self.before, self.after, self.target = warnings, before, after, target


class Simulation:
    """A model with its changing state; several may share a model and run in threads of their own.

    Args:
        model: of a world.
        things: of that world.
    """

    def __init__(self, model: mujoco.MjModel, things: Sequence[Thing]) -> None:
        self.model, self.data = model, mujoco.MjData(model)
        self._substeps = round(ACTION_SECONDS / model.opt.timestep)
        self._things = [
            (thing, self.data.qpos[start : start + thing.positions])
            for thing, start in zip(things, _starts(things), strict=True)
        ]

    @property
    def hand(self) -> NDArray[np.float64]:
        """Where the hand is, [2] metres."""
        return self.data.qpos[:2].copy()

    @property
    def layout(self) -> NDArray[np.float64]:
        """Where hand and things are, [2 + 2 N]; a thing that takes no part is at 0, 0."""
        places = [thing.place(positions) for thing, positions in self._things]
        return np.concatenate([self.data.qpos[:2], *places])

    def place(self, layout: NDArray[np.float64], present: NDArray[np.bool_]) -> None:
        """Start anew with everything at rest.

        Args:
            layout: [2 + 2 N] metres.
            present: [N] bool, which things take part; the others go out of sight.
        """
        mujoco.mj_resetData(self.model, self.data)
        self.data.qpos[:2] = layout[:2]
        for number, (thing, positions) in enumerate(self._things):
            where = layout[2 + 2 * number : 4 + 2 * number] if present[number] else None
            thing.put(positions, where, number)
        mujoco.mj_kinematics(self.model, self.data)

    def move(self, target: NDArray[np.float64]) -> None:
        """Drive the hand straight and evenly to a point, [2] metres, in `ACTION_SECONDS`.

        Raises:
            PhysicsError: when MuJoCo warned.
        """
        data, before = self.data, self.save()
        data.qvel[:2] = (target - data.qpos[:2]) / ACTION_SECONDS
        mujoco.mj_step(self.model, data, self._substeps)
        self._check(before, target)
        data.qpos[:2], data.qvel[:2] = target, 0.0
        mujoco.mj_kinematics(self.model, data)

    def save(self) -> NDArray[np.float64]:
        """[S] float64 from which `load` continues bit by bit."""
        state = np.empty(mujoco.mj_stateSize(self.model, STATE))
        mujoco.mj_getState(self.model, self.data, state, STATE)
        return state

    def load(self, state: NDArray[np.float64]) -> None:
        """Continue from a state of `save`.

        Raises:
            ValueError: when it belongs to another model.
        """
        size = mujoco.mj_stateSize(self.model, STATE)
        if np.shape(state) != (size,):
            raise ValueError(f"state: {np.shape(state)} numbers, expected ({size},)")
        mujoco.mj_resetData(self.model, self.data)
        mujoco.mj_setState(self.model, self.data, np.asarray(state, dtype=np.float64), STATE)
        mujoco.mj_kinematics(self.model, self.data)

    def _check(self, before: NDArray[np.float64], target: NDArray[np.float64]) -> None:
        counts = {
            mujoco.mjtWarning(kind).name: int(count)
            for kind, count in enumerate(self.data.warning.number)
            if count
        }
        if counts:
            raise PhysicsError(counts, before, self.save(), target, self.data.time)


def _starts(things: Sequence[Thing]) -> list[int]:
    """Where the positions of each thing begin: behind the hand's two, one after the other."""
    return [2 + sum(thing.positions for thing in things[:number]) for number in range(len(things))]
