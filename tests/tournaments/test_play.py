"""A person at the terminal: what is understood, what is shown, what is kept."""

import io
import json
import sys
from dataclasses import asdict

import numpy as np
import pytest

import run
from agents.curling.games.game_records import record_line
from agents.curling.games.house_text import house_text, stone_name, stone_slot
from agents.curling.games.saved_game import read_game
from agents.curling.games.spoken_shots import parse_shot
from envs.curling.physics.delivery import stop_point
from envs.curling.physics.ice import get_ice
from tests.curling.boards import board
from tests.tournaments.fakes import quick_world

ROUND = ["draw 0 0.3 left", "hit Y1 peel right", "draw -0.5 0 right", "draw 0.5 0 left", "draw 0 -2.5 left"]


@pytest.fixture
def person(tmp_path, monkeypatch, capsys):
    """Plays with what is typed; returns exit code, what was shown and what was complained about."""
    monkeypatch.chdir(tmp_path)

    def play(typed, *words):
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in typed)))
        code = run.main(["play", "--player", "drawer", "--ends", "1", *words])
        shown = capsys.readouterr()
        return code, shown.out, [line for line in shown.err.splitlines() if "note: compiling" not in line]

    return play


def test_the_house_is_drawn_with_every_stone_where_it_lies():
    sheet = get_ice("fcv1").sheet
    stones, in_play = board([(0.0, 0.0), (-1.0, 1.16)], [(1.5, -3.0)])
    rows = house_text(sheet, stones[0], in_play[0]).splitlines()
    tee = next(place for place, row in enumerate(rows) if row.startswith("  +0.0"))
    assert rows[tee][7 + 15 : 7 + 17] == "R1"
    assert "R2" in rows[tee - 4] and rows[tee - 4].index("R2") == 7 + 15 - 7
    assert "Y1" in rows[tee + 10] and rows[tee + 10].index("Y1") == 7 + 15 + 10
    assert len({len(row) for row in rows[:-1]}) == 1 and max(map(len, rows)) < 80


def test_stones_are_called_by_names_that_mean_them():
    assert [stone_slot(stone_name(slot)) for slot in range(16)] == list(range(16))
    for name in ("R9", "Y0", "B1", ""):
        with pytest.raises(ValueError, match="expected R1 to R8 or Y1 to Y8"):
            stone_slot(name)


def test_a_spoken_draw_stops_where_it_was_said():
    world = quick_world(noise="none")
    for words, place in (("draw 0.4 -0.2 left", (0.4, -0.2)), ("draw -1 1.1 right", (-1.0, 1.1))):
        shot, _ = parse_shot(world, None, words.split())
        assert (shot.spin > 0) == words.endswith("left")
        stop = stop_point(world.ice, np.array(shot[:2]), np.array(shot.spin)) - world.ice.sheet.tee
        assert stop == pytest.approx(place, abs=1e-6)


def test_wrong_words_are_asked_again_in_one_line(person):
    typed = [
        "jump",
        "draw 0 0",
        "draw x 0 left",
        "draw 0 9 left",
        "draw 0 0 up",
        "hit Y7 peel left",
        "hit Z peel left",
    ]
    code, out, errors = person([*typed, "", "draw 0 nan left", "undo"])
    assert (code, errors) == (0, [])
    complaints = [line for line in out.splitlines() if ": got " in line]
    assert len(complaints) == 9
    for complaint, word in zip(
        complaints, ["shot", "shot", "x", "y", "handle", "stone", "stone", "y", "undo"], strict=True
    ):
        assert f"> {word}: got" in complaint and "expected" in complaint


def test_before_an_end_is_finished_there_is_no_score_sheet(person):
    code, out, _ = person(["score", "quit"])
    assert code == 0 and "no end is finished yet" in out and "total" not in out


def test_an_output_that_lacks_the_characters_of_the_house_shows_others(monkeypatch):
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", io.StringIO("quit\n"))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding="cp1252", write_through=True))
    assert run.main(["play", "--player", "drawer"]) == 0
    assert b"hog?????" in shown.getvalue() and b"goodbye" in shown.getvalue()


