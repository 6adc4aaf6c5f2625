"""Says on stderr what a person may not expect of the players it named, before they play."""

from collections.abc import Iterable

from agents.commands.terminal.notes import note
from agents.curling.networks.conditions import read_conditions
from agents.curling.player_tokens import PlayerToken
from envs.curling.world import World


def note_players(players: Iterable[PlayerToken], world: World) -> None:
    """Writes a line for each player whose name a checkpoint here has too, or whose network learned on another
    ice or with another noise than it plays with."""
    for player in players:
        if player.shadowed is not None:
            note(f"{player.text}: the player of that name plays, not ./{player.name}")
        if player.network is None:
            continue
        learned = read_conditions(player.network)
        if not learned.hold_in(world):
            those = f"{learned.ice} ice with {learned.noise} noise"
            note(f"{player.text}: its network learned under other conditions, {those}")
