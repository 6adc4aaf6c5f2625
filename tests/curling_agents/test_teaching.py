"""Laws of the teacher's pairs: each game a function of its number, rollouts as said, files that mend."""

import json
import multiprocessing
import os
import shutil
import signal
import time
from dataclasses import replace

import numpy as np
import pytest

from agents.cluster.workplace import Workplace
from agents.commands.actions import teach
from agents.commands.teach import Config
from agents.curling.learning import pair_files
from agents.curling.learning.pair_files import MANIFEST, PairFolder, read_pairs
from agents.curling.learning.teaching import PAIR, Teaching
from agents.curling.learning.teaching_config import TeachingConfig
from agents.curling.positions import POSITION, mover
from agents.runs.errors import ConfigError, CorruptFileError, StorageError
from agents.runs.workers import Workers
from envs.curling.physics.sheet import STONES_PER_TEAM
from run import main
from tests.curling_agents.made_positions import parts_of

CONFIG = TeachingConfig(imagined=1, explore=0.5, seed=3)


@pytest.fixture(scope="module")
def pairs():
    """Three games."""
    return Teaching(CONFIG).pairs(range(3))


def test_a_game_is_the_same_whatever_is_played_beside_it(pairs):
    alone = Teaching(CONFIG).pairs([1])
    assert alone.tobytes() == pairs[pairs["game"] == 1].tobytes()
    assert alone.tobytes() != Teaching(replace(CONFIG, seed=4)).pairs([1]).tobytes()


def test_the_shots_of_a_game_follow_each_other_and_share_its_score(pairs):
    for game in range(3):
        own = pairs[pairs["game"] == game]
        assert len(own) >= 8
        assert (np.diff(own["position"]["shot"]) > 0).all()
        for name in ("end", "lead", "hammer"):
            assert len(set(own["position"][name].tolist())) == 1
        assert len(set(own["score"].tolist())) == 1
        assert abs(own["score"][0]) <= 8


def test_a_rollout_of_one_shot_adds_the_teachers_stone(pairs):
    going = pairs[~pairs["rollout"]["over"]]
    after = going["rollout"]["position"]
    assert (after["shot"] == going["position"]["shot"] + 1).all()
    assert (mover(after) == 1 - mover(going["position"])).all()
    last = pairs[pairs["rollout"]["over"]]
    assert (last["position"]["shot"] == 15).all() and len(last) == (pairs["position"]["shot"] == 15).sum()


def test_a_deep_rollout_reaches_the_end_of_the_end():
    deep = Teaching(replace(CONFIG, depth=16)).pairs([0])
    assert deep["rollout"]["over"].all()
    three = Teaching(replace(CONFIG, depth=3)).pairs([0])
    going = three[~three["rollout"]["over"]]
    assert (going["rollout"]["position"]["shot"] == going["position"]["shot"] + 3).all()


def test_only_the_last_shot_of_a_rollout_is_thrown_with_noise():
    pairs = Teaching(replace(CONFIG, depth=2)).pairs(range(2))
    world, space, _, simulator = parts_of()
    positions = pairs["position"].astype(POSITION)
    intended = simulator.step(positions, *space.points(pairs["velocity"], pairs["spin"])).states
    thrown = STONES_PER_TEAM * mover(positions) + positions["shot"] // 2
    rows = np.arange(len(pairs))
    after = pairs["rollout"]["position"]
    apart = np.abs(after["stones"][rows, thrown] - intended["stones"][rows, thrown]).max(1)
    untouched = (apart < 1e-9) & (after["in_play"][rows, thrown] != 0)
    assert (
        world.noise == Teaching(CONFIG).world.noise and untouched.sum() >= 4
    )  # noise alone would leave none


def test_without_exploring_the_last_rollout_and_the_game_have_the_same_shot():
    world = Teaching(replace(CONFIG, explore=0.0, noise="none"))
    pairs = world.pairs(range(2))
    last = pairs[pairs["rollout"]["over"]]
    assert (last["rollout"]["score"] == last["score"]).all()


def words(folder, *more):
    return ["teach", "--out", str(folder), "--imagined", "1", "--workers", "1", *more]


@pytest.fixture
def short_shards(monkeypatch):
    """One game a shard."""
    monkeypatch.setattr(pair_files, "GAMES_PER_SHARD", 1)
    monkeypatch.setattr("agents.commands.actions.teach.GAMES_PER_SHARD", 1)


def test_a_folder_left_half_done_is_completed_to_the_same_bytes(tmp_path, short_shards, capsys):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert main(words(whole, "--pairs", "48")) == 0
    assert main(words(broken, "--pairs", "16")) == 0
    (broken / "pairs-00001.npy").write_bytes(b"a shard that the kill came before the manifest of")
    assert main(words(broken, "--pairs", "48")) == 0
    for file in ("pairs-00000.npy", "pairs-00001.npy", "pairs-00002.npy", MANIFEST):
        assert (whole / file).read_bytes() == (broken / file).read_bytes()
    config, pairs = read_pairs(whole)
    assert config == TeachingConfig(imagined=1)
    assert pairs.tobytes() == Teaching(config).pairs(range(3)).tobytes()
    assert len(read_pairs(whole, most=20)[1]) == 20


