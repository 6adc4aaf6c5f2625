"""What a network sees of a position: from the side of the team to throw, its own stones first.

`Inputs` are the plain numbers of a position, cheap to send to a device; `stone_features` and `planes` are
built from them on that device. All networks know who has the last stone and how many are to come; lead and
ends left are for those of stones alone, not for the paper's planes.

Shape letters: B positions, N = 16 stones, F features of a stone, C features of the game.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.curling.positions import mover
from envs.curling.physics.sheet import STONES, STONES_PER_TEAM, WORLD_CURLING

STONE_FEATURES = 12
GAME_FEATURES = STONES + 4
"""Stones to come, one-hot; then last stone, lead, ends to come, last end."""
METRES = 2.0
"""Coordinates are divided by this."""
WAVES = 3.0
"""radians a metre of the waves that make small differences of place visible."""
PACKED = 3 * STONES + 4
"""Numbers of a position in one row."""
LEAD, ENDS = 8.0, 10.0
"""Scales of a lead in points and of a number of ends."""


class Inputs(NamedTuple):
    """B positions from the side of the team to throw.

    stones: [B, 16, 2] float32, metres from the tee, own stones first, each team in order of delivery.
    in_play: [B, 16] bool.
    shots_left: [B] int64, shots of this end still to be thrown by both teams, this one included.
    hammer: [B] float32, 1 with the last stone of the end and 0 without.
    lead: [B] float32, own points less the other team's.
    ends_left: [B] float32, ends of the event after this one; 0 in an extra end, too.
    """

    stones: Tensor
    in_play: Tensor
    shots_left: Tensor
    hammer: Tensor
    lead: Tensor
    ends_left: Tensor

    def to(self, device: str | torch.device) -> "Inputs":
        """The same on a device."""
        return Inputs(*(tensor.to(device, non_blocking=True) for tensor in self))

    def take(self, rows: Tensor | slice) -> "Inputs":
        """Some of the positions."""
        return Inputs(*(tensor[rows] for tensor in self))

    def packed(self) -> Tensor:
        """All of it as one tensor [B, PACKED] float32, for a single transfer."""
        parts = (self.stones.flatten(1), self.in_play, *(part[:, None] for part in self[2:]))
        return torch.cat([part.float() for part in parts], 1)

    @staticmethod
    def unpacked(numbers: Tensor) -> "Inputs":
        """What `packed` gave [B, PACKED], as it was."""
        stones, in_play, rest = numbers.split([2 * STONES, STONES, 4], 1)
        shots_left, hammer, lead, ends_left = rest.unbind(1)
        return Inputs(
            stones.unflatten(1, (STONES, 2)), in_play > 0, shots_left.long(), hammer, lead, ends_left
        )


def inputs_of(positions: NDArray, device: str | torch.device = "cpu") -> Inputs:
    """What a network is given of positions [B] POSITION."""
    team = mover(positions)
    own = np.where(team == 0, 1.0, -1.0)
    first = team[:, None] * STONES_PER_TEAM  # the mover's first slot
    slots = (np.arange(STONES) + first) % STONES
    rows = np.arange(len(positions))[:, None]
    in_play = positions["in_play"][rows, slots] != 0
    stones = (positions["stones"][rows, slots] - WORLD_CURLING.tee).astype(np.float32)
    stones[~in_play] = 0.0
    return Inputs(
        torch.from_numpy(stones),
        torch.from_numpy(in_play),
        torch.from_numpy((positions["shots"] - positions["shot"]).astype(np.int64)),
        torch.from_numpy((team == positions["hammer"]).astype(np.float32)),
        torch.from_numpy((own * positions["lead"]).astype(np.float32)),
        torch.from_numpy(np.maximum(positions["ends"] - positions["end"] - 1, 0).astype(np.float32)),
    ).to(device)


def mirror_inputs(inputs: Inputs) -> Inputs:
    """The same positions on a sheet whose left is its right."""
    return inputs._replace(stones=inputs.stones * inputs.stones.new_tensor([-1.0, 1.0]))


def tee_order(inputs: Inputs, rivals: Tensor) -> Tensor:
    """How many stones in play among `rivals` lie nearer to the tee: [B, 16] int64.

    Args:
        inputs: the positions.
        rivals: [16, 16] bool, whether stone j (column) counts for stone i (row).
    """
    squared = distances(inputs).square()
    nearer = squared[:, None, :] < squared[:, :, None]
    return (nearer & rivals & inputs.in_play[:, None, :]).sum(-1)


def distances(inputs: Inputs) -> Tensor:
    """Distance of each stone from the tee, metres [B, 16]."""
    return inputs.stones.square().sum(-1).sqrt()


def same_team(device: torch.device) -> Tensor:
    """[16, 16] bool, whether two slots belong to one team."""
    team = torch.arange(STONES, device=device) // STONES_PER_TEAM
    return team[:, None] == team[None, :]


def stone_features(inputs: Inputs) -> Tensor:
    """[B, 16, 12] float32; zeros for stones not in play.

    Owner (+1 own, -1 other), x, y, distance from the tee, in the house, counting, in the free guard zone, how
    many stones lie nearer the tee, and waves over x and y.
    """
    sheet, (x, y) = WORLD_CURLING, inputs.stones.unbind(-1)
    distance = distances(inputs)
    mates = same_team(inputs.stones.device)
    house = distance < sheet.house_reach
    counting = house & (tee_order(inputs, ~mates) == 0)
    guard = ~house & (y + sheet.stone_radius < 0)
    owner = torch.where(torch.arange(STONES, device=x.device) < STONES_PER_TEAM, 1.0, -1.0).expand_as(x)
    order = tee_order(inputs, torch.ones_like(mates)) / STONES
    scaled = [x / METRES, y / METRES, distance / METRES, house.float(), counting.float(), guard.float()]
    waves = [torch.sin(WAVES * x), torch.cos(WAVES * x), torch.sin(WAVES * y), torch.cos(WAVES * y)]
    features = torch.stack([owner, *scaled, order, *waves], -1)
    return features * inputs.in_play[..., None]


def game_features(inputs: Inputs) -> Tensor:
    """[B, 20] float32: stones to come one-hot, last stone, lead, ends to come, whether it is the last end."""
    numbers = torch.arange(1, STONES + 1, device=inputs.shots_left.device)
    to_come = (inputs.shots_left[:, None] == numbers).float()
    lead = (inputs.lead / LEAD).clamp(-1.0, 1.0)
    ends = (inputs.ends_left / ENDS).clamp(max=1.0)
    rest = torch.stack([inputs.hammer, lead, ends, (inputs.ends_left == 0).float()], -1)
    return torch.cat([to_come, rest], -1)
