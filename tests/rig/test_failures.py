"""Numbers that are not finite and physics that fail, in runs of the kind `rig`: caught, told, never saved."""

import math

import numpy as np
import pytest
import torch

import agents.rig.learner
from agents.rig.evaluation import final_distances
from agents.runs.checkpoint import encode
from agents.runs.errors import NumericalError
from envs.manipulation.simulation import PhysicsError
from tests.rig.runs import checkpoint, make, trained

pytestmark = pytest.mark.usefixtures("small_pool")


def _poison(parameter):
    with torch.no_grad():
        parameter.view(-1)[0] = math.nan


@pytest.mark.parametrize("part", ["policy", "critics", "trunk"])
@pytest.mark.parametrize("name", ["rig", "sac", "her"])
def test_weights_that_are_not_finite_are_caught_in_the_same_update_and_never_saved(name, part):
    learner = trained(name)
    parameters = list(getattr(learner.agent.networks, part).parameters())
    if not parameters:
        pytest.skip("a trunk that only puts codes side by side has no weights")
    learner.algorithm.updates = 1  # so that the next update moves TD3's policy too
    _poison(parameters[0])
    with pytest.raises(FloatingPointError):
        learner.update()
    with pytest.raises(NumericalError):
        encode(checkpoint(learner))


@pytest.mark.parametrize("part", ["policy", "critics"])
def test_targets_that_are_not_finite_are_caught_in_the_same_update(part):
    learner = trained()
    _poison(next(getattr(learner.algorithm.targets, part).parameters()))
    with pytest.raises(FloatingPointError, match="critic loss"):
        learner.update()


@pytest.mark.parametrize("field", ["observation", "goal", "action", "reward", "next_observation"])
@pytest.mark.parametrize("name", ["rig", "sac"])
def test_a_batch_that_is_not_finite_is_caught_before_a_weight_moves(name, field, monkeypatch):
    learner = trained(name)
    real = agents.rig.learner.draw_batch

    def poisoned(*arguments, **keywords):
        batch = real(*arguments, **keywords)
        getattr(batch, field).view(-1)[0] = math.inf if field == "reward" else math.nan
        return batch

    monkeypatch.setattr(agents.rig.learner, "draw_batch", poisoned)
    before = {name: value.clone() for name, value in learner.agent.networks.state_dict().items()}
    with pytest.raises(FloatingPointError):
        learner.update()
    after = learner.agent.networks.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_gradient_that_is_not_finite_is_caught_before_a_weight_moves():
    learner = trained()
    critics = learner.agent.networks.critics
    critics.first[0].weight.register_hook(lambda gradient: gradient * math.inf)
    before = critics.first[0].weight.detach().clone()
    with pytest.raises(FloatingPointError, match="critic gradient"):
        learner.update()
    assert torch.equal(before, critics.first[0].weight)


@pytest.mark.parametrize("name", ["rig", "dsae", "lr"])
def test_an_autoencoder_s_gradient_that_is_not_finite_is_caught_before_a_weight_moves(name):
    learner = make(name)
    learner._cover()
    training = learner.autoencoder
    weights = list(training.fit.model.parameters())
    before = [weight.detach().clone() for weight in weights]
    weights[-1].register_hook(lambda gradient: gradient * math.inf)
    with pytest.raises(FloatingPointError, match="in update 1,"):
        next(training.pretrain())
    with pytest.raises(FloatingPointError, match="gradient"):
        training.finetune(lambda count: training.images[:count].copy())
    assert all(torch.equal(old, weight) for old, weight in zip(before, weights, strict=True))


@pytest.mark.parametrize("name", ["rig", "oracle", "her"])
def test_episodes_whose_physics_fail_are_dropped_counted_and_never_learnt_from(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # MuJoCo logs its warnings to the working folder
    learner = make(name, env="pusher")
    collector, taken = learner._collector, []
    step = collector.step

    def failing():
        taken.append(len(collector._episodes))
        if len(taken) == 3:
            collector._episodes[0].simulation.data.qvel[3] = math.nan
        return step()

    monkeypatch.setattr(collector, "step", failing)
    rows = list(learner.train())
    assert rows[-1]["environment_steps"] == learner.config.steps
    assert rows[-1]["dropped_episodes"] == taken[2] > 0
    lengths = learner.replay.lengths
    assert set(lengths.tolist()) <= {0, learner.config.horizon or learner.replay.horizon}
    assert np.isfinite(learner.replay.codes).all()
    again = make(name, env="pusher")
    again.load_state_dict(checkpoint(learner).state["learner"])
    assert again._collector.dropped == taken[2]


def test_physics_that_always_fail_end_the_run(monkeypatch):
    learner = make("oracle")
    error = PhysicsError({"mjWARN_BADQVEL": 1}, np.zeros(1), np.zeros(1), np.zeros(2), 0.0)

    def failing(episodes, actions):
        raise error

    monkeypatch.setattr(learner._collector.task, "move", failing)
    with pytest.raises(PhysicsError):
        next(learner.train())


def test_a_measurement_whose_physics_fail_is_told_and_ends_no_run(monkeypatch):
    calls = []

    def failing(*arguments):
        calls.append(arguments)
        if len(calls) == 1:
            raise PhysicsError({"mjWARN_BADQVEL": 1}, np.zeros(1), np.zeros(1), np.zeros(2), 0.0)
        return final_distances(*arguments)

    monkeypatch.setattr(agents.rig.learner, "final_distances", failing)
    first, second, *_ = make("oracle").train()
    assert first["failed_measurements"] == 1 and "hand_distance" not in first
    assert "failed_measurements" not in second and second["hand_distance"] > 0


def test_codes_rewards_and_actions_that_are_not_finite_are_caught():
    learner = trained()
    learner.replay.codes[:] = math.nan
    with pytest.raises(FloatingPointError, match="reward"):
        learner.update()
    learner = trained()
    _poison(learner.agent.networks.policy[-1].bias)
    with pytest.raises(FloatingPointError, match="action"):
        learner._advance()
    learner = trained()
    _poison(next(learner.autoencoder.fit.model.encoder.inner.parameters()))
    with pytest.raises(FloatingPointError, match="code"):
        learner._advance()
