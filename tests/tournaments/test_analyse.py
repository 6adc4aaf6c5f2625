"""`run.py analyse`: positions from every kind of line, shots judged from the thrower's side, a heat map."""

import json

import numpy as np
import pytest

import run
from agents.curling.games.game_records import record_line
from agents.curling.games.lockstep_games import play_games
from agents.curling.judging.analysis import Analyst
from agents.curling.judging.canaries import CANARIES
from agents.curling.judging.canary_trial import canary_world
from agents.curling.players import even_game, make_player
from agents.curling.search.player_config import PlayerConfig
from agents.curling.search.search_player import SearchPlayer
from envs.curling.rules.game import GameState, frozen
from envs.curling.wire.digital_curling import WireState, format_state
from tests.tournaments.fakes import Scatterer, quick_world, specs

FEW = ("--shots", "3", "--throws", "40", "--grid-throws", "1", "--device", "cpu")
DRAW, TAKE_OUT = CANARIES[0], CANARIES[1]


@pytest.fixture
def analyse(tmp_path, monkeypatch, capsys):
    """Analyses a position of a file; returns exit code, what was shown, complaints and the JSON."""
    monkeypatch.chdir(tmp_path)

    def look(line, *words):
        (tmp_path / "p.jsonl").write_bytes(line)
        code = run.main(["analyse", "--position", "p.jsonl", "--json", "found.json", *FEW, *words])
        shown = capsys.readouterr()
        errors = [row for row in shown.err.splitlines() if "note: compiling" not in row]
        found = json.loads((tmp_path / "found.json").read_text()) if code == 0 else {}
        return code, shown.out, errors, found

    return look


def line_of(state, **beside):
    message = format_state(WireState(state, 8, (0.0,) * 16, (0.0, 0.0)))
    return (json.dumps({"before": message, **beside} if beside else message) + "\n").encode()


def winner():
    """A player that plays for the chance to win."""
    world = canary_world()
    config = PlayerConfig(search="kr_uct", utility="winning", simulations=30)
    return SearchPlayer(config, world, None, winning=even_game(world))


def analysed(canary, player="rules", team=1, throws=200):
    """The analysis of a canary, its thrower being team 0 or team 1."""
    world, state = canary_world(), canary.state()
    if team == 0:
        halves = (frozen(np.concatenate([part[8:], part[:8]])) for part in (state.stones, state.in_play))
        scores = tuple(pair[::-1] for pair in state.scores)
        state = GameState(state.end, state.shot, 0, 0, *halves, scores)
    made = make_player(player, world, simulations=30) if isinstance(player, str) else player
    analyst = Analyst(world, made, 1)
    return analyst, analyst.analyse(state, shots=4, throws=throws, grid_throws=2)


def test_chances_to_win_are_those_that_the_player_searches_for():
    world, ends = canary_world(), np.zeros(17, np.int64)
    ends[8 + 3] = 10_000  # the hammer always scores three
    config = PlayerConfig(search="kr_uct", utility="winning", simulations=5)
    player = SearchPlayer(config, world, None, winning=even_game(world, ends))
    assert Analyst(world, player, 1).winning is player.winning


def test_the_best_shot_at_a_lone_stone_takes_it_out_whoever_throws():
    for team in (0, 1):
        _, found = analysed(TAKE_OUT, team=team)
        best = found.candidates[0].prospect
        assert best.points > 0.8 and best.winning > 0.8
        assert best.scores.sum() == pytest.approx(1.0) and best.scores[8 + 1] > 0.8
        assert sum(one.thought.chosen for one in found.candidates) == 1


def test_the_heat_map_knows_the_house():
    analyst, found = analysed(DRAW)
    targets = analyst.grid.targets
    away = np.hypot(*(targets[:, :2] - analyst.world.ice.sheet.tee).T)
    draws, hits = found.grid[(targets[:, 2] == 0) & (away < 1.0)], found.grid[targets[:, 2] > 2.0]
    assert draws.min() > 0.9 and hits.max() == 0.0


