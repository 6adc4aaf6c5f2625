"""Players that answer for many games at once, made from the words that name them (`player_tokens.py`).

Shape letters: B games.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agents.curling.player_tokens import PlayerToken, check_token
from agents.curling.winning import RULES_ENDS, WinningTable
from agents.runs.errors import ConfigError
from envs.curling.physics.delivery import Shot
from envs.curling.players.opponents import Player, get_player
from envs.curling.rules.game import GameState
from envs.curling.world import World

SINGLE_LEAVES = 16  # that a search of one game gathers before they are judged together
LEAST_ENDS = 500  # of self-play before they say better than those of `rules` how an end falls


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
    token: str | PlayerToken,
    world: World,
    *,
    simulations: int | None = None,
    leaves: int = 1,
    batch: int | None = None,
    device: str = "cpu",
) -> BatchPlayer:
    """The player that a word means.

    Args:
        token: the word, or what `check_token` made of it.
        world: what it plays in.
        simulations: of one shot, for players that search; None is the player's own number.
        leaves: that one game gathers before they are judged together (`PlayerConfig.leaves`); a searching
            player asked for one game at a time is faster with several.
        batch: rows of every call of its network; None is as many as suit many games on the device, but a
            player asked for one game at a time never needs more than `leaves`.
        device: where its network runs.

    Raises:
        ConfigError: no player is called so, or it cannot play in this world.
        CorruptFileError, StorageError: its network's file is damaged or cannot be read.
    """
    known = check_token(token) if isinstance(token, str) else token
    if known.scripted:
        return batch_player(get_player(known.search), world)
    return _search_player(known, world, simulations, leaves, batch, device)


def single_player(token: PlayerToken, world: World, simulations: int | None, device: str) -> Player:
    """The player that a word means, for one game at a time; arguments as for `make_player`."""
    if token.scripted:
        return get_player(token.search)
    one_game = {"leaves": SINGLE_LEAVES, "batch": SINGLE_LEAVES}
    player = make_player(token, world, simulations=simulations, device=device, **one_game)

    def play(played: World, state: GameState, rng: np.random.Generator) -> Shot | None:
        if played != world:
            raise ValueError("world: got another than the player's, expected the one it was made for")
        return player.shots([state], rng.integers(2**63, size=1, dtype=np.uint64))[0]

    return play


def even_game(world: World, hammer_points: NDArray[np.int64] | None = None) -> WinningTable:
    """The chances to win between equal teams.

    Args:
        world: whose rules the game has.
        hammer_points: [K] how often the team with the hammer scored -8 to 8 points in an end; None, or fewer
            than `LEAST_ENDS`, takes what `rules` scores against itself.
    """
    known = hammer_points is not None and hammer_points.sum() >= LEAST_ENDS
    counts = np.array(hammer_points if known else RULES_ENDS, dtype=np.float64)
    return WinningTable.of(world.rules, counts / counts.sum())


def _search_player(
    token: PlayerToken,
    world: World,
    simulations: int | None,
    leaves: int,
    batch: int | None,
    device: str,
) -> BatchPlayer:
    from agents.curling.networks.models import load_network
    from agents.curling.search.player_config import PlayerConfig
    from agents.curling.search.search_player import SearchPlayer

    loaded = None if token.network is None else load_network(token.network, device, content=token.content)
    network = None if loaded is None else loaded.network
    budget = {} if simulations is None else {"simulations": simulations}
    config = PlayerConfig(search=token.search, utility=token.utility, leaves=leaves, batch=batch, **budget)
    try:
        ends = None if loaded is None else loaded.hammer_points
        winning = even_game(world, ends) if token.utility == "winning" else None
        return SearchPlayer(config, world, network, device=device, winning=winning)
    except ValueError as error:
        raise ConfigError(f"player {token.text}: {error}") from error
