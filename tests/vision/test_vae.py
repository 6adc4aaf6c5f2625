"""Laws of the autoencoders: likelihoods, KL, shapes, gradients, feature points, learning."""

import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from vision.images.encoders import CODECS, SpatialEncoder, spatial_soft_argmax
from vision.images.model_config import AutoencoderConfig
from vision.images.vae import (
    bernoulli_log_likelihood,
    build_autoencoder,
    gaussian_log_likelihood,
    kl_to_standard_normal,
)

KINDS = ["variational", "deterministic", "spatial"]
LIKELIHOODS = ["bernoulli", "gaussian", "bernoulli"]  # that each kind is trained with here


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def make(**fields):
    return build_autoencoder(AutoencoderConfig(**fields), generator=generator())


def images(batch, side, channels=3):
    return torch.rand(batch, channels, side, side, generator=generator(1))


def terms(model, batch, beta=1.0):
    if model.config.kind != "variational":
        return model(batch)
    noise = torch.randn(len(batch), model.config.latent, generator=generator(2))
    return model(batch, noise, beta=beta)


@pytest.mark.parametrize(
    ("kind", "points"), [*((kind, 0) for kind in KINDS), ("variational", 6), ("deterministic", 6)]
)
@pytest.mark.parametrize("side", CODECS)
def test_images_come_back_in_their_shape_and_all_parameters_learn(
    kind, points, side, untouched_global_generator
):
    model = make(kind=kind, side=side, points=points)
    batch = images(4, side)
    terms(model, batch).loss.backward()
    assert all(value.grad is not None and value.grad.any() for value in model.parameters())
    code = model.encode(batch)
    latents = code[0] if kind == "variational" else code
    assert latents.shape == (4, 4)
    decoded = model.decode(latents)
    assert decoded.shape == batch.shape and decoded.min() >= 0 and decoded.max() <= 1


def test_a_codec_leads_down_to_its_grid():
    for side, codec in CODECS.items():
        trunk = make(side=side).encoder.trunk
        assert trunk(images(2, side)).shape == (2, codec.widths[-1], codec.grid, codec.grid)


def test_residual_blocks_may_follow_each_level():
    plain, deep = make(), make(residual_blocks=1)
    assert len(list(deep.parameters())) == len(list(plain.parameters())) + 3 * 6
    assert terms(deep, images(2, 48)).loss.isfinite()


def test_kl_is_the_divergence_from_the_standard_normal():
    mean, log_variance = torch.randn(2, 5, 3, generator=generator(), dtype=torch.float64)
    distribution = Normal(mean, (0.5 * log_variance).exp())
    expected = kl_divergence(distribution, Normal(torch.zeros(()), torch.ones(()))).sum(1)
    torch.testing.assert_close(kl_to_standard_normal(mean, log_variance), expected)
    assert kl_to_standard_normal(torch.zeros(1, 3), torch.zeros(1, 3)).item() == 0


def test_likelihoods_are_sums_of_log_probabilities_over_the_image():
    outputs = torch.randn(2, 3, 4, 4, generator=generator())
    binary = images(2, 4).round()
    expected = Bernoulli(logits=outputs).log_prob(binary).flatten(1).sum(1)
    torch.testing.assert_close(bernoulli_log_likelihood(outputs, binary), expected)
    expected = Normal(outputs, 1.0).log_prob(binary).flatten(1).sum(1)
    torch.testing.assert_close(gaussian_log_likelihood(outputs, binary), expected)


def test_the_loss_weighs_the_kl_by_beta():
    model, batch = make().eval(), images(3, 48)
    for beta in (0.0, 0.5, 5.0):
        found = terms(model, batch, beta)
        torch.testing.assert_close(found.loss, beta * found.kl - found.log_likelihood)


def test_noise_moves_the_sample_by_standard_deviations():
    model, batch = make().eval(), images(2, 48)
    mean, log_variance = model.encode(batch)
    noise = torch.randn(2, 4, generator=generator(3))
    decoded = model.decoder(mean + noise * log_variance.mul(0.5).exp())
    expected = bernoulli_log_likelihood(decoded, batch).mean()
    torch.testing.assert_close(model(batch, noise, beta=1.0).log_likelihood, expected)
    assert log_variance.exp().min() >= model.config.min_variance * (1 - 1e-6)


