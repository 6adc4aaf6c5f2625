"""Laws of supervised learning from a teacher's shots: targets, mirroring, exact continuation, bad numbers."""

import copy
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.curling.learning import lessons as lessons_module
from agents.curling.learning.lessons import LessonBatches, grid_of, lessons_of
from agents.curling.learning.pair_files import PairFolder, read_pairs
from agents.curling.learning.supervised import build
from agents.curling.learning.supervised_config import SupervisedConfig
from agents.curling.learning.teaching import PAIR, Teaching
from agents.curling.learning.teaching_config import TeachingConfig
from agents.curling.networks.conditions import conditions_of
from agents.curling.networks.network_config import NETWORKS, NetworkConfig
from agents.runs.checkpoint import load_checkpoint
from agents.runs.checkpoint_store import LAST
from agents.runs.kinds import KINDS, preset
from agents.runs.metrics import read_metrics
from run import main
from tests.vision_training.tiny import fingerprint

TEACHING = TeachingConfig(imagined=1, seed=3)
CONFIG = SupervisedConfig(
    network=NetworkConfig(stone_width=8, width=8),
    validation_every=2,
    epochs=2,
    interval_epochs=0.5,
    batch=8,
    optimizer="adam",
    rate=0.003,
    milestones=(0.6, 0.8),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four games of a hasty teacher on disk."""
    path = tmp_path_factory.mktemp("pairs")
    PairFolder(path, TEACHING).append(Teaching(TEACHING).pairs(range(4)))
    return str(path)


def learner(folder, seed=5, **changes):
    torch.set_num_threads(1)
    return build(replace(CONFIG, data=folder, **changes), seed=seed, device="cpu")


@pytest.mark.parametrize("target", ["outcome", "rollout"])
def test_a_learner_that_is_stopped_anywhere_continues_bit_by_bit(folder, target):
    whole = learner(folder, value_target=target)
    reports = list(whole.train())
    assert len(reports) == CONFIG.intervals == 4
    for stop in range(1, 4):
        first = learner(folder, value_target=target)
        training = first.train()
        seen = [next(training) for _ in range(stop)]
        state = copy.deepcopy(first.state_dict())
        second = learner(folder, seed=5, value_target=target)
        torch.rand(3)
        second.load_state_dict(state)
        seen += list(second.train())
        assert seen == reports
        assert fingerprint(second.state_dict()) == fingerprint(whole.state_dict())


def test_another_seed_learns_something_else_and_other_pairs_are_refused(folder, tmp_path):
    first, other = learner(folder), learner(folder, seed=6)
    assert next(first.train()) != next(other.train())
    pairs = read_pairs(Path(folder))[1]
    pairs["spin"][0] *= -1
    PairFolder(tmp_path, TEACHING).append(pairs)
    with pytest.raises(ValueError, match="data sha256"):
        learner(str(tmp_path)).load_state_dict(copy.deepcopy(first.state_dict()))


def test_a_checkpoint_says_on_which_ice_and_with_which_noise_its_pairs_were_thrown(tmp_path):
    teaching = replace(TEACHING, ice="gat2016", noise="student_t")
    PairFolder(tmp_path, teaching).append(Teaching(teaching).pairs(range(2)))
    state = learner(str(tmp_path)).state_dict()
    assert conditions_of({"data": str(tmp_path)}, {"learner": state}) == ("gat2016", "student_t")
    older = {name: value for name, value in copy.deepcopy(state).items() if name != "conditions"}
    learner(str(tmp_path)).load_state_dict(older)


def test_a_network_learns_the_shots_of_its_pairs(folder):
    taught = learner(folder, epochs=60, interval_epochs=60, rate=0.02, network=NETWORKS["tiny"])
    (report,) = taught.train()
    fresh = learner(folder)
    assert report["policy_loss"] < 5.0 < 7.0 < next(fresh.train())["policy_loss"]


@pytest.mark.parametrize("part", ["weight", "value", "input"])
def test_a_bad_number_is_caught_in_the_same_update_and_never_saved(
    folder, part, tmp_path, capsys, monkeypatch
):
    out, calls = tmp_path / "run", []
    fetch = LessonBatches.__call__

    def poisoned(self, indices, generator):
        batch = list(fetch(self, indices, generator))
        calls.append(len(indices))
        if len(calls) == 9:
            place = {"value": -1, "input": 0, "weight": 4}[part]
            batch[place] = torch.full_like(batch[place], float("nan"))
        return tuple(batch)

    monkeypatch.setattr(LessonBatches, "__call__", poisoned)
    words = [
        "train",
        "kr_dl",
        "--data",
        folder,
        "--out",
        str(out),
        "--validation-every",
        "2",
        "--epochs",
        "4",
    ]
    words += ["--batch", "8", "--network.stone-width", "8", "--network.width", "8", "--device", "cpu"]
    assert main(words) == 4
    assert "expected a finite number" in capsys.readouterr().err
    assert len(calls) == 9
    step = load_checkpoint(out / "checkpoints" / LAST).step
    assert 1 <= step < 4
    monkeypatch.setattr(LessonBatches, "__call__", fetch)
    assert main(["train", "--resume", str(out)]) == 0
    assert len(read_metrics(out / "metrics.jsonl")) == 4


def pairs_of(count=6):
    pairs = np.zeros(count, PAIR)
    games = Teaching(TEACHING).pairs([1])
    pairs[:] = games[np.linspace(2, len(games) - 1, count).astype(int)]
    return pairs


def test_mirrored_lessons_are_the_lessons_of_mirrored_pairs():
    pairs = pairs_of()
    pairs["velocity"][:, 0] += 1e-3  # off the edges of cells, where either side is as near
    grid, space = grid_of(TEACHING)
    turned = pairs.copy()
    turned["position"]["stones"][..., 0] *= -1
    turned["velocity"][:, 0] *= -1
    turned["spin"] *= -1
    plain, mirror = lessons_of(pairs, grid, space, "cpu"), lessons_of(turned, grid, space, "cpu")
    own, other = slice(0, len(pairs)), slice(len(pairs), None)
    assert torch.equal(plain.cells[other], mirror.cells[own])
    for one, another in zip(plain.inputs.take(other), mirror.inputs.take(own), strict=True):
        assert torch.equal(one, another)


def test_half_of_what_is_fetched_is_mirrored_with_the_shot_and_keeps_its_value():
    lessons = lessons_of(pairs_of(), *grid_of(TEACHING), "cpu")
    indices = torch.arange(6).repeat(200)
    plain = LessonBatches(lessons, mirror=False)(indices, torch.Generator().manual_seed(0))
    *inputs, cells, values = LessonBatches(lessons, mirror=True)(indices, torch.Generator().manual_seed(0))
    other = cells != lessons.cells[indices]
    assert abs(other.float().mean() - 0.5) < 0.06  # four standard deviations of 1,200 coins
    places = indices + other * len(lessons)
    assert torch.equal(cells, lessons.cells[places]) and torch.equal(values, plain[-1])
    for found, expected in zip(inputs, lessons.inputs.take(places), strict=True):
        assert torch.equal(found, expected)
    assert torch.equal(plain[-2], lessons.cells[indices])


def test_the_value_is_seen_by_the_team_to_throw():
    pairs = pairs_of()
    pairs["score"], pairs["position"]["hammer"] = 3, 1
    lessons = lessons_of(pairs, *grid_of(TEACHING), "cpu")
    own = 1 - pairs["position"]["shot"] % 2  # team 0 throws the even shots
    assert lessons.scores.tolist() == np.where(own == 1, 11, 5).tolist()


def test_rollout_values_are_the_networks_word_turned_to_the_mover_unless_the_end_was_over():
    pairs = pairs_of()
    lessons = lessons_of(pairs, *grid_of(TEACHING), "cpu")

    class Sure(torch.nn.Module):
        def forward(self, inputs):
            logits = torch.zeros(len(inputs.stones), 17)
            logits[:, 10] = 100.0
            return torch.zeros(len(logits), 2048), logits

    values = lessons.rollout_values(Sure())
    assert lessons.over.tolist() == [False] * 5 + [True]
    assert values[:5].argmax(1).tolist() == [6] * 5  # two points for the other team
    sign = 1 if pairs["position"]["hammer"][5] == 0 else -1
    assert values[5].argmax() == 8 + sign * pairs["rollout"]["score"][5]
    torch.testing.assert_close(values.sum(1), torch.ones(6))


def test_rollout_values_need_no_memory_for_policies(monkeypatch):
    monkeypatch.setattr(lessons_module, "CHUNK", 1)
    policies, alive = [], []

    class Watched(torch.nn.Module):
        def forward(self, inputs):
            alive.append(sum(policy() is not None for policy in policies))
            policy = torch.zeros(len(inputs.stones), 2048)
            policies.append(weakref.ref(policy))
            return policy, torch.zeros(len(inputs.stones), 17)

    network = Watched()
    assert len(lessons_of(pairs_of(), *grid_of(TEACHING), "cpu").rollout_values(network)) == len(alive) == 6
    assert max(alive) <= 1 and network.training


def test_the_presets_are_configs_of_the_kind():
    assert KINDS["kr_dl"].best_is_lowest
    assert preset("kr_dl", "paper").pairs == 400_000


def test_no_data_or_nothing_to_measure_on_is_refused(folder):
    with pytest.raises(ValueError, match="data: got nothing"):
        build(CONFIG, seed=0, device="cpu")
    with pytest.raises(ValueError, match="pairs: got"):
        learner(folder, pairs=3)
