"""Laws of the kind `rig`: runs of every method, bit-exact resuming, and numbers that are not finite."""

import math

import numpy as np
import pytest
import torch

import agents.rig.goals
import agents.rig.learner
from agents.rig.agent import load_agent, restore_agent
from agents.rig.finetuning import Pictures, finetune, refresh_goals
from agents.runs.checkpoint import Checkpoint
from agents.runs.checkpoint_store import LAST, CheckpointStore
from agents.runs.errors import ConfigError
from agents.runs.segments import Segment
from tests.rig.runs import RUNS, checkpoint, fingerprint, make, trained

RESUMED = ("finetuned", "oracle", "pixels", "her")

pytestmark = pytest.mark.usefixtures("small_pool")


def _array(images):
    return images.array if isinstance(images, Segment) else images


@pytest.mark.parametrize("name", RUNS)
def test_a_run_yields_what_its_config_promises(name):
    learner = make(name)
    reports = list(learner.train())
    assert len(reports) == learner.config.intervals
    assert all(type(v) is float and math.isfinite(v) for row in reports for v in row.values())
    last = reports[-1]
    assert {"hand_distance", "total_distance", "is_success", "critic_loss", "reward"} <= set(last)
    assert ("puck_distance" in last) == (learner.config.env != "reacher")
    assert last["environment_steps"] == learner.config.steps
    assert ("vae_loss" in reports[0]) == bool(learner.config.autoencoder)
    due = (learner.config.steps - learner.config.warmup_steps) * learner.config.updates_per_step
    assert 0 < last["updates"] <= due


@pytest.mark.parametrize("name", RESUMED)
def test_a_resumed_run_ends_bit_equal(name, tmp_path):
    """Stopped after every interval, most of them in the middle of an episode, and read from its files."""
    whole, rows = make(name), []
    for step, row in enumerate(whole.train(), start=1):
        rows.append(row)
        folder = tmp_path / str(step)
        folder.mkdir()
        CheckpointStore(folder).save(checkpoint(whole, step))
    expected = fingerprint(whole)
    for stop in range(1, len(rows)):
        store = CheckpointStore(tmp_path / str(stop))
        resumed = make(name, seed=99)
        torch.rand(5)
        resumed.load_state_dict(store.newest(pytest.fail).state["learner"])
        assert list(resumed.train()) == rows[stop:], f"stopped after interval {stop}"
        assert fingerprint(resumed) == expected


@pytest.mark.parametrize("name", ["finetuned", "pixels", "her"])
def test_a_continued_run_draws_no_covering_images_and_no_goals_anew(name, monkeypatch):
    first = make(name)
    next(first.train())
    state = first.state_dict()
    monkeypatch.setattr(agents.rig.learner, "covering_sets", None)
    monkeypatch.setattr(agents.rig.goals, "sample_layouts", None)
    resumed = make(name, seed=99)
    resumed.load_state_dict(state)
    next(resumed.train())


def test_a_learner_that_has_not_begun_is_saved_as_it_will_begin():
    whole, first, resumed = (make("finetuned") for _ in range(3))
    resumed.load_state_dict(first.state_dict())
    assert list(resumed.train()) == list(whole.train())


@pytest.mark.slow
@pytest.mark.parametrize("stop", range(1, 21))
@pytest.mark.parametrize("name", ["skewed", "sac", "her", "dsae"])
def test_a_resumed_run_ends_bit_equal_wherever_it_stops(name, stop):
    """The state of any action, not of an interval's end alone."""
    whole = make(name, steps=30, interval_steps=30)
    first = make(name, steps=30, interval_steps=30)
    list(whole.train())
    if first.autoencoder:
        for _ in zip(range(first.config.pretraining_intervals), first.train(), strict=False):
            pass
    while first.steps < stop:
        first._advance()
    resumed = make(name, steps=30, interval_steps=30, seed=98)
    resumed.load_state_dict(first.state_dict())
    list(resumed.train())
    assert fingerprint(resumed) == fingerprint(whole)


def test_equal_seeds_give_equal_runs_and_others_do_not():
    def run(seed):
        learner = make("oracle", seed=seed)
        return list(learner.train()), fingerprint(learner)

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_the_global_generators_are_left_alone():
    before = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    list(make("finetuned").train())
    assert torch.equal(before[0], torch.random.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])  # noqa: NPY002


def test_finetuning_encodes_all_of_replay_anew():
    learner = make("finetuned")
    list(learner.train())
    replay, representation = learner.replay, learner.autoencoder.representation
    for slot, count in replay.written():
        pixels = _array(replay.images[slot])[:count]
        codes, log_variances = representation.distribution(pixels)
        assert np.allclose(replay.codes[slot, :count], codes, atol=1e-5)
        assert np.allclose(replay._numbers["log_variances"][slot, :count], log_variances, atol=1e-5)