def test_the_best_cell_of_the_map_is_thrown_like_the_candidates():
    analyst, found = analysed(CANARIES[3], "kr_uct")
    shot, cell = found.mapped.thought.shot, int(found.grid.argmax())
    points, part = analyst.space.points(np.array([shot[:2]]), np.array([shot.spin]))
    assert int(analyst.grid.cells(points, part)[0]) == cell and found.mapped.prospect.error > 0
    chosen = next(one.thought.shot for one in found.candidates if one.thought.chosen)
    place = analyst.space.points(np.array([chosen[:2]]), np.array([chosen.spin]))
    assert found.chosen_cell == int(analyst.grid.cells(*place)[0])


def test_candidates_come_best_first_and_searches_tell_their_visits():
    _, found = analysed(CANARIES[3], "kr_uct")
    points = [one.prospect.points for one in found.candidates]
    assert points == sorted(points, reverse=True) and len(points) == 4
    assert all(one.thought.visits > 0 and -8 <= one.thought.value <= 8 for one in found.candidates)


def test_candidates_of_a_player_that_plays_to_win_come_by_their_chance_to_win():
    _, found = analysed(CANARIES[7], winner())
    chances, points = (
        [getattr(one.prospect, name) for one in found.candidates] for name in ("winning", "points")
    )
    assert chances == sorted(chances, reverse=True)
    assert points != sorted(points, reverse=True), "the order says nothing where both agree"
    assert all(0 <= one.thought.value <= 1 for one in found.candidates) and found.goal == "winning"


def test_the_table_says_what_it_is_sorted_by(analyse, monkeypatch):
    _, out, _, found = analyse(line_of(CANARIES[7].state()))
    assert "the best by points first" in " ".join(out.split()) and found["ranked_by"] == "points"
    monkeypatch.setattr("agents.commands.actions.analyse.make_player", lambda *_, **__: winner())
    monkeypatch.setattr("agents.commands.actions.analyse.build_world", lambda *_: canary_world())
    _, out, _, found = analyse(line_of(CANARIES[7].state()))
    assert "the best by chance to win first" in " ".join(out.split()) and found["ranked_by"] == "winning"
    assert f"{100 * found['shots'][0]['search_value']:.0f} %" in out


def test_before_the_last_stone_boards_are_judged():
    _, found = analysed(CANARIES[10])
    best = found.candidates[0].prospect
    assert 0 < best.error < 0.2 and best.scores.max() < 1.0


def test_a_state_is_analysed_into_table_picture_and_json(analyse, tmp_path):
    code, out, errors, found = analyse(line_of(TAKE_OUT.state()))
    assert (code, errors) == (0, []) and "Y" not in out.split("hog")[0] and "R1" in out
    assert "end 8 of 8, stone 16, Yellow to throw" in " ".join(out.split())
    assert len(found["shots"]) == 3 and len(found["grid"]) == 2048
    assert (tmp_path / "analysis.png").read_bytes().startswith(b"\x89PNG")
    again = analyse(line_of(TAKE_OUT.state(), move={"type": "concede"}))
    assert again[3] == found


def test_a_shot_of_a_recorded_game_is_analysed(analyse):
    world = quick_world()
    (record,) = play_games(world, [Scatterer(world)] * 2, specs(1))
    line = record_line(record, players=["a", "b"])
    code, out, _, found = analyse(line, "--shot", "16", "--ends", "1", "--player", "drawer")
    assert code == 0 and "end 1 of 1, stone 16, Yellow to throw" in " ".join(out.split())
    assert [row["chosen"] for row in found["shots"]].count(True) == 1
    for shot in ("0", "17"):
        code, _, errors, _ = analyse(line, "--shot", shot, "--ends", "1")
        assert code == 2 and errors == [f"run.py: shot: got {shot}, expected 1 to 16, a shot of the game"]


@pytest.mark.parametrize(
    ("line", "words", "error"),
    [
        (b"oops\n", (), "p.jsonl line 1: line: no JSON"),
        (b"{}\n", (), "p.jsonl line 1: state"),
        (b'{"turns": []}\n', (), "p.jsonl line 1: no game record"),
        (line_of(DRAW.state()), ("--shot", "3"), "shot: got 3, expected none"),
        (line_of(DRAW.state()), ("--line", "2"), "line: got 2, expected one that p.jsonl has"),
    ],
)
def test_a_line_without_a_position_is_refused_in_one_line(analyse, line, words, error):
    code, _, errors, _ = analyse(line, *words)
    assert code == 2 and len(errors) == 1 and errors[0].startswith(f"run.py: {error}")
