"""Laws of where goals come from, of covering images, autoencoders and Skew-Fit's weights."""

import numpy as np
import pytest
import torch

import agents.rig.autoencoding
import agents.rig.goals
from agents.rig.autoencoding import AutoencoderTraining, build_network
from agents.rig.covering import MOST_FAILURES, covering_images, covering_sets
from agents.rig.density import log_densities, skew_weights
from agents.rig.goals import POOL, ImaginedGoals, TaskGoals
from agents.rig.layouts import sample_layouts
from agents.rig.representation import LatentRepresentation, PixelRepresentation, StateRepresentation
from envs.manipulation.simulation import PhysicsError
from envs.manipulation.task import ManipulationTask
from envs.manipulation.tasks import TASKS
from tests.rig.tiny import tiny


def task(name="reacher", side=48):
    return ManipulationTask(TASKS[name], image_size=side)


def training(**changes):
    config = tiny(**changes)
    images = covering_images(task(), np.random.default_rng(0), count=24, rollout=4)
    made = AutoencoderTraining(config, seed=0, device="cpu")
    made.begin(images)
    return made


def latent(**changes):
    return training(**changes).representation


@pytest.mark.parametrize("name", TASKS)
def test_layouts_are_goals_of_the_task(name):
    layouts = sample_layouts(TASKS[name], np.random.default_rng(0), 300)
    counts = layouts[:, 2:].reshape(300, -1, 2).any(2).sum(1)
    low, high = layouts[:, :2].min(0), layouts[:, :2].max(0)
    assert (high - low > 0.06).all() and set(counts) == (
        {0, 1, 2} if name == "variable_pusher" else {TASKS[name].things}
    )


@pytest.mark.parametrize("name", TASKS)
def test_covering_images_show_the_hand_all_over_its_range(name):
    world = task(name)
    images = covering_images(world, np.random.default_rng(0), count=130, rollout=10)
    assert images.shape == (130, 48, 48, 3)
    assert len(np.unique(images.reshape(130, -1), axis=0)) > 120
    again = covering_images(world, np.random.default_rng(0), count=130, rollout=10)
    assert np.array_equal(images, again)


def test_covering_rollouts_whose_physics_fail_are_drawn_anew_but_not_for_ever(monkeypatch):
    world, failures = task(), [True, True, False]
    moves = world.move

    def move(*given):
        if failures and failures.pop(0):
            raise PhysicsError({"mjWARN_BADQVEL": 1}, np.zeros(1), np.zeros(1), np.zeros(2), 0.0)
        moves(*given)

    monkeypatch.setattr(world, "move", move)
    assert len(covering_images(world, np.random.default_rng(0), count=8, rollout=4)) == 8 and not failures
    failures += [True] * MOST_FAILURES
    with pytest.raises(PhysicsError):
        covering_images(world, np.random.default_rng(0), count=8, rollout=4)


def test_where_the_number_of_things_varies_the_first_half_of_the_epochs_shows_all_of_them(monkeypatch):
    world = task("variable_pusher")
    images, crowded = covering_sets(world, np.random.default_rng(0), count=40, rollout=4)
    assert covering_sets(task("multi_pusher"), np.random.default_rng(0), count=4, rollout=4)[1] is None
    config = tiny(env="variable_pusher", vae_images=40, vae_epochs=4, vae_batch=4)
    training = AutoencoderTraining(config, seed=0, device="cpu")
    training.begin(images, crowded)
    seen, fetched = [], training._batch

    def batch(pixels):
        seen.append([any(np.array_equal(image, other) for other in crowded) for image in pixels])
        return fetched(pixels)

    monkeypatch.setattr(training, "_batch", batch)
    list(training.pretrain())
    half = len(seen) // 2
    assert all(map(all, seen[:half])) and not any(map(all, seen[half:]))


def test_covering_images_have_as_many_pucks_as_the_episodes():
    world = task("variable_pusher")
    images = covering_images(world, np.random.default_rng(0), count=60, rollout=1).astype(int)
    blue = (images[..., 2] - images[..., 0] > 60).any((1, 2))
    assert 0.2 < blue.mean() < 0.8


