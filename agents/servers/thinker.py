"""Our player in a game at a server: it keeps to its thinking time, and may give up what is lost."""

from agents.curling.games.lockstep_games import draw_seed
from agents.curling.player_tokens import PlayerToken
from agents.curling.players import SINGLE_LEAVES, BatchPlayer, even_game, make_player
from agents.servers.pacing import PacedPlayer, seconds_for_shot
from envs.curling.physics.delivery import Shot
from envs.curling.rules.game import GameState, start_game
from envs.curling.world import World

FIRST_HAMMER = 1  # team, by the rules of Digital Curling 3


class PacedThinker:
    """A `client_session.Thinker`.

    Args:
        token: the player.
        world: what it plays in.
        seed: of the game; decides what it draws.
        simulations: of a shot for which there is time enough.
        concede: the chance to win before an end below which it gives up; 0 never does.
        device: where its network runs.

    Raises:
        HoglineError: the player cannot be made.
    """

    def __init__(
        self,
        token: PlayerToken,
        world: World,
        seed: int,
        *,
        simulations: int,
        concede: float = 0.0,
        device: str = "cpu",
    ) -> None:
        def make(budget: int) -> BatchPlayer:
            one_game = {"leaves": SINGLE_LEAVES, "batch": SINGLE_LEAVES}
            return make_player(token, world, simulations=budget, device=device, **one_game)

        self._world, self._seed, self._concede = world, seed, concede
        self._player = PacedPlayer(make, simulations)
        self._chances = even_game(world) if concede else None
        self._player.rehearse(start_game(world.ice.sheet, world.rules))

    def shot(self, state: GameState, turn: int, seconds_left: float) -> Shot | None:
        """As `Thinker.shot`."""
        if self._is_lost(state):
            return None
        seed = draw_seed(self._seed, FIRST_HAMMER, state.thrower, turn)
        return self._player.shot(state, seed, seconds_for_shot(self._world.rules, state, seconds_left))

    def _is_lost(self, state: GameState) -> bool:
        """Whether it gives up, which it does before its first stone of an end."""
        if self._chances is None or state.shot > 1:
            return False
        first, second = state.totals
        ends_left = self._world.rules.ends - state.end
        chance = float(self._chances.chance(ends_left, first - second, state.hammer))
        return (chance if state.thrower == 0 else 1.0 - chance) < self._concede
