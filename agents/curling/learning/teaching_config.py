"""What a teacher's pairs are: all that decides them, apart from how many there are."""

from dataclasses import dataclass
from typing import Literal

from agents.runs.fields import MAX_SEED, check_choice, check_real, check_whole

TEACHERS = ("rules", "kr_uct")
ICES = ("fcv1", "gat2016")
NOISES = ("none", "dc3", "gat2016", "student_t")
MOST_DEPTH = 16
MOST_SIMULATIONS = 10**6


@dataclass(frozen=True)
class TeachingConfig:
    """Which teacher shows its shots, in which games."""

    teacher: Literal["rules", "kr_uct"] = "rules"
    """Whose shots are shown."""

    imagined: int = 12
    """Throws of each candidate that the rules teacher plays in its head; fewer are faster and less sure."""

    simulations: int = 400
    """Simulations of a shot of the kr_uct teacher."""

    explore: float = 0.15
    """Chance that a game goes on with a shot aimed anywhere instead of the teacher's."""

    depth: int = 1
    """Shots of the rollout whose end the learner's value starts from; the game's own outcome is kept too."""

    ice: Literal["fcv1", "gat2016"] = "fcv1"
    """The ice."""

    noise: Literal["none", "dc3", "gat2016", "student_t"] = "dc3"
    """What the hands add to the shots."""

    seed: int = 0
    """Decides everything that is drawn at random; a game is a function of it and its number."""

    def __post_init__(self) -> None:
        check_choice("teacher", self.teacher, TEACHERS)
        check_choice("ice", self.ice, ICES)
        check_choice("noise", self.noise, NOISES)
        check_whole("imagined", self.imagined, low=1, high=1000)
        check_whole("simulations", self.simulations, low=1, high=MOST_SIMULATIONS)
        check_real("explore", self.explore, low=0.0, high=1.0)
        check_whole("depth", self.depth, low=1, high=MOST_DEPTH)
        check_whole("seed", self.seed, low=0, high=MAX_SEED)
