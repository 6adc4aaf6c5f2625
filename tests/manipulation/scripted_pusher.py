"""A pusher that knows the state: goes round the puck to the side away from its goal, then pushes."""

import numpy as np

BEHIND, ASIDE = 0.075, 0.08
"""metres from the puck's middle at which the hand goes round it."""
ALIGNED = 0.012
"""metres off the line through puck and goal from which the hand pushes."""
CLOSE = 0.01
"""metres from the goal at which the puck is left alone."""


def scripted_action(layout, goal):
    """The action [2] for layouts [4] of hand and puck and of their goals."""
    hand, puck, wanted = (np.asarray(part, dtype=np.float64) for part in (layout[:2], layout[2:], goal[2:]))
    left = np.hypot(*(wanted - puck))
    if left < CLOSE:
        return np.zeros(2, dtype=np.float32)
    along = (wanted - puck) / left
    ahead = (hand - puck) @ along
    off = (hand - puck) - ahead * along
    if ahead < -0.02 and np.hypot(*off) < ALIGNED:
        target = hand + along * min(0.02, left) - 0.8 * off
    elif ahead < -0.04:
        target = puck - 0.065 * along
    else:
        aside = np.array([-along[1], along[0]])
        aside *= 1.0 if off @ aside >= 0.0 else -1.0
        in_the_way = ahead > 0.0 and np.hypot(*off) < 0.065
        target = puck + ASIDE * aside + (ahead * along if in_the_way else -BEHIND * along)
    return np.clip((target - hand) / 0.02, -1.0, 1.0).astype(np.float32)
