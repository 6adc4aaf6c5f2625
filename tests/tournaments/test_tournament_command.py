"""`run.py tournament`: folders, standings, going on after any stop."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import run
from agents.curling.games.lockstep_games import LockstepGames
from agents.runs.workers import WorkerEnded
from tests.tournaments.fakes import Breaker, Scatterer, raises

ROOT = Path(__file__).parents[2]
QUICK = ("--ends", "1", "--games", "6", "--device", "cpu", "--workers", "1")
FILES = ("games.jsonl", "results.json", "table.txt", "ladder.png")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills are tested where processes can fork")


@pytest.fixture
def tournament(tmp_path, monkeypatch, capsys):
    """Runs the command in an empty folder; returns exit code, output, and errors without progress."""
    monkeypatch.chdir(tmp_path)

    def play(*words):
        capsys.readouterr()
        code = run.main(["tournament", *words])
        shown = capsys.readouterr()
        errors = [
            line for line in shown.err.splitlines() if not line.startswith(("note: compiling", "stones "))
        ]
        return code, shown.out, errors

    return play


def contents(folder):
    return {name: Path(folder, name).read_bytes() for name in FILES}


def test_a_tournament_leaves_games_standings_and_a_ladder(tournament, tmp_path):
    code, out, errors = tournament("drawer", "random", *QUICK, "--out", "t", "--json", "found.json")
    assert (code, errors) == (0, [])
    assert "drawer" in out and "Elo" in out
    results = json.loads((tmp_path / "found.json").read_text())
    assert results == json.loads((tmp_path / "t" / "results.json").read_text())
    (pairing,) = results["pairings"]
    assert pairing["players"] == ["drawer", "random"] and pairing["wins"] + pairing["losses"] == 6
    halves = [pairing[f"{word}_first_hammer"] for word in ("with", "without")]
    assert [sum(half.values()) for half in halves] == [3, 3]
    lines = [json.loads(line) for line in (tmp_path / "t" / "games.jsonl").read_text().splitlines()]
    assert [line["game"] for line in lines] == list(range(6))
    assert (tmp_path / "t" / "ladder.png").read_bytes().startswith(b"\x89PNG")


def test_the_ends_of_a_tournament_make_a_table_of_chances(tournament, capsys):
    assert tournament("drawer", "random", *QUICK, "--out", "t")[0] == 0
    assert run.main(["strategy", "--source", "t", "--out", "s.png"]) == 0
    assert "ends of t:" in capsys.readouterr().out


def test_neither_batch_nor_the_order_of_players_changes_the_games(tournament):
    assert tournament("drawer", "random", *QUICK, "--out", "a")[0] == 0
    assert tournament("random", "drawer", *QUICK, "--out", "b", "--batch", "1")[0] == 0
    assert contents("a") == contents("b")


@pytest.mark.slow
def test_processes_change_no_byte_of_the_result(tournament):
    assert tournament("drawer", "random", *QUICK, "--out", "a")[0] == 0
    assert tournament("drawer", "random", *QUICK, "--out", "b", "--workers", "2")[0] == 0
    assert contents("a") == contents("b")


def test_a_finished_tournament_goes_on_to_the_same_bytes(tournament):
    assert tournament("drawer", "random", *QUICK, "--out", "t")[0] == 0
    before = contents("t")
    for name in FILES[1:]:
        Path("t", name).unlink()
    assert tournament("--resume", "t")[0] == 0
    assert contents("t") == before


def test_a_torn_last_line_is_dropped_with_a_note_and_played_again(tournament):
    assert tournament("drawer", "random", *QUICK, "--out", "t")[0] == 0
    before, games = contents("t"), Path("t", "games.jsonl")
    games.write_bytes(b"".join(before["games.jsonl"].splitlines(True)[:3]) + b'{"game":3,"play')
    code, _, errors = tournament("--resume", "t")
    assert code == 0 and contents("t") == before
    assert errors == ["note: t/games.jsonl ends in a torn line; the game is played again"]


@pytest.mark.parametrize("damage", ["flipped", "doubled", "foreign"])
def test_a_damaged_game_is_refused(tournament, damage):
    assert tournament("drawer", "random", *QUICK, "--out", "t")[0] == 0
    games = Path("t", "games.jsonl")
    lines = games.read_bytes().splitlines(True)
    if damage == "flipped":
        lines[2] = lines[2].replace(b'"winner":', b'"winner": ')
    elif damage == "foreign":
        assert tournament("drawer", "random", *QUICK, "--out", "u", "--seed", "9")[0] == 0
        lines[2] = Path("u", "games.jsonl").read_bytes().splitlines(True)[2]
    else:
        assert tournament("drawer", "rules", *QUICK[:2], "--games", "2", *QUICK[4:], "--out", "u")[0] == 0
        lines[2] = Path("u", "games.jsonl").read_bytes().splitlines(True)[0]
    games.write_bytes(b"".join(lines))
    code, _, errors = tournament("--resume", "t")
    assert code == 5 and len(errors) == 1 and "games.jsonl line 3: " in errors[0]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--seed", "2"), "seed: got 2, expected 1, because a continued tournament keeps its flags"),
        (("--ends", "2"), "ends: got 2, expected 1, because a continued tournament keeps its flags"),
        (("rules", "drawer"), "players: got ('rules', 'drawer'), expected ('drawer', 'random'), because"),
        (("--out", "u"), "out: got u, expected nothing beside --resume"),
    ],
)
def test_a_continued_tournament_refuses_other_flags(tournament, words, error):
    assert tournament("drawer", "random", *QUICK, "--out", "t")[0] == 0
    code, _, errors = tournament("--resume", "t", *words)
    assert code == 2 and len(errors) == 1 and errors[0].startswith(f"run.py: {error}")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ((), "players: got 0, expected at least two"),
        (("drawer",), "players: got 1, expected at least two"),
        (("drawer", "drawer"), "players: got drawer twice, expected different players"),
        (
            ("drawer", "ruls"),
            "players: got 'ruls', expected random, drawer, rules, kr_uct, kr_uct_paper, uct",
        ),
        (("drawer", "rules", "--games", "3"), "games: got 3, expected an even number from 2"),
        (("--resume", "none"), "resume: got none, expected a folder with tournament.json"),
    ],
)
def test_what_is_no_tournament_is_refused_in_one_line(tournament, tmp_path, words, error):
    code, _, errors = tournament(*words)
    assert code == 2 and len(errors) == 1 and errors[0].startswith(f"run.py: {error}")
    assert list(tmp_path.iterdir()) == []


def test_a_used_folder_is_not_written_over(tournament):
    Path("t").mkdir()
    Path("t", "mine").write_text("precious")
    code, _, errors = tournament("drawer", "random", *QUICK, "--out", "t")
    assert code == 2 and "expected a new or empty folder" in errors[0]
    assert [path.name for path in Path("t").iterdir()] == ["mine"]


def test_a_misbehaving_player_forfeits_and_the_tournament_ends_well(tournament, monkeypatch):
    bad = Breaker(Scatterer(QuickIce), raises, 60)

    def make(token, world, **_):
        return bad if token == "random" else Scatterer(QuickIce)

    monkeypatch.setattr("agents.curling.games.event.make_player", make)
    code, out, _ = tournament("drawer", "random", *QUICK[:2], "--games", "60", *QUICK[4:], "--out", "t")
    results = json.loads(Path("t", "results.json").read_text())
    lost = {one["player"]: one["forfeits"] for one in results["players"]}
    assert code == 0 and 0 < len(lost["random"]) < 60 and lost["drawer"] == []
    assert set(lost["random"]) == {"raised RuntimeError: out of ideas"}
    assert "the first because it raised RuntimeError: out of ideas" in " ".join(out.split())
    assert sum(one["wins"] + one["draws"] / 2 for one in results["players"]) == 60


@pytest.mark.parametrize(("other", "device"), [("random", "cpu"), ("kr_dl", "cuda")])
def test_networks_alone_ask_for_a_device_and_a_gpu_plays_more_games_at_once(
    tournament, monkeypatch, other, device
):
    found = []

    class Hall(LockstepGames):
        def start(self, spec):
            found.append(len(self))
            super().start(spec)

    def make(self, device):
        found.append(device)
        return Hall(self.world, [Scatterer(self.world)] * 2)

    monkeypatch.setattr("agents.commands.actions.tournament.resolve_device", lambda name: "cuda")
    monkeypatch.setattr("agents.curling.games.event.Event.hall", make)
    many = ("--ends", "1", "--games", "200", "--workers", "1")
    assert tournament("drawer", other, *many, "--out", "t")[0] == 0
    assert found[0] == device and max(found[1:]) == {"cpu": 127, "cuda": 199}[device]


class QuickIce:
    """As much of a world as a scatterer wants."""

    class ice:
        release_spin = 1.5


def test_an_interrupt_keeps_finished_and_half_played_games(tournament, tmp_path, monkeypatch):
    words = ("drawer", "random", "--ends", "1", "--games", "40", *QUICK[4:], "--batch", "8")
    assert tournament(*words, "--out", "calm")[0] == 0

    def stopped_after(steps, *more):
        with monkeypatch.context() as patch:
            patch.setattr(LockstepGames, "step", interrupted(LockstepGames.step, steps))
            return tournament(*more)

    code, _, errors = stopped_after(39, *words, "--out", "t")
    kept = "16 of 40 games are kept, 8 half-played; go on with --resume t"
    assert (code, errors) == (130, [f"run.py: stopped: {kept}"])
    assert (tmp_path / "t" / "unfinished.jsonl").exists()
    code, _, errors = stopped_after(1, "--resume", "t", *QUICK[4:], "--batch", "2")
    assert (code, errors) == (130, [f"run.py: stopped: {kept}"]), "begun games that waited are lost"
    assert tournament("--resume", "t", *QUICK[4:])[0] == 0
    assert contents("t") == contents("calm")
    assert not (tmp_path / "t" / "unfinished.jsonl").exists()


def interrupted(step, after):
    """The step with a Ctrl-C during one of them."""
    steps = []

    def stepped(hall):
        steps.append(1)
        if len(steps) == after + 1:
            ctrl_c()
        return step(hall)

    return stepped


def ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.2)


class Killed:
    """Processes that a stop signal reaches before the command does."""

    thrown, workers = 0, 2

    def __init__(self, *arguments):
        pass

    def __len__(self):
        return 0

    def start(self, spec):
        pass

    def step(self):
        ctrl_c()
        raise WorkerEnded("a worker process ended with code -2")

    def close(self):
        pass


def test_a_stop_that_kills_the_processes_is_still_a_stop(tournament, monkeypatch):
    monkeypatch.setattr("agents.commands.actions.tournament.GameWorkers", Killed)
    code, _, errors = tournament("drawer", "random", *QUICK[:-1], "2", "--out", "t")
    kept = "0 of 6 games are kept, 0 half-played; go on with --resume t"
    assert (code, errors) == (130, [f"run.py: stopped: {kept}"])


def campaign(folder, kills, seed):
    command = [sys.executable, "-m", "tests.tournaments.campaign", str(folder), str(kills), str(seed)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def check_campaign(found, kills):
    assert found["kills"] == kills
    assert all(found["equal"]) and found["equal"]
    assert found["in_games"] >= kills // 2, "too few kills fell into the games"


@needs_fork
def test_ten_kills_at_random_moments_change_no_byte(tmp_path):
    check_campaign(campaign(tmp_path, 10, 1), 10)


@needs_fork
@pytest.mark.slow
def test_fifty_kills_at_random_moments_change_no_byte(tmp_path):
    check_campaign(campaign(tmp_path, 50, 2), 50)
