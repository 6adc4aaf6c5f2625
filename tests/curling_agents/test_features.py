"""What networks see: known planes and features, from the mover's side, mirrored exactly."""

import numpy as np
import pytest
import torch

from agents.curling.networks.features import game_features, inputs_of, mirror_inputs, stone_features
from agents.curling.networks.planes import ALL, EMPTY, HOUSE, NEAR, ONES, OTHER, OWN, SIZE, TURN, planes
from agents.curling.positions import mirrored
from envs.curling.physics.sheet import WORLD_CURLING
from tests.curling_agents.made_positions import laid, random_positions, swapped

CELL_X = WORLD_CURLING.width / SIZE
CELL_Y = (WORLD_CURLING.back_y - WORLD_CURLING.hog_y) / SIZE


def cell_of(x, beyond):
    return int((beyond - NEAR) / CELL_Y), int((x + WORLD_CURLING.width / 2) / CELL_X)


def ones(plane):
    return {tuple(cell) for cell in torch.nonzero(plane).tolist()}


def test_planes_of_a_board_laid_by_hand():
    own = [(0.3, 0.1), (-1.0, 0.5), (0.9, -2.8)]
    other = [(-0.4, -0.2)]
    position = laid(team_0=other, team_1=own, shot=15, hammer=1)
    field = planes(inputs_of(position))[0]
    own_cells, other_cells = [cell_of(*place) for place in own], [cell_of(*place) for place in other]
    assert ones(field[0]) == set(own_cells) and ones(field[1]) == set(other_cells)
    assert len(ones(field[EMPTY])) == SIZE * SIZE - 4
    assert (field[ONES] == 1).all()
    assert ones(field[HOUSE]) == {own_cells[0], own_cells[1], other_cells[0]}
    assert [ones(field[OWN + order]) for order in range(4)] == [{cell} for cell in own_cells] + [set()]
    assert [ones(field[OTHER + order]) for order in range(4)] == [set(other_cells), set(), set(), set()]
    nearest = [own_cells[0], other_cells[0], own_cells[1], own_cells[2]]
    assert [ones(field[ALL + order]) for order in range(8)] == [{cell} for cell in nearest] + [set()] * 4
    assert (field[TURN + 7] == 1).all() and not field[TURN : TURN + 7].any()


def test_later_stones_share_the_last_plane_of_order():
    places = [(0.2 * n - 0.7, 0.4 * n - 1.0) for n in range(8)]
    field = planes(inputs_of(laid(team_0=places, team_1=[(1.5, 0.0)], shot=15, hammer=0)))[0]
    assert len(ones(field[OWN + 3])) == 5 and len(ones(field[ALL + 7])) == 2


@pytest.mark.parametrize(
    ("shots", "plane"),
    [
        ((0, 2), 0), ((4, 6, 8, 10), 1), ((12,), 2), ((14,), 3),
        ((1,), 4), ((3, 5, 7, 9, 11), 5), ((13,), 6), ((15,), 7),
    ],
)  # fmt: skip
def test_the_plane_of_the_turn(shots, plane):
    for shot in shots:
        field = planes(inputs_of(laid(shot=shot)))[0, TURN : TURN + 8]
        assert (field[plane] == 1).all() and field.sum() == SIZE * SIZE


def test_features_of_stones_laid_by_hand():
    position = laid(team_0=[(-0.4, -0.2), (0.0, -2.9)], team_1=[(0.3, 0.1), (-1.0, 0.5)])
    features = stone_features(inputs_of(position))[0]
    assert features[:, 0].tolist() == [1.0, 1.0] + [0.0] * 6 + [-1.0, -1.0] + [0.0] * 6
    assert torch.allclose(features[[0, 9], 1:3] * 2, torch.tensor([[0.3, 0.1], [0.0, -2.9]]), atol=1e-5)
    assert torch.allclose(features[0, 3] * 2, torch.tensor(np.hypot(0.3, 0.1), dtype=torch.float32))
    in_house, counting, guard, order = features[[0, 1, 8, 9], 4:8].unbind(-1)
    assert in_house.tolist() == [1, 1, 1, 0] and guard.tolist() == [0, 0, 0, 1]
    assert counting.tolist() == [1, 0, 0, 0]
    assert (order * 16).tolist() == [0, 2, 1, 3]
    assert not features[[2, 7, 10, 15]].any()


def test_features_of_the_game():
    position = laid(shot=14, hammer=1, lead=3, end=6, ends=8)
    features = game_features(inputs_of(position))[0]
    assert features[:16].tolist() == [0.0, 1.0] + [0.0] * 14
    assert features[16:].tolist() == pytest.approx([0.0, 3 / 8, 0.1, 0.0])
    extra = game_features(inputs_of(laid(shot=15, hammer=1, lead=3, end=9, ends=8)))[0]
    assert extra[16:].tolist() == pytest.approx([1.0, -3 / 8, 0.0, 1.0])


def test_both_teams_see_the_same_from_their_side():
    positions = random_positions(400, 0)
    for own, other in zip(inputs_of(positions), inputs_of(swapped(positions)), strict=True):
        assert torch.equal(own, other)


def test_what_is_seen_of_a_mirrored_position_is_mirrored_to_the_bit():
    positions = random_positions(400, 1)
    positions["stones"][::3, ::2, 0] *= positions["stones"][::3, ::2, 0] < 0.5  # some on the centre line
    inputs, turned = inputs_of(positions), inputs_of(mirrored(positions))
    for given, expected in zip(mirror_inputs(inputs), turned, strict=True):
        assert torch.equal(given, expected)
    assert torch.equal(planes(turned), planes(inputs).flip(-1))
    signs = torch.ones(12)
    signs[[1, 8]] = -1
    assert torch.equal(stone_features(turned), stone_features(inputs) * signs)
    assert torch.equal(game_features(turned), game_features(inputs))