def test_the_end_of_the_input_ends_politely(person):
    code, out, errors = person(ROUND[:2])
    assert (code, errors) == (0, []) and out.endswith("goodbye; the game was not kept (--save FILE)\n")


def test_a_game_is_played_to_its_end_with_a_score_sheet(person):
    code, out, _ = person(["draw 0 0 left"] * 60)
    assert code == 0 and "wins" in out.splitlines()[-1] and "R1 rests at" in out


def test_every_shot_leaves_a_picture(person, tmp_path):
    assert person(ROUND[:1], "--pictures", "shots")[0] == 0
    pictures = sorted((tmp_path / "shots").iterdir())
    assert [picture.name for picture in pictures] == ["shot-001.png", "shot-002.png"]
    assert pictures[0].read_bytes().startswith(b"\x89PNG")


def test_quitting_loses_nothing(person, tmp_path):
    code, _, _ = person([*ROUND, "quit"], "--save", "whole.json")
    assert code == 0
    for cut in (1, 2, 4):
        name = f"cut{cut}.json"
        assert person([*ROUND[:cut], "quit"], "--save", name)[0] == 0
        code, out, _ = person(ROUND[cut:], "--resume", name)
        assert code == 0 and f"goes on after {2 * cut} shots" in out
        assert (tmp_path / name).read_bytes() == (tmp_path / "whole.json").read_bytes()
    _, record = read_game(tmp_path / "whole.json")
    assert len(record.turns) == 2 * len(ROUND)


def test_a_shot_that_is_taken_back_is_gone_and_the_next_is_another_throw(person, tmp_path):
    assert person([*ROUND[:3], "quit"], "--save", "straight.json")[0] == 0
    assert person([*ROUND[:3], "undo", "quit"], "--save", "back.json")[0] == 0
    code, out, _ = person(ROUND[2:3], "--resume", "back.json")
    assert code == 0 and "goes on after 4 shots" in out
    (_, straight), (_, back) = (read_game(tmp_path / f"{name}.json") for name in ("straight", "back"))
    assert back.turns[:4] == straight.turns[:4] and len(back.turns) == len(straight.turns) == 6
    assert back.turns[4].intended == straight.turns[4].intended
    assert back.turns[4].executed != straight.turns[4].executed


def test_a_game_that_was_saved_before_undone_shots_were_counted_goes_on(person, tmp_path):
    assert person([*ROUND[:2], "quit"], "--save", "whole.json")[0] == 0
    game, record = read_game(tmp_path / "whole.json")
    conditions = {name: value for name, value in asdict(game).items() if name != "undone"}
    (tmp_path / "old.json").write_bytes(record_line(record, conditions=conditions))
    assert person(["quit"], "--resume", "old.json")[0] == 0
    assert (tmp_path / "old.json").read_bytes() == (tmp_path / "whole.json").read_bytes()


def test_a_ctrl_c_says_what_is_kept(person, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("agents.commands.actions.play.Table.play", interrupted)
    told = "run.py: stopped; the game is kept: --resume g.json"
    assert person([], "--save", "g.json")[::2] == (130, [told])


def test_a_game_can_be_conceded(person):
    code, out, _ = person(["help", "score", "house", "concede"], "--hammer", "me")
    assert code == 0 and "drawer (yellow) wins by concession" in out and "take back your last shot" in out


def test_saved_games_are_not_written_over_and_damaged_ones_refused(person, tmp_path):
    assert person(["quit"], "--save", "g.json")[0] == 0
    code, _, errors = person([], "--save", "g.json")
    assert code == 2 and "which is there already; --resume goes on with it" in errors[0]
    code, _, errors = person([], "--resume", "g.json", "--ends", "3")
    assert (code, errors) == (2, ["run.py: ends: got 3, expected 1, as in the saved game"])
    line = json.loads((tmp_path / "g.json").read_text())
    (tmp_path / "g.json").write_text(json.dumps({**line, "seed": 5}) + "\n")
    code, _, errors = person([], "--resume", "g.json")
    assert code == 5 and len(errors) == 1 and errors[0].startswith("run.py: g.json: no saved game")
    assert person([], "--resume", "none.json")[0] == 2
