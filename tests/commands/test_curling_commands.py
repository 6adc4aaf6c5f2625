"""`match`, `shots` and `render` from their flags to their files."""

import copy
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from typing import get_args

import numba
import pytest

import run
from agents.commands import curling_names
from agents.commands.actions.match import event_rules, print_score_sheet
from agents.commands.terminal.compiling import NOTE, compiling_noted
from agents.curling.player_tokens import SCRIPTED
from agents.runs.errors import Stopped
from envs.curling.conditions import RULE_SETS
from envs.curling.physics.ice import ICES, get_ice
from envs.curling.physics.noise import NOISES
from envs.curling.players.opponents import PLAYERS
from envs.curling.rules.game import start_game
from envs.curling.rules.rule_set import LAST_END, STANDARD, RuleSet

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


def errors(capsys):
    """What was said on stderr, but for the note on compilation, which depends on what ran before."""
    return [line for line in capsys.readouterr().err.splitlines() if not line.startswith("note: compiling")]


def lines(*values):
    return "".join((value if isinstance(value, str) else json.dumps(value)) + "\n" for value in values)


def test_a_match_prints_its_score_sheet_and_writes_replay_and_picture(folder, capsys):
    words = ["match", "drawer", "random", "--ends", "1", "--seed", "3"]
    assert run.main([*words, "--replay", "game.html", "--picture", "house.png"]) == 0
    shown = capsys.readouterr().out
    assert "drawer (red)" in shown and "random (yellow)" in shown and "wins" in shown
    assert "drawer (red) against random (yellow)" in (folder / "game.html").read_text(encoding="utf-8")
    assert (folder / "house.png").read_bytes().startswith(b"\x89PNG")


def test_players_of_other_ice_and_with_names_of_folders_here_are_noted(folder, capsys):
    words = ["match", "policy:kr_dl", "random", "--ends", "1"]
    assert run.main(words) == 0 and errors(capsys) == []
    (folder / "random").mkdir()
    assert run.main([*words, "--ice", "gat2016", "--noise", "gat2016"]) == 0
    learned = "note: policy:kr_dl: its network learned under other conditions, fcv1 ice with dc3 noise"
    assert errors(capsys) == [learned]
    (folder / "random" / "checkpoints").mkdir()
    (folder / "random" / "checkpoints" / "last.safetensors").write_bytes(b"anything")
    assert run.main([*words, "--noise", "student_t"]) == 0
    assert errors(capsys) == [learned, "note: random: the player of that name plays, not ./random"]


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
    complaints = errors(capsys)
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
    assert run.main(["demo", "--out", "shown", "--no-learn"]) == 0
    assert "rules (red) wins" in capsys.readouterr().out
    assert (folder / "shown" / "replay.html").stat().st_size > 100_000
    assert (folder / "shown" / "final_house.png").read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def little(monkeypatch):
    """Flags of a demo of seconds, in which a shard has three games and the match one end."""
    for module in ("agents.curling.learning.pair_files", "agents.commands.actions.teach"):
        monkeypatch.setattr(f"{module}.GAMES_PER_SHARD", 3)
    monkeypatch.setattr("agents.commands.demo.ENDS", 1)
    return ["--pairs", "1", "--epochs", "1", "--games", "2", "--simulations", "2"]


