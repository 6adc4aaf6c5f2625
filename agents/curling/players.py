"""Players that answer for many games at once, made from the words that name them (`player_tokens.py`).

Shape letters: B games.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agents.curling.player_tokens import PlayerToken, check_token
from envs.curling.delivery import Shot
from envs.curling.opponents import Player, get_player
from envs.curling.rules import GameState
from envs.curling.world import World


class BatchPlayer(Protocol):
    """Chooses the shots of B games at once; each depends on its own state and seed alone."""

    def shots(self, states: Sequence[GameState], seeds: NDArray[np.uint64]) -> list[Shot | None]:
        """The shots of B games in progress, in which it is to throw; None concedes.

        Args:
            states: B games.
            seeds: [B] uint64; all that is drawn at random comes from them.
        """
        ...


class OneByOne:
    """A plain player asked for every game in turn.

    Args:
        player: the player.
        world: what it plays in.
    """

    def __init__(self, player: Player, world: World) -> None:
        self._player, self._world = player, world

    def shots(self, states: Sequence[GameState], seeds: NDArray[np.uint64]) -> list[Shot | None]:
        """As `BatchPlayer.shots`; the generator of a game starts from its seed."""
        return [
            self._player(self._world, state, np.random.default_rng(int(seed)))
            for state, seed in zip(states, seeds, strict=True)
        ]


def batch_player(player: Player, world: World) -> BatchPlayer:
    """A plain player as one of many games."""
    return OneByOne(player, world)


def make_player(
    token: str | PlayerToken, world: World, *, simulations: int | None = None, device: str = "cpu"
) -> BatchPlayer:
    """The player that a word means.

    Args:
        token: the word, or what `check_token` made of it.
        world: what it plays in.
        simulations: of one shot, for players that search; None is the player's own number.
        device: where its network runs.

    Raises:
        ConfigError: no player is called so.
        CorruptFileError, StorageError: its network's file is damaged or cannot be read.
    """
    known = check_token(token) if isinstance(token, str) else token
    if known.scripted:
        return batch_player(get_player(known.search), world)
    raise NotImplementedError
