"""The words that name players, and the players they make."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.curling import player_tokens
from agents.curling.games.lockstep_games import play_games
from agents.curling.networks.models import KIND, load_network, save_network
from agents.curling.networks.network_config import NetworkConfig
from agents.curling.networks.policy_value import build_network
from agents.curling.player_tokens import (
    SCRIPTED,
    WITH_NETWORK,
    check_token,
    network_file,
    player_names,
    pretrained_path,
)
from agents.curling.players import make_player, single_player
from agents.curling.search.player_config import SEARCHES, WITHOUT_NETWORK
from agents.runs.errors import ConfigError, CorruptFileError
from envs.curling.physics.noise import NoNoise
from envs.curling.players.opponents import PLAYERS
from envs.curling.rules.game import start_game
from tests.tournaments.fakes import quick_world, specs


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A file with an untrained network."""
    torch.set_num_threads(1)
    config, path = NetworkConfig(kind="deep_sets"), tmp_path_factory.mktemp("networks") / "raw.safetensors"
    save_network(path, build_network(config, generator=torch.Generator().manual_seed(1)), config)
    return path


def meaning(token):
    found = check_token(token)
    return found.search, found.utility, found.network and found.network.name


def test_words_know_the_players_and_searches_there_are():
    assert tuple(PLAYERS) == SCRIPTED
    assert {*WITH_NETWORK, *player_tokens.WITHOUT_NETWORK.values()} == set(SEARCHES)
    assert set(player_tokens.WITHOUT_NETWORK.values()) == set(WITHOUT_NETWORK)


def test_the_manual_and_errors_list_the_same_players():
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    sentence = readme[readme.index("A player is\n") : readme.index("- a run folder or checkpoint.")]
    assert set(re.findall("`([a-z_]+)`", sentence)) == {*player_names(), "_mes"}
    with pytest.raises(ConfigError) as refused:
        check_token("nobody")
    assert f"expected {', '.join(player_names())}, a checkpoint file" in str(refused.value)


@pytest.mark.parametrize("name", player_names())
def test_every_listed_player_plays(name):
    world = quick_world()
    player = make_player(name, world, simulations=2)
    (record,) = play_games(world, [player, make_player("drawer", world)], specs(1))
    assert record.reason is not None


@pytest.mark.parametrize("word", ["nope", "rules", "kr_uct"])
def test_where_a_network_is_asked_for_only_networks_are_offered(word):
    with pytest.raises(ConfigError) as refused:
        network_file(word, "start")
    told = str(refused.value)
    assert told.startswith("start: got ") and told.endswith(
        "kr_dl, kr_drl, a checkpoint file or a run folder"
    )
    assert network_file("kr_drl_mes", "start") == pretrained_path("kr_drl")


def test_words_mean_what_they_say(network, tmp_path, monkeypatch):
    shipped, run = tmp_path / "pretrained", tmp_path / "run"
    (run / "checkpoints").mkdir(parents=True)
    shipped.mkdir()
    for path in (shipped / "kr_drl.safetensors", run / "checkpoints" / "last.safetensors"):
        path.write_bytes(network.read_bytes())
    monkeypatch.setattr(player_tokens, "PRETRAINED", shipped)
    assert meaning("rules") == ("rules", "score", None)
    assert meaning("kr_uct") == ("kr_uct_executed", "score", None)
    assert meaning("kr_uct_paper+mes") == ("kr_uct", "winning", None)
    assert meaning("uct+mes") == ("uct", "winning", None)
    assert meaning("kr_drl") == ("kr_dl_uct_executed", "score", "kr_drl.safetensors")
    assert meaning("kr_drl_mes") == ("kr_dl_uct_executed", "winning", "kr_drl.safetensors")
    assert meaning("dl_uct:kr_drl") == ("dl_uct", "score", "kr_drl.safetensors")
    assert meaning(f"policy+mes:{network}") == ("policy", "winning", "raw.safetensors")
    assert meaning(f"+mes:{network}") == ("kr_dl_uct_executed", "winning", "raw.safetensors")
    assert meaning(str(network)) == ("kr_dl_uct_executed", "score", "raw.safetensors")
    assert meaning(str(run)) == ("kr_dl_uct_executed", "score", "last.safetensors")
    assert meaning(f"dl_uct:{run}/last") == ("dl_uct", "score", "last.safetensors")
    (run / "checkpoints" / "best.safetensors").write_bytes(b"x")
    assert meaning(str(run)) == ("kr_dl_uct_executed", "score", "best.safetensors")


@pytest.mark.parametrize("name", ["rules", "kr_uct", "kr_dl", "kr_drl_mes"])
def test_a_run_called_like_a_player_is_meant_by_its_path(network, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert check_token(name).shadowed is None
    own = Path("runs", name, "checkpoints", "last.safetensors")
    for file in (own, Path(name, "checkpoints", "last.safetensors")):
        file.parent.mkdir(parents=True)
        file.write_bytes(network.read_bytes())
    for word, file in ((f"./{name}", own.relative_to("runs")), (f"runs/{name}", own)):
        for prefix in ("", "dl_uct:", "+mes:"):
            found = check_token(prefix + word)
            assert (found.network, found.shadowed) == (file, None)
    assert check_token(name).shadowed == own.relative_to("runs") != check_token(name).network
    if name == "kr_dl":
        assert check_token("dl_uct:kr_dl").shadowed == own.relative_to("runs")


def test_a_file_called_like_a_pretrained_network_is_read_itself(network, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("kr_dl").write_bytes(network.read_bytes())
    assert load_network(check_token("./kr_dl").network).kind == KIND != load_network("kr_dl").kind


@pytest.mark.parametrize(
    "token", ["", "ruls", "rules:x", "kr_uct:x", "dl_uct", "dl_uct:", "+mes", "no:rules", "x" * 2000]
)
def test_words_that_name_nobody_are_refused_in_one_line(token):
    with pytest.raises(ConfigError, match=r"^first: got .*, expected ") as caught:
        check_token(token, "first")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 600
    if token == "ruls":
        assert "did you mean rules?" in str(caught.value)


def test_a_fingerprint_tells_networks_apart(network, tmp_path):
    other = tmp_path / "other.safetensors"
    other.write_bytes(network.read_bytes() + b"x")
    assert check_token("rules").fingerprint == ""
    assert check_token(str(network)).fingerprint != check_token(str(other)).fingerprint


def test_searching_players_play_the_same_games_together_and_alone(network):
    world = quick_world()
    players = [make_player(token, world, simulations=8) for token in (str(network), "kr_uct+mes")]
    together = sorted(play_games(world, players, specs(4)), key=lambda record: record.number)
    assert {record.reason for record in together} <= {"score", "draw"}
    assert list(play_games(world, players, specs(2), at_once=1)) == together[:2]


def test_a_single_player_plays_from_a_generator(network):
    world = quick_world()
    state = start_game(world.ice.sheet, world.rules)
    for token in ("drawer", f"policy:{network}"):
        player = single_player(check_token(token), world, 4, "cpu")
        first, second = (player(world, state, np.random.default_rng(3)) for _ in range(2))
        assert first == second
    with pytest.raises(ValueError, match="world: got another than the player's"):
        player(replace(world, noise=NoNoise()), state, np.random.default_rng(3))


def test_a_file_that_is_no_network_is_refused(tmp_path):
    (tmp_path / "bad.safetensors").write_bytes(b"nonsense")
    with pytest.raises(CorruptFileError):
        make_player(str(tmp_path / "bad.safetensors"), quick_world())