def test_the_demo_teaches_an_agent_and_leaves_tournament_replay_and_heat_map(folder, capsys, little):
    assert run.main(["demo", "--out", "shown", *little]) == 0
    shown = capsys.readouterr().out
    assert "shown/agent" in shown and "drawer" in shown
    assert (folder / "shown" / "agent_replay.html").stat().st_size > 30_000
    assert (folder / "shown" / "heat_map.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "shown" / "tournament" / "games.jsonl").read_bytes().count(b"\n") == 4
    assert run.main(["demo", "--out", "shown"]) == 2
    assert "expected 1 as in the earlier demo" in capsys.readouterr().err
    kept = played_and_learnt(folder / "shown")
    assert run.main(["demo", "--out", "shown", *little]) == 0
    assert played_and_learnt(folder / "shown") == kept


def test_a_stopped_demo_goes_on_with_its_own_command(folder, capsys, monkeypatch, little):
    assert run.main(["demo", "--out", "whole", *little]) == 0
    with monkeypatch.context() as stopping:
        stopping.setattr("agents.commands.demo._hold_tournament", _stop)
        assert run.main(["demo", "--out", "shown", *little]) == 130
    assert "kept; the demo's own command goes on, too" in capsys.readouterr().err
    assert run.main(["demo", "--out", "shown", *little]) == 0
    one, other = (played_and_learnt(folder / name) for name in ("whole", "shown"))
    assert one.keys() == other.keys()
    assert all(one[name] == other[name] for name in one if name.endswith(".npy"))
    played = [
        [json.loads(line)["turns"] for line in files["tournament/games.jsonl"].splitlines()]
        for files in (one, other)
    ]
    assert len(played[0]) == 4 and played[0] == played[1]


def _stop(*_):
    raise Stopped(signal.SIGINT, "kept")


def played_and_learnt(path):
    """The bytes of what was played and learnt in a folder."""
    names = [*path.rglob("games.jsonl"), *path.rglob("*.safetensors"), *path.rglob("*.npy")]
    return {str(name.relative_to(path)): name.read_bytes() for name in names}


def test_lines_can_be_played_in_place(folder):
    (folder / "in.jsonl").write_text(lines({"before": STATE, "move": MOVE}), encoding="utf-8")
    assert run.main(["shots", "--input", "in.jsonl", "--output", "in.jsonl"]) == 0
    assert json.loads((folder / "in.jsonl").read_text(encoding="utf-8"))["after"]["shot"] == 3


def test_lines_that_were_not_all_played_leave_the_older_file(folder, monkeypatch):
    (folder / "in.jsonl").write_text(lines(*[{"before": STATE, "move": MOVE}] * 3), encoding="utf-8")
    (folder / "out.jsonl").write_text("old", encoding="utf-8")

    def interrupted(world, line, rng):
        raise KeyboardInterrupt

    monkeypatch.setattr("agents.commands.actions.shots.play_line", interrupted)
    assert run.main(["shots", "--input", "in.jsonl", "--output", "out.jsonl"]) == 130
    assert (folder / "out.jsonl").read_text(encoding="utf-8") == "old"
    assert {path.name for path in folder.iterdir()} == {"in.jsonl", "out.jsonl"}


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="no /dev/stdout")
def test_a_redirected_standard_output_is_written_and_not_replaced(folder):
    (folder / "in.jsonl").write_text(lines({"before": STATE, "move": MOVE}), encoding="utf-8")
    with open("out.jsonl", "wb") as out:
        command = [sys.executable, run.__file__, "shots", "--input", "in.jsonl", "--output", "/dev/stdout"]
        subprocess.run(command, stdout=out, check=True, timeout=110)
        assert os.path.samestat(os.fstat(out.fileno()), os.stat("out.jsonl"))
    assert json.loads((folder / "out.jsonl").read_text(encoding="utf-8"))["after"]["shot"] == 3


@pytest.mark.parametrize("name", ["in.json", "out.json"])
def test_the_report_may_not_replace_the_lines(folder, capsys, name):
    words = ["shots", "--input", "in.json", "--output", "out.json", "--agreement", name]
    assert run.main(words) == 2
    assert "expected a file other than input and output" in capsys.readouterr().err


def test_the_noise_of_a_line_does_not_depend_on_the_others(folder):
    shot, quiet = {"before": STATE, "move": MOVE}, {"before": STATE, "move": {"type": "concede"}}
    last = []
    for first in (shot, quiet):
        (folder / "in.jsonl").write_text(lines(first, shot), encoding="utf-8")
        words = ["shots", "--input", "in.jsonl", "--output", "out.jsonl", "--noise", "dc3"]
        assert run.main(words) == 0
        last.append((folder / "out.jsonl").read_text(encoding="utf-8").splitlines())
    assert last[0][1] == last[1][1] != last[0][0]


@pytest.mark.parametrize(
    ("number", "message"),
    [("1e999", "line 1: line: 1e999 is too large"), ("9" * 10_000, "line 1: line: a number of 10000 digits")],
    ids=["infinite", "long"],
)
def test_numbers_beyond_all_bounds_are_refused_in_our_words(folder, capsys, number, message):
    line = json.dumps({"before": STATE, "move": MOVE, "mine": 0}).replace('"mine": 0', f'"mine": {number}')
    (folder / "in.jsonl").write_text(line + "\n", encoding="utf-8")
    assert run.main(["shots", "--input", "in.jsonl"]) == 2
    assert errors(capsys)[0].startswith(message)


def test_a_missing_input_is_a_storage_error(folder, capsys):
    assert run.main(["shots", "--input", "none.jsonl"]) == 3
    assert "none.jsonl" in capsys.readouterr().err


def test_states_and_shots_are_drawn(folder):
    (folder / "in.jsonl").write_text(lines(STATE, {"before": STATE, "move": MOVE}), encoding="utf-8")
    for number in ("1", "2"):
        assert run.main(["render", "in.jsonl", "--line", number, "--out", f"{number}.png"]) == 0
    assert (folder / "1.png").read_bytes() != (folder / "2.png").read_bytes()


