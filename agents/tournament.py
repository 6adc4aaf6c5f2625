"""Who plays whom: pairings, and games in which both players have the first hammer equally often, exactly.

The two games of a pair share a seed, and with it the noise of every turn, with the hammer swapped; the n-th
pair of games of every pairing has the same seed, and the players of a pairing are seated by name. So neither
the order in which players are listed nor who else takes part changes a game.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Literal

Pairs = Literal["all", "neighbours", "first"]


@dataclass(frozen=True)
class Game:
    """One game of a tournament.

    Args:
        number: its place in the schedule, from 0.
        players: indices of player 0 and player 1 among the players listed.
        pair: which pair of games of this pairing it belongs to; it decides the seed.
        hammer: who of the two has the last stone of the first end, 0 or 1.
    """

    number: int
    players: tuple[int, int]
    pair: int
    hammer: int


@dataclass(frozen=True)
class Schedule:
    """The games of a tournament.

    Args:
        names: of the players, in the order they are listed, all different.
        games: of every pairing; even.
        pairs: who meets: all, neighbours as listed, or the first everybody else.

    Raises:
        ValueError: on fewer than two players, equal names, or an odd number of games.
    """

    names: tuple[str, ...]
    games: int
    pairs: Pairs = "all"

    def __post_init__(self) -> None:
        if len(self.names) < 2:
            raise ValueError(f"players: got {len(self.names)}, expected at least two")
        for place, name in enumerate(self.names):
            if name in self.names[:place]:
                raise ValueError(f"players: got {name} twice, expected different players")
        if self.games < 2 or self.games % 2:
            raise ValueError(f"games: got {self.games}, expected an even number from 2")
        if self.pairs not in _MEETINGS:
            raise ValueError(f"pairs: got {self.pairs!r}, expected one of {', '.join(_MEETINGS)}")

    @property
    def pairings(self) -> list[tuple[int, int]]:
        """Indices of the players that meet, the alphabetically first of both in front."""
        met = _MEETINGS[self.pairs](range(len(self.names)))
        return [tuple(sorted(pair, key=self.names.__getitem__)) for pair in met]

    def __len__(self) -> int:
        """The number of games."""
        return self.games * len(self.pairings)

    def __iter__(self) -> Iterator[Game]:
        """All games, every pairing in turn, so that an early look sees all players."""
        pairings = self.pairings
        for number in range(len(self)):
            game, pairing = divmod(number, len(pairings))
            yield Game(number, pairings[pairing], game // 2, 1 - game % 2)


def _neighbours(players: Sequence[int]) -> Iterator[tuple[int, int]]:
    return pairwise(players)


def _all(players: Sequence[int]) -> Iterator[tuple[int, int]]:
    return combinations(players, 2)


def _first(players: Sequence[int]) -> Iterator[tuple[int, int]]:
    return ((players[0], other) for other in players[1:])


_MEETINGS: dict[str, Callable[[Sequence[int]], Iterator[tuple[int, int]]]] = {
    "all": _all,
    "neighbours": _neighbours,
    "first": _first,
}
