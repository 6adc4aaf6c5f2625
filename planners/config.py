"""What a search is made of, as values: its kernel, its rules of selection and widening, its budget.

Sources: Yee, Lisy, Bowling, "Monte Carlo Tree Search in Continuous Action Spaces with Execution Uncertainty",
IJCAI 2016 (KR-UCT); Lee, Kim, Choi, Lee, "Deep Reinforcement Learning in Continuous Action Spaces: a Case
Study in the Game of Simulated Curling", ICML 2018 (KR-DL-UCT).
"""

import math
from dataclasses import dataclass, field

KERNELS = ("gaussian", "student_t", "none")
SELECTIONS = ("ucb", "puct")
CANDIDATE_CHOICES = ("sample", "best")
WIDENING_SHAPES = ("noise", "ellipse")
DENSITIES = ("visits", "actions")
FINALS = ("weight", "lower_bound")


@dataclass(frozen=True)
class KernelConfig:
    """How alike two actions are: 1 for an action and itself, 0 between different discrete parts.

    The kernel is meant to be the execution noise: the density, relative to its peak, of executing one action
    when the other is intended. Choose a space of actions where that noise is the same everywhere.
    """

    kind: str = "gaussian"
    """gaussian, student_t (a product over dimensions), or none: every action stands alone."""

    scales: tuple[float, ...] = (1.0, 1.0)
    """Standard deviation (scale, for student_t) of the noise in each dimension, in units of the actions."""

    freedom: float = 5.0
    """Degrees of freedom of student_t."""

    low: tuple[float, ...] = ()
    """Least value of each dimension for actions that the search makes up; empty is unbounded."""

    high: tuple[float, ...] = ()
    """Greatest value of each dimension likewise."""

    def __post_init__(self) -> None:
        _check_choice("kind", self.kind, KERNELS)
        if not self.scales or not all(0 < scale < math.inf for scale in self.scales):
            raise ValueError(f"scales: got {self.scales}, expected positive finite numbers, one a dimension")
        if not 0 < self.freedom < math.inf:
            raise ValueError(f"freedom: got {self.freedom}, expected a positive finite number")
        for name in ("low", "high"):
            bounds = getattr(self, name)
            if bounds and len(bounds) != self.dimensions:
                raise ValueError(f"{name}: got {len(bounds)} values, expected none or {self.dimensions}")
        if self.low and self.high and not all(a < b for a, b in zip(self.low, self.high, strict=True)):
            raise ValueError(f"low: got {self.low}, expected less than high, which is {self.high}")

    @property
    def dimensions(self) -> int:
        """How many continuous numbers an action has."""
        return len(self.scales)


@dataclass(frozen=True)
class SearchConfig:
    """A search; `presets.py` has the published ones.

    Exploration constants are in units of the utility.
    """

    kernel: KernelConfig = field(default_factory=KernelConfig)
    """How alike actions are."""

    simulations: int = 400
    """Leaves a search visits, for each tree."""

    selection: str = "ucb"
    """ucb (with kernel counts), or puct (with the prior; candidates compete before their first visit)."""

    exploration: float = 0.1
    """Weight of the exploration term of the selection."""

    candidates: int = 20
    """Initial actions of a node, taken from what the evaluator proposes."""

    candidate_choice: str = "sample"
    """sample (without replacement, in proportion to the prior) or best (highest prior first)."""

    prior_temperature: float = 1.0
    """Candidates are sampled from the prior to the power of 1 over this."""

    widening: float = 1.0
    """A node gets a new action when the visits of its actions reach this times their number squared; 0 is
    never."""

    widening_samples: int = 10
    """Actions drawn near the selected one; the one with the lowest kernel density becomes the new action."""

    widening_shape: str = "noise"
    """noise (drawn like the execution noise) or ellipse (uniform in one of `widening_reach` scales)."""

    widening_reach: float = 2.0
    """Radius of the ellipse, in kernel scales."""

    widening_least: float = 0.0
    """Drawn actions must be more alike to the selected one than this, 0 to 1."""

    widening_density: str = "visits"
    """visits (each action counts as often as it was visited) or actions (each counts once)."""

    execute_candidates: bool = False
    """Whether candidates become nodes as executed (with noise) rather than as intended."""

    execute_last: bool = False
    """Whether an action that ends the episode is executed, with fresh noise, at every visit; otherwise it is
    played once, as intended. A node's actions are known to be such from the first one on that was."""

    widening_last: float | None = None
    """`widening` where actions are known to end the episode; None is the same as elsewhere."""

    max_depth: int = 0
    """Actions from the root to the deepest node; 0 is no limit."""

    final: str = "weight"
    """The action played: weight (greatest kernel count) or lower_bound (greatest lower confidence bound)."""

    final_exploration: float = 0.001
    """Weight of the confidence term of lower_bound."""

    leaves: int = 1
    """Leaves each tree gathers before they are evaluated together; more than 1 is for few trees."""

    def __post_init__(self) -> None:
        _check_choice("selection", self.selection, SELECTIONS)
        _check_choice("candidate_choice", self.candidate_choice, CANDIDATE_CHOICES)
        _check_choice("widening_shape", self.widening_shape, WIDENING_SHAPES)
        _check_choice("widening_density", self.widening_density, DENSITIES)
        _check_choice("final", self.final, FINALS)
        if self.selection == "puct" and self.candidate_choice != "best":
            raise ValueError(
                f"selection: got puct with candidate_choice {self.candidate_choice}, expected best with it"
            )
        for name, least in (
            ("simulations", 1),
            ("candidates", 1),
            ("widening_samples", 1),
            ("leaves", 1),
            ("max_depth", 0),
        ):
            value = getattr(self, name)
            if value < least:
                raise ValueError(f"{name}: got {value}, expected at least {least}")
        for name in ("exploration", "widening", "widening_last", "widening_reach", "final_exploration"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < math.inf:
                raise ValueError(f"{name}: got {value}, expected a finite number from 0")
        if not 0 < self.prior_temperature < math.inf:
            raise ValueError(f"prior_temperature: got {self.prior_temperature}, expected a positive number")
        if not 0 <= self.widening_least < 1:
            raise ValueError(f"widening_least: got {self.widening_least}, expected 0 to below 1")


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name}: got {value!r}, expected one of {', '.join(choices)}")
