"""What a search asks of its world and its judge, and what it hands back.

States are opaque: an array of any dtype without objects, [B] structured or [B, ...] plain, that the search
only copies. Two players share a zero-sum game; outcomes and utilities are always seen by player 0, who
maximises, while player 1 minimises.

Every answer must depend on its own row alone, never on the rest of the batch.

Shape letters: B rows, A continuous dimensions of an action, K outcomes, P proposed actions, C root actions.
"""

from typing import NamedTuple, Protocol

import numpy as np


class Step(NamedTuple):
    """What B actions led to.

    states: [B, ...] as the states given.
    terminal: [B] bool, whether the game (or the part of it that is searched) is over.
    outcomes: [B, K] float, distribution of the outcome; only read where terminal.
    """

    states: np.ndarray
    terminal: np.ndarray
    outcomes: np.ndarray


class Proposal(NamedTuple):
    """Actions worth a try.

    points: [B, P, A] float64, or [1, P, A] where all states share them.
    parts: [B, P] int, the discrete parts, or [1, P].
    priors: [B, P] float, from 0; need not sum to 1; 0 is never taken.
    """

    points: np.ndarray
    parts: np.ndarray
    priors: np.ndarray


class Evaluation(NamedTuple):
    """What a judge makes of B states.

    outcomes: [B, K] float, the expected distribution of the outcome; rows sum to 1.
    proposal: the actions worth a try.
    """

    outcomes: np.ndarray
    proposal: Proposal


class Simulator(Protocol):
    """The world: deterministic, as execution noise enters a search by its kernel."""

    def mover(self, states: np.ndarray) -> np.ndarray:
        """The player to move in each of B states: [B] integers, 0 or 1; anything where the game is over."""
        ...

    def step(self, states: np.ndarray, points: np.ndarray, parts: np.ndarray) -> Step:
        """Plays one action in each state: points [B, A] float64, parts [B] int64. The states given stay."""
        ...


class Evaluator(Protocol):
    """The judge: a policy and value network, or rollouts."""

    def evaluate(self, states: np.ndarray, seeds: np.ndarray) -> Evaluation:
        """Judges B states that are not over; what is random in it comes from seeds [B] uint64 alone."""
        ...


class Proposer(Protocol):
    """A generator of candidate actions."""

    def propose(self, states: np.ndarray) -> Proposal:
        """Actions worth a try in each of B states."""
        ...


class Judge(Protocol):
    """The estimate at the end of a rollout that was cut short."""

    def outcomes(self, states: np.ndarray) -> np.ndarray:
        """Distributions [B, K] of the outcome from B states."""
        ...


class SearchResult(NamedTuple):
    """What B searches found. Rows are padded with zeros beyond `count`.

    count: [B] int64, actions tried at the root.
    points: [B, C, A] float64, in the order they were first tried.
    parts: [B, C] int64, their discrete parts.
    priors: [B, C] float64, of the candidates; 0 for actions that widening added.
    visits: [B, C] int64.
    weights: [B, C] float64, kernel density W(a) in visits.
    values: [B, C] float64, kernel regression E(v|a) of the utility, as player 0 sees it.
    outcomes: [B, C, K] float64, kernel regression of the distribution of outcomes.
    chosen: [B] int64, index of the action to play.
    mover: [B] int64, the player whose action it is.
    value: [B] float64, mean utility of the root.
    outcome: [B, K] float64, mean distribution of outcomes of the root.
    simulations: [B] int64, leaves visited.
    """

    count: np.ndarray
    points: np.ndarray
    parts: np.ndarray
    priors: np.ndarray
    visits: np.ndarray
    weights: np.ndarray
    values: np.ndarray
    outcomes: np.ndarray
    chosen: np.ndarray
    mover: np.ndarray
    value: np.ndarray
    outcome: np.ndarray
    simulations: np.ndarray

    @property
    def point(self) -> np.ndarray:
        """Points [B, A] of the actions to play."""
        return self.points[np.arange(len(self.chosen)), self.chosen]

    @property
    def part(self) -> np.ndarray:
        """Discrete parts [B] of the actions to play."""
        return self.parts[np.arange(len(self.chosen)), self.chosen]
