"""A puck: a disc that slides on the table, where it is pushed.

Size and mass are those of Nair et al., "Visual Reinforcement Learning with Imagined Goals" (2018). Differs
from that simulator: a puck has slides only, where an inertia of 1e5 kg m^2 kept a free body from tipping and
spinning, and pucks slide along one another, where the larger friction of two geoms, 1, held everywhere.
"""

from dataclasses import dataclass
from typing import ClassVar

import mujoco
from numpy.typing import NDArray

from envs.manipulation.parts import Colour, add_geom, add_slides
from envs.manipulation.thing import Corner

PUCK_RADIUS, PUCK_HALF_HEIGHT, PUCK_MASS = 0.04, 0.015, 0.1
"""metres, metres, kilograms."""
PUCK_FRICTION = 0.1
"""Of pucks among themselves; on the table its larger friction of 1 holds."""
PUCK_REST_HEIGHT = 0.01673
"""metres of a puck's middle where its contacts carry it."""
AWAY = (0.0, 4.0)
"""metres; x and y of the first puck if it takes no part, behind the camera. The next ones lie beyond it."""
AWAY_STEP = 1.0


@dataclass(frozen=True)
class Puck:
    """A puck by its name and its colour."""

    name: str
    colour: Colour
    kind: ClassVar[str] = "puck"
    positions: ClassVar[int] = 3
    """x, y and z."""

    def build(self, spec: mujoco.MjSpec) -> None:
        """See `Thing.build`."""
        body = spec.worldbody.add_body(name=self.name)
        add_slides(body, self.name, "xyz")
        size = (PUCK_RADIUS, PUCK_HALF_HEIGHT, 0.0)
        geom = add_geom(body, self.name, "CYLINDER", size, self.colour)
        geom.mass, geom.friction[0] = PUCK_MASS, PUCK_FRICTION

    def put(self, positions: NDArray, place: NDArray | None, number: int) -> None:
        """See `Thing.put`."""
        positions[:2] = (AWAY[0], AWAY[1] + number * AWAY_STEP) if place is None else place
        positions[2] = PUCK_REST_HEIGHT

    def place(self, positions: NDArray) -> Corner:
        """See `Thing.place`."""
        here = positions[1] < AWAY[1] - AWAY_STEP / 2
        return (positions[0], positions[1]) if here else (0.0, 0.0)
