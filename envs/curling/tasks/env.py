"""`hogline/Curling-v0`: one team of a curling game against an opponent, as a Gymnasium environment."""

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from envs.curling.conditions import build_world
from envs.curling.physics.ice import Ice
from envs.curling.physics.noise import Noise
from envs.curling.players.opponents import Player, get_player
from envs.curling.players.placement import Chooser, get_chooser
from envs.curling.rules.rule_set import RuleSet
from envs.curling.tasks.actions import action_space
from envs.curling.tasks.game_task import GameTask
from envs.curling.tasks.observations import Observation
from envs.curling.tasks.session import FRAMES_PER_SECOND, RENDER_MODES, Session


class CurlingEnv(gymnasium.Env):
    """
    ## Description
    One team plays a game of curling against an opponent on ice simulated event by event. The agent throws all
    stones of its team; between two of its throws the opponent answers. Curling: 16 stones an end, thrown in
    turn; after each end the team with the stone nearest the tee scores one point for every stone of its own
    in the house nearer than the other team's best. The last stone (the hammer) goes to the team that did
    not score; after an end without points it stays (in mixed doubles it changes).

    ## Action space
    `Box(-1, 1, (3,), float32)`; a throw has execution noise on top.

    | entry | -1 | +1 | meaning |
    |---|---|---|---|
    | 0 | left side line | right side line | aim across the sheet, 2.375 m to either side of the centre line |
    | 1 | hog line | strongest legal delivery | below 0.4 a draw, from 0.4 on a take-out |
    | 2 | clockwise | anticlockwise | handle; 0 and above is anticlockwise |

    A draw stops, without noise and on an empty sheet, at the point across and a depth that runs evenly from
    the hog line (-1) to where a stone just leaves the back line (0.4). A take-out crosses the tee line at
    the point across with a speed that runs evenly from that of the deepest draw (0.4) to that of the
    strongest legal delivery (1). Values beyond -1..1 are cut off to them;
    one that is not a number is a `ValueError`.

    ## Observation space
    `Dict` of `float32` boxes, before each of the agent's throws; after the last stone it shows the final
    board.

    | key | shape | low | high | unit | meaning |
    |---|---|---|---|---|---|
    | `stones` | (16, 2) | (-2.375, -6.4) | (2.375, 1.97) | m | positions from the tee, see below |
    | `in_play` | (16,) | 0 | 1 | - | 1 for a stone in play |
    | `hammer` | (1,) | 0 | 1 | - | 1 if the agent throws the last stone of this end |
    | `shots_left` | (1,) | 0 | 16 | stones | of both teams in this end |
    | `ends_left` | (1,) | 0 | ends | ends | after this one, extra ends not counted |
    | `lead` | (1,) | -8 E | 8 E | points | own less the opponent's; E ends at most, extra ends included |

    A stone's position is x to the right and y downrange. Rows 0-7 are the agent's stones and rows 8-15 the
    opponent's, each in order of throwing; a row is 0 while its stone is not in play.

    ## Reward
    `reward="points"`: net points of every end that finished since the last throw; a concession counts one
    more point for the other side. `reward="result"`: +1 for a win, -1 for a loss, 0 for a draw and before.

    ## Starting state
    An empty sheet (in mixed doubles the two positioned stones), after the opponent's first throw if it has
    it. The agent's team, and with it the first hammer, is drawn unless `team` says 0 (without) or 1 (with).

    ## Episode end
    Terminated when the game is over, by score or concession. Never truncated. Should the opponent concede
    before the agent's first throw, `reset` shows the game won; the first step throws nothing, ends the
    episode and pays its reward. A step after the end raises `ResetNeeded`.

    ## Information
    `team`, `end` (ends finished), `lead` (points), `won` (1, 0, -1 once over) and `foul` (the last throw
    broke the free guard zone rule and the board was restored).

    ## Arguments
    | name | default | values |
    |---|---|---|
    | `opponent` | `"rules"` | `"random"`, `"drawer"`, `"rules"`, or a player, see below |
    | `rules` | `"two_ends"` | a name, see below, or a `RuleSet` |
    | `ice` | `"fcv1"` | `"fcv1"`, `"gat2016"`, or an `Ice` |
    | `noise` | `"dc3"` | `"none"`, `"dc3"`, `"gat2016"`, `"student_t"`, or a `Noise` |
    | `team` | `None` | 0, 1 or None for a random one |
    | `placement` | `"house"` | `"house"`, `"guard"`, a power play or a callable, see below |
    | `reward` | `"points"` | `"points"`, `"result"` |
    | `render_mode` | `None` | `"rgb_array"`, `"human"` |

    Rules by name: `"end"`, `"two_ends"`, `"eight_ends"`, `"standard"` and `"mixed_doubles"`.

    A player is any callable of (world, state, rng) that returns a `Shot`, or None to concede; its shot is
    slowed to the strongest legal delivery.

    In mixed doubles `placement` says where the stones are positioned whenever the agent's team decides:
    `"house"`, `"guard"`, `"power_play_left"`, `"power_play_right"`, or a callable of (world, state, rng) that
    returns one of them. A power play asked for by name is played once, in the first end in which the team
    decides; its other ends are `"house"`. An opponent with a method `place` of the same arguments is asked
    by it; for others it is `"house"`.

    `gymnasium.make_vec("hogline/Curling-v0", num_envs=64)` plays many games at once through the batched
    engine, with `autoreset_mode="next_step"` or `"same_step"`; the results are those of single environments
    with the same seeds.

    ## Versions
    - v0: first version.
    """

    metadata = {"render_modes": RENDER_MODES, "render_fps": FRAMES_PER_SECOND}  # noqa: RUF012

    def __init__(
        self,
        *,
        opponent: str | Player = "rules",
        rules: str | RuleSet = "two_ends",
        ice: str | Ice = "fcv1",
        noise: str | Noise = "dc3",
        team: int | None = None,
        placement: str | Chooser = "house",
        reward: str = "points",
        render_mode: str | None = None,
    ) -> None:
        self.task = game_task(
            opponent=opponent,
            rules=rules,
            ice=ice,
            noise=noise,
            team=team,
            placement=placement,
            reward=reward,
        )
        self._session = Session(self.task, render_mode)
        self.render_mode = render_mode
        self.observation_space = self.task.observation_space()
        self.action_space = action_space()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start a new game; `options` are not used."""
        super().reset(seed=seed)
        return self._session.begin(self.np_random)

    def step(self, action: NDArray[np.float32]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Throw one stone and let the opponent answer; raises ResetNeeded once the game is over."""
        return self._session.play(action)

    def render(self) -> NDArray[np.uint8] | None:
        """The sheet and the score board, [H, W, 3] uint8, in the mode `rgb_array`."""
        return self._session.picture()

    def close(self) -> None:
        """Close the window, if there is one."""
        self._session.close()


def game_task(
    *,
    opponent: str | Player = "rules",
    rules: str | RuleSet = "two_ends",
    ice: str | Ice = "fcv1",
    noise: str | Noise = "dc3",
    team: int | None = None,
    placement: str | Chooser = "house",
    reward: str = "points",
) -> GameTask:
    """The task that the arguments of `CurlingEnv` describe."""
    world = build_world(ice, noise, rules)
    return GameTask(world, get_player(opponent, field="opponent"), team, get_chooser(placement), reward)