def test_pretraining_lowers_the_loss(monkeypatch):
    monkeypatch.setattr(agents.rig.autoencoding, "EPOCH_UPDATES", 10)
    reports = list(training(vae_epochs=5, vae_batch=4, vae_rate=3e-3, beta=0.0).pretrain())
    assert len(reports) == 5
    assert reports[-1]["vae_loss"] < reports[0]["vae_loss"] - 1.0


def test_beta_rises_from_zero_over_its_share_of_pretraining(short_epochs):
    learner = training(vae_epochs=4, beta=2.0, beta_warmup=0.5)
    seen = [learner.beta()] + [learner.beta() for _ in learner.pretrain()]
    assert seen == pytest.approx([0.0, 1.0, 2.0, 2.0, 2.0])
    assert training(beta=2.0, beta_warmup=0.0).beta() == 2.0


def test_the_untrained_decoder_draws_around_the_mean_image():
    learner = training()
    network = learner.fit.model
    for parameter in network.decoder.inner.parameters():
        torch.nn.init.zeros_(parameter)
    drawn = learner.representation.decode(np.zeros((1, 4), np.float32))[0]
    mean = learner.images.mean(0)
    assert np.abs(drawn - mean).max() <= 1.0


def test_codes_do_not_depend_on_the_company_and_come_in_chunks():
    representation = latent()
    images = task().images_of(sample_layouts(TASKS["reacher"], np.random.default_rng(0), 300))
    together = representation.encode(images)
    assert together.shape == (300, 4) and together.dtype == np.float32
    assert np.allclose(together[:3], representation.encode(images[:3]), atol=1e-5)


def test_codes_are_the_encoder_s_means_and_logs_of_variances():
    representation = latent()
    images = training().images[:2]
    mean, log_variance = representation.distribution(images)
    tensor = torch.from_numpy(images).movedim(-1, 1).float() / 255
    with torch.no_grad():
        expected = representation.network.encode(tensor)
    assert np.allclose(mean, expected[0]) and np.allclose(log_variance, expected[1])


@pytest.mark.parametrize("method", ["dsae", "lr"])
def test_other_autoencoders_have_codes_and_images_too(method):
    representation = latent(method=method)
    codes = representation.encode(training().images)
    assert codes.shape == (24, 4)
    assert representation.decode(codes).shape == (24, 48, 48, 3)
    assert method != "dsae" or np.abs(codes).max() <= 1


@pytest.mark.parametrize("bad", [np.zeros((1, 48, 48, 3)), np.zeros((1, 84, 84, 3), np.uint8)])
def test_images_of_another_kind_are_refused(bad):
    with pytest.raises(ValueError, match="images: got"):
        latent().encode(bad)


def test_states_are_coded_in_decimetres_from_the_middle():
    codes = StateRepresentation(4).encode(np.array([[0.1, 0.6, -0.2, 0.7]]))
    assert codes == pytest.approx(np.array([[1.0, 0.0, -2.0, 1.0]]), abs=1e-6)


def test_imagined_goals_follow_the_fitted_prior():
    goals = ImaginedGoals(latent(), with_images=False)
    rng = np.random.default_rng(0)
    codes = rng.normal([1, 2, 3, 4], [0.5, 1, 2, 3], (5000, 4)).astype(np.float32)
    codes[:, 1] += 3 * codes[:, 0]
    goals.fit(codes)
    goals.fill(rng)
    drawn = goals.imagine(rng, 20_000)
    assert drawn.images is None
    assert drawn.codes.mean(0) == pytest.approx(codes.mean(0), abs=4 * 3 / np.sqrt(20_000))
    assert np.cov(drawn.codes.T) == pytest.approx(np.cov(codes.T), abs=0.03 * 9)
    assert np.corrcoef(drawn.codes.T)[0, 1] == pytest.approx(np.corrcoef(codes.T)[0, 1], abs=0.02)


def test_imagined_images_are_the_decoded_goals(monkeypatch):
    monkeypatch.setattr(agents.rig.goals, "POOL", 40)
    representation = latent()
    goals = ImaginedGoals(representation, with_images=True)
    rng = np.random.default_rng(0)
    goals.fill(rng)
    drawn = goals.draw(rng, np.zeros((3, 4)))
    again = representation.decode(drawn.codes).astype(int)
    assert np.abs(drawn.images.astype(int) - again).max() <= 1
    other = ImaginedGoals(representation, with_images=True)
    other.load_state_dict(goals.state_dict())
    seeds = [np.random.default_rng(5) for _ in range(2)]
    ours, theirs = goals.imagine(seeds[0], 4), other.imagine(seeds[1], 4)
    assert np.array_equal(ours.codes, theirs.codes) and np.array_equal(ours.images, theirs.images)


