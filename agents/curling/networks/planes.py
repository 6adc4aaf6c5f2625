"""The 29 planes of 32 x 32 that the paper's convolutional network sees (Lee et al., ICML 2018), laid
out as in its authors' published code.

| planes | what is 1 |
|---|---|
| 0-2 | own stones; other stones; cells without a stone |
| 3 | everywhere |
| 4-11 | everywhere, in the plane of the turn |
| 12 | stones in the house |
| 13-16 | own stones by their order from the tee among own ones, the fourth and later in the last |
| 17-20 | the same for the other team's |
| 21-28 | all stones by their order among all, the eighth and later in the last |

The turns: without the last stone shots 1-2, 3-6, 7, 8 of the team; with it 1, 2-6, 7, 8. Rows run downrange
from the hog line to the back line, columns from left to right.

Shape letters: B positions, P = 29 planes, H = W = 32.
"""

import torch
from torch import Tensor

from agents.curling.networks.features import Inputs, distances, same_team, tee_order
from envs.curling.physics.sheet import STONES, STONES_PER_TEAM, WORLD_CURLING

PLANES, SIZE = 29, 32
WIDTH = WORLD_CURLING.width
NEAR = WORLD_CURLING.hog_y - WORLD_CURLING.tee_y
LENGTH = WORLD_CURLING.back_y - WORLD_CURLING.hog_y
EMPTY, ONES, TURN, HOUSE, OWN, OTHER, ALL = 2, 3, 4, 12, 13, 17, 21
ORDERS, ALL_ORDERS = 4, 8
TURNS = 4
"""Planes of the turn of each team."""


def planes(inputs: Inputs) -> Tensor:
    """[B, 29, 32, 32] float32, on the device of the inputs."""
    count, device = len(inputs.stones), inputs.stones.device
    slots = torch.arange(STONES, device=device)
    other = (slots >= STONES_PER_TEAM).long().expand(count, -1)
    mates = same_team(device)
    own_order = tee_order(inputs, mates).clamp(max=ORDERS - 1)
    order = tee_order(inputs, torch.ones_like(mates)).clamp(max=ALL_ORDERS - 1)
    in_house = distances(inputs) < WORLD_CURLING.house_reach
    nowhere = torch.full_like(other, PLANES)
    marked = [other, torch.where(in_house, HOUSE, nowhere), OWN + ORDERS * other + own_order, ALL + order]
    plane = torch.stack(marked, -1)  # [B, 16, 4]
    plane = torch.where(inputs.in_play[..., None], plane, PLANES)
    index = plane * SIZE * SIZE + cells(inputs)[..., None]
    field = torch.zeros(count, (PLANES + 1) * SIZE * SIZE, device=device)
    field.scatter_(1, index.flatten(1), 1.0)
    field = field.view(count, PLANES + 1, SIZE, SIZE)[:, :PLANES]
    field[:, EMPTY] = 1.0 - torch.maximum(field[:, 0], field[:, 1])
    field[:, ONES] = 1.0
    field[:, TURN:HOUSE] = _turn(inputs)[..., None, None]
    return field


def cells(inputs: Inputs) -> Tensor:
    """Which cell of a plane each stone lies in, row * 32 + column: [B, 16] int64; at the rim beyond it.

    The sign bit decides at x = 0, so that mirrored stones have mirrored cells to the last bit.
    """
    x, y = inputs.stones.unbind(-1)
    beside = (x.abs() * (SIZE / WIDTH)).long().clamp(max=SIZE // 2 - 1)
    column = torch.where(torch.signbit(x), SIZE // 2 - 1 - beside, SIZE // 2 + beside)
    row = ((y - NEAR) * (SIZE / LENGTH)).floor().long().clamp(0, SIZE - 1)
    return row * SIZE + column


def _turn(inputs: Inputs) -> Tensor:
    """[B, 8] float32, one-hot: of the team's eight shots the first two are one turn, with the last stone the
    first alone; then come those up to the sixth, the seventh, and the eighth."""
    last = inputs.hammer.long()
    shot = (STONES_PER_TEAM - (inputs.shots_left + 1) // 2).clamp(0, STONES_PER_TEAM - 1)
    turn = TURNS * last + (shot >= 2 - last).long() + (shot >= 6).long() + (shot >= 7).long()
    return (turn[:, None] == torch.arange(HOUSE - TURN, device=turn.device)).float()
