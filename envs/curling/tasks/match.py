"""Two teams of a curling game as a PettingZoo environment, one throw after the other (AEC)."""

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, flatten, flatten_space
from gymnasium.utils import seeding
from numpy.typing import NDArray
from pettingzoo import AECEnv

from envs.curling.conditions import build_world
from envs.curling.physics.ice import Ice
from envs.curling.physics.noise import Noise
from envs.curling.pictures.render import draw_game
from envs.curling.pictures.window import Window
from envs.curling.players.placement import Chooser, get_chooser, position
from envs.curling.rules.game import TEAMS, GameState, start_game
from envs.curling.rules.rule_set import RuleSet
from envs.curling.tasks.actions import action_space, delivered
from envs.curling.tasks.observations import game_info, game_spaces, observe_games
from envs.curling.tasks.rewards import checked_reward, turn_reward
from envs.curling.tasks.session import FRAMES_PER_SECOND, RENDER_MODES
from envs.curling.world import Throw
from envs.lockstep import checked_render_mode, first


class CurlingMatch(AECEnv):
    """
    ## Description
    A game of curling between `team_0` and `team_1`. The team without the hammer throws first in an end;
    `team_1` has the hammer in the first end unless the rules say otherwise. Whoever scores gives the hammer
    away, so that a team may throw twice in a row between two ends: read `agent_selection`.

    ## Action space
    As in `hogline/Curling-v0`, values beyond -1..1 and what is no number included.

    ## Observation space
    The `Dict` of `hogline/Curling-v0`, each agent's own stones first, flattened to one float32 `Box`;
    `gymnasium.spaces.unflatten(env.dict_space, observation)` gives the parts back.

    ## Rewards
    `reward="points"`: net points of an end when it finishes. `reward="result"`: +1, -1 or 0 when the game
    is over. They sum to zero.

    ## Episode end
    Both agents are terminated when the game is over. Never truncated.

    ## Arguments
    As in `hogline/Curling-v0`, but for the placements of mixed doubles, one for each team.

    | name | default | values |
    |---|---|---|
    | `rules` | `"two_ends"` | a name, see there, or a `RuleSet` |
    | `ice` | `"fcv1"` | `"fcv1"`, `"gat2016"`, or an `Ice` |
    | `noise` | `"dc3"` | `"none"`, `"dc3"`, `"gat2016"`, `"student_t"`, or a `Noise` |
    | `placements` | `("house", "house")` | two of what `placement` is there |
    | `reward` | `"points"` | `"points"`, `"result"` |
    | `render_mode` | `None` | `"rgb_array"`, `"human"` |

    ## Versions
    - curling_match_v0: first version.
    """

    metadata = {  # noqa: RUF012
        "name": "curling_match_v0",
        "render_modes": RENDER_MODES,
        "render_fps": FRAMES_PER_SECOND,
        "is_parallelizable": False,
    }

    def __init__(
        self,
        *,
        rules: str | RuleSet = "two_ends",
        ice: str | Ice = "fcv1",
        noise: str | Noise = "dc3",
        placements: Sequence[str | Chooser] = ("house", "house"),
        reward: str = "points",
        render_mode: str | None = None,
    ) -> None:
        super().__init__()
        self.render_mode = checked_render_mode(render_mode, self.metadata["render_modes"])
        self.world = build_world(ice, noise, rules)
        if isinstance(placements, str) or len(placements) != len(TEAMS):
            raise ValueError(f"placements: {placements!r}, expected one for each of two teams")
        self.choosers = [get_chooser(placement) for placement in placements]
        self.reward = checked_reward(reward)
        self.possible_agents = ["team_0", "team_1"]
        self.agents = []
        self.dict_space = game_spaces(self.world)
        self.observation_spaces = {agent: flatten_space(self.dict_space) for agent in self.possible_agents}
        self.action_spaces = {agent: action_space() for agent in self.possible_agents}
        self._rng, _ = seeding.np_random()
        self._state: GameState | None = None
        self._last: Throw | None = None
        self._window = Window("Curling")

    def observation_space(self, agent: str) -> Box:
        """What `observe` returns."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> Box:
        """What `step` takes."""
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Start a new game; `options` are not used."""
        if seed is not None:
            self._rng, _ = seeding.np_random(seed)
        self._last = None
        self._state = self._positioned(start_game(self.world.ice.sheet, self.world.rules))
        self.agents = self.possible_agents[:]
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations = dict.fromkeys(self.agents, False)
        self._tell()

    def observe(self, agent: str) -> NDArray[np.float32]:
        """The game as this agent sees it, flat float32."""
        team = self.possible_agents.index(agent)
        seen = observe_games(self.world, [self._begun()], [self._last], [team])
        return flatten(self.dict_space, first(seen))

    def step(self, action: NDArray[np.float32] | None) -> None:
        """The selected agent throws; one that is terminated passes None and leaves.

        Raises:
            ResetNeeded: before the first reset, and once both agents have left.
            ValueError: on a bad action.
        """
        if not self.agents:
            raise gymnasium.error.ResetNeeded("reset: no agent is left to step, expected a call before step")
        agent = self.agent_selection
        if self.terminations[agent] or self.truncations[agent]:
            self._was_dead_step(action)
            return
        before = self._begun()
        shots = delivered(self.world.ice, np.asarray(action)[None])
        (self._last,) = self.world.deliver_each([before], shots, [self._rng])
        self._state = self._positioned(self._last.after)
        self._cumulative_rewards[agent] = 0.0
        for team, name in enumerate(self.possible_agents):
            self.rewards[name] = turn_reward(self.reward, before, self._state, team)
            self.terminations[name] = self._state.over
        self._accumulate_rewards()
        self._tell()

    def render(self) -> NDArray[np.uint8] | None:
        """The sheet and the score board, [H, W, 3] uint8, in the mode `rgb_array`."""
        if self.render_mode == "rgb_array":
            return self._picture()
        return None

    def close(self) -> None:
        """Close the window, if there is one."""
        self._window.close()

    def _positioned(self, state: GameState) -> GameState:
        """The game once the deciding team has positioned the stones of a new end of mixed doubles."""
        return position(self.world, state, self.choosers[state.decider], self._rng)

    def _tell(self) -> None:
        """Say whose turn it is, how the game stands, and show it."""
        state = self._begun()
        self.agent_selection = self.possible_agents[state.thrower]
        self.infos = {
            name: game_info(state, self._last, team) for team, name in enumerate(self.possible_agents)
        }
        if self.render_mode == "human":
            self._window.show(self._picture())

    def _picture(self) -> NDArray[np.uint8]:
        state = self._begun()
        board = self._last.board if state.over and self._last else None
        return draw_game(self.world.ice.sheet, self.world.rules, state, board=board)

    def _begun(self) -> GameState:
        """The game; raises ResetNeeded before the first reset."""
        if self._state is None:
            raise gymnasium.error.ResetNeeded("reset: not called yet, expected a call before all else")
        return self._state
