"""Digital Curling 3 messages: both ways, one shot line played, malformed values refused in one line."""

import copy
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from envs.curling.conditions import build_world
from envs.curling.physics.delivery import Shot
from envs.curling.rules.rule_set import MIXED_DOUBLES
from envs.curling.wire.digital_curling import format_state, parse_move, parse_state, play_line

WORLD = build_world("fcv1", "none", "standard")
TEE_DRAW = {"type": "shot", "velocity": {"x": 0.131728, "y": 2.399831}, "rotation": "ccw"}
DRAWN = {"winner": None, "reason": "draw"}
CONCEDE = {"type": "concede"}


def stone(x, y, angle=0.0):
    return {"angle": angle, "position": {"x": x, "y": y}}


def state(**changes):
    return {
        "end": 0,
        "shot": 0,
        "hammer": "team1",
        "stones": {"team0": [None] * 8, "team1": [None] * 8},
        "scores": {"team0": [None] * 3, "team1": [None] * 3},
        "extra_end_score": {"team0": None, "team1": None},
        "thinking_time_remaining": {"team0": 1000.0, "team1": 900.5},
        "game_result": None,
        **changes,
    }


def scores(first, second):
    return {"team0": first, "team1": second}


def with_stones(first=(), second=(), **changes):
    rows = [[*row, *[None] * (8 - len(row))] for row in (first, second)]
    return state(stones={"team0": rows[0], "team1": rows[1]}, **changes)


def play(before, move=TEE_DRAW, world=WORLD, **other):
    return play_line(world, {"before": before, "move": move, **other}, np.random.default_rng(0))


@pytest.mark.parametrize(
    "message",
    [
        state(),
        with_stones([stone(0.1, 38.0, 2.5), None], [stone(-1.0, 39.0, -7.25)], shot=3),
        state(end=2, shot=0, hammer="team0", scores=scores([1, 0, None], [0, 2, None])),
        state(end=4, scores=scores([1, 0, 1], [0, 2, 0])),
        state(
            end=4,
            hammer=None,
            scores=scores([1, 0, 1], [0, 2, 0]),
            extra_end_score=scores(0, 2),
            game_result={"winner": "team1", "reason": "score"},
        ),
        state(shot=5, hammer=None, game_result={"winner": "team0", "reason": "concede"}),
        with_stones(
            [stone(0.1, 38.0)],
            [stone(0.9, 38.0)],
            shot=1,
            hammer=None,
            game_result={"winner": "team0", "reason": "time_limit"},
        ),
        state(
            end=3,
            hammer=None,
            scores=scores([0] * 3, [0] * 3),
            game_result={"winner": None, "reason": "draw"},
        ),
    ],
)
def test_a_state_message_survives_the_way_in_and_out(message):
    assert format_state(parse_state(json.loads(json.dumps(message)))) == message


def test_anticlockwise_is_a_quarter_turn_a_second_to_the_left():
    assert parse_move(TEE_DRAW) == Shot(0.131728, 2.399831, math.pi / 2)
    assert parse_move({**TEE_DRAW, "rotation": "cw"}) == Shot(0.131728, 2.399831, -math.pi / 2)


def test_who_concedes_makes_no_shot():
    assert parse_move(CONCEDE) is None


def test_the_official_tee_draw_stops_on_the_tee():
    line = play(state(), note="kept")
    after = line["after"]
    assert (after["shot"], line["fgz_foul"], line["note"]) == (1, False, "kept")
    position = after["stones"]["team0"][0]["position"]
    assert math.hypot(position["x"], position["y"] - 38.405) < 0.01
    json.dumps(line, allow_nan=False)


def test_angles_stay_with_their_stones_and_a_new_stone_has_none():
    before = with_stones([stone(-1.5, 39.0, 12.5)], [stone(1.5, 35.0, -3.0)], shot=2)
    after = play(before)["after"]["stones"]
    assert [after["team0"][0]["angle"], after["team0"][1]["angle"]] == [12.5, 0.0]
    assert after["team1"][0]["angle"] == -3.0


def test_the_last_stone_of_an_end_scores_and_opens_the_next():
    after = play(
        with_stones([stone(1.0, 38.4)], [], shot=15, end=1, scores=scores([0, None, None], [1, None, None]))
    )
    after = after["after"]
    assert (after["end"], after["shot"], after["hammer"]) == (2, 0, "team0")
    assert after["scores"] == scores([0, 0, None], [1, 1, None])
    assert after["stones"] == scores([None] * 8, [None] * 8)


def test_a_decided_game_has_a_result_and_no_hammer():
    before = state(end=3, shot=15, scores=scores([0] * 3, [0] * 3))
    after = play(before)["after"]
    assert after["extra_end_score"] == scores(0, 1)
    assert (after["game_result"], after["hammer"]) == ({"winner": "team1", "reason": "score"}, None)


def test_a_blank_extra_end_leaves_its_score_open():
    through = {"type": "shot", "velocity": {"x": 0.0, "y": 3.9}, "rotation": "cw"}
    after = play(state(end=3, shot=15, scores=scores([0] * 3, [0] * 3)), through)["after"]
    assert (after["end"], after["hammer"], after["game_result"]) == (4, "team1", None)
    assert after["extra_end_score"] == scores(None, None)