@pytest.mark.parametrize(
    "place", [(1e200, 38.0), (0.0, -1e200), (0.0, 20.0), (-0.5, 36.1), (2.3, 38.0), (0.0, 0.1)], ids=str
)
def test_a_state_with_a_stone_that_cannot_lie_there_is_not_drawn(folder, capsys, place):
    state = copy.deepcopy(STATE)
    state["stones"]["team0"][0]["position"] = dict(zip("xy", place, strict=True))
    (folder / "in.jsonl").write_text(lines(state), encoding="utf-8")
    assert run.main(["render", "in.jsonl"]) == 2
    assert len(errors(capsys)) == 1
    assert not (folder / "house.png").exists()


@pytest.mark.parametrize(("line", "text"), [("2", "{}"), ("1", "{}"), ("1", "oops"), ("1", '{"before": 1}')])
def test_a_line_that_cannot_be_drawn_is_refused(folder, capsys, line, text):
    (folder / "in.jsonl").write_text(lines(text), encoding="utf-8")
    assert run.main(["render", "in.jsonl", "--line", line]) == 2
    assert len(errors(capsys)) == 1


def test_commands_know_the_words_of_the_world():
    assert get_args(curling_names.IceName) == tuple(ICES)
    assert get_args(curling_names.NoiseName) == NOISES
    assert get_args(curling_names.RulesName) == tuple(RULE_SETS)
    assert tuple(PLAYERS) == SCRIPTED
    assert curling_names.MOST_ENDS == LAST_END
    assert STANDARD.shots_per_end == curling_names.SHOTS_PER_END


def test_any_rules_can_be_played_and_shortened(folder, capsys):
    assert run.main(["match", "drawer", "rules", "--rules", "mixed_doubles", "--ends", "1"]) == 0
    assert "wins" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "ends", "limit"), [("end", 3, 3), ("standard", 3, LAST_END), ("mixed_doubles", None, LAST_END)]
)
def test_other_ends_keep_extra_ends_as_the_rules_have_them(name, ends, limit):
    rules = event_rules(name, ends)
    assert (rules.ends, rules.end_limit) == (ends or RULE_SETS[name].ends, limit)
    assert replace(rules, ends=1, end_limit=1) == replace(RULE_SETS[name], ends=1, end_limit=1)


def test_a_long_score_sheet_keeps_its_numbers_on_a_narrow_terminal(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    sheet, scores = get_ice("fcv1").sheet, tuple((end % 9, 0) for end in range(43))
    rules = RuleSet(ends=40)
    state = replace(start_game(sheet, rules), scores=scores, end=43, winner=0, reason="score")
    print_score_sheet(rules, state, ["random (red)", "random (yellow)"], [end % 2 for end in range(43)])
    out = capsys.readouterr().out
    rows = [line.split("│")[2:-1] for line in out.splitlines() if "(red)" in line and "│" in line]
    shown = [int(cell.replace("*", " ")) for row in rows for cell in row]
    assert shown == [*(first for first, _ in scores), sum(first for first, _ in scores)]
    assert max(map(len, out.splitlines())) <= 80 and "+3" in out


def test_the_score_sheet_marks_who_had_the_hammer_in_each_end(folder, capsys):
    assert run.main(["match", "drawer", "rules", "--ends", "3", "--seed", "2"]) == 0
    shown = capsys.readouterr().out
    assert "* had the hammer" in shown
    cells = [line.split("│")[2:5] for line in shown.splitlines() if line.startswith("│")]
    points = [[int(cell.replace("*", "")) for cell in row] for row in cells]
    marked = [["*" in cell for cell in row] for row in cells]
    hammer = 1  # the second player has it in the first end, and whoever did not score in the next
    for end in range(3):
        assert (marked[hammer][end], marked[1 - hammer][end]) == (True, False)
        if points[0][end] != points[1][end]:
            hammer = int(points[0][end] > points[1][end])


@pytest.mark.parametrize("flag", ["--replay=none/game.html", "--picture=none/house.png"])
def test_a_file_that_cannot_be_written_is_refused_before_the_game(folder, capsys, flag):
    assert run.main(["match", "drawer", "drawer", flag]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and "expected a file in a folder that exists" in captured.err


def test_the_first_compilation_is_noted_once_on_stderr(capsys):
    with compiling_noted():
        assert numba.njit(lambda x: x + 1)(1) == 2
        assert numba.njit(lambda x: x + 2)(1) == 3
    assert numba.njit(lambda x: x + 3)(1) == 4
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", NOTE)
