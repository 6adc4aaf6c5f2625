"""What a tournament of curling is: players, schedule and conditions; and the seed of each of its games."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from agents.curling.games.game_records import GameSpec
from agents.curling.games.lockstep_games import LockstepGames, game_seed
from agents.curling.player_tokens import PlayerToken
from agents.curling.players import make_player
from agents.tournament import Schedule
from envs.curling.conditions import build_world
from envs.curling.rules.rule_set import LAST_END, RuleSet
from envs.curling.world import World


@dataclass(frozen=True)
class Event:
    """A tournament.

    Args:
        schedule: who plays whom; its names are the players' words.
        ends: of a game.
        extra_ends: whether a tied game goes on.
        ice, noise: names of the conditions.
        seed: decides everything that is drawn at random.
        simulations: of one shot, for players that search.
        move_seconds: what a move may take, None for any time.
    """

    schedule: Schedule
    ends: int
    extra_ends: bool
    ice: str
    noise: str
    seed: int
    simulations: int
    move_seconds: float | None = None

    @cached_property
    def world(self) -> World:
        """What is played in."""
        rules = RuleSet(ends=self.ends, end_limit=LAST_END if self.extra_ends else self.ends)
        return build_world(self.ice, self.noise, rules)

    @cached_property
    def specs(self) -> dict[int, GameSpec]:
        """Game number -> spec; the games of a pair share a seed, as do equal pairs of all pairings."""
        return {
            game.number: GameSpec(game_seed(self.seed, game.pair), game.hammer, game.players, game.number)
            for game in self.schedule
        }

    def labels(self, spec: GameSpec) -> dict[str, Any]:
        """What stands beside a game's record: the words of its players."""
        return {"players": [self.schedule.names[seat] for seat in spec.seats]}

    def hall(self, device: str, players: Sequence[str | PlayerToken] = ()) -> LockstepGames:
        """Where its games are played, in this process.

        Args:
            device: where networks run.
            players: what the schedule's words mean, in its order; left out, what they mean on this machine.

        Raises:
            HoglineError: a player cannot be made.
        """
        seated = [
            make_player(player, self.world, simulations=self.simulations, device=device)
            for player in players or self.schedule.names
        ]
        return LockstepGames(self.world, seated, move_seconds=self.move_seconds)
