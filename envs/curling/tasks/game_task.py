"""The task of `hogline/Curling-v0`: many games against one opponent, in lockstep through the batched engine.

Shape letters: B episodes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from envs.arguments import whole
from envs.curling.physics.delivery import Shot
from envs.curling.pictures.render import draw_game
from envs.curling.players.opponents import Player, call_shot
from envs.curling.players.placement import Chooser, chooser_of, position
from envs.curling.rules.game import TEAMS, GameState, start_game
from envs.curling.tasks.actions import action_space, delivered
from envs.curling.tasks.observations import Observation, game_info, game_spaces, observe_games, stacked
from envs.curling.tasks.rewards import checked_reward, turn_reward
from envs.curling.world import Throw, World


@dataclass
class GameEpisode:
    """One game in progress."""

    rng: np.random.Generator
    team: int
    """Team of the agent."""
    state: GameState
    told: GameState
    """The game when the agent was last rewarded; at first the start of the game."""
    last: Throw | None = None


class GameTask:
    """Games of one agent against one opponent.

    Args:
        world: ice, noise and rules.
        opponent: plays the other team.
        team: of the agent; None draws it for every game.
        chooser: positions the stones of mixed doubles where the agent's team decides.
        reward: "points" (net points of every finished end) or "result" (+1, 0, -1 when the game is over).

    Raises:
        ValueError: on an unknown team or reward.
    """

    def __init__(
        self, world: World, opponent: Player, team: int | None, chooser: Chooser, reward: str
    ) -> None:
        self.world, self.opponent, self.chooser = world, opponent, chooser
        self.team = None if team is None else whole("team", team, *TEAMS)
        self.reward = checked_reward(reward)

    def observation_space(self) -> spaces.Dict:
        """Bounds of what `observe` returns, for one game."""
        return game_spaces(self.world)

    def action_space(self) -> spaces.Box:
        """Normalised throws; see `actions`."""
        return action_space()

    def begin(
        self, rngs: Sequence[np.random.Generator], options: Mapping[str, Any] | None = None
    ) -> list[GameEpisode]:
        """B new games, each up to the agent's first throw; over where the opponent concedes before it."""
        episodes = []
        for rng in rngs:
            team = int(rng.integers(2)) if self.team is None else self.team
            state = start_game(self.world.ice.sheet, self.world.rules)
            episodes.append(GameEpisode(rng, team, state, state))
            self._position(episodes[-1])
        self._respond(episodes)
        return episodes

    def play(
        self, episodes: Sequence[GameEpisode], actions: NDArray[np.floating]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
        """The agent throws once in every game and the opponent answers.

        Args:
            episodes: B games in which it is the agent's turn, or whose end `begin` saw: there nothing is
                thrown.
            actions: [B, 3] normalised actions.

        Returns:
            Rewards [B] float64; whether each game is over, and whether it was truncated (never), [B] bool.
        """
        shots = delivered(self.world.ice, actions)
        live = [index for index, episode in enumerate(episodes) if not episode.state.over]
        self._throw([episodes[index] for index in live], [shots[index] for index in live])
        self._respond(episodes)
        rewards = [
            turn_reward(self.reward, episode.told, episode.state, episode.team) for episode in episodes
        ]
        for episode in episodes:
            episode.told = episode.state
        over = np.array([episode.state.over for episode in episodes], dtype=bool)
        return np.array(rewards, dtype=np.float64), over, np.zeros_like(over)

    def observe(self, episodes: Sequence[GameEpisode]) -> Observation:
        """What the agent sees in each of B games, arrays [B, ...]."""
        states, lasts = [e.state for e in episodes], [e.last for e in episodes]
        return observe_games(self.world, states, lasts, [e.team for e in episodes])

    def infos(self, episodes: Sequence[GameEpisode]) -> dict[str, NDArray]:
        """How each of B games stands for the agent, arrays [B]."""
        return stacked([game_info(e.state, e.last, e.team) for e in episodes])

    def picture(self, episode: GameEpisode) -> NDArray[np.uint8]:
        """[H, W, 3] uint8 image of the sheet and the score board."""
        board = episode.last.board if episode.state.over and episode.last else None
        return draw_game(self.world.ice.sheet, self.world.rules, episode.state, board=board)

    def close(self) -> None:
        """Nothing to end."""

    def _respond(self, episodes: Sequence[GameEpisode]) -> None:
        """Let the opponent throw wherever it is its turn, until it is the agent's everywhere."""
        while True:
            waiting = [e for e in episodes if not e.state.over and e.state.thrower != e.team]
            if not waiting:
                return
            self._throw(waiting, [call_shot(self.opponent, self.world, e.state, e.rng) for e in waiting])

    def _throw(self, episodes: Sequence[GameEpisode], shots: Sequence[Shot | None]) -> None:
        """One turn in every game."""
        throws = self.world.deliver_each([e.state for e in episodes], shots, [e.rng for e in episodes])
        for episode, throw in zip(episodes, throws, strict=True):
            episode.state, episode.last = throw.after, throw
            self._position(episode)

    def _position(self, episode: GameEpisode) -> None:
        """Let the deciding team position the stones of an end of mixed doubles that has just begun."""
        chooser = self.chooser if episode.state.decider == episode.team else chooser_of(self.opponent)
        episode.state = position(self.world, episode.state, chooser, episode.rng)