def test_a_peak_is_found_where_it_is():
    maps = torch.zeros(1, 2, 5, 9, dtype=torch.float64)
    maps[0, 0, 1, 8] = maps[0, 1, 4, 2] = 100.0
    expected = torch.tensor([[1.0, -0.5, -0.5, 1.0]], dtype=torch.float64)  # x of both points, then y of both
    torch.testing.assert_close(spatial_soft_argmax(maps), expected)


def test_flat_maps_point_to_the_middle():
    assert spatial_soft_argmax(torch.zeros(2, 3, 4, 6)).abs().max() < 1e-6


@pytest.mark.parametrize(
    ("kind", "likelihood"),
    [("variational", "bernoulli"), ("deterministic", "gaussian"), ("spatial", "bernoulli")],
)
def test_training_lowers_the_loss_on_a_moving_square(kind, likelihood):
    batch = torch.zeros(8, 1, 48, 48)
    for place in range(8):
        batch[place, :, 4 * place : 4 * place + 12, 20:32] = 1.0
    model = make(kind=kind, channels=1, likelihood=likelihood)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    errors = []
    for _ in range(30):
        found = terms(model, batch, beta=0.1)
        optimizer.zero_grad()
        found.loss.backward()
        optimizer.step()
        errors.append(found.loss.item())
    pixels = 48 * 48 if likelihood == "gaussian" else 0
    floor = pixels * 0.9189385  # log sqrt(2 pi) a pixel, which no decoder can lower
    assert errors[-1] - floor < 0.7 * (errors[0] - floor)


def test_a_fresh_encoder_of_points_tells_where_a_small_thing_is():
    """Else it is not learnt beside larger things: at least 5 % of the spread that codes are trained to."""
    places = torch.zeros(2, 3, 48, 48)
    places[0, 2, 20:24, 6:12] = places[1, 2, 20:24, 36:42] = 3.0
    with torch.no_grad():
        one, other = make(points=16, latent=6).encode(places)[0]
    assert (one - other).norm() > 0.05 * 6**0.5


def test_feature_points_find_a_small_square_wherever_it_is():
    places = torch.randint(0, 45, (64, 2), generator=generator(3))
    batch = torch.zeros(64, 1, 48, 48)
    for image, (x, y) in zip(batch, places.tolist(), strict=True):
        image[0, y : y + 3, x : x + 3] = 1.0
    model = make(channels=1, points=4, kind="deterministic")
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(80):
        optimizer.zero_grad()
        model(batch).loss.backward()
        optimizer.step()
    with torch.no_grad():
        latents = torch.cat((model.encode(batch), torch.ones(64, 1)), dim=1)
    fitted = latents @ torch.linalg.lstsq(latents, places.float()).solution
    assert (fitted - places).norm(dim=1).mean() < 3.0  # pixels, of a mean distance of 18 to the middle


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "vector"}, "autoencoder.kind is 'vector'"),
        ({"likelihood": "laplace"}, "autoencoder.likelihood is 'laplace'"),
        ({"latent": 0}, "autoencoder.latent is 0"),
        ({"min_variance": 0.0}, "autoencoder.min_variance is 0.0"),
        ({"kind": "spatial", "residual_blocks": 1}, "autoencoder.residual_blocks is 1"),
        ({"points": -1}, "autoencoder.points is -1"),
        ({"kind": "spatial", "points": 4}, "autoencoder.points is 4"),
        ({"side": 50}, "autoencoder.side is 50"),
    ],
)
def test_a_wrong_field_is_refused_by_name(fields, message):
    with pytest.raises(ValueError, match=message):
        make(**fields)


def test_feature_points_have_two_coordinates():
    with pytest.raises(ValueError, match="latent is 5"):
        SpatialEncoder(48, 3, 5, generator=generator())
