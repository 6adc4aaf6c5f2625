"""Laws of learning by self-play: games as functions of number, targets, exact continuation, the gate."""

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.curling.games.game_records import parse_record, replayed
from agents.curling.learning import self_play
from agents.curling.learning.policy_targets import SURE_VISITS, density_targets, improved_targets
from agents.curling.learning.reinforcement import build
from agents.curling.learning.self_play import (
    hammer_points,
    play_ends,
)
from agents.curling.learning.self_play_config import SelfPlayConfig
from agents.curling.networks.features import inputs_of
from agents.curling.networks.models import load_network, save_network, weights_hash
from agents.curling.networks.network_config import NetworkConfig
from agents.curling.networks.policy_value import build_network
from agents.curling.positions import POSITION, mover
from agents.curling.search.grid import CELLS
from agents.curling.winning import POINTS
from agents.runs.checkpoint import Checkpoint, encode
from agents.runs.errors import ConfigError
from agents.runs.kinds import preset
from agents.runs.lengthening import how_to_lengthen, is_lengthened
from agents.runs.origin import versions
from agents.runs.segments import Segment
from planners.config import KernelConfig
from planners.interfaces import SearchResult
from planners.kernel import density
from run import main
from tests.curling_agents.tiny_self_play import CONFIG, NETWORK, SEED, player_of
from tests.vision_training.tiny import fingerprint


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def player():
    return player_of()


@pytest.fixture(scope="module")
def played(player):
    return play_ends(player, CONFIG, SEED, range(4))


def test_a_game_is_a_function_of_seed_number_and_network(player, played):
    (alone,) = play_ends(player, CONFIG, SEED, [2]).records
    assert alone == played.records[2]
    assert play_ends(player, CONFIG, SEED + 1, [2]).records[0] != alone
    assert play_ends(player_of(seed=2), CONFIG, SEED, [2]).records[0] != alone


def test_a_record_plays_again_to_the_identical_score(player, played):
    for record in played.records:
        assert len(record.turns) == 16
        assert replayed(player.world, record) == record


def test_a_network_is_told_of_the_ends_to_come_and_of_the_lead(player, monkeypatch):
    monkeypatch.setattr(self_play, "_situation", lambda spec: (spec.number, spec.number - 1))
    positions = play_ends(player, CONFIG, SEED, [0, 3]).examples["position"].astype(POSITION)
    seen, numbers = inputs_of(positions), np.tile([0, 3], 16)
    assert seen.ends_left.tolist() == numbers.tolist()
    assert seen.lead.tolist() == ((numbers - 1) * np.where(mover(positions) == 0, 1, -1)).tolist()


def test_the_first_shots_of_an_end_are_warm_and_the_others_cool(player, monkeypatch):
    asked, search = [], player.search

    def heard(positions, seeds, *, temperature):
        asked.append((int(positions["shot"][0]), temperature))
        return search(positions, seeds, temperature=temperature)

    monkeypatch.setattr(player, "search", heard)
    play_ends(player, CONFIG, SEED, [0])
    assert asked == [(shot, 1.0 if shot < 3 else 0.33) for shot in range(16)]


def test_examples_hold_what_the_search_found_for_the_shot_it_chose(player, monkeypatch):
    results, search = [], player.search

    def heard(*arguments, **options):
        results.append(search(*arguments, **options))
        return results[-1]

    monkeypatch.setattr(player, "search", heard)
    examples = play_ends(player, CONFIG, SEED, [0, 1]).examples.reshape(16, 2)
    assert any(result.chosen.any() for result in results)
    for found, result in zip(examples["found"], results, strict=True):
        assert np.array_equal(found, result.outcomes[[0, 1], result.chosen].astype(np.float32))


