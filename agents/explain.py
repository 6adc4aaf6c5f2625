"""Which stones a curling network sees together: distils its value and ranks the interactions of stones.

The expected points of boards are fitted by MLP-M, whose weights tell interactions (Tsang et al. 2018). The
networks cannot tell the stones of a team apart, so strengths are averaged over pairs of one kind. Beside them
stand the interactions of the network itself: mixed differences of its value, which need no second network.

Shapes: B boards, p inputs (x and y of each stone), K scores.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from agents.curling.compiled.end_step import OUTCOMES
from agents.curling.networks.features import Inputs
from agents.curling.networks.policy_value import PolicyValueNetwork
from agents.interactions.config import InteractionsConfig
from agents.interactions.findings import Findings, read_findings
from agents.interactions.learner import build_network, fit_of, part_errors
from envs.curling.physics.sheet import STONES, STONES_PER_TEAM, WORLD_CURLING
from vision.interactions.networks import InteractionNetwork
from vision.interactions.problem import Problem, regression_problem

REACH = WORLD_CURLING.house_radius
"""Stones are drawn in the square around the house, metres from the tee along each axis."""
ENDS_LEFT = 3.0
"""Ends after this one; the score is level."""
AT_ONCE = 2000
"""Boards in one pass of the network."""
DIFFERENCES = 2000
"""Boards on which the mixed difference of each pair is measured."""

Value = Callable[[NDArray[np.float32]], NDArray[np.float64]]


@dataclass(frozen=True)
class Boards:
    """What kind of boards are judged: so many own stones, of the other team, and shots still to come.

    The team to throw has the last stone if an odd number of shots is to come.
    """

    own: int
    other: int
    shots_left: int

    def __post_init__(self) -> None:
        thrown = STONES - self.shots_left
        most = {"own": thrown // 2, "other": (thrown + 1) // 2}
        for name, limit in most.items():
            if not 0 <= getattr(self, name) <= limit:
                raise ValueError(
                    f"{name}: got {getattr(self, name)} stones, expected at most {limit} "
                    f"with {self.shots_left} shots to come"
                )
        if self.own + self.other == 0:
            raise ValueError("own: got no stones of either team, expected at least one")

    @property
    def owners(self) -> tuple[str, ...]:
        """Whose each stone is."""
        return ("own",) * self.own + ("other",) * self.other

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the p inputs: the coordinates of stone after stone."""
        numbers = [*range(1, self.own + 1), *range(1, self.other + 1)]
        stones = zip(self.owners, numbers, strict=True)
        return tuple(f"{owner} {number} {axis}" for owner, number in stones for axis in "xy")

    def kind_of(self, one: int, other: int) -> str:
        """What kind of pair two inputs are, whichever the stones of a team."""
        stones, axes = (one // 2, other // 2), ("xy"[one % 2], "xy"[other % 2])
        names = [f"{self.owners[stone]} {axis}" for stone, axis in zip(stones, axes, strict=True)]
        if stones[0] == stones[1]:
            return f"{names[0]} and {axes[1]} of one stone"
        # Two stones of a team: x of one and y of the other is one kind, in either order.
        same_team = self.owners[stones[0]] == self.owners[stones[1]]
        return " with ".join(sorted(names) if same_team else names)


class PairKind(NamedTuple):
    """A kind of pair: mean strength in the distilled network, and in points what the value itself shows."""

    name: str
    pairs: int
    strength: float
    difference: float


@dataclass(frozen=True)
class Explanation:
    """What was found.

    Attributes:
        kinds: by falling strength.
        findings: of all pairs and sets, not averaged.
        differences: (p, p) root mean squared mixed differences of the value, points.
        explained: share of the value's variance that the distilled network explains on test boards.
        deviation: of the value over boards, points.
        agreement: rank correlation of strengths and differences over all pairs; None for fewer than three.
    """

    kinds: list[PairKind]
    findings: Findings
    differences: NDArray[np.float64]
    explained: float
    deviation: float
    agreement: float | None


def explain(
    network: PolicyValueNetwork,
    boards: Boards,
    config: InteractionsConfig,
    *,
    count: int,
    seed: int,
    device: str,
) -> Explanation:
    """Distil the value of a network on random boards and rank what interacts.

    Args:
        network: in evaluation mode, on the device.
        boards: of which kind.
        config: of the network that learns the value.
        count: how many boards; eight in ten are learnt from.
        seed: of the boards and the weights.
        device: where networks run.
    """
    rng = np.random.default_rng(seed)
    drawn = draw_boards(boards, count, rng)
    value = value_of(network, boards, device)
    problem = regression_problem("value", boards.inputs, drawn.astype(np.float64), value(drawn))
    distilled = _distil(problem, config, seed=seed, device=device)
    error = float(part_errors(distilled, problem.parts["test"].to(device), problem)[0])
    variance = float(problem.parts["test"].targets.double().var(correction=0))
    (findings,) = read_findings(problem, distilled, mean="min")
    differences = mixed_differences(value, *(draw_boards(boards, DIFFERENCES, rng) for _ in range(2)))
    return Explanation(
        pair_kinds(boards, findings.pairs, differences),
        findings,
        differences,
        explained=1.0 - error / variance,
        deviation=problem.deviations[0],
        agreement=_agreement(findings.pairs, differences),
    )


def _distil(problem: Problem, config: InteractionsConfig, *, seed: int, device: str) -> InteractionNetwork:
    """Return MLP-M fitted to a problem."""
    distilled = build_network(config, problem, torch.Generator().manual_seed(seed))
    for _ in fit_of(distilled, problem.parts["train"].to(device), problem, config, seed=seed).train():
        pass
    return distilled


def draw_boards(boards: Boards, count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return (count, p) float32 stones at independent, uniform places, no two of them overlapping.

    Boards of games would hold stones that depend on each other, which weights show as interactions, too.
    """
    stones = len(boards.owners)
    kept: list[NDArray[np.float64]] = []
    while sum(map(len, kept)) < count:
        drawn = rng.uniform(-REACH, REACH, (count, stones, 2))
        apart = np.ones(count, dtype=bool)
        for one, other in combinations(range(stones), 2):
            distance = np.linalg.norm(drawn[:, one] - drawn[:, other], axis=1)
            apart &= distance >= 2 * WORLD_CURLING.stone_radius
        kept.append(drawn[apart])
    return np.concatenate(kept)[:count].reshape(count, -1).astype(np.float32)


def value_of(network: PolicyValueNetwork, boards: Boards, device: str) -> Value:
    """Return the function from (B, p) float32 boards to the (B,) expected points of the team to throw."""
    slots = [*range(boards.own), *range(STONES_PER_TEAM, STONES_PER_TEAM + boards.other)]
    scores = torch.arange(OUTCOMES, device=device, dtype=torch.float32) - OUTCOMES // 2

    @torch.no_grad()
    def points(places: NDArray[np.float32]) -> NDArray[np.float64]:
        parts = torch.from_numpy(places).to(device).split(AT_ONCE)
        return (
            torch.cat([network(_inputs(part, slots, boards))[1].softmax(-1) @ scores for part in parts])
            .double()
            .cpu()
            .numpy()
        )

    return points


def _inputs(places: torch.Tensor, slots: list[int], boards: Boards) -> Inputs:
    """Boards (B, p) as a network sees them, from the side of the team to throw."""
    count = len(places)
    stones, in_play = places.new_zeros(count, STONES, 2), torch.zeros(STONES, dtype=torch.bool)
    stones[:, slots] = places.unflatten(1, (-1, 2))
    in_play[slots] = True
    full = places.new_full
    return Inputs(
        stones,
        in_play.to(places.device).expand(count, STONES),
        full((count,), boards.shots_left, dtype=torch.int64),
        full((count,), float(boards.shots_left % 2)),
        full((count,), 0.0),
        full((count,), ENDS_LEFT),
    )


def mixed_differences(
    value: Value, start: NDArray[np.float32], end: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return the (p, p) root mean squared mixed differences of a value: 0 where two inputs do not interact.

    Args:
        value: from (B, p) to (B,).
        start: (B, p) where it begins.
        end: (B, p) whose inputs one at a time, and two at a time, take the place of the first ones.
    """
    inputs = start.shape[1]

    def moved(*places: int) -> NDArray[np.float64]:
        corner = start.copy()
        corner[:, places] = end[:, places]
        return value(corner)

    base, single = moved(), [moved(place) for place in range(inputs)]
    found = np.zeros((inputs, inputs))
    for one, other in combinations(range(inputs), 2):
        mixed = moved(one, other) - single[one] - single[other] + base
        found[one, other] = found[other, one] = np.sqrt((mixed**2).mean())
    return found


def pair_kinds(
    boards: Boards, strengths: NDArray[np.floating], differences: NDArray[np.float64]
) -> list[PairKind]:
    """Return the means of (p, p) strengths and differences over the pairs of a kind, by falling strength."""
    pairs: dict[str, list[tuple[int, int]]] = {}
    for one, other in combinations(range(len(boards.inputs)), 2):
        pairs.setdefault(boards.kind_of(one, other), []).append((one, other))
    kinds = [
        PairKind(
            name,
            len(places),
            float(np.mean([strengths[place] for place in places])),
            float(np.mean([differences[place] for place in places])),
        )
        for name, places in pairs.items()
    ]
    return sorted(kinds, key=lambda kind: -kind.strength)


def _agreement(strengths: NDArray[np.floating], differences: NDArray[np.float64]) -> float | None:
    """Return Spearman's rank correlation over all pairs."""
    upper = np.triu_indices(len(strengths), 1)
    if len(upper[0]) < 3:
        return None
    ranks = [np.argsort(np.argsort(table[upper])) for table in (strengths, differences)]
    return float(np.corrcoef(*ranks)[0, 1])
