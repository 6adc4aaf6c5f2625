"""Laws of `run.py explain`: boards, kinds of pairs, mixed differences, and a value that is known."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch

import run
from agents.curling.compiled.end_step import OUTCOMES
from agents.curling.networks.models import load_network
from agents.explain import (
    REACH,
    Boards,
    draw_boards,
    explain,
    mixed_differences,
    pair_kinds,
    value_of,
)
from agents.interactions.config import InteractionsConfig
from envs.curling.physics.sheet import STONES_PER_TEAM, WORLD_CURLING

SMALL = InteractionsConfig(network="mlp_m", hidden=(30, 15), univariate=(6,), epochs=15, batch=25, l1=1e-3)


@pytest.fixture(scope="module")
def network():
    return load_network("kr_drl").network


def test_boards_lie_around_the_house_and_their_stones_apart():
    boards = draw_boards(Boards(3, 2, 1), 2000, np.random.default_rng(0))
    assert boards.shape == (2000, 10) and np.abs(boards).max() <= REACH
    stones = boards.reshape(2000, 5, 2)
    for one, other in combinations(range(5), 2):
        distance = np.linalg.norm(stones[:, one] - stones[:, other], axis=1)
        assert distance.min() >= 2 * WORLD_CURLING.stone_radius - 1e-6
    assert np.abs(boards.mean(0)).max() < 0.15


def test_the_value_does_not_tell_the_stones_of_a_team_apart(network):
    boards = Boards(2, 2, 1)
    drawn = draw_boards(boards, 50, np.random.default_rng(0))
    value = value_of(network, boards, "cpu")
    found = value(drawn)
    stones = drawn.reshape(50, 4, 2)
    assert np.allclose(value(stones[:, [1, 0, 3, 2]].reshape(50, 8)), found, atol=1e-4)
    assert np.abs(value(stones[:, [2, 3, 0, 1]].reshape(50, 8)) - found).max() > 0.1
    assert np.abs(found).max() <= 8


@pytest.mark.parametrize(("shots_left", "hammer"), [(1, 1.0), (2, 0.0), (3, 1.0)])
def test_the_team_to_throw_has_the_last_stone_if_an_odd_number_is_to_come(shots_left, hammer):
    seen = []

    def network(inputs):
        seen.append(inputs)
        return None, torch.zeros(len(inputs.stones), OUTCOMES)

    value = value_of(network, Boards(1, 2, shots_left), "cpu")(np.arange(12, dtype=np.float32).reshape(2, 6))
    (inputs,) = seen
    assert inputs.hammer.tolist() == [hammer] * 2 and inputs.shots_left.tolist() == [shots_left] * 2
    slots = [0, STONES_PER_TEAM, STONES_PER_TEAM + 1]
    assert inputs.in_play[0].nonzero().flatten().tolist() == slots
    assert inputs.stones[1, slots].flatten().tolist() == list(range(6, 12))
    assert value.tolist() == [0.0, 0.0]


def test_kinds_of_pairs_cover_all_pairs_and_forget_the_numbers_of_stones():
    boards = Boards(2, 1, 1)
    assert boards.inputs == ("own 1 x", "own 1 y", "own 2 x", "own 2 y", "other 1 x", "other 1 y")
    strengths = np.arange(36.0).reshape(6, 6)
    kinds = pair_kinds(boards, strengths, strengths)
    assert sum(kind.pairs for kind in kinds) == 15
    by_name = {kind.name: kind for kind in kinds}
    assert by_name["own x and y of one stone"].pairs == 2
    crossed = by_name["own x with own y"]  # x of one and y of the other, either way
    assert crossed.pairs == 2 and crossed.strength == np.mean([strengths[0, 3], strengths[1, 2]])
    assert by_name["own x with other y"].pairs == 2
    assert [kind.strength for kind in kinds] == sorted((kind.strength for kind in kinds), reverse=True)


def test_mixed_differences_are_those_of_the_formula_and_zero_without_interaction():
    rng = np.random.default_rng(0)
    start, end = (rng.normal(size=(40, 3)).astype(np.float32) for _ in range(2))
    found = mixed_differences(lambda b: b[:, 0] * b[:, 1].astype(float) + b[:, 2] ** 2, start, end)
    moves = (end - start).astype(float)
    assert found[0, 1] == pytest.approx(np.sqrt(((moves[:, 0] * moves[:, 1]) ** 2).mean()), rel=1e-5)
    assert found[0, 2] < 1e-5 and found[1, 2] < 1e-5 and not found.diagonal().any()
    assert np.array_equal(found, found.T)


class ProductOfOwnStone(torch.nn.Module):
    """A value that depends on x times y of the first own stone alone: the odds of 8 points against -8."""

    def forward(self, inputs):
        logits = torch.full((len(inputs.stones), 17), -30.0)
        logits[:, 16] = 4.0 * inputs.stones[:, 0].prod(-1)
        logits[:, 0] = 0.0
        return None, logits


def test_a_value_of_one_stones_place_is_explained_by_that_stone():
    found = explain(ProductOfOwnStone(), Boards(1, 1, 1), SMALL, count=1500, seed=1, device="cpu")
    assert found.kinds[0].name == "own x and y of one stone"
    assert found.kinds[0].strength > 3 * found.kinds[1].strength
    assert found.explained > 0.8
    assert found.kinds[0].difference > 1.0 and all(kind.difference < 1e-4 for kind in found.kinds[1:])


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ((8, 8, 1), "own: got 8 stones, expected at most 7 with 1 shots to come"),
        ((1, 9, 1), "other: got 9 stones, expected at most 8"),
        ((0, 0, 1), "own: got no stones of either team"),
    ],
)
def test_boards_that_cannot_be_are_refused(given, complaint):
    with pytest.raises(ValueError, match=complaint):
        Boards(*given)


def test_the_command_writes_what_it_found(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    files = ["--json", "e.json", "--plot", "e.png"]
    assert run.main(["explain", "kr_drl", "--boards", "200", "--epochs", "1", *files, "--device", "cpu"]) == 0
    found = json.loads(Path("e.json").read_text())
    assert found["inputs"] == ["own 1 x", "own 1 y", "other 1 x", "other 1 y"]
    assert len(found["kinds"]) == 6 and -1 <= found["agreement"] <= 1
    assert Path("e.png").read_bytes().startswith(b"\x89PNG")
    assert "own x and y of one stone" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["nothing"], "network: got 'nothing', expected kr_dl, kr_drl, a checkpoint file or a run folder"),
        (["kr_drl", "--own", "8"], "own: got 8 stones, expected at most 7"),
    ],
)
def test_bad_input_is_one_clear_line(words, complaint, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run.main(["explain", *words]) == 2
    error = capsys.readouterr().err
    assert complaint in error and error.count("\n") == 1
