"""Positions in which every good player wants the same thing: canaries that tell when a player has gone wrong.

A canary is a position and an outcome, told by the board that the shot leaves. Which shot gets there is the
player's business.

Shape letters: B boards.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.curling.judging.imagined_throws import Boards, points_lying
from envs.curling.physics.sheet import STONES, STONES_PER_TEAM, WORLD_CURLING
from envs.curling.rules.game import GameState, frozen
from envs.curling.rules.rule_set import RuleSet
from envs.curling.rules.scoring import squared_distances
from envs.curling.world import World

RULES = RuleSet(ends=8)
LAST_END = RULES.ends - 1
Bools = NDArray[np.bool_]
Place = tuple[float, float]
CENTRE = 0.6  # metres beside the centre line within which a guard guards the centre


class Sight(NamedTuple):
    """Boards as the thrower sees them.

    points: [B] int, what it would score if the end were over.
    theirs: [B] int, opponent's stones that touch the house.
    guards: [B] int, own stones before the house, near the centre line.
    """

    points: NDArray[np.int64]
    theirs: NDArray[np.int64]
    guards: NDArray[np.int64]


@dataclass(frozen=True)
class Canary:
    """One position with what to do in it; the thrower is team 1.

    Args:
        name: what to do.
        shot: shots thrown in this end; odd where the thrower has the hammer.
        own, theirs: stones in play as (x, metres beyond the tee).
        wanted: whether boards are what is wanted.
        end: ends finished.
        lead: points the thrower is ahead.
    """

    name: str
    shot: int
    own: tuple[Place, ...]
    theirs: tuple[Place, ...]
    wanted: Callable[[Sight], Bools]
    end: int = LAST_END
    lead: int = 0

    def state(self, *, mirrored: bool = False) -> GameState:
        """The position, or the one in which left and right are swapped."""
        stones, in_play = np.zeros((STONES, 2)), np.zeros(STONES, dtype=bool)
        for team, places in ((0, self.theirs), (1, self.own)):
            for number, (x, beyond) in enumerate(places):
                slot = STONES_PER_TEAM * team + number
                stones[slot] = -x if mirrored else x, WORLD_CURLING.tee_y + beyond
                in_play[slot] = True
        hammer = self.shot % 2
        scores = [(max(-self.lead, 0), max(self.lead, 0)), *[(0, 0)] * (self.end - 1)][: self.end]
        return GameState(self.end, self.shot, hammer, hammer, frozen(stones), frozen(in_play), tuple(scores))

    def reached(self, world: World, boards: Boards) -> Bools:
        """[B] whether the outcome was reached; never by a foul."""
        return self.wanted(_sight(world, self.state(), boards)) & ~boards.foul


def _scores(points: int) -> Callable[[Sight], Bools]:
    """To lie at least so many."""
    return lambda sight: sight.points >= points


def _leaves(stones: int) -> Callable[[Sight], Bools]:
    """To leave at most so many of the opponent's stones in the house."""
    return lambda sight: sight.theirs <= stones


def _blanks(sight: Sight) -> Bools:
    """To leave nothing that counts."""
    return sight.points == 0


def _guards(sight: Sight) -> Bools:
    """To have a guard on the centre line."""
    return sight.guards > 0


LAST, LAST_WITHOUT_HAMMER = 15, 14  # shot numbers of the last stones

CANARIES: tuple[Canary, ...] = (
    Canary("draw to an empty house with the last stone", LAST, (), (), _scores(1)),
    Canary("take out a lone shot stone with the last stone", LAST, (), ((0.0, 0.0),), _scores(1)),
    Canary("draw for two to win", LAST, ((0.9, 0.3),), (), _scores(2), lead=-1),
    Canary("hit and stay for two", LAST, ((-0.8, 0.6),), ((0.5, -0.1),), _scores(2), lead=-1),
    Canary("hit and stay for three", LAST, ((-0.9, -0.3), (0.9, 0.4)), ((0.0, 0.1),), _scores(3), lead=-3),
    Canary(
        "count against two stones with the last stone", LAST, (), ((0.0, -0.05), (0.34, 0.35)), _scores(1)
    ),
    Canary(
        "come around the guards to the button", LAST, (), ((0.05, -2.4), (0.0, 0.8), (0.3, -3.0)), _scores(1)
    ),
    Canary(
        "raise the own stone onto the shot stone",
        *(LAST, ((0.0, -0.9),), ((0.02, -0.02), (0.42, -2.3), (-0.45, -2.5))),
        _scores(1),
    ),
    Canary("draw before a stone that cannot be hit away", LAST, ((0.0, 0.65),), ((0.0, 0.355),), _scores(1)),
    Canary("draw past a stone at the back of the house", LAST, (), ((0.7, 1.2),), _scores(1)),
    Canary("lie shot before the opponent's last stone", LAST_WITHOUT_HAMMER, (), ((0.3, 0.5),), _scores(1)),
    Canary(
        "leave no second stone when one ahead", LAST_WITHOUT_HAMMER, (), ((0.2, 0.3),), _leaves(0), lead=1
    ),
    Canary(
        "keep them from three when three ahead",
        *(LAST_WITHOUT_HAMMER, (), ((-0.6, 0.2), (0.7, -0.5))),
        _leaves(1),
        lead=3,
    ),
    Canary("blank with the hammer when one ahead", LAST, (), (), _blanks, end=LAST_END - 1, lead=1),
    Canary("guard first without the hammer", 0, (), (), _guards, end=0),
)
"""All canaries, in the order of the table."""


def _sight(world: World, state: GameState, boards: Boards) -> Sight:
    sheet, team = world.ice.sheet, state.thrower
    in_house = squared_distances(sheet, boards.stones, boards.in_play) < sheet.house_reach**2
    own, theirs = (slice(STONES_PER_TEAM * side, STONES_PER_TEAM * (side + 1)) for side in (team, 1 - team))
    before = boards.stones[..., 1] < sheet.tee_y - sheet.stone_radius
    central = (np.abs(boards.stones[..., 0]) < CENTRE) & before & ~in_house & boards.in_play
    return Sight(
        points_lying(world, state, boards),
        in_house[:, theirs].sum(axis=1),
        central[:, own].sum(axis=1),
    )
