"""The engine against shots that the official Digital Curling 3 simulator played (library 1.0.0, no noise).

`official_shots.jsonl` holds 42 of them: state before, move, state after, foul, and how many pairs collided.
It computes in single precision, in steps of a millisecond, so paths differ by millimetres.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from envs.curling.conditions import build_world
from envs.curling.wire.digital_curling import parse_state, play_line

STEP = 1e-3
LINES = [
    json.loads(line) for line in (Path(__file__).parent / "official_shots.jsonl").read_text().splitlines()
]


@pytest.fixture(scope="module")
def played():
    """Every line: (the official line, ours)."""
    world = build_world("fcv1", "none", "standard", contact_quantum=STEP)
    return [(line, play_line(world, line, np.random.default_rng(0))) for line in LINES]


def board(state):
    """Stones [16, 2] and in_play [16] of a wire state."""
    game = parse_state(state).state
    return game.stones, game.in_play


def worst_error(official, ours):
    """Largest distance in metres of a stone that lies in play in both; NaN when none does."""
    (places, lies), (our_places, we_lie) = board(official["after"]), board(ours["after"])
    both = lies & we_lie
    return np.hypot(*(places - our_places)[both].T).max() if both.any() else np.nan


def errors(played, contacts):
    """Worst errors [N] in metres of the shots with this many contacts that leave stones in play."""
    lines = [pair for pair in played if pair[0]["contacts"] == contacts and not pair[0]["fgz_foul"]]
    found = np.array([worst_error(*pair) for pair in lines])
    return found[~np.isnan(found)]


def test_free_shots_stop_within_five_millimetres_at_the_ninetieth_percentile(played):
    found = errors(played, 0)
    assert len(found) >= 25
    assert np.percentile(found, 90) < 5e-3


def test_one_contact_shots_agree_within_a_centimetre(played):
    assert errors(played, 1).max() < 1e-2


def test_the_same_stones_stay_in_play(played):
    same = [(board(official["after"])[1] == board(ours["after"])[1]).all() for official, ours in played]
    assert np.mean(same) >= 0.95


def test_every_foul_is_recognised_and_no_other(played):
    assert [ours["fgz_foul"] for _, ours in played] == [official["fgz_foul"] for official, _ in played]
    assert sum(official["fgz_foul"] for official, _ in played) == 2


def test_state_after_the_shot_is_the_official_one_but_for_positions(played):
    for official, ours in played:
        for field in ("end", "shot", "hammer", "scores", "extra_end_score", "game_result"):
            assert ours["after"][field] == official["after"][field]
        assert ours["steps"] == official["steps"]  # other keys pass through
