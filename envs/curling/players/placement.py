"""How a team chooses where the stones of a mixed doubles end are positioned (World Curling)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from envs.curling.physics.delivery import Shot
from envs.curling.players.opponents import Player
from envs.curling.rules.game import GameState, may_power_play, place
from envs.curling.rules.positioned import PLACEMENTS, POWER_PLAYS, Placement
from envs.curling.world import World

Chooser = Callable[[World, GameState, np.random.Generator], Placement]
"""Says where the positioned stones of an end stand; asked only when its team decides."""


@dataclass(frozen=True)
class Always:
    """Choose the same placement in every end; `house` where it is a power play that is not allowed.

    Raises:
        ValueError: on an unknown placement.
    """

    placement: Placement

    def __post_init__(self) -> None:
        if self.placement not in PLACEMENTS:
            raise ValueError(
                f"placement: {self.placement!r}, expected a callable or one of {', '.join(PLACEMENTS)}"
            )

    def __call__(self, world: World, state: GameState, rng: np.random.Generator) -> Placement:
        """The placement."""
        if self.placement in POWER_PLAYS and not may_power_play(world.rules, state):
            return "house"
        return self.placement


@dataclass(frozen=True)
class PlacingPlayer:
    """A player of mixed doubles: one who throws, and a choice of where stones are positioned."""

    player: Player
    chooser: Chooser

    def __call__(self, world: World, state: GameState, rng: np.random.Generator) -> Shot | None:
        """The player's shot."""
        return self.player(world, state, rng)

    def place(self, world: World, state: GameState, rng: np.random.Generator) -> Placement:
        """The chosen placement."""
        return self.chooser(world, state, rng)


def get_chooser(placement: str | Chooser) -> Chooser:
    """The choice of this name (`positioned.PLACEMENTS`), or the callable itself.

    Raises:
        ValueError: on an unknown name.
    """
    return placement if callable(placement) else Always(placement)


def chooser_of(player: Any) -> Chooser | None:
    """How a player positions stones; None when it leaves them as they stand."""
    return getattr(player, "place", None)


def position(world: World, state: GameState, chooser: Chooser | None, rng: np.random.Generator) -> GameState:
    """The game with the stones of its end where `chooser`, of the deciding team, wants them.

    Args:
        world: sheet and rules.
        state: a game; it stays as it is but before the first shot of an end of mixed doubles.
        chooser: None leaves the stones as they stand.
        rng: for the chooser.

    Raises:
        ValueError: on an unknown placement or a power play that is not allowed.
    """
    if chooser is None or not awaits_placement(world, state):
        return state
    return place(world.ice.sheet, world.rules, state, chooser(world, state, rng))


def awaits_placement(world: World, state: GameState) -> bool:
    """Whether the stones of this end may still be positioned."""
    return bool(world.rules.positioned) and not state.over and state.shot == 0
