"""What makes a task: its world, where the hand may go, and how starts and goals are drawn.

A layout is a vector [2 + 2 N] float64: the hand's x and y, then those of each of N things, in metres; a thing
that takes no part is at 0, 0.

Shape letters: B episodes, N things, G = 2 + 2 N numbers of a layout.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from envs.manipulation.thing import Corner
from envs.manipulation.world import World

LAYOUT_LOW, LAYOUT_HIGH = (-0.4, 0.0), (0.4, 1.2)
"""metres; x and y stay between: the table, and y = 0 of a thing that takes no part."""
Layout = NDArray[np.float64]


@dataclass(frozen=True)
class TaskPlan:
    """A task. A new one is a file with its plan and a row in `envs.MANIPULATION_TASKS`."""

    world: World
    hand_low: Corner
    """metres; the hand stays between these corners."""
    hand_high: Corner
    start: Layout
    """[2 + 2 N] where an episode begins."""
    sample_goal: Callable[[np.random.Generator, NDArray[np.bool_]], Layout]
    """(rng, present [N] bool) -> [2 + 2 N]; what it says of things that take no part is not used."""
    horizon: int
    """Actions after which an episode is cut off."""
    fewest: int | None = None
    """An episode has from so many things to all, which ones by chance; None is always all."""
    measures: Callable[[Layout, Layout], dict[str, NDArray[np.float64]]] | None = None
    """(layouts [B, G], goals [B, G]) -> more of how near they are, [B] each, by name."""

    @property
    def things(self) -> int:
        """N."""
        return len(self.world.things)

    @property
    def kind(self) -> str:
        """What the things are, such as puck or door; nothing where there are none."""
        return self.world.things[0].kind if self.world.things else ""

    def sample_present(self, rng: np.random.Generator, count: int | None = None) -> NDArray[np.bool_]:
        """Which things take part, [N] bool; `count` of them, or a random number.

        Raises:
            ValueError: when the task never has so many.
        """
        fewest = self.things if self.fewest is None else self.fewest
        if count is None:
            count = fewest if fewest == self.things else int(rng.integers(fewest, self.things + 1))
        elif not fewest <= count <= self.things:
            raise ValueError(f"{self.kind}s: {count!r}, expected {fewest} to {self.things}")
        present = np.zeros(self.things, dtype=bool)
        present[rng.permutation(self.things)[:count]] = True
        return present


def taking_part(layout: Layout) -> NDArray[np.bool_]:
    """Which things of a layout take part, [N] bool."""
    return layout[2:].reshape(-1, 2).any(axis=1)


def checked_layout(plan: TaskPlan, field: str, layout: NDArray) -> Layout:
    """The layout as float64.

    Raises:
        ValueError: naming the field, when it is of another size, not a number or off the table.
    """
    layout = np.asarray(layout, dtype=np.float64)
    low, high = (np.tile(corner, 1 + plan.things) for corner in (LAYOUT_LOW, LAYOUT_HIGH))
    if layout.shape != low.shape or not ((layout >= low) & (layout <= high)).all():
        raise ValueError(f"{field}: {layout.tolist()}, expected {len(low)} numbers on the table")
    return layout


def uniform(rng: np.random.Generator, low: Corner, high: Corner) -> NDArray[np.float64]:
    """A point [2] in a rectangle."""
    return rng.uniform(low, high)
