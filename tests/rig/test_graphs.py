"""Laws of recorded calls: the function's own numbers, also after its weights moved; agents that use them."""

import numpy as np
import pytest
import torch

from agents.rig.agent import build_agent
from agents.rig.autoencoding import AutoencoderTraining
from agents.rig.graphs import MOST_GRAPHS, RepeatedCalls
from tests.rig.tiny import tiny

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]


def rows(count, size=3, seed=0):
    return np.random.default_rng(seed).standard_normal((count, size), np.float32)


@pytest.mark.parametrize("device", DEVICES)
def test_calls_give_what_the_function_gives_however_many_shapes_and_after_weights_moved(device):
    device = torch.device(device)
    layer = torch.nn.utils.skip_init(torch.nn.Linear, 6, 2, device=device)
    calls = RepeatedCalls(lambda one, other: layer(torch.cat((one, other), dim=1)))
    for value in (0.5, -2.0):
        for parameter in layer.parameters():
            torch.nn.init.constant_(parameter, value)
        for count in range(1, MOST_GRAPHS + 3):
            one, other = rows(count), rows(count, seed=1)
            expected = value * (one.sum(1) + other.sum(1) + 1.0)
            for _ in range(2):
                found = calls(one, other, device=device)
                np.testing.assert_allclose(found, np.stack((expected, expected), 1), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("device", DEVICES)
def test_a_result_is_not_overwritten_by_the_next_call(device):
    calls = RepeatedCalls(lambda one: one * 2)
    first = calls(rows(2), device=torch.device(device))
    calls(rows(2, seed=1), device=torch.device(device))
    np.testing.assert_allclose(first, 2 * rows(2))


@pytest.mark.gpu
@pytest.mark.parametrize("algorithm", ["td3", "sac"])
def test_an_agent_on_a_gpu_sees_and_acts_as_on_the_cpu(algorithm):
    """Bound: codes and actions differ by 0.01 (convolutions on GPUs are done in shortened numbers)."""
    config, found = tiny(algorithm=algorithm), []
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 48, 48, 3), dtype=np.uint8)
    for device in ("cpu", "cuda"):
        training = AutoencoderTraining(config, seed=0, device=device)
        agent = build_agent(
            config,
            generator=torch.Generator().manual_seed(1),
            latent=training.representation,
            device=device,
        )
        codes = [agent.representation.encode(part) for part in (*images, *images)]
        found.append([*codes, agent.act_on(*codes[:2]), agent.act_on(*codes[:2])])
        assert np.array_equal(found[-1][-1], found[-1][-2])
    for here, there in zip(*found, strict=True):
        np.testing.assert_allclose(there, here, atol=0.01)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("method", ["rig", "lr"])
def test_images_that_lie_on_the_device_are_those_that_would_be_sent(method, device):
    config = tiny(method=method)
    training = AutoencoderTraining(config, seed=0, device=device)
    images = np.random.default_rng(0).integers(0, 256, (config.vae_images, 48, 48, 3), dtype=np.uint8)
    images.setflags(write=False)
    training.begin(images)
    if device == "cpu":
        assert not training._resident
        training._resident = (torch.from_numpy(images.copy()),)
    chosen = torch.tensor([3, 0, 3, 11])
    pixels = training._fetch(chosen, training.fit.generator)[0]
    assert pixels.device.type == device and np.array_equal(pixels.cpu().numpy(), images[chosen.numpy()])
