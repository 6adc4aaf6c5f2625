"""Small worlds with known answers: one action or two, points in the plane, one player or two."""

import numpy as np

from planners.interfaces import Evaluation, Proposal, Step

WIN_OR_LOSE = np.array([1.0, 0.0])
"""Utility of the outcomes (won, lost)."""
STATE = np.dtype([("turn", np.int64), ("first", np.float64), ("secret", np.float64)])


def odds(won):
    """Distributions [B, 2] over won and lost from the chances of winning [B]."""
    won = np.clip(np.asarray(won, np.float64), 0.0, 1.0)
    return np.stack([won, 1 - won], -1)


def fresh(games):
    """States before the first action."""
    states = np.zeros(games, STATE)
    states["secret"] = np.arange(games)
    return states


class OneAction:
    """One action ends the game, won with the chance that `landscape` [B, 2], [B] -> [B] says."""

    def __init__(self, landscape):
        self.landscape = landscape

    def mover(self, states):
        return np.zeros(len(states), np.int64)

    def step(self, states, points, parts):
        after = states.copy()
        after["turn"] += 1
        return Step(after, np.ones(len(states), bool), odds(self.landscape(points, parts)))


class TwoActions:
    """Player 0 acts, then player 1; `landscape` maps the first numbers of both actions to player 0's odds."""

    def __init__(self, landscape):
        self.landscape = landscape

    def mover(self, states):
        return states["turn"] % 2

    def step(self, states, points, parts):
        after = states.copy()
        after["turn"] += 1
        after["first"] = np.where(states["turn"] == 0, points[:, 0], states["first"])
        won = self.landscape(states["first"], points[:, 0])
        return Step(after, after["turn"] == 2, odds(won))


class Endless:
    """A game of many actions by turns whose odds wander with every action; it ends at turn `last`."""

    def __init__(self, last):
        self.last = last

    def mover(self, states):
        return states["turn"] % 2

    def step(self, states, points, parts):
        after = states.copy()
        after["turn"] += 1
        after["first"] = np.sin(3 * states["first"] + points[:, 0] - 2 * points[:, 1] + parts)
        return Step(after, after["turn"] >= self.last, odds(0.5 + 0.5 * after["first"]))


class Scattered:
    """An evaluator that knows nothing: even odds, and points drawn from each state's own seed."""

    def __init__(self, actions=20, span=3.0, parts=2):
        self.actions, self.span, self.parts = actions, span, parts

    def evaluate(self, states, seeds):
        shape = (len(states), self.actions)
        points, parts, priors = np.empty((*shape, 2)), np.empty(shape, np.int64), np.empty(shape)
        for row, seed in enumerate(seeds.tolist()):
            rng = np.random.default_rng(seed)
            points[row] = rng.uniform(-self.span, self.span, (self.actions, 2))
            parts[row] = rng.integers(0, self.parts, self.actions)
            priors[row] = rng.dirichlet(np.ones(self.actions))
        return Evaluation(odds(np.full(len(states), 0.5)), Proposal(points, parts, priors))


class Listed:
    """An evaluator with even odds that proposes the same points [P, 2] everywhere, all equally."""

    def __init__(self, points):
        self.points = np.asarray(points, np.float64)

    def evaluate(self, states, seeds):
        return Evaluation(odds(np.full(len(states), 0.5)), self.propose(states))

    def propose(self, states):
        count = len(self.points)
        return Proposal(self.points[None], np.zeros((1, count), np.int64), np.full((1, count), 1 / count))
