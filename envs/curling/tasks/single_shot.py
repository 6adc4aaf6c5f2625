"""`hogline/CurlingDraw-v0` and `hogline/CurlingTakeout-v0`: one shot an episode, for quick learning."""

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from envs.curling.conditions import build_world
from envs.curling.physics.ice import Ice
from envs.curling.physics.noise import Noise
from envs.curling.tasks.actions import action_space
from envs.curling.tasks.observations import Observation
from envs.curling.tasks.session import FRAMES_PER_SECOND, RENDER_MODES, Session
from envs.curling.tasks.shot_task import ShotTask


class SingleShotEnv(gymnasium.Env):
    """
    ## Description
    One throw at a random board. `CurlingDraw-v0`: stop as near as you can to a target in the house.
    `CurlingTakeout-v0`: remove an opponent's stone from play and keep your own in the house. Guards may lie
    in the way.

    ## Action space
    `Box(-1, 1, (3,), float32)`: aim across the sheet, depth, handle; as in `hogline/Curling-v0`. Below 0.4
    the depth is a draw's stopping point, from 0.4 on a take-out's speed. Values beyond -1..1 are cut off to
    them; one that is not a number is a `ValueError`.

    ## Observation space
    `Dict` of `float32` boxes; after the throw it shows what the throw left.

    | key | shape | low | high | unit | meaning |
    |---|---|---|---|---|---|
    | `stones` | (16, 2) | (-2.375, -6.4) | (2.375, 1.97) | m | positions from the tee, see below |
    | `in_play` | (16,) | 0 | 1 | - | 1 for a stone in play |
    | `target` | (2,) | (-2.375, -6.4) | (2.375, 1.97) | m | where to stop, or the stone to remove |

    A position is x to the right and y downrange. Row 7 is the thrown stone, row 8 the stone to remove, and
    rows 9 and on are the guards; a row is 0 while its stone is not in play.

    ## Reward
    | task | reward |
    |---|---|
    | draw | 1 - distance to the target / house radius, at least -1; -1 when the stone is out of play |
    | take-out | 0.25 for moving the stone, 0.75 more for removing it, 0.5 more if yours stays in the house |

    ## Starting state
    The target lies evenly over the inner 85 % of the house; `guards` stones lie in the guard zone.

    ## Episode end
    Terminated after the throw. Never truncated. A step after it raises `ResetNeeded`.

    ## Information
    `distance`: metres between thrown stone and target, NaN before the throw and when it is out of play; for
    a take-out also `removed`.

    ## Arguments
    | name | default | values |
    |---|---|---|
    | `guards` | 1 | 0 to 4 |
    | `ice` | `"fcv1"` | `"fcv1"`, `"gat2016"`, or an `Ice` |
    | `noise` | `"dc3"` | `"none"`, `"dc3"`, `"gat2016"`, `"student_t"`, or a `Noise` |
    | `render_mode` | `None` | `"rgb_array"`, `"human"` |

    `gymnasium.make_vec` throws many at once through the batched engine, as for `hogline/Curling-v0`.

    ## Versions
    - v0: first version.
    """

    metadata = {"render_modes": RENDER_MODES, "render_fps": FRAMES_PER_SECOND}  # noqa: RUF012

    def __init__(
        self,
        *,
        task: str,
        guards: int = 1,
        ice: str | Ice = "fcv1",
        noise: str | Noise = "dc3",
        render_mode: str | None = None,
    ) -> None:
        self.task = shot_task(task=task, guards=guards, ice=ice, noise=noise)
        self._session = Session(self.task, render_mode)
        self.render_mode = render_mode
        self.observation_space = self.task.observation_space()
        self.action_space = action_space()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Set up a new board; `options` are not used."""
        super().reset(seed=seed)
        return self._session.begin(self.np_random)

    def step(self, action: NDArray[np.float32]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Throw the stone; raises ResetNeeded once it is thrown."""
        return self._session.play(action)

    def render(self) -> NDArray[np.uint8] | None:
        """The sheet, [H, W, 3] uint8, in the mode `rgb_array`; a draw's target is marked."""
        return self._session.picture()

    def close(self) -> None:
        """Close the window, if there is one."""
        self._session.close()


def shot_task(*, task: str, guards: int = 1, ice: str | Ice = "fcv1", noise: str | Noise = "dc3") -> ShotTask:
    """The task that the arguments of `SingleShotEnv` describe."""
    return ShotTask(build_world(ice, noise, "end"), task, guards)