def test_a_foul_restores_every_stone_exactly():
    guard, other = stone(-0.006, 34.319, 1.5), stone(0.7, 38.1, 0.25)
    before = with_stones([guard], [other], shot=2, hammer="team0")
    peel = {"type": "shot", "velocity": {"x": 0.0, "y": 3.6}, "rotation": "ccw"}
    for aim in np.linspace(-0.02, 0.08, 41):
        line = play(before, {**peel, "velocity": {"x": float(aim), "y": 3.6}})
        if line["fgz_foul"]:
            break
    assert line["fgz_foul"]
    assert line["after"]["stones"] == before["stones"]
    assert line["after"]["shot"] == 3


def test_conceding_loses_at_once():
    after = play(with_stones([stone(0.0, 38.0)], shot=1), CONCEDE)["after"]
    assert after["game_result"] == {"winner": "team0", "reason": "concede"}
    assert (after["shot"], after["hammer"]) == (2, None)


BAD_VALUES = ["no", None, [], {}, True, math.nan, math.inf, -math.inf, 10**400, -1e9, 1.5]


@pytest.mark.parametrize("value", BAD_VALUES, ids=lambda value: str(value)[:12])
@pytest.mark.parametrize(
    "path",
    [
        "before",
        "before.end",
        "before.shot",
        "before.hammer",
        "before.stones",
        "before.stones.team0",
        "before.stones.team1.0.position",
        "before.stones.team1.0.position.y",
        "before.stones.team1.0.angle",
        "before.scores",
        "before.scores.team1",
        "before.scores.team0.0",
        "before.thinking_time_remaining",
        "before.thinking_time_remaining.team0",
        "move",
        "move.type",
        "move.velocity",
        "move.velocity.x",
        "move.rotation",
    ],
)
def test_a_malformed_value_is_refused_in_one_line_that_names_it(path, value):
    line = {"before": with_stones([], [stone(1.0, 38.0)], shot=4, end=1), "move": copy.deepcopy(TEE_DRAW)}
    line["before"]["scores"] = scores([1, None, None], [0, None, None])
    *parents, last = path.split(".")
    place = line
    for key in parents:
        place = place[int(key) if isinstance(place, list) else key]
    place[int(last) if isinstance(place, list) else last] = value
    fine = {"y": (1.5,), "angle": (-1e9, 1.5), "team0": (-1e9, 1.5), "x": (1.5,)}
    if value in fine.get(last, ()):
        return
    with pytest.raises(ValueError, match=r"expected|off|limit|play") as refusal:
        play_line(WORLD, line, np.random.default_rng(0))
    assert len(str(refusal.value).splitlines()) == 1
    assert len(str(refusal.value)) < 300


TIED = scores([0] * 3, [0] * 3)
OVER = {"winner": "team0", "reason": "score"}


@pytest.mark.parametrize(
    ("before", "message"),
    [
        (with_stones([], [stone(0, 38)], shot=1), r"^before.stones.team1\[0\]: a stone"),
        (state(scores=scores([0, None], [0, None, None])), r"scores.team1: .* 2 entries"),
        (state(scores=TIED), "expected null for an end not played"),
        (state(end=3, extra_end_score=scores(1, 0), scores=TIED), r"^before.extra_end_score"),
        (state(game_result=OVER), "the game is over"),
        (with_stones([stone(0, 38)], [stone(0.1, 38)], shot=4), "overlap"),
        (with_stones([stone(9, 38)], shot=4), "^before: .* off the sheet"),
        (with_stones([stone(0, 40.4)], shot=4), "^before: .* off the sheet"),
        (with_stones([stone(1, 20)], shot=4), r"^before.stones.team0\[0\].position.y: 20, expected more"),
        (with_stones([], [None, stone(1, 32.149)], shot=4), r"^before.stones.team1\[1\].position.y: "),
        (with_stones([stone(0, 0.1)], shot=4), r"^before.stones.team0\[0\].position.y: 0.1, "),
        (
            state(end=2, scores=scores([0, 3, None], [0, 2, None])),
            r"^before.scores.team0\[1\]: 3 and 2 in before.scores.team1\[1\], expected 0 for one",
        ),
    ],
)
def test_an_impossible_position_is_refused_in_one_line(before, message):
    with pytest.raises(ValueError, match=message) as refusal:
        play(before)
    assert len(str(refusal.value).splitlines()) == 1


def test_stones_pressed_together_pass_in_a_stepped_world_alone():
    before = with_stones([stone(-1.5, 36.0)], [stone(-1.5 + 0.285, 36.0)], shot=4)
    assert play(before, world=replace(WORLD, contact_quantum=0.001))["after"]["shot"] == 5
    with pytest.raises(ValueError, match="overlap"):
        play(before)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ([], r"^line: \[\], expected an object"),
        ({"move": TEE_DRAW}, r"^line.before: missing"),
        ({"before": state()}, r"^line.move: missing"),
    ],
)
def test_an_incomplete_line_is_refused(line, message):
    with pytest.raises(ValueError, match=message):
        play_line(WORLD, line, np.random.default_rng(0))


def test_mixed_doubles_has_no_such_messages():
    with pytest.raises(ValueError, match=r"^rules: 'mixed_doubles'"):
        play(state(), world=replace(WORLD, rules=MIXED_DOUBLES))