def test_examples_carry_the_score_of_their_game_and_targets_that_sum_to_one(played):
    examples = played.examples.reshape(16, 4)
    for game, record in enumerate(played.records):
        ((first, second),) = record.scores
        assert set(examples[:, game]["score"].tolist()) == {first - second}
    np.testing.assert_allclose(played.examples["shares"].sum(1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(played.examples["found"].sum(1), 1.0, rtol=1e-5)
    assert (np.diff(played.examples["cells"], axis=1) > 0).all()
    assert hammer_points(played.records).sum() == 4


@pytest.mark.parametrize("search", ["kr_dl_uct", "dl_uct"])
def test_a_policy_target_is_the_searchs_density_sharpened(search, played):
    config = replace(CONFIG, search=search, simulations=30)
    player = player_of(config)
    positions = played.examples["position"][:3].astype(POSITION)
    result = player.search(positions, np.arange(3, dtype=np.uint64), temperature=1.0)
    soft, sharp = (density_targets(result, player.kernel, player.grid, tau) for tau in (1.0, 0.5))
    assert soft.shape == (3, CELLS)
    np.testing.assert_allclose(soft.sum(1), 1.0)
    again = soft**2
    np.testing.assert_allclose(sharp, again / again.sum(1, keepdims=True), atol=1e-12)
    if search == "dl_uct":
        assert ((soft > 0).sum(1) <= result.count).all()
        return
    grid = player.grid
    weights = density(
        player.space.kernel, result.points, result.parts, result.visits, grid.points, grid.parts
    )
    peaks = np.maximum(weights.max(1), result.weights.max(1))
    assert (soft * peaks[:, None] / soft.max(1, keepdims=True) >= weights - 1e-9).all()
    chosen = grid.cells(result.point, result.part)
    assert (soft[np.arange(3), chosen] > 0).all()


def result_of(player, policy, values, *, mover=0, visits=40):
    """A search of one position that tried the cells 3 and 70 so often each, and found these values."""
    points, parts = player.grid.points[[3, 70]][None], player.grid.parts[[3, 70]][None]
    counts, filled = np.full((1, 2), visits), np.zeros((1, 2, len(POINTS)))
    return SearchResult(
        count=np.array([2]),
        points=points,
        parts=parts,
        priors=policy[None, [3, 70]].astype(np.float64),
        visits=counts,
        weights=counts.astype(np.float64),
        values=np.array([values]),
        outcomes=filled,
        chosen=np.array([0]),
        mover=np.array([mover]),
        value=np.zeros(1),
        outcome=filled[:, 0],
        simulations=np.array([2 * visits]),
    )


@pytest.mark.parametrize("mover", [0, 1])
def test_an_improved_target_moves_to_what_the_search_found_better_and_leaves_the_rest(player, mover):
    policy = np.random.default_rng(0).dirichlet(np.ones(CELLS))
    sign, kernel = 1 - 2 * mover, KernelConfig(kind="none")
    result = result_of(player, policy, [0.5 * sign, 0.1 * sign], mover=mover)
    target = improved_targets(result, kernel, player.grid, policy[None], 0.2)[0]
    np.testing.assert_allclose(target.sum(), 1.0)
    ratio = target / policy
    others = np.delete(ratio, [3, 70])
    assert ratio[3] > others[0] > ratio[70] and np.allclose(others, others[0])
    expected = np.average([0.5, 0.1], weights=policy[[3, 70]])
    sure = 40 / (40 + SURE_VISITS)
    np.testing.assert_allclose(ratio[3] / others[0], np.exp((0.5 - expected) * sure / 0.2))


def test_an_improved_target_moves_less_by_fewer_visits_and_not_at_all_by_equal_values(player):
    policy = np.random.default_rng(0).dirichlet(np.ones(CELLS))[None]
    kernel = KernelConfig(kind="none")

    def moved(**options):
        result = result_of(player, policy[0], **options)
        return np.abs(improved_targets(result, kernel, player.grid, policy, 0.2) - policy).sum()

    assert moved(values=[0.5, 0.1]) > moved(values=[0.5, 0.1], visits=1) > 0
    assert moved(values=[0.3, 0.3]) < 1e-12


@pytest.mark.parametrize("search", ["kr_dl_uct_executed", "dl_uct"])
def test_self_play_learns_from_improved_targets(search):
    config = replace(CONFIG, search=search, policy_target="improved")
    player = player_of(config)
    examples = play_ends(player, config, SEED, range(2)).examples
    np.testing.assert_allclose(examples["shares"].sum(1), 1.0, rtol=1e-5)
    dense = play_ends(player, CONFIG, SEED, range(2)).examples
    assert not np.array_equal(examples["shares"], dense["shares"])


GATED = replace(CONFIG, gate_every=2, gate_games=2, gate_simulations=2)


@pytest.mark.parametrize(("config", "stops"), [(CONFIG, (2,)), (GATED, (1,))], ids=["newest", "gated"])
def test_a_learner_that_is_stopped_anywhere_continues_bit_by_bit(config, stops):
    whole = build(config, seed=SEED, device="cpu")
    reports = list(whole.train())
    assert len(reports) == config.intervals == 3
    for stop in stops:
        first = build(config, seed=SEED, device="cpu")
        training = first.train()
        seen = [next(training) for _ in range(stop)]
        state = copy.deepcopy(first.state_dict())
        second = build(config, seed=SEED, device="cpu")
        second.load_state_dict(state)
        assert seen + list(second.train()) == reports
        assert fingerprint(_plain(second.state_dict())) == fingerprint(_plain(whole.state_dict()))


def test_a_learner_that_goes_on_beyond_its_end_is_one_that_was_as_long_from_the_start():
    whole, short = (build(replace(CONFIG, iterations=count), seed=SEED, device="cpu") for count in (3, 2))
    reports, seen = list(whole.train()), list(short.train())
    longer = build(replace(CONFIG, iterations=3), seed=SEED, device="cpu")
    longer.load_state_dict(copy.deepcopy(short.state_dict()))
    assert is_lengthened(short.config, longer.config)
    assert seen + list(longer.train()) == reports
    assert fingerprint(_plain(longer.state_dict())) == fingerprint(_plain(whole.state_dict()))


def test_a_rate_that_falls_over_the_run_keeps_it_from_going_on():
    short = replace(CONFIG, schedule="cosine")
    assert not is_lengthened(short, replace(short, iterations=4))
    told = "its rate falls over the whole run (cosine); a longer one is a new run: "
    told += "run.py train kr_drl --config-from r --start r --iterations N"
    assert how_to_lengthen(Path("r"), "kr_drl", short) == told


def _plain(state):
    """Arrays as tensors, which the fingerprint reads in full; segments as their digests."""
    if isinstance(state, dict):
        return {key: _plain(value) for key, value in state.items()}
    if isinstance(state, list):
        return [_plain(value) for value in state]
    if isinstance(state, Segment):
        return state.digest
    return torch.from_numpy(state.copy()) if isinstance(state, np.ndarray) else state


def test_nothing_is_learnt_before_there_are_positions_enough():
    config = replace(CONFIG, least=64, keep=96, iterations=2)
    first, second = build(config, seed=SEED, device="cpu").train()
    assert "loss" not in first and second["loss"] > 0


def test_only_the_ends_of_the_positions_kept_count_for_the_chances_to_win():
    config = replace(CONFIG, keep=32, iterations=3)  # two ends of sixteen shots
    learner = build(config, seed=SEED, device="cpu")
    list(learner.train())
    assert learner.state_dict()["hammer_points"].sum() == 2


def test_a_network_that_plays_is_in_evaluation_mode():
    network = NetworkConfig("cnn", blocks=1, filters=4)
    learner = build(replace(CONFIG, network=network, simulations=2, iterations=2), seed=SEED, device="cpu")
    list(learner.train())
    batches = [counter for name, counter in learner.network.named_buffers() if "num_batches" in name]
    assert len(batches) > 1 and {int(counter) for counter in batches} == {2 * CONFIG.updates}


def test_a_run_logs_its_games_and_starts_from_another_network(tmp_path, capsys, player):
    start, out, log = tmp_path / "start.safetensors", tmp_path / "run", tmp_path / "games.jsonl"
    network = build_network(NETWORK, generator=torch.Generator().manual_seed(9))
    save_network(start, network, NETWORK)
    flags = ["--network.stone-width", "8", "--network.width", "8", "--simulations", "4", "--candidates", "4"]
    flags += [
        "--iterations",
        "2",
        "--games",
        "2",
        "--updates",
        "1",
        "--batch",
        "4",
        "--least",
        "0",
        "--device",
        "cpu",
    ]
    assert main(["train", "kr_drl", *flags, "--start", str(start), "--out", str(out), "--log", str(log)]) == 0
    lines = log.read_bytes().splitlines(keepends=True)
    records = [parse_record(line) for line in lines]
    assert [record.number for record, _ in records] == [0, 1, 2, 3]
    assert all(replayed(player.world, record) == record for record, _ in records)
    assert records[0][1]["network"] == weights_hash(network.state_dict()) != records[2][1]["network"]
    assert load_network(out / "checkpoints" / "last.safetensors").config == NETWORK
    assert main(["strategy", "--source", str(log), "--out", str(tmp_path / "s.png")]) == 0
    assert "4 ends" in capsys.readouterr().out
    assert load_network(out / "checkpoints" / "last.safetensors").hammer_points.sum() == 4
    assert main(["strategy", "--source", str(out), "--out", str(tmp_path / "s.png")]) == 0
    assert "4 ends of self-play" in capsys.readouterr().out


def test_a_run_killed_between_its_first_games_and_its_first_checkpoint_plays_them_again(tmp_path):
    config = replace(CONFIG, iterations=1, log=str(tmp_path / "games.jsonl"))
    list(build(config, seed=SEED, device="cpu").train())
    whole = (tmp_path / "games.jsonl").read_bytes()
    list(build(config, seed=SEED, device="cpu").train())
    assert (tmp_path / "games.jsonl").read_bytes() == whole
    with pytest.raises(ConfigError, match="has games already"):
        list(build(config, seed=SEED + 1, device="cpu").train())


def test_a_bad_weight_stops_the_run_before_it_is_saved(tmp_path):
    learner = build(CONFIG, seed=SEED, device="cpu")
    training = learner.train()
    next(training)
    with torch.no_grad():
        next(learner.network.parameters()).fill_(float("nan"))
    with pytest.raises(FloatingPointError):
        next(training)


def test_an_update_that_fails_is_called_by_its_number_in_the_run(monkeypatch):
    learner = build(CONFIG, seed=SEED, device="cpu")
    training, draw = learner.train(), learner._replay.draw
    next(training)

    def spoilt(*arguments):
        *batch, values = draw(*arguments)
        return *batch, values * float("nan")

    monkeypatch.setattr(learner._replay, "draw", spoilt)
    with pytest.raises(FloatingPointError, match=f"in update {CONFIG.updates + 1},"):
        next(training)


def test_the_presets_are_configs_of_the_kind_and_bad_values_name_their_field():
    for name in ("quick", "cpu", "paper"):
        assert preset("kr_drl", name).intervals > 0
    with pytest.raises(ConfigError, match="keep: got 10"):
        SelfPlayConfig(keep=10)
    with pytest.raises(ConfigError, match="gate_games: got 3"):
        SelfPlayConfig(gate_games=3)


def test_a_run_goes_on_without_the_network_it_started_from(tmp_path):
    path = tmp_path / "start.safetensors"
    save_network(path, build_network(NETWORK, generator=torch.Generator().manual_seed(9)), NETWORK)
    config = replace(CONFIG, start=str(path))
    learner = build(config, seed=SEED, device="cpu")
    training = learner.train()
    next(training)
    state = copy.deepcopy(learner.state_dict())
    path.unlink()
    again = build(config, seed=SEED, device="cpu")
    again.load_state_dict(state)
    assert next(again.train()) == next(training)


@pytest.mark.parametrize("player", ["rules", "kr_uct"])
def test_a_start_without_a_network_is_refused(player):
    with pytest.raises(ConfigError, match=f"start: got {player}, which has no network, expected kr_dl"):
        next(build(replace(CONFIG, start=player), seed=0, device="cpu").train())


def test_a_start_that_is_no_curling_network_is_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    path.write_bytes(b"".join(encode(Checkpoint("rig", {"env": "reacher"}, 1, versions(), {"x": 1}))))
    with pytest.raises(ConfigError, match="got a checkpoint of kind rig, expected a curling network"):
        next(build(replace(CONFIG, start=str(path)), seed=0, device="cpu").train())


def test_another_network_than_that_of_the_start_is_refused(tmp_path):
    path, other = tmp_path / "other.safetensors", NetworkConfig(stone_width=4, width=8, joint=False)
    save_network(path, build_network(other, generator=torch.Generator().manual_seed(0)), other)
    with pytest.raises(ConfigError) as refused:
        next(build(replace(CONFIG, start=str(path)), seed=0, device="cpu").train())
    fields = "network.joint: got True, expected False; network.stone_width: got 8, expected 4"
    assert str(refused.value) == f"{fields}, as --start {path} has it"
