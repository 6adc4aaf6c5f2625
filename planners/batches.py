"""The search's calls of its simulator and evaluator: bytes to states and back, and every answer checked.

Shape letters: R rows, S bytes of a state, A continuous dimensions, K outcomes, P proposed actions.
"""

from typing import Any, NamedTuple

import numpy as np

from planners.interfaces import Evaluation, Evaluator, Proposal, Simulator
from planners.tree import Trees


class TakenStep(NamedTuple):
    """A simulator's answer: states [R, S] uint8, movers [R] int64, terminal [R] bool, outcomes [R, K]."""

    states: np.ndarray
    movers: np.ndarray
    terminal: np.ndarray
    outcomes: np.ndarray


class TakenEvaluation(NamedTuple):
    """An evaluator's answer: outcomes [R, K], points [R or 1, P, A], parts and priors [R or 1, P]."""

    outcomes: np.ndarray
    points: np.ndarray
    parts: np.ndarray
    priors: np.ndarray


class Batches:
    """The simulator and evaluator of one search, whose states are like `states` [B, ...].

    Raises:
        ValueError: a state holds Python objects.
    """

    def __init__(self, simulator: Simulator, evaluator: Evaluator, states: np.ndarray) -> None:
        if states.dtype.hasobject:
            raise ValueError(f"states: got dtype {states.dtype}, expected one without Python objects")
        self._simulator, self._evaluator = simulator, evaluator
        self._dtype, self._shape = states.dtype, states.shape[1:]
        self.state_bytes = states.dtype.itemsize * int(np.prod(self._shape))

    def as_bytes(self, states: np.ndarray) -> np.ndarray:
        """States [R, ...] as uint8 [R, S]."""
        if states.dtype != self._dtype or states.shape[1:] != self._shape:
            raise ValueError(
                f"states: got {states.dtype} {states.shape}, expected {self._dtype} [R, *{self._shape}]"
            )
        return np.ascontiguousarray(states).view(np.uint8).reshape(len(states), self.state_bytes)

    def movers(self, states: np.ndarray) -> np.ndarray:
        """Who moves in states [R, S] uint8: [R] int64."""
        return checked_rows("mover", self._simulator.mover(self._states(states)), len(states), np.int64)

    def step(self, trees: Trees, states: np.ndarray, points: np.ndarray, parts: np.ndarray) -> TakenStep:
        """Plays points [R, A], parts [R] in states [R, S]."""
        rows, outcomes = len(states), trees.outcomes.shape[2]
        if rows == 0:
            return TakenStep(
                states, np.empty(0, np.int64), np.empty(0, np.bool_), np.empty((0, outcomes), np.float64)
            )
        answer = self._simulator.step(self._states(states), points, parts)
        after = self.as_bytes(checked_rows("states", answer.states, rows, self._dtype, self._shape))
        return TakenStep(
            after,
            self.movers(after),
            checked_rows("terminal", answer.terminal, rows, np.bool_),
            checked_rows("outcomes", answer.outcomes, rows, np.float64, (outcomes,)),
        )

    def evaluate(self, trees: Trees, states: np.ndarray, seeds: np.ndarray) -> TakenEvaluation:
        """Judges states [R, S] with seeds [R]."""
        outcomes, axes = trees.outcomes.shape[2], trees.points.shape[2]
        rows = len(states)
        if rows == 0:
            none = np.empty((1, 0))
            return TakenEvaluation(
                np.empty((0, outcomes)),
                np.empty((1, 0, axes)),
                none.astype(np.int64),
                none.astype(np.float32),
            )
        return _checked(self._evaluator.evaluate(self._states(states), seeds), rows, outcomes, axes)

    def _states(self, data: np.ndarray) -> np.ndarray:
        return data.view(self._dtype).reshape(len(data), *self._shape)


def checked_rows(
    name: str, rows: Any, count: int, dtype: np.typing.DTypeLike, shape: tuple[int, ...] = ()
) -> np.ndarray:
    """`rows` as a contiguous array [count, *shape] of `dtype`.

    Raises:
        ValueError: it has another shape.
    """
    array = np.ascontiguousarray(rows, dtype)
    if array.shape != (count, *shape):
        raise ValueError(f"{name}: got shape {array.shape}, expected {(count, *shape)}")
    return array


def _checked(answer: Evaluation, rows: int, outcomes: int, axes: int) -> TakenEvaluation:
    proposal: Proposal = answer.proposal
    proposed = np.shape(proposal.priors)[-1]
    if not np.isfinite(proposal.points).all():
        raise ValueError("points: a number that is not finite was proposed")
    return TakenEvaluation(
        checked_rows("outcomes", answer.outcomes, rows, np.float64, (outcomes,)),
        _own_or_shared("points", proposal.points, rows, np.float64, (proposed, axes)),
        _own_or_shared("parts", proposal.parts, rows, np.int64, (proposed,)),
        _own_or_shared("priors", proposal.priors, rows, np.float32, (proposed,)),
    )


def _own_or_shared(
    name: str, given: np.ndarray, rows: int, dtype: np.typing.DTypeLike, shape: tuple[int, ...]
) -> np.ndarray:
    return checked_rows(name, given, 1 if len(given) == 1 else rows, dtype, shape)
