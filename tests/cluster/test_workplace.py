"""The flag `--cluster`, networks that travel, and batches of self-play: what needs no Ray."""

import importlib.util
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

import run
from agents.cluster import identity
from agents.cluster.address import check_cluster
from agents.cluster.remote_work import RemoteWork
from agents.cluster.workplace import Workplace
from agents.commands import train
from agents.curling.games.game_records import first_state
from agents.curling.learning.reinforcement import build
from agents.curling.learning.self_play import play_ends
from agents.curling.learning.self_play_workers import batches, joined
from agents.curling.player_tokens import check_token
from agents.curling.players import make_player
from agents.runs.errors import ConfigError
from agents.runs.workers import WorkerEnded, Workers
from tests.curling_agents.tiny_self_play import CONFIG, SEED, player_of
from tests.tournaments.fakes import quick_world
from tests.vision_training.tiny import fingerprint


@pytest.mark.parametrize("address", ["lokal", "host", "host:0", "host:70000", "ray://h:1", "a b:1", ":1"])
def test_what_is_no_address_of_a_cluster_is_refused(address):
    with pytest.raises(ConfigError, match=r"^cluster: got .* expected auto, local or HOST:PORT$"):
        check_cluster(address)


@pytest.mark.parametrize(
    "words",
    [
        ["tournament", "drawer", "random", "--cluster", "auto"],
        ["teach", "--cluster", "auto"],
        ["train", "kr_drl", "--cluster", "auto"],
    ],
)
def test_without_ray_a_cluster_is_refused_in_one_line_and_nothing_is_made(
    words, monkeypatch, tmp_path, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("agents.cluster.address.find_spec", lambda name: None)
    assert run.main(words) == 2
    expected = "which needs Ray, expected it installed: pip install 'hogline[cluster]'"
    assert capsys.readouterr().err == f"run.py: cluster: got auto, {expected}\n"
    assert list(tmp_path.iterdir()) == []


def test_only_a_kind_that_shares_games_has_the_flag(capsys):
    assert run.main(["train", "vision", "--data", ".", "--cluster", "auto"]) == 2
    assert "--cluster: unknown flag" in capsys.readouterr().err


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the flag needs Ray")
def test_a_continued_run_may_move_to_a_cluster(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    words = [
        "--iterations",
        "1",
        "--games",
        "1",
        "--simulations",
        "2",
        "--candidates",
        "2",
        "--device",
        "cpu",
    ]
    assert run.main(["train", "kr_drl", *words, "--out", "r"]) == 0
    options, _ = train.parse("kr_drl", ["--resume", "r", "--cluster", "auto", "--workers", "3"])
    assert options.sharing == train.Sharing("auto", 3)
    assert "cluster" not in (tmp_path / "r" / "config.json").read_text()


def test_a_network_plays_the_same_from_its_bytes_where_its_file_is_not():
    world = quick_world()
    here = check_token("kr_dl")
    there = replace(here.packed(), network=here.network.with_name("elsewhere.safetensors"))
    state, seeds = first_state(world, 1), np.array([5], np.uint64)
    shots = [make_player(token, world, simulations=8).shots([state], seeds) for token in (here, there)]
    assert shots[0] == shots[1]


def test_batches_hold_every_game_once_and_no_more_than_a_call_of_the_network():
    assert batches(range(10, 18), 3, 64) == [range(10, 13), range(13, 16), range(16, 18)]
    assert [len(batch) for batch in batches(range(10), 2, 4)] == [4, 4, 2]
    assert batches(range(2), 5, 4) == [range(1), range(1, 2)]


def test_batches_of_games_joined_are_the_games_of_one_batch():
    player = player_of()
    whole = play_ends(player, CONFIG, SEED, range(5))
    parts = joined([play_ends(player, CONFIG, SEED, part) for part in (range(2), range(2, 5))])
    assert parts.records == whole.records and parts.examples.tobytes() == whole.examples.tobytes()


def test_a_learner_whose_games_others_play_ends_with_the_same_state():
    alone, shared = (build(replace(CONFIG, iterations=2, games=3), seed=SEED, device="cpu") for _ in range(2))
    measured = list(alone.train())
    with shared.games_shared(partial(Workers, count=2)):
        assert list(shared.train()) == measured
    assert state_of(shared) == state_of(alone)


def state_of(learner):
    """A digest of all that the learner is, with the examples in it."""
    state = learner.state_dict()
    segments = [segment.array.tobytes() for segment in state["replay"].pop("segments")]
    return fingerprint(state), segments


def test_this_machine_alone_has_processes_only_if_several_suit():
    def starter(workers, **settings):
        return Workplace("cpu", workers).starter(notice=print, **settings)

    assert starter(0, most=9, suits=1) is None and starter(5, most=1) is None
    assert starter(2, most=9) is not None


def test_messages_that_overtake_each_other_are_heard_in_order():
    remote = RemoteWork()
    remote.begin(repeat, ())
    for place in (2, 0, 1):
        remote.hear(place, f"message {place}")
    told = []
    while len(told) < 3:
        told += remote.told(5.0)
    assert told == ["message 0", "message 1", "message 2"]
    assert remote.told(0.0) == []


def test_an_error_of_the_work_is_told_and_a_defect_is_called_by_its_name():
    remote = RemoteWork()
    remote.begin(repeat, ())
    remote.hear(0, ConfigError("no"))
    remote.hear(1, "not reached")
    (told,) = remote.told(5.0)
    assert isinstance(told, ConfigError)
    other = RemoteWork()
    other.begin(repeat, ())
    other.hear(0, KeyError("lost"))
    (told,) = other.told(5.0)
    assert isinstance(told, WorkerEnded) and str(told) == "a worker failed: KeyError: 'lost'"


def repeat(tell, messages):
    """Tells what it hears; raises what is an error."""
    while True:
        message = messages.get()
        if isinstance(message, Exception):
            raise message
        tell(message)


def test_the_hash_of_the_sources_changes_with_a_byte_a_name_and_a_place(tmp_path):
    (tmp_path / "agents").mkdir()
    (tmp_path / "envs").mkdir()
    hashes = [identity.sources_hash(tmp_path)]
    for name, text in (("agents/a.py", "1"), ("agents/a.py", "2"), ("agents/b.py", "2"), ("envs/a.py", "2")):
        for old in tmp_path.rglob("*.py"):
            old.unlink()
        (tmp_path / name).write_text(text)
        hashes.append(identity.sources_hash(tmp_path))
    assert len(set(hashes)) == len(hashes)
    (tmp_path / "envs" / "notes.txt").write_text("no source")
    assert identity.sources_hash(tmp_path) == hashes[-1]