def test_skewed_goals_are_drawn_by_their_weights():
    goals = ImaginedGoals(latent(), with_images=False)
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(3, dtype=np.float32)[:, None], 4, axis=1)
    goals.fill(rng, codes, np.array([0.7, 0.0, 0.3]))
    drawn = goals.imagine(rng, 2000).codes[:, 0]
    assert set(drawn) == {0.0, 2.0}
    assert (drawn == 0).mean() == pytest.approx(0.7, abs=4 * (0.46 / np.sqrt(POOL) + 0.46 / np.sqrt(2000)))


@pytest.mark.parametrize("visual", [False, True])
def test_task_goals_are_those_of_the_task(visual):
    world = ManipulationTask(TASKS["reacher"], image_size=48 if visual else None)
    representation = PixelRepresentation(48) if visual else StateRepresentation(2)
    goals = TaskGoals(world, representation, np.random.default_rng(0))
    episodes = world.begin([np.random.default_rng(1)])
    given = goals.for_episodes(np.random.default_rng(2), episodes)
    expected = episodes[0].goal_image if visual else representation.encode(episodes[0].goal)
    assert np.array_equal(given.codes[0], expected)
    drawn = goals.draw(np.random.default_rng(3), representation.encode(np.zeros((5, 2), np.float32)))
    assert len(drawn.codes) == 5 and (drawn.images is not None) == visual


def test_task_goals_leave_out_the_pucks_that_were_not_there():
    world, representation = ManipulationTask(TASKS["variable_pusher"]), StateRepresentation(6)
    goals = TaskGoals(world, representation, np.random.default_rng(0))
    layouts = np.array(
        [[0, 0.6, 0, 0, -0.05, 0.6], [0, 0.6, 0.05, 0.6, 0, 0], [0, 0.6, 0.05, 0.6, -0.05, 0.6]]
    )
    seen = representation.encode(np.repeat(layouts, 40, axis=0))
    drawn = goals.draw(np.random.default_rng(1), seen).codes.reshape(3, 40, 3, 2)
    there = (drawn != representation.encode(np.zeros(6))[:2]).any(3)
    assert np.array_equal(there, np.repeat(layouts[:, None, ::2] + layouts[:, None, 1::2] != 0, 40, axis=1))
    moved = drawn != seen.reshape(3, 40, 3, 2)
    assert np.array_equal(moved.all(3), there)


def test_skew_weights_by_hand():
    log_density = np.log([0.1, 0.2, 0.4])
    assert skew_weights(log_density, 0.0) == pytest.approx([1 / 3] * 3)
    assert skew_weights(log_density, 1.0) == pytest.approx(np.array([4, 2, 1]) / 7)
    assert skew_weights(log_density - 5000, 0.5) == pytest.approx(np.array([2, 2**0.5, 1]) / (3 + 2**0.5))


def test_the_density_of_a_decoder_that_ignores_its_latents_is_its_likelihood():
    """Then p(image) = p(image | z) for all z, whatever the encoder: importance weights average to 1."""
    config = tiny()
    network = build_network(config, generator=torch.Generator().manual_seed(0))
    for parameter in network.decoder.inner.parameters():
        torch.nn.init.zeros_(parameter)
    images = task().images_of(sample_layouts(TASKS["reacher"], np.random.default_rng(0), 3))
    head = network.encoder.inner.head
    with torch.no_grad():
        head.weight.zero_()
        head.bias[4:] = -np.log(config_floor(network))  # log-variance 0: the encoder is the prior
    found = log_densities(network, images, torch.Generator().manual_seed(1))
    expected = 48 * 48 * 3 * np.log(0.5)
    assert found == pytest.approx([expected] * 3, abs=1e-2)


def config_floor(network):
    return network.config.min_variance


def test_a_latent_representation_stays_in_evaluation_mode_while_it_encodes():
    learner = training()
    learner.fit.model.train()
    before = {name: value.clone() for name, value in learner.fit.model.state_dict().items()}
    LatentRepresentation(learner.fit.model).encode(learner.images)
    after = learner.fit.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
