"""Goals under which a batch of replayed transitions is learnt: its own, later states, imagined ones.

Andrychowicz et al. (2017); Nair et al. (2018), section 4.3. The shares are those of the authors' code.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.rig.goals import Goals, GoalSource
from agents.rig.replay import Replay


class Shares(NamedTuple):
    """Shares of a batch: the goals it was played for, states reached later, goals of the source."""

    own: float
    future: float
    imagined: float


RELABELLING: dict[str, Shares] = {
    "none": Shares(1.0, 0.0, 0.0),
    "future": Shares(0.2, 0.8, 0.0),
    "vae": Shares(0.0, 0.0, 1.0),
    "rig": Shares(0.1, 0.4, 0.5),
    "half": Shares(0.0, 0.5, 0.5),
}
"""The paper calls `rig` half prior and half future; its code comes to these shares."""


def relabelled(
    replay: Replay,
    source: GoalSource,
    slots: NDArray[np.intp],
    times: NDArray[np.intp],
    shares: Shares,
    rng: np.random.Generator,
) -> Goals:
    """One goal for each transition; the shares are met exactly, up to rounding.

    Args:
        replay: holds the transitions.
        source: of imagined goals.
        slots, times: [B] where the transitions are, in random order.
        shares: of the three kinds of goals.
        rng: draws later times and imagined goals.
    """
    own, future = np.rint(np.cumsum(shares[:2]) * len(slots)).astype(int)
    parts = []
    if own:
        parts.append(replay.own_goals(slots[:own]))
    if future > own:
        chosen = slots[own:future]
        # From the state that the transition reached to the episode's last one.
        later = rng.integers(times[own:future] + 1, replay.lengths[chosen] + 1)
        parts.append(replay.reached_goals(chosen, later))
    if future < len(slots):
        parts.append(source.draw(rng, replay.codes_at(slots[future:], times[future:])))
    codes = np.concatenate([part.codes for part in parts])
    has_images = all(part.images is not None for part in parts)
    return Goals(codes, np.concatenate([part.images for part in parts]) if has_images else None)
