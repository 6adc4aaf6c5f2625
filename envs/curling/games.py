"""Whole games between two players, played one after the other or many in lockstep."""

from collections.abc import Sequence

import numpy as np

from envs.curling.opponents import Player
from envs.curling.rules import start_game
from envs.curling.throws import Throw, throw_each
from envs.curling.world import World


def play_game(world: World, players: Sequence[Player], rng: np.random.Generator) -> list[Throw]:
    """Every turn of one game.

    Args:
        world: ice, noise and rules.
        players: of team 0 and team 1.
        rng: draws the players' choices and the noise.
    """
    state = start_game(world.ice.sheet, world.rules)
    throws = []
    while not state.over:
        shot = players[state.thrower](world, state, rng)
        throws += throw_each(world, [state], [shot], [rng])
        state = throws[-1].after
    return throws
