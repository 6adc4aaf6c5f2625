"""Short rollouts as an evaluator: candidates from a generator, the end judged where the rollout is cut.

KR-UCT (Yee et al., IJCAI 2016, section 5) plays at most five shots, executed with noise, from each new leaf.

Shape letters: R rows, P proposed actions, A continuous dimensions, K outcomes.
"""

import numpy as np

from planners.compiled import entry
from planners.config import KernelConfig
from planners.interfaces import Evaluation, Judge, Proposer, Simulator
from planners.kernel import Kernel, copy_row, execute, kernel_of
from planners.random_stream import uniform

PAPER_LENGTH = 5
"""Actions of a rollout."""
STREAM = np.dtype([("stream", np.uint64)])


class Rollouts:
    """An evaluator that plays one game on from each state, drawing actions in proportion to their priors.

    Args:
        simulator: the world.
        proposer: makes the candidates of a leaf and the actions of its rollout.
        judge: says what a state is worth where a rollout is cut.
        noise: how the rollout's actions are executed; None executes them as intended.
        length: actions of a rollout at most.
    """

    def __init__(
        self,
        simulator: Simulator,
        proposer: Proposer,
        judge: Judge,
        *,
        noise: KernelConfig | None = None,
        length: int = PAPER_LENGTH,
    ) -> None:
        if length < 0:
            raise ValueError(f"length: got {length}, expected 0 or more")
        self._simulator, self._proposer, self._judge = simulator, proposer, judge
        self._noisy, self._noise = noise is not None, kernel_of(noise or KernelConfig())
        self._length = length

    def evaluate(self, states: np.ndarray, seeds: np.ndarray) -> Evaluation:
        """As `Evaluator.evaluate`: the outcome of one rollout from each of R states, and its candidates."""
        proposal = self._proposer.propose(states)
        streams = np.zeros(len(states), STREAM)
        streams["stream"] = seeds
        outcomes, live, offered = None, np.arange(len(states)), proposal
        for _ in range(self._length):
            points, parts = self._draw(offered, streams, live)
            step = self._simulator.step(states, points, parts)
            if outcomes is None:
                outcomes = np.zeros((len(live), step.outcomes.shape[1]))
            outcomes[live[step.terminal]] = step.outcomes[step.terminal]
            states, live = step.states[~step.terminal], live[~step.terminal]
            if len(live) == 0:
                return Evaluation(outcomes, proposal)
            offered = self._proposer.propose(states)
        judged = self._judge.outcomes(states)
        if outcomes is None:
            return Evaluation(judged, proposal)
        outcomes[live] = judged
        return Evaluation(outcomes, proposal)

    def _draw(self, offered: tuple, streams: np.ndarray, live: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """One executed action for each live row: points [R, A], parts [R]."""
        given = [
            np.ascontiguousarray(a, d)
            for a, d in zip(offered, (np.float64, np.int64, np.float64), strict=True)
        ]
        points, parts = np.empty((len(live), given[0].shape[2])), np.empty(len(live), np.int64)
        _draw_actions(self._noise, self._noisy, *given, streams, live, points, parts)
        return points, parts


@entry
def _draw_actions(
    shape: Kernel,
    noisy: bool,
    offered_points: np.ndarray,
    offered_parts: np.ndarray,
    priors: np.ndarray,
    streams: np.ndarray,
    live: np.ndarray,
    points: np.ndarray,
    parts: np.ndarray,
) -> None:
    """Draws from offered_points [R or 1, P, A], offered_parts and priors [R or 1, P] to points and parts."""
    for row in range(len(live)):
        t = live[row]
        mine = priors[row if len(priors) > 1 else 0]
        left, pick = uniform(streams, t) * mine.sum(), 0
        for index in range(len(mine)):
            if mine[index] > 0.0:
                pick = index
                left -= mine[index]
                if left < 0.0:
                    break
        proposed = offered_points[row if len(offered_points) > 1 else 0]
        if noisy:
            execute(shape, proposed, pick, points, row, streams, t)
        else:
            copy_row(proposed, pick, points, row)
        parts[row] = offered_parts[row if len(offered_parts) > 1 else 0, pick]