def test_finetuning_encodes_the_goals_of_all_episodes_anew_from_the_images_they_were_imagined_as():
    learner = make("finetuned", finetune_every=1000)
    for _ in zip(range(learner.config.pretraining_intervals), learner.train(), strict=False):
        pass
    replay, collector = learner.replay, learner._collector
    while not len(replay) or not collector._episodes:
        learner._advance()
    before = [_array(replay.images[slot])[-1].copy() for slot, _ in replay.written()]
    old = collector._goal_codes.copy()
    finetune(learner, np.random.default_rng(0))
    encode = learner.autoencoder.representation.encode
    for (slot, _), image in zip(replay.written(), before, strict=True):
        assert np.array_equal(_array(replay.images[slot])[-1], image)
        assert np.allclose(replay._numbers["goals"][slot], encode(image[None])[0], atol=1e-5)
    assert collector._episodes and not np.array_equal(collector._goal_codes, old)
    assert np.array_equal(collector._goal_codes, replay.open_goals())


def test_the_prior_is_fitted_to_the_codes_of_covering_images_and_replay():
    learner = make("finetuned")
    list(learner.train())
    refresh_goals(learner, np.random.default_rng(0))
    pictures = Pictures(learner)
    assert len(pictures) > learner.config.vae_images
    codes = pictures.each(learner.autoencoder.representation.encode)
    assert np.allclose(learner.goals.mean, codes.mean(0), atol=1e-5)
    spread = learner.goals.spread
    assert np.allclose(spread @ spread.T, np.cov(codes.T), atol=1e-4)


def test_relabelling_and_rewards_ask_no_network(monkeypatch):
    learner = make("rig")
    list(learner.train())
    monkeypatch.setattr(learner.autoencoder.fit.model, "forward", None)
    monkeypatch.setattr(learner.autoencoder.representation, "network", None)
    learner.update()


@pytest.mark.parametrize(
    ("name", "kept"), [("rig", False), ("dsae", False), ("finetuned", True), ("her", True)]
)
def test_replay_keeps_images_only_where_something_looks_at_them_again(name, kept):
    learner = trained(name)
    written = learner.replay.written()
    assert written and all((learner.replay.images[slot] is not None) == kept for slot, _ in written)


def test_images_of_runs_that_kept_them_without_need_are_let_go(monkeypatch):
    learner = trained("rig")
    state = learner.state_dict()
    sealed = Segment(np.zeros((8, 48, 48, 3), np.uint8))
    state["replay"]["images"] = [sealed] * len(state["replay"]["images"])
    resumed = make("rig", steps=60)
    resumed.load_state_dict(state)
    list(resumed.train())
    assert resumed.replay.images == [None] * len(resumed.replay.images)


@pytest.mark.parametrize("name", ["rig", "sac", "oracle", "her", "dsae"])
def test_a_loaded_agent_acts_as_the_learner_s_own(name, tmp_path):
    learner = trained(name)
    CheckpointStore(tmp_path).save(checkpoint(learner))
    agent = load_agent(tmp_path / LAST)
    rng = np.random.default_rng(0)
    if learner.config.visual:
        seen = rng.integers(256, size=(2, 3, 48, 48, 3), dtype=np.uint8)
    else:
        seen = rng.uniform(0, 0.5, (2, 3, 4)).astype(np.float32)
    codes = [agent.representation.encode(part) for part in seen]
    actions = agent.act_on(*codes)
    assert actions.dtype == np.float32 and actions.shape == (3, 2) and np.abs(actions).max() <= 1
    assert np.array_equal(actions, learner.agent.towards(seen[1])(seen[0]))
    assert np.array_equal(actions, agent.towards(seen[1])(seen[0]))
    explored = agent.act_on(*codes, rng=np.random.default_rng(1))
    assert np.abs(explored).max() <= 1 and not np.array_equal(actions, explored)
    assert np.array_equal(explored, agent.act_on(*codes, rng=np.random.default_rng(1)))
    assert agent.config == learner.config


def test_a_checkpoint_of_another_kind_and_an_empty_folder_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="expected a run folder with a checkpoint"):
        load_agent(tmp_path)
    CheckpointStore(tmp_path).save(Checkpoint("tiny", {}, 1, {}, {}))
    with pytest.raises(ConfigError, match="kind tiny, expected rig"):
        load_agent(tmp_path / LAST)


def test_a_config_of_another_version_is_told_with_its_file(tmp_path):
    learner = make("oracle")
    old = checkpoint(learner)
    old.config["former"] = 1
    CheckpointStore(tmp_path).save(old)
    with pytest.raises(ConfigError, match=rf"{LAST}: config former: unknown field"):
        load_agent(tmp_path / LAST)


def test_an_agent_needs_neither_replay_nor_optimisers():
    learner = trained()
    state = learner.state_dict()
    lean = {
        "autoencoder": {"model": state["autoencoder"]["model"]},
        "algorithm": {"networks": state["algorithm"]["networks"]},
    }
    images = learner.autoencoder.images[:2]
    agent = restore_agent(learner.config, lean, "cpu")
    assert np.array_equal(agent.towards(images)(images), learner.agent.towards(images)(images))
