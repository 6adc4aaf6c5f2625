"""A real Ray of two nodes on this machine: the bytes of local play, whoever is killed, and a clean end."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

import run
from agents.cluster.connection import connected
from agents.curling.learning.reinforcement import build
from agents.runs.errors import ConfigError
from tests.cluster.processes import actors, descendants
from tests.cluster.test_workplace import state_of
from tests.curling_agents.tiny_self_play import CONFIG, SEED

pytest.importorskip("ray", reason="Ray is not installed: pip install 'hogline[cluster]'")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]
ROOT = Path(__file__).parents[2]
KEPT = ("games.jsonl", "results.json", "table.txt")
TOURNAMENT = (
    "tournament",
    "drawer",
    "random",
    "--games",
    "160",
    "--ends",
    "8",
    "--device",
    "cpu",
    "--batch",
    "4",
)


@pytest.fixture(scope="module")
def two_nodes():
    """A cluster of two nodes with a CPU each; nodes can be added and removed."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    yield cluster
    cluster.shutdown()


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """What the tournament leaves without a cluster."""
    out = tmp_path_factory.mktemp("local") / "t"
    assert run.main([*TOURNAMENT, "--workers", "1", "--out", str(out)]) == 0
    return contents(out)


def contents(folder):
    return [(folder / name).read_bytes() for name in KEPT]


def once_games_are_kept(folder, deed):
    """Does something, in a thread, when the tournament of a folder has kept its first games."""

    def wait():
        games = folder / "games.jsonl"
        while not games.exists() or not games.stat().st_size:
            time.sleep(0.05)
        deed()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def test_a_tournament_on_two_nodes_is_the_local_one_to_the_byte(two_nodes, local, tmp_path):
    assert run.main([*TOURNAMENT, "--cluster", two_nodes.address, "--out", str(tmp_path / "t")]) == 0
    assert contents(tmp_path / "t") == local


def test_a_killed_worker_changes_no_byte(two_nodes, local, tmp_path, capsys):
    killer = once_games_are_kept(tmp_path / "t", lambda: os.kill(actors()[0], signal.SIGKILL))
    assert run.main([*TOURNAMENT, "--cluster", two_nodes.address, "--out", str(tmp_path / "t")]) == 0
    killer.join()
    assert contents(tmp_path / "t") == local
    assert capsys.readouterr().err.count("is lost (ActorDiedError); what it had is done elsewhere") == 1


def test_a_self_play_learner_on_two_nodes_ends_with_the_local_state(two_nodes):
    config = replace(CONFIG, iterations=2, games=4)
    alone, shared = (build(config, seed=SEED, device="cpu") for _ in range(2))
    measured = list(alone.train())
    with connected(two_nodes.address, cores=1, notice=print) as cluster:
        start = cluster.starter(2, most=2, device="cpu", notice=print)
        with shared.games_shared(start):
            assert list(shared.train()) == measured
    assert state_of(shared) == state_of(alone)


def test_pairs_of_a_teacher_on_two_nodes_are_the_local_ones(two_nodes, tmp_path):
    words = ["teach", "--pairs", "1500", "--imagined", "1", "--seed", "5"]
    assert run.main([*words, "--workers", "1", "--out", str(tmp_path / "here")]) == 0
    assert run.main([*words, "--cluster", two_nodes.address, "--out", str(tmp_path / "there")]) == 0
    here, there = (sorted((tmp_path / name).glob("pairs*")) for name in ("here", "there"))
    assert [file.read_bytes() for file in here] == [file.read_bytes() for file in there] and len(here) > 2


def test_a_node_that_is_removed_changes_no_byte_and_the_work_goes_on_with_the_other(
    two_nodes, local, tmp_path, capsys
):
    def remove():
        two_nodes.remove_node(next(node for node in two_nodes.list_all_nodes() if not node.head))

    remover = once_games_are_kept(tmp_path / "t", remove)
    assert run.main([*TOURNAMENT, "--cluster", two_nodes.address, "--out", str(tmp_path / "t")]) == 0
    remover.join()
    two_nodes.add_node(num_cpus=1)
    assert contents(tmp_path / "t") == local
    assert "is lost (" in capsys.readouterr().err


def test_a_ctrl_c_keeps_the_games_ends_our_workers_and_leaves_the_cluster(two_nodes, local, tmp_path, capsys):
    out = tmp_path / "t"
    once_games_are_kept(out, lambda: os.kill(os.getpid(), signal.SIGINT))
    assert run.main([*TOURNAMENT, "--cluster", two_nodes.address, "--out", str(out)]) == 130
    assert "games are kept" in capsys.readouterr().err.splitlines()[-1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    until = time.monotonic() + 30.0
    while actors():
        assert time.monotonic() < until
        time.sleep(0.2)
    assert any("gcs_server" in words for words in descendants().values())
    assert run.main(["tournament", "--resume", str(out), "--cluster", two_nodes.address]) == 0
    assert contents(out) == local


def test_where_no_cluster_answers_is_one_clear_error_in_time():
    before = time.monotonic()
    with pytest.raises(ConfigError) as raised, connected("127.0.0.1:1", cores=1, notice=print):
        pass
    assert str(raised.value).startswith("cluster: got 127.0.0.1:1, ")
    assert time.monotonic() - before < 60.0


def test_twenty_kills_lose_and_double_nothing_and_nobody_listens_elsewhere(tmp_path):
    command = [sys.executable, "-m", "tests.cluster.campaign", "kills", str(tmp_path), "20"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["kills"] == 20 and all(found["equal"]) and found["equal"]
    assert found["listening"] > 0 and found["elsewhere"] == []
