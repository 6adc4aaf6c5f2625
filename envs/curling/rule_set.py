"""What an event plays: ends, protected guards, standard game or mixed doubles (World Curling)."""

from dataclasses import dataclass
from typing import Literal

GUARD_POSITIONS = 6  # places for the positioned guard that a mixed doubles event can choose from
LAST_END = 255  # Digital Curling 3: a game still tied after so many ends is drawn

Game = Literal["standard", "mixed_doubles"]


def _check_range(name: str, value: int, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{name}: {value!r}, expected a whole number from {low} to {high}")


@dataclass(frozen=True)
class RuleSet:
    """What one event plays: how long, with which protection of guards, four or two players a team."""

    ends: int = 10
    """Ends of a game before extra ends; 1 to end_limit."""
    end_limit: int = LAST_END
    """A game tied after this many ends, extra ends included, is a draw; equal to `ends`: no extra ends."""
    game: Game = "standard"
    """'standard': 8 thrown stones a team; 'mixed_doubles': 5 thrown and 1 positioned stone a team."""
    protected_shots: int = 5
    """Shots of an end under the free guard zone rule; 5 or 4 (3 in mixed doubles), 0 for none."""
    no_tick_shots: int = 0
    """Shots of an end in which an opponent's centre-line guard may not leave the centre line; 0 for none."""
    first_hammer: int = 1
    """Team with the last stone of end 0 (in mixed doubles: the team that decides the placement); 0 or 1."""
    guard_position: int = 2
    """Mixed doubles: place of the positioned guards of this event; 0 (nearest the house) to 5."""

    def __post_init__(self) -> None:
        if self.game not in ("standard", "mixed_doubles"):
            raise ValueError(f"game: {self.game!r}, expected 'standard' or 'mixed_doubles'")
        _check_range("ends", self.ends, 1, LAST_END)
        _check_range("end_limit", self.end_limit, self.ends, LAST_END)
        _check_range("protected_shots", self.protected_shots, 0, self.shots_per_end)
        _check_range("no_tick_shots", self.no_tick_shots, 0, self.shots_per_end)
        _check_range("first_hammer", self.first_hammer, 0, 1)
        _check_range("guard_position", self.guard_position, 0, GUARD_POSITIONS - 1)

    @property
    def positioned(self) -> int:
        """Stones each team has on the ice before the first shot of an end."""
        return 1 if self.game == "mixed_doubles" else 0

    @property
    def shots_per_end(self) -> int:
        """Stones thrown by both teams together in one end."""
        return 10 if self.game == "mixed_doubles" else 16


STANDARD = RuleSet()
MIXED_DOUBLES = RuleSet(ends=8, game="mixed_doubles", protected_shots=3)
