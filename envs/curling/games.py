"""A whole game, or its first ends, between two players."""

from collections.abc import Iterator, Sequence

import numpy as np

from envs.curling.players.opponents import Player, call_shot
from envs.curling.players.placement import chooser_of, position
from envs.curling.rules.game import GameState, start_game
from envs.curling.world import Throw, World


def play_game(
    world: World,
    players: Sequence[Player],
    rng: np.random.Generator,
    *,
    state: GameState | None = None,
    ends: int | None = None,
) -> list[Throw]:
    """Every turn of a game; the arguments are those of `turns`."""
    return list(turns(world, players, rng, state=state, ends=ends))


def turns(
    world: World,
    players: Sequence[Player],
    rng: np.random.Generator,
    *,
    state: GameState | None = None,
    ends: int | None = None,
) -> Iterator[Throw]:
    """Play a game turn by turn; it depends on the arguments alone.

    Args:
        world: ice, noise and rules.
        players: of team 0 and team 1; in mixed doubles those that can `place` are asked before every end.
        rng: draws the players' choices and the noise.
        state: where to begin; None is the start of a game.
        ends: stop after so many ends from there; None plays the game out.

    Raises:
        ValueError: when a player returns something else than a shot, None or an allowed placement.
    """
    state = start_game(world.ice.sheet, world.rules) if state is None else state
    last_end = None if ends is None else state.end + ends
    while not state.over and state.end != last_end:
        state = position(world, state, chooser_of(players[state.decider]), rng)
        shot = call_shot(players[state.thrower], world, state, rng)
        state, throw = world.deliver(state, shot, rng)
        yield throw
