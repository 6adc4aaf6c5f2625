"""Players that need no learning, by name: `random`, `drawer` and `rules`.

A player is any callable of a world, a game and a generator that returns its shot, or None to concede. One
that also has a method `place` of the same arguments is asked by it, before an end of mixed doubles in which
its team decides, where the stones are positioned (placement.py); others leave them as most teams do.
"""

import math
from collections.abc import Callable

import numpy as np

from envs.curling.physics.delivery import Shot, velocity_to_stop
from envs.curling.players.rules_player import rules_player
from envs.curling.rules.game import GameState
from envs.curling.world import World, check_shot

Player = Callable[[World, GameState, np.random.Generator], Shot | None]


def random_player(world: World, state: GameState, rng: np.random.Generator) -> Shot:
    """Aim anywhere between the side lines, from the hog line to as far again beyond the back line."""
    sheet = world.ice.sheet
    farthest = 2 * sheet.back_y - sheet.hog_y
    target = rng.uniform([-sheet.width / 2, sheet.hog_y], [sheet.width / 2, farthest])
    return draw(world, (float(target[0]), float(target[1])), _either_handle(world, rng))


def drawer(world: World, state: GameState, rng: np.random.Generator) -> Shot:
    """Draw to the button with either handle, whatever lies in the way."""
    return draw(world, (0.0, world.ice.sheet.tee_y), _either_handle(world, rng))


def draw(world: World, target: tuple[float, float], spin: float) -> Shot:
    """The delivery that stops at `target` (metres) on an empty sheet without noise; spin in rad/s."""
    x, y = velocity_to_stop(world.ice, np.array(target), np.array(spin))
    return Shot(float(x), float(y), spin)


PLAYERS: dict[str, Player] = {"random": random_player, "drawer": drawer, "rules": rules_player}


def get_player(player: str | Player, *, field: str = "player") -> Player:
    """The player of this name, or the callable itself; `field` is what errors call it.

    Raises:
        ValueError: on an unknown name.
    """
    if callable(player):
        return player
    if not isinstance(player, str) or player not in PLAYERS:
        raise ValueError(f"{field}: got {player!r}, expected a callable or one of {', '.join(PLAYERS)}")
    return PLAYERS[player]


def call_shot(player: Player, world: World, state: GameState, rng: np.random.Generator) -> Shot | None:
    """What a player intends, slowed to the strongest legal delivery of the ice; None concedes.

    Every noise but `none` slows an intended shot likewise, so no player throws harder than another.

    Raises:
        ValueError: when it returns neither a `Shot` of finite numbers nor None.
    """
    return legal_shot(world, player(world, state, rng))


def legal_shot(world: World, shot: Shot | None) -> Shot | None:
    """An intended shot, slowed to the strongest legal delivery of the ice; None concedes.

    Raises:
        ValueError: when it is neither a `Shot` of finite numbers nor None.
    """
    if check_shot(shot) is None:
        return None
    speed = math.hypot(shot.velocity_x, shot.velocity_y)
    if speed <= world.ice.max_speed:
        return shot
    slowed = world.ice.max_speed / speed
    return Shot(shot.velocity_x * slowed, shot.velocity_y * slowed, shot.spin)


def _either_handle(world: World, rng: np.random.Generator) -> float:
    """The release spin of the ice with a random sign, rad/s."""
    return world.ice.release_spin if rng.integers(2) else -world.ice.release_spin