def test_a_stop_says_what_is_kept_and_how_to_go_on(tmp_path, short_shards, capsys, monkeypatch):
    pairs, made = Teaching.pairs, []

    def interrupted(teaching, games):
        made.append(games)
        if len(made) == 2:
            raise KeyboardInterrupt
        return pairs(teaching, games)

    with monkeypatch.context() as patch:
        patch.setattr(Teaching, "pairs", interrupted)
        assert main(words(tmp_path, "--pairs", "48")) == 130
    kept = len(read_pairs(tmp_path)[1])
    line = f"run.py: stopped; {kept} pairs are kept in {tmp_path}, run.py teach with the same flags goes on"
    assert capsys.readouterr().err.splitlines()[-1] == line
    assert main(words(tmp_path, "--pairs", "48")) == 0


def test_a_folder_of_another_teaching_is_not_continued(tmp_path, short_shards, capsys):
    assert main(words(tmp_path, "--pairs", "16")) == 0
    assert main(words(tmp_path, "--pairs", "32", "--seed", "9")) == 2
    assert "seed: got 9, expected 0" in capsys.readouterr().err


def test_a_folder_of_something_else_is_not_taught_into(tmp_path, capsys):
    (tmp_path / "games.jsonl").write_text("{}")
    assert main(["teach", "--pairs", "1", "--workers", "1", "--out", str(tmp_path)]) == 2
    assert "expected a new or empty folder, or one with pairs.json" in capsys.readouterr().err


def test_a_damaged_shard_or_manifest_is_refused(tmp_path):
    folder = PairFolder(tmp_path, CONFIG)
    folder.append(np.zeros(4, PAIR))
    shard = tmp_path / "pairs-00000.npy"
    good = shard.read_bytes()
    shard.write_bytes(good[:-1] + b"\x01")
    with pytest.raises(CorruptFileError, match="SHA-256"):
        read_pairs(tmp_path)
    shard.write_bytes(good)
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    manifest["shards"][0]["file"] = "../elsewhere.npy"
    (tmp_path / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(CorruptFileError, match="shard 0"):
        read_pairs(tmp_path)


def test_more_pairs_than_there_are_or_no_folder_is_refused(tmp_path):
    PairFolder(tmp_path, CONFIG).append(np.zeros(4, PAIR))
    with pytest.raises(ConfigError, match="got 4 pairs"):
        read_pairs(tmp_path, most=5)
    shutil.rmtree(tmp_path)
    with pytest.raises(StorageError, match=r"holds no pairs\.json, expected a folder as"):
        read_pairs(tmp_path)


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="no signal masks here")
def test_a_ctrl_c_while_processes_start_does_not_reach_them(tmp_path):
    config = Config(out=str(tmp_path), workers=2)
    with teach._shards(config, range(2), Workplace("cpu", 2), print):
        processes = multiprocessing.active_children()
        for process in processes:
            os.kill(process.pid, signal.SIGINT)
        time.sleep(0.5)
        assert len(processes) == 2 and all(process.is_alive() for process in processes)


def test_several_processes_make_the_same_bytes_as_one(tmp_path, short_shards):
    alone, together = tmp_path / "alone", tmp_path / "together"
    assert main(words(alone, "--pairs", "48")) == 0
    assert main([*words(together, "--pairs", "48"), "--workers", "2"]) == 0
    for file in ("pairs-00000.npy", "pairs-00001.npy", "pairs-00002.npy", MANIFEST):
        assert (alone / file).read_bytes() == (together / file).read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="processes end otherwise there")
def test_a_process_that_dies_ends_the_teaching_in_one_line(tmp_path, capsys, monkeypatch):
    def lame(*arguments):
        made = Workers(*arguments)
        os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)
        return made

    monkeypatch.setattr("agents.cluster.workplace.Workers", lame)
    assert main([*words(tmp_path), "--workers", "2"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "run.py: a worker process ended with code -9"
    assert not multiprocessing.active_children()


@pytest.mark.skipif(os.name == "nt", reason="no signals to oneself there")
def test_a_ctrl_c_while_processes_work_ends_them_in_one_line(tmp_path, capsys, monkeypatch):
    class Interrupted(Workers):
        def ready(self, seconds):
            signal.raise_signal(signal.SIGINT)
            return super().ready(seconds)

    monkeypatch.setattr("agents.cluster.workplace.Workers", Interrupted)
    assert main([*words(tmp_path), "--workers", "2"]) == 130
    told = capsys.readouterr().err.splitlines()
    assert told[-1].startswith("run.py: stopped; 0 pairs are kept") and "Traceback" not in "".join(told)
    assert not multiprocessing.active_children()


def test_shards_come_in_order_and_none_is_made_far_ahead():
    class Uneven:
        """Two workers; the first answers only while the second has nothing to do."""

        def __init__(self):
            self.doing, self.furthest = {}, 0

        members = (0, 1)

        def __len__(self):
            return 2

        def send(self, worker, task):
            self.doing[worker] = task[0]
            self.furthest = max(self.doing.values())

        def ready(self, seconds):
            return [max(self.doing)]

        def receive(self, worker):
            number = self.doing.pop(worker)
            return number, number

    uneven = Uneven()
    shards = teach._in_order(uneven, range(3, 40))
    assert next(shards) == 3
    assert uneven.furthest == 3 + 2 * teach.AHEAD - 1
    assert list(shards) == list(range(4, 40))
