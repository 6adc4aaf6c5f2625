"""`match`, `shots` and `render` from their flags to their files."""

import json

import pytest

import run

STATE = {
    "end": 0,
    "shot": 2,
    "hammer": "team1",
    "stones": {
        "team0": [{"angle": 1.5, "position": {"x": 0.4, "y": 38.9}}, *[None] * 7],
        "team1": [{"angle": 0.0, "position": {"x": -0.5, "y": 36.0}}, *[None] * 7],
    },
    "scores": {"team0": [None] * 2, "team1": [None] * 2},
    "extra_end_score": {"team0": None, "team1": None},
    "thinking_time_remaining": {"team0": 1.0, "team1": 1.0},
    "game_result": None,
}
MOVE = {"type": "shot", "velocity": {"x": 0.131728, "y": 2.399831}, "rotation": "ccw"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lines(*values):
    return "".join((value if isinstance(value, str) else json.dumps(value)) + "\n" for value in values)


def test_a_match_prints_its_score_sheet_and_writes_replay_and_picture(folder, capsys):
    words = ["match", "drawer", "random", "--ends", "1", "--seed", "3"]
    assert run.main([*words, "--replay", "game.html", "--picture", "house.png"]) == 0
    shown = capsys.readouterr().out
    assert "drawer (red)" in shown and "random (yellow)" in shown and "wins" in shown
    assert "drawer (red) against random (yellow)" in (folder / "game.html").read_text(encoding="utf-8")
    assert (folder / "house.png").read_bytes().startswith(b"\x89PNG")


def test_equal_seeds_give_equal_matches(folder):
    for name in ("a.html", "b.html"):
        assert run.main(["match", "drawer", "drawer", "--ends", "1", "--replay", name]) == 0
    assert (folder / "a.html").read_bytes() == (folder / "b.html").read_bytes()


def test_good_shot_lines_are_played_and_bad_ones_reported_by_number(folder, capsys):
    good = {"before": STATE, "move": MOVE, "kind": "mine"}
    text = lines(good, "{oops", "", {"before": 3, "move": MOVE}, '{"before": NaN}', good)
    (folder / "in.jsonl").write_text(text + "[" * 100_000 + "\n", encoding="utf-8")
    assert run.main(["shots", "--input", "in.jsonl", "--output", "out.jsonl"]) == 2
    played = [json.loads(line) for line in (folder / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(played) == 2
    assert played[0] == played[1]
    assert (played[0]["kind"], played[0]["after"]["shot"], played[0]["fgz_foul"]) == ("mine", 3, False)
    assert played[0]["after"]["stones"]["team0"][0]["angle"] == 1.5
    complaints = capsys.readouterr().err.splitlines()
    assert [complaint.split(":")[0] for complaint in complaints] == ["line 2", "line 4", "line 5", "line 7"]


def test_good_lines_alone_end_well(folder):
    (folder / "in.jsonl").write_text(lines({"before": STATE, "move": {"type": "concede"}}), encoding="utf-8")
    assert run.main(["shots", "--input", "in.jsonl", "--output", "out.jsonl"]) == 0
    after = json.loads((folder / "out.jsonl").read_text(encoding="utf-8"))["after"]
    assert after["game_result"] == {"winner": "team1", "reason": "concede"}


def test_agreement_with_the_results_that_lines_carry_is_reported(folder):
    (folder / "in.jsonl").write_text(lines({"before": STATE, "move": MOVE}), encoding="utf-8")
    assert run.main(["shots", "--input", "in.jsonl", "--output", "out.jsonl"]) == 0
    line = json.loads((folder / "out.jsonl").read_text(encoding="utf-8"))
    line["after"]["stones"]["team0"][1]["position"]["x"] += 0.004
    (folder / "in.jsonl").write_text(lines(line, {"before": STATE, "move": MOVE}), encoding="utf-8")
    words = ["shots", "--input", "in.jsonl", "--output", "out.jsonl", "--agreement", "report.json"]
    assert run.main(words) == 0
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert (report["lines_compared"], report["same_stones_in_play"]) == (1, 1)
    errors = report["error_metres_by_contacts"]["any"]
    assert errors["shots"] == 1 and errors["percentile_100"] == pytest.approx(0.004)


def test_the_demo_plays_a_match_and_leaves_a_replay_and_a_picture(folder, capsys):
    assert run.main(["demo", "--out", "shown"]) == 0
    assert "rules (red) wins" in capsys.readouterr().out
    assert (folder / "shown" / "replay.html").stat().st_size > 100_000
    assert (folder / "shown" / "final_house.png").read_bytes().startswith(b"\x89PNG")


def test_a_missing_input_is_a_storage_error(folder, capsys):
    assert run.main(["shots", "--input", "none.jsonl"]) == 3
    assert "none.jsonl" in capsys.readouterr().err


def test_states_and_shots_are_drawn(folder):
    (folder / "in.jsonl").write_text(lines(STATE, {"before": STATE, "move": MOVE}), encoding="utf-8")
    for number in ("1", "2"):
        assert run.main(["render", "in.jsonl", "--line", number, "--out", f"{number}.png"]) == 0
    assert (folder / "1.png").read_bytes() != (folder / "2.png").read_bytes()


@pytest.mark.parametrize(("line", "text"), [("2", "{}"), ("1", "{}"), ("1", "oops"), ("1", '{"before": 1}')])
def test_a_line_that_cannot_be_drawn_is_refused(folder, capsys, line, text):
    (folder / "in.jsonl").write_text(lines(text), encoding="utf-8")
    assert run.main(["render", "in.jsonl", "--line", line]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_commands_know_the_players_of_the_world():
    from agents.commands.match import PLAYER_NAMES
    from envs.curling.opponents import PLAYERS

    assert set(PLAYER_NAMES) == set(PLAYERS)
