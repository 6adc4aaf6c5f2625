"""A run that stops after any update and is resumed by a fresh learner ends in exactly the same state."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.vision_training.tiny import CONFIG, fingerprint, tiny_fit, tiny_network, with_optimizer
from vision.schedules import updates

BATCHES = [setting.batch for _, setting in updates(CONFIG.plan, 50)]
# Updates just before and just after each change of the batch size.
CHANGES = [at + side for at in range(1, len(BATCHES)) if BATCHES[at] != BATCHES[at - 1] for side in (0, 1)]
RANDOM_STEPS = np.random.default_rng(0).permutation(np.arange(1, len(BATCHES)))


def uninterrupted(config=CONFIG):
    """Return the reports and the final fingerprint of a whole run."""
    fit = tiny_fit(config)
    return list(fit.train()), fingerprint(fit.state_dict())


def interrupted(step, config=CONFIG):
    """As `uninterrupted`, but a fresh learner with other initial weights takes over after `step` updates."""
    first, reports = tiny_fit(config), []
    training = first.train()
    while first.updates < step:
        # Reports made before the stop come out of the generator; the rest of an interval is walked by hand.
        if reports_due(first, step):
            reports.append(next(training))
        else:
            first.advance()
    state = copy.deepcopy(first.state_dict())
    second = tiny_fit(config, network=tiny_network(seed=99))
    torch.rand(7)
    second.load_state_dict(state)
    reports.extend(second.train())
    return reports, fingerprint(second.state_dict())


def reports_due(fit, step):
    """Whether the next report comes at or before update `step`."""
    ahead = copy.deepcopy(fit)
    next(ahead.train())
    return ahead.updates <= step


def test_the_tiny_run_changes_its_batch_twice_and_mid_epoch():
    assert len(CHANGES) >= 4
    assert len(set(BATCHES)) >= 3
    assert sum(BATCHES) == 200


@pytest.mark.parametrize("step", sorted({*RANDOM_STEPS[:3].tolist(), CHANGES[0], CHANGES[1]}))
def test_resume_is_bit_exact(step):
    assert interrupted(step) == uninterrupted()


@pytest.mark.slow
@pytest.mark.parametrize("step", RANDOM_STEPS[:20].tolist())
@pytest.mark.parametrize("kind", ["sgd", "momentum", "nesterov", "adam", "adamw"])
def test_resume_is_bit_exact_for_every_optimizer(step, kind):
    config = with_optimizer(kind)
    assert interrupted(step, config) == uninterrupted(config)


def test_equal_seeds_give_equal_runs_and_other_seeds_others():
    def run(seed):
        fit = tiny_fit(seed=seed)
        return list(fit.train()), fingerprint(fit.state_dict())

    assert run(3) == run(3)
    assert run(3) != run(4)


def test_the_global_generators_are_left_alone():
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002  (the law is about the global generator)
    before = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    list(tiny_fit().train())
    assert torch.equal(before[0], torch.random.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])  # noqa: NPY002


def test_a_state_of_another_network_is_refused():
    state = copy.deepcopy(tiny_fit().state_dict())
    state["model"]["6.weight"] = state["model"]["6.weight"][:, :-1]
    with pytest.raises(ValueError, match=r"state model\.6\.weight"):
        tiny_fit().load_state_dict(state)


@pytest.mark.parametrize("part", ["model", "optimizer", "average", "generator", "scaler", "progress"])
def test_a_state_with_a_missing_part_is_refused(part):
    state = copy.deepcopy(tiny_fit().state_dict())
    del state[part]
    with pytest.raises(ValueError, match="state: got keys"):
        tiny_fit().load_state_dict(state)


def test_a_state_without_the_average_that_the_config_wants_is_refused():
    state = copy.deepcopy(tiny_fit(replace(CONFIG, average_half_life=0.0)).state_dict())
    with pytest.raises(ValueError, match="state average"):
        tiny_fit().load_state_dict(state)


def test_an_unknown_parameter_in_the_optimizer_state_is_refused():
    fit = tiny_fit()
    fit.advance()
    state = copy.deepcopy(fit.state_dict())
    state["optimizer"]["9.weight"] = state["optimizer"].pop("6.weight")
    with pytest.raises(ValueError, match=r"9\.weight"):
        tiny_fit().load_state_dict(state)
