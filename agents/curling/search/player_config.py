"""How a player searches: the variant of the search, its budget, and what it plays for."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

from agents.runs.fields import check_choice, check_real, check_whole

SearchName = Literal[
    "kr_dl_uct_executed",
    "kr_dl_uct",
    "kr_dl_uct_public",
    "dl_uct",
    "kr_uct_executed",
    "kr_uct",
    "uct",
    "policy",
]
SEARCHES = get_args(SearchName)
WITHOUT_NETWORK = ("kr_uct_executed", "kr_uct", "uct")
"""Searches with hand-made candidates and rollouts."""
PAPER_ROLLOUT, SHORT_ROLLOUT = 5, 1
"""Shots."""
CPU_ROWS, GPU_ROWS = 64, 256
"""Of a call of the network where the config leaves them to the device."""
PRECISIONS = ("auto", "float32", "bfloat16")
UTILITIES = ("score", "winning")
MOST_SIMULATIONS, MOST_LEAVES, MOST_ROWS = 1_000_000, 1024, 65_536


@dataclass(frozen=True)
class PlayerConfig:
    """A player that searches, or plays its network's policy as it is."""

    search: SearchName = "kr_dl_uct_executed"
    """Kernel regression with a network (kr_dl_uct and its kin), PUCT on the grid (dl_uct), hand-made
    candidates with rollouts (kr_uct and its kin, uct), or the network's policy without a search."""

    simulations: int = 400
    """Leaves visited for each shot."""

    leaves: int = 1
    """Leaves a game gathers before the network judges them together: 16 is faster for one game at a time,
    and searches a little differently."""

    utility: Literal["score", "winning"] = "score"
    """Play for points of the end, or for the chance to win the game."""

    temperature: float = 0.0
    """0 plays the best action; above 0 draws it in proportion to its count to the power of 1 over this."""

    exploration: float | None = None
    """Weight of the exploration term; None is that of the published search, in points."""

    candidates: int | None = None
    """First actions of each node; None is as many as the published search has."""

    rollout: int | None = None
    """Searches without a network: shots of a rollout; None is one for kr_uct_executed and else five, as in
    the paper of KR-UCT. As the board is judged where a rollout is cut, longer ones add more noise."""

    batch: int | None = None
    """Rows of every call of the network, so that a shot does not depend on other games; 0 is as many as
    there are, which is faster for few games; None leaves it to the device."""

    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Arithmetic of the network; auto is bfloat16 on a GPU that has it, and else float32."""

    compile: bool = False
    """Compile the network: slower to start, faster to run."""

    groups: int = 1
    """Threads of the search, each with its share of the games."""

    def __post_init__(self) -> None:
        check_choice("search", self.search, SEARCHES)
        check_choice("utility", self.utility, UTILITIES)
        check_choice("precision", self.precision, PRECISIONS)
        check_whole("simulations", self.simulations, low=1, high=MOST_SIMULATIONS)
        check_whole("leaves", self.leaves, low=1, high=MOST_LEAVES)
        check_real("temperature", self.temperature, low=0.0, high=1000.0)
        if self.exploration is not None:
            check_real("exploration", self.exploration, low=0.0, high=1000.0)
        if self.candidates is not None:
            check_whole("candidates", self.candidates, low=1, high=2048)
        if self.rollout is not None:
            check_whole("rollout", self.rollout, low=0, high=16)
        if self.batch is not None:
            check_whole("batch", self.batch, low=0, high=MOST_ROWS)
        check_whole("groups", self.groups, low=1, high=256)

    @property
    def rollout_length(self) -> int:
        """Shots of a rollout."""
        if self.rollout is not None:
            return self.rollout
        return SHORT_ROLLOUT if self.search == "kr_uct_executed" else PAPER_ROLLOUT

    @property
    def needs_network(self) -> bool:
        """Whether the player cannot do without a network."""
        return self.search not in WITHOUT_NETWORK

    def on(self, device: str, *, bfloat16: bool) -> "PlayerConfig":
        """The same config, what it leaves to the device settled.

        Args:
            device: the device's type.
            bfloat16: whether a GPU has that arithmetic.
        """
        settled = {}
        if self.batch is None:
            settled["batch"] = GPU_ROWS if device == "cuda" else CPU_ROWS
        if self.precision == "auto":
            settled["precision"] = "bfloat16" if device == "cuda" and bfloat16 else "float32"
        return replace(self, **settled)
