"""The flags of `run.py train kr_drl`: the search, the games, the replay and the updates (Lee et al. 2018)."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from agents.curling.networks.network_config import NetworkConfig
from agents.curling.search.player_config import PlayerConfig
from agents.runs.errors import ConfigError
from agents.runs.fields import check_choice, check_real, check_whole
from agents.runs.lengthening import Length
from vision.fit_config import FitConfig, OptimizerConfig, OptimizerKind, Precision
from vision.schedules import ScheduleConfig

RateName = Literal["constant", "cosine", "decay_rate"]
SearchName = Literal["kr_dl_uct_executed", "kr_dl_uct", "kr_dl_uct_public", "dl_uct"]
SHOTS = 16


@dataclass(frozen=True)
class SelfPlayConfig:
    """Train a policy and value network on games that it plays against itself (KR-DRL).

    An interval plays games of one end in lockstep and then makes updates on positions drawn from the latest.
    Temperatures, simulations, batch and momentum are the paper's, which keeps the latest million positions.
    """

    network: NetworkConfig = field(default_factory=NetworkConfig)
    """The network; with --start it has to be that one's."""

    start: str = ""
    """Network to start from: a checkpoint, a run folder or a pretrained name; left out, one drawn at random,
    so that nothing is learnt from any teacher."""

    search: SearchName = "kr_dl_uct_executed"
    """The search that plays: the paper's is kr_dl_uct, what it compares with dl_uct."""

    simulations: int = 400
    """Simulations of a shot."""

    candidates: int | None = None
    """First actions of each node; None is the search's own number, 20 for kr_dl_uct and its kin."""

    exploration: float | None = None
    """Weight of the search's exploration; None is the search's own."""

    warm_shots: int = 3
    """Shots of an end that are drawn at the warm temperature, for variety."""

    warm: float = 1.0
    """Temperature of these shots, and of the density that the policy learns from them."""

    cool: float = 0.33
    """Temperature of the other shots."""

    policy_target: Literal["density", "improved"] = "density"
    """What the policy learns: the search's kernel density, which is the paper's and wants many simulations,
    or the policy itself, made likelier where the search found more."""

    policy_step: float = 0.2
    """Points for which `improved` makes a shot e times likelier."""

    search_share: float = 0.5
    """Share in the value's target of what the search found by kernel regression; the rest is how the end
    really ended. The paper's is 1."""

    iterations: int = 200
    """Intervals of the run."""

    games: int = 128
    """Games of an interval, all at once, each of one end."""

    keep: int = 100_000
    """Positions kept to learn from, the latest; their ends make the run's table of chances to win."""

    least: int = 5_000
    """Positions that must be there before the first update."""

    updates: int = 32
    """Updates of an interval."""

    batch: int = 256
    """Positions of an update."""

    value_weight: float = 1.0
    """Weight of the value's loss beside the policy's."""

    mirror: bool = True
    """Show every second position mirrored, drawn anew each time."""

    schedule: RateName = "constant"
    """How the rate changes over the run."""

    rate: float = 0.01
    """Initial learning rate."""

    momentum: float = 0.9
    """Momentum; Adam's first decay rate."""

    factor: float = 10.0
    """By what decay_rate divides the rate at every milestone."""

    milestones: tuple[float, ...] = (0.5, 0.8)
    """When the rate falls, in fractions of the run."""

    optimizer: OptimizerKind = "momentum"
    """Rule of the updates."""

    weight_decay: float = 2e-4
    """Factor of the weights added to their gradient: twice that of the squared norm in the loss."""

    second_decay: float = 0.999
    """Adam's decay rate of squared gradients."""

    clip: float = 0.0
    """Largest norm of the gradient; 0 means no clipping."""

    precision: Precision = "float32"
    """Arithmetic of the updates; of the search's network too if it is bfloat16."""

    compile: bool = False
    """Compile the network: slower to start, faster to run."""

    gate_every: int = 0
    """Intervals between matches of the new network against the best, which alone plays; 0 holds none, and
    the newest plays."""

    gate_games: int = 200
    """Games of such a match at most, of two ends each; even. It stops as soon as it is decided."""

    gate_elo: float = 30.0
    """Elo points by which a new network should be stronger."""

    gate_simulations: int = 100
    """Simulations of a shot in these matches."""

    ice: Literal["fcv1", "gat2016"] = "fcv1"
    """The ice."""

    noise: Literal["dc3", "gat2016", "student_t"] = "dc3"
    """What the hands add to the shots."""

    log: str = ""
    """File for the games, as lines of JSON that play again to the same score; none if left out."""

    groups: int = 1
    """Threads of the search, each with its share of the games."""

    search_batch: int = 64
    """Positions of every call of the network in the search."""

    def __post_init__(self) -> None:
        check_choice("search", self.search, get_args(SearchName))
        check_choice("schedule", self.schedule, get_args(RateName))
        check_choice("ice", self.ice, ("fcv1", "gat2016"))
        check_choice("noise", self.noise, ("dc3", "gat2016", "student_t"))
        check_whole("warm_shots", self.warm_shots, low=0, high=SHOTS)
        for name in ("warm", "cool"):
            check_real(name, getattr(self, name), low=0.05, high=100.0)
        check_choice("policy_target", self.policy_target, ("density", "improved"))
        check_real("policy_step", self.policy_step, low=1e-3, high=1e3)
        check_real("search_share", self.search_share, low=0.0, high=1.0)
        check_real("value_weight", self.value_weight, low=0.0, high=1e6)
        for name, most in (("iterations", 10**7), ("games", 10**5), ("keep", 10**8), ("updates", 10**6)):
            check_whole(name, getattr(self, name), low=1, high=most)
        if self.keep < self.batch:
            raise ConfigError(f"keep: got {self.keep}, expected at least the batch of {self.batch}")
        check_whole("least", self.least, low=0, high=self.keep)
        check_whole("gate_every", self.gate_every, low=0, high=10**7)
        check_whole("gate_games", self.gate_games, low=2, high=10**6)
        if self.gate_games % 2:
            raise ConfigError(f"gate_games: got {self.gate_games}, expected an even number")
        check_real("gate_elo", self.gate_elo, low=1.0, high=1000.0)
        check_whole("gate_simulations", self.gate_simulations, low=1, high=10**6)
        check_whole("search_batch", self.search_batch, low=1, high=65_536)
        _ = self.fit, self.player, self.gate_player  # the parts check their own fields

    @property
    def intervals(self) -> int:
        """How many measurements a run makes."""
        return self.iterations

    @property
    def length(self) -> Length:
        """A rate that stays as it is lets a run go on."""
        falls = "" if self.schedule == "constant" else f"its rate falls over the whole run ({self.schedule})"
        return Length("iterations", falls, "--start")

    @property
    def player(self) -> PlayerConfig:
        """How the games are searched."""
        return self._player(self.simulations)

    @property
    def gate_player(self) -> PlayerConfig:
        """How the matches are searched."""
        return self._player(self.gate_simulations)

    @property
    def fit(self) -> FitConfig:
        """The config of the updates; the schedule runs over the intervals."""
        schedule = ScheduleConfig(
            kind=self.schedule,
            epochs=float(self.iterations),
            rate=self.rate,
            momentum=self.momentum,
            batch=self.batch,
            factor=self.factor,
            milestones=self.milestones,
            max_batch=self.batch,
        )
        optimizer = OptimizerConfig(
            kind=self.optimizer, weight_decay=self.weight_decay, second_decay=self.second_decay
        )
        return FitConfig(schedule, optimizer, self.clip, self.precision, self.compile)

    def _player(self, simulations: int) -> PlayerConfig:
        return PlayerConfig(
            search=self.search,
            simulations=simulations,
            exploration=self.exploration,
            candidates=self.candidates,
            batch=self.search_batch,
            precision="bfloat16" if self.precision == "bfloat16" else "float32",
            compile=self.compile,
            groups=self.groups,
        )
