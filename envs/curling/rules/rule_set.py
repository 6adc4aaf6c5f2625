"""What an event plays: ends, protected guards, standard game or mixed doubles (World Curling)."""

from dataclasses import dataclass
from typing import Any, Literal

from envs.arguments import whole

GUARD_POSITIONS = 6  # places for the positioned guard that a mixed doubles event can choose from
LAST_END = 255  # Digital Curling 3: a game still tied after so many ends is drawn

Game = Literal["standard", "mixed_doubles"]
GAMES: dict[str, dict[str, int]] = {
    "standard": {"ends": 10, "protected_shots": 5},
    "mixed_doubles": {"ends": 8, "protected_shots": 3},
}
"""What World Curling plays in each game unless an event says otherwise."""

OF_THE_GAME: Any = None
"""Default of a field that takes the value its game has in `GAMES`."""


@dataclass(frozen=True)
class RuleSet:
    """What one event plays: how long, with which protection of guards, four or two players a team."""

    ends: int = OF_THE_GAME
    """Ends of a game before extra ends; 1 to end_limit. Unless given, 10, in mixed doubles 8."""
    end_limit: int = LAST_END
    """A game tied after this many ends, extra ends included, is a draw; equal to `ends`: no extra ends."""
    game: Game = "standard"
    """'standard': 8 thrown stones a team; 'mixed_doubles': 5 thrown and 1 positioned stone a team."""
    protected_shots: int = OF_THE_GAME
    """Shots of an end under the free guard zone rule, 0 for none. Unless given, 5, in mixed doubles 3."""
    no_tick_shots: int = 0
    """Shots of an end in which an opponent's centre-line guard may not leave the centre line; 0 for none.
    Mixed doubles has no such rule."""
    first_hammer: int = 1
    """Team with the last stone of end 0 (in mixed doubles: the team that decides the placement); 0 or 1."""
    guard_position: int = 2
    """Mixed doubles: place of the positioned guards of this event; 0 (nearest the house) to 5."""

    def __post_init__(self) -> None:
        if not isinstance(self.game, str) or self.game not in GAMES:
            raise ValueError(f"game: {self.game!r}, expected 'standard' or 'mixed_doubles'")
        for name, value in GAMES[self.game].items():
            if getattr(self, name) is OF_THE_GAME:
                object.__setattr__(self, name, value)
        whole("ends", self.ends, 1, LAST_END)
        whole("end_limit", self.end_limit, self.ends, LAST_END)
        whole("protected_shots", self.protected_shots, 0, self.shots_per_end)
        whole("no_tick_shots", self.no_tick_shots, 0, self.shots_per_end)
        whole("first_hammer", self.first_hammer, 0, 1)
        whole("guard_position", self.guard_position, 0, GUARD_POSITIONS - 1)
        if self.game == "mixed_doubles" and self.no_tick_shots:
            raise ValueError(f"no_tick_shots: {self.no_tick_shots}, expected 0 in mixed doubles")

    @property
    def positioned(self) -> int:
        """Stones each team has on the ice before the first shot of an end."""
        return 1 if self.game == "mixed_doubles" else 0

    @property
    def blank_keeps_hammer(self) -> bool:
        """Whether the team with the hammer keeps it (in mixed doubles: the decision) after a blank end."""
        return self.game == "standard"

    @property
    def shots_per_end(self) -> int:
        """Stones thrown by both teams together in one end."""
        return 10 if self.game == "mixed_doubles" else 16


STANDARD = RuleSet()
MIXED_DOUBLES = RuleSet(game="mixed_doubles")
