"""The tasks of `hogline/CurlingDraw-v0` and `hogline/CurlingTakeout-v0`: boards that ask for one shot.

Shape letters: B episodes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from envs.arguments import whole
from envs.curling.physics.sheet import STONES, STONES_PER_TEAM
from envs.curling.pictures.render import draw_board
from envs.curling.rules.game import GameState
from envs.curling.tasks.actions import action_space, delivered
from envs.curling.tasks.observations import Observation, board_spaces, observe_boards, stacked
from envs.curling.world import Throw, World

MOST_GUARDS = 4
GUARD_ZONE = ((-1.6, -5.6), (1.6, -2.4))  # metres from the tee, corners of where guards lie
HOUSE_SHARE = 0.85  # of the house radius within which targets lie
CLEARANCE = 1.02  # stone diameters that stones set on the sheet stay apart
MOVED = 1e-6  # metres that a stone must move to count as touched
TOUCH_REWARD, OUT_REWARD, STAY_REWARD = 0.25, 0.75, 0.5
TARGET_SLOT = STONES_PER_TEAM  # the opponent's stone to be removed
TASKS = ("draw", "takeout")


@dataclass
class ShotEpisode:
    """One board and the shot at it."""

    rng: np.random.Generator
    state: GameState
    target: NDArray[np.float64]
    """[2] metres in shot coordinates: where to stop, or the stone to remove."""
    last: Throw | None = None


class ShotTask:
    """One throw, the last of an end, at a random board.

    Args:
        world: ice, noise and rules.
        task: "draw" (stop at the target) or "takeout" (remove the target stone).
        guards: opponent's guards on the sheet; 0 to 4.

    Raises:
        ValueError: on an unknown task or number of guards.
    """

    def __init__(self, world: World, task: str, guards: int) -> None:
        if task not in TASKS:
            raise ValueError(f"task: {task!r}, expected one of {', '.join(TASKS)}")
        self.world, self.task = world, task
        self.guards = whole("guards", guards, 0, MOST_GUARDS)

    def observation_space(self) -> spaces.Dict:
        """Bounds of what `observe` returns, for one board."""
        board = board_spaces(self.world)
        low, high = board["stones"].low[0], board["stones"].high[0]
        return spaces.Dict({**board, "target": spaces.Box(low, high, dtype=np.float32)})

    def action_space(self) -> spaces.Box:
        """Normalised throws; see `actions`."""
        return action_space()

    def begin(
        self, rngs: Sequence[np.random.Generator], options: Mapping[str, Any] | None = None
    ) -> list[ShotEpisode]:
        """B new boards."""
        return [self._board(rng) for rng in rngs]

    def play(
        self, episodes: Sequence[ShotEpisode], actions: NDArray[np.floating]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
        """Throw once at every board.

        Args:
            episodes: B boards not thrown at yet.
            actions: [B, 3] normalised actions.

        Returns:
            Rewards [B] float64; whether the task is over (always) and whether it was truncated (never),
            [B] bool.
        """
        shots = delivered(self.world.ice, actions)
        throws = self.world.deliver_each([e.state for e in episodes], shots, [e.rng for e in episodes])
        for episode, throw in zip(episodes, throws, strict=True):
            episode.last = throw
        rewards = np.array([self._reward(episode) for episode in episodes], dtype=np.float64)
        over = np.ones(len(episodes), dtype=bool)
        return rewards, over, ~over

    def observe(self, episodes: Sequence[ShotEpisode]) -> Observation:
        """B boards before the shot or after it, and the targets [B, 2] in metres from the tee."""
        boards = observe_boards(self.world, [_shown(episode) for episode in episodes], [0] * len(episodes))
        targets = np.stack([episode.target for episode in episodes]) - self.world.ice.sheet.tee
        return {**boards, "target": targets.astype(np.float32)}

    def infos(self, episodes: Sequence[ShotEpisode]) -> dict[str, NDArray]:
        """`distance` [B] between thrown stone and target, metres; NaN before the throw and when it is out.

        For a take-out also `removed` [B] bool.
        """
        return stacked([self._info(episode) for episode in episodes])

    def _info(self, episode: ShotEpisode) -> dict[str, Any]:
        stones, in_play = _shown(episode)
        slot = STONES_PER_TEAM - 1
        distance = float(np.hypot(*(stones[slot] - episode.target))) if in_play[slot] else float("nan")
        removed = episode.last is not None and not in_play[TARGET_SLOT]
        return {"distance": distance} if self.task == "draw" else {"distance": distance, "removed": removed}

    def picture(self, episode: ShotEpisode) -> NDArray[np.uint8]:
        """[H, W, 3] uint8 image of the sheet; a draw's target is marked."""
        mark = episode.target if self.task == "draw" else None
        return draw_board(self.world.ice.sheet, *_shown(episode), mark=mark)

    def close(self) -> None:
        """Nothing to end."""

    def _board(self, rng: np.random.Generator) -> ShotEpisode:
        """Guards and a target that do not touch; the agent is team 0 and has the last stone."""
        sheet, rules = self.world.ice.sheet, self.world.rules
        stones, in_play = np.zeros((STONES, 2)), np.zeros(STONES, dtype=bool)
        radius = HOUSE_SHARE * sheet.house_radius * np.sqrt(rng.random())
        angle = 2 * np.pi * rng.random()
        target = sheet.tee + radius * np.array([np.cos(angle), np.sin(angle)])
        if self.task == "takeout":
            stones[TARGET_SLOT], in_play[TARGET_SLOT] = target, True
        for slot in range(TARGET_SLOT + 1, TARGET_SLOT + 1 + self.guards):
            stones[slot] = _free_spot(self.world, stones[in_play], rng)
            in_play[slot] = True
        stones.flags.writeable = in_play.flags.writeable = False
        state = GameState(0, rules.shots_per_end - 1, hammer=0, decider=0, stones=stones, in_play=in_play)
        return ShotEpisode(rng, state, target)

    def _reward(self, episode: ShotEpisode) -> float:
        stones, in_play = _shown(episode)
        mine = STONES_PER_TEAM - 1
        if self.task == "draw":
            if not in_play[mine]:
                return -1.0
            distance = float(np.hypot(*(stones[mine] - episode.target)))
            return max(1.0 - distance / self.world.ice.sheet.house_radius, -1.0)
        if not in_play[TARGET_SLOT]:
            stays = self._in_house(stones[mine], in_play[mine])
            return TOUCH_REWARD + OUT_REWARD + (STAY_REWARD if stays else 0.0)
        moved = np.hypot(*(stones[TARGET_SLOT] - episode.target)) > MOVED
        return TOUCH_REWARD if moved else 0.0

    def _in_house(self, stone: NDArray[np.float64], in_play: np.bool_) -> bool:
        sheet = self.world.ice.sheet
        return bool(in_play) and np.hypot(*(stone - sheet.tee)) < sheet.house_reach


def _shown(episode: ShotEpisode) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The board before the throw, or what the throw left."""
    if episode.last is None:
        return episode.state.stones, episode.state.in_play
    return episode.last.board


def _free_spot(world: World, taken: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """A point [2] of the guard zone (metres) clear of the stones `taken` [N, 2]."""
    sheet = world.ice.sheet
    while True:
        spot = sheet.tee + rng.uniform(*GUARD_ZONE)
        if not len(taken) or np.hypot(*(taken - spot).T).min() > CLEARANCE * 2 * sheet.stone_radius:
            return spot
