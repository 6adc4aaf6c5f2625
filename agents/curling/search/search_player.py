"""A player that searches: for many games at once, or as a plain player of one.

A shot depends on the position, the config, the network and its seed alone, not on the other games (given the
config's fixed batch of the network).

Shape letters: B games, G cells, K outcomes.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from agents.curling.compiled.end_step import OUTCOMES
from agents.curling.positions import positions_of
from agents.curling.search.board_judge import BoardJudge
from agents.curling.search.candidates import Candidates
from agents.curling.search.evaluator import NetworkEvaluator
from agents.curling.search.grid import PolicyGrid
from agents.curling.search.player_config import PlayerConfig
from agents.curling.search.policy_play import play_policy
from agents.curling.search.shot_space import ShotSpace
from agents.curling.search.simulator import EndSimulator
from agents.curling.winning import POINTS
from envs.curling.physics.delivery import Shot
from envs.curling.rules.game import GameState
from envs.curling.world import World
from planners.config import KernelConfig, SearchConfig
from planners.interfaces import Evaluator, SearchResult
from planners.presets import PRESETS
from planners.rollout import Rollouts
from planners.search import Search

WINNING_POINT = 0.2
"""Chance to win that a point of an even game is about worth: scale of the exploration when playing to win."""


class Winning(Protocol):
    """Says what the score of an end is worth; see `winning.WinningTable`."""

    def utility(
        self, ends_left: NDArray[np.int64], lead: NDArray[np.int64], hammer: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Team 0's chance to win [B, K] after each score of the end, for positions during it.

        Args: ends_left [B] ends of the event after this one, below 0 in extra ends; lead [B] points of team 0
        less those of team 1; hammer [B] team with the last stone of this end.
        """
        ...


class SearchPlayer:
    """A searching player on one world; one call at a time.

    Args:
        config: how it searches.
        world: what it plays in.
        network: judges positions; None for the searches without one.
        device: where the network runs.
        winning: for the utility `winning`.

    Raises:
        ValueError: a network or `winning` is missing.
    """

    def __init__(
        self,
        config: PlayerConfig,
        world: World,
        network: nn.Module | None,
        *,
        device: str | torch.device = "cpu",
        winning: Winning | None = None,
    ) -> None:
        if config.needs_network and network is None:
            raise ValueError(f"network: got none, expected one for the search {config.search}")
        if config.utility == "winning" and winning is None:
            raise ValueError("winning: got none, expected a table of chances for the utility winning")
        self.config, self.world = config.on(torch.device(device).type, bfloat16=_has_bfloat16(device)), world
        self.space = ShotSpace(world.ice, world.noise)
        self.grid = PolicyGrid(world.ice, self.space)
        self.winning = winning
        """What ends are worth to it, if it plays to win."""
        self._simulator = EndSimulator(world, self.space)
        self.evaluator: NetworkEvaluator | None = None
        """The network as a judge; None for the searches without one."""
        if config.needs_network:
            self.evaluator = NetworkEvaluator(
                network,
                self.grid,
                device=device,
                batch=self.config.batch,
                precision=self.config.precision,
                compile=config.compile,
            )
        if config.search != "policy":
            settings = search_config(config, self.space.kernel)
            judge = self.evaluator or self._rollouts()
            self._search = Search(settings, self._simulator, judge, groups=config.groups)

    @property
    def kernel(self) -> KernelConfig:
        """Of its search; the policy alone has the world's."""
        return self._search.config.kernel if self.config.search != "policy" else self.space.kernel

    def think(
        self,
        states: Sequence[GameState],
        seeds: NDArray[np.uint64],
        *,
        temperature: float | NDArray[np.float64] | None = None,
    ) -> SearchResult:
        """What the player finds in B games in progress.

        Args:
            states: the games, of the player's world.
            seeds: [B] from 0.
            temperature: one number or [B] instead of the config's.
        """
        return self.search(positions_of(self.world, states), seeds, temperature=temperature)

    def search(
        self,
        positions: NDArray,
        seeds: NDArray[np.uint64],
        *,
        temperature: float | NDArray[np.float64] | None = None,
    ) -> SearchResult:
        """As `think`, for positions [B] POSITION."""
        warmth = self.config.temperature if temperature is None else temperature
        utility = self.utility(positions)
        if self.config.search == "policy":
            return play_policy(self.evaluator, self.grid, positions, seeds, utility, warmth)
        return self._search.run(positions, seeds, utility, temperature=warmth)

    def utility(self, positions: NDArray) -> NDArray[np.float64]:
        """What each score of the end is worth to team 0 in positions [B]: [B, K]."""
        if self.config.utility == "score":
            return np.broadcast_to(POINTS.astype(np.float64), (len(positions), OUTCOMES))
        ends_left = positions["ends"] - positions["end"] - 1
        parts = (ends_left, positions["lead"], positions["hammer"])
        return self.winning.utility(*(part.astype(np.int64) for part in parts))

    def shots(self, states: Sequence[GameState], seeds: NDArray[np.uint64]) -> list[Shot | None]:
        """The shots of B games in progress; this player never concedes."""
        if len(states) == 0:
            return []
        return list(self.played(self.think(states, seeds)))

    def played(self, result: SearchResult) -> list[Shot]:
        """The shots [B] that results chose."""
        velocity, spin = self.space.velocities(result.point, result.part)
        return [Shot(x, y, s) for (x, y), s in zip(velocity.tolist(), spin.tolist(), strict=True)]

    def _rollouts(self) -> Evaluator:
        """Hand-made candidates, and rollouts with noise that end in a judgement of the board."""
        return Rollouts(
            self._simulator,
            Candidates(self.world, self.space),
            BoardJudge(self.world),
            noise=self.space.kernel,
            length=self.config.rollout_length,
        )


def search_config(config: PlayerConfig, kernel: KernelConfig) -> SearchConfig:
    """The published search of a player, with what the player changes in it."""
    settings = PRESETS[config.search](kernel)
    exploration = settings.exploration if config.exploration is None else config.exploration
    point = WINNING_POINT if config.utility == "winning" else 1.0
    return replace(
        settings,
        simulations=config.simulations,
        leaves=config.leaves,
        exploration=exploration * point,
        final_exploration=settings.final_exploration * point,
        candidates=config.candidates or settings.candidates,
    )


def _has_bfloat16(device: str | torch.device) -> bool:
    """Whether a device is a GPU that computes with it, rather than one that imitates it slowly."""
    return torch.device(device).type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
