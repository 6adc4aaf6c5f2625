"""Laws of every registered network, and the parameter counts that papers and model collections publish."""

import re

import pytest
import torch

from vision.images.model_config import HeadConfig, RegularizerConfig
from vision.images.models import FAMILIES, create_model, list_models
from vision.images.regularizers import BranchMixer

SMALL = [  # one small network of every family
    "resnet8",
    "resnet8_projected",
    "resnet8_eraserelu",
    "preresnet8",
    "preresnet8_eraserelu",
    "preresnet11_bottleneck",
    "wrn_10_1",
    "wrn_10_1_norm",
    "resnext11_2x4d",
    "resnext11_2x4d_eraserelu",
    "resnext11_2x2x4d",
    "resnext11_2x2x4d_eraserelu",
    "shakeshake8_2x4d",
    "pyramidnet14_a10",
    "pyramidnet11_a10_bottleneck",
    "densenet_bc10_k4",
    "shufflenet_g2",
    "resnet18_imagenet",
    "resnet18_eraserelu_imagenet",
    "resnext50_2x4d_imagenet",
    "densenet121_imagenet",
    "shufflenet_g1_imagenet",
]
RESIDUAL = [name for name in SMALL if not name.startswith("densenet") and not name.endswith("_imagenet")]
LARGE = (
    "110",
    "272",
    "152",
    "164",
    "28_10",
    "40_4",
    "16_8",
    "x64d",
    "x96d",
    "18_",
    "34_",
    "50_",
    "densenet1",
)
QUICK = [name for name in list_models() if not any(part in name for part in LARGE)]
REGULARIZERS = [
    RegularizerConfig(kind="stochastic_depth"),
    RegularizerConfig(kind="stochastic_depth", scaling="inverted", gate="sample"),
    RegularizerConfig(kind="shakedrop", level="pixel", placement="per_branch"),
    RegularizerConfig(kind="shake", level="channel"),
    RegularizerConfig(kind="shake_shake", level="batch"),
]
PARAMETERS = {
    ("resnet20", 10): 269_722,
    ("resnet56", 10): 853_018,
    ("resnet56_projected", 10): 855_770,
    ("resnet110", 10): 1_727_962,
    ("preresnet164_bottleneck", 10): 1_703_258,
    ("wrn_16_4", 10): 2_748_890,
    ("wrn_28_10", 10): 36_479_194,
    ("densenet_bc40_k12", 10): 176_122,
    ("densenet_bc100_k12", 100): 800_032,
    ("pyramidnet110_a48", 10): 1_772_706,
    ("pyramidnet110_a84", 10): 3_904_446,
    ("pyramidnet110_a270", 10): 28_485_477,
    ("pyramidnet272_a200_bottleneck", 10): 26_210_842,
    ("shufflenet_g3_imagenet", 1000): 1_865_728,
    ("resnet18_imagenet", 1000): 11_689_512,
    ("resnet50_imagenet", 1000): 25_557_032,
    ("resnext50_32x4d_imagenet", 1000): 25_028_904,
    ("densenet169_imagenet", 1000): 14_149_480,
}
MILLIONS = {  # as rounded in Xie et al. 2017 and Gastaldi 2017
    ("resnext29_8x64d", 10): 34.4,
    ("shakeshake26_2x32d", 10): 2.9,
    ("shakeshake26_2x96d", 10): 26.2,
}


def images_for(name, batch=4, dtype=torch.float32):
    side = 32 if "imagenet" in name else 8
    return torch.randn(batch, 3, side, side, generator=torch.Generator().manual_seed(0), dtype=dtype)


def count(name, classes):
    return sum(parameter.numel() for parameter in create_model(name, num_classes=classes).parameters())


def trainable(name):
    return pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)


@pytest.mark.parametrize(("groups", "millions"), [(1, 143), (2, 140), (3, 137), (4, 133), (8, 137)])
def test_shufflenets_convolutions_multiply_as_often_as_its_paper_states(groups, millions):
    products = []

    def note(layer, inputs, output):
        products.append(layer.weight[0].numel() * output[0].numel())

    network = create_model(f"shufflenet_g{groups}_imagenet", num_classes=1000).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(note)
    with torch.no_grad():
        network(torch.zeros(1, 3, 224, 224))
    assert abs(sum(products) / 1e6 - millions) <= 0.51


@pytest.mark.parametrize("name", [trainable(name) for name in list_models()])
def test_every_network_gives_logits_trains_all_its_parameters_and_round_trips(
    name, untouched_global_generator
):
    network = create_model(name, num_classes=5)
    images = images_for(name)
    logits = network(images)
    assert logits.shape == (4, 5)
    torch.nn.functional.cross_entropy(logits, torch.tensor([0, 3, 1, 2])).backward()
    silent = [key for key, value in network.named_parameters() if value.grad is None or not value.grad.any()]
    assert not silent
    network.eval()
    with torch.no_grad():
        evaluated = network(images)
        assert torch.equal(evaluated, network(images))
        other = create_model(name, num_classes=5, seed=1).eval()
        assert not torch.equal(evaluated, other(images))
        other.load_state_dict(network.state_dict())
        assert torch.equal(evaluated, other(images))


def test_every_family_has_a_small_network_under_test():
    assert all(any(re.fullmatch(family.pattern, name) for name in SMALL) for family in FAMILIES)


@pytest.mark.parametrize("name", SMALL)
def test_every_family_computes_in_float64(name):
    network = create_model(name, num_classes=3).double()
    logits = network(images_for(name, dtype=torch.float64))
    assert logits.dtype == torch.float64 and logits.isfinite().all()


@pytest.mark.parametrize("config", REGULARIZERS, ids=lambda config: config.kind)
@pytest.mark.parametrize("name", RESIDUAL)
def test_every_residual_family_takes_every_regularizer_that_fits(name, config):
    if config.kind == "shake_shake" and not name.startswith(("shakeshake", "resnext11_2x2x")):
        with pytest.raises(ValueError, match="at least 2 branches"):
            create_model(name, num_classes=3, regularizer=config)
        return
    network = create_model(name, num_classes=3, regularizer=config)
    images = images_for(name)
    outputs = torch.stack([network(images) for _ in range(4)])
    assert outputs.isfinite().all() and len(outputs.unique(dim=0)) > 1
    outputs.sum().backward()
    positions = [value for key, value in network.state_dict().items() if key.endswith("stream.state")]
    assert len({int(seed) for seed, _ in positions}) == len(positions) > 0
    network.eval()
    with torch.no_grad():
        assert torch.equal(network(images), network(images))


@pytest.mark.parametrize("level", ["image", "pixel"])
def test_a_regularized_network_trains_under_autocast_in_half_precision(level):
    config = RegularizerConfig(kind="shakedrop", level=level)
    network = create_model("pyramidnet14_a10", num_classes=3, regularizer=config)
    seen = set()
    for module in network.modules():
        if isinstance(module, BranchMixer):
            module.register_forward_hook(
                lambda _, given, output: seen.update({given[0][0].dtype, output.dtype})
            )
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = network(images_for("pyramidnet")).float().square().sum()
    loss.backward()
    assert seen == {torch.bfloat16}
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", ["none", "stochastic_depth", "shakedrop"])
def test_a_compiled_network_is_one_graph_with_the_eager_gradients(kind):
    torch.compiler.reset()
    config = RegularizerConfig(kind=kind)
    head = HeadConfig(kind="hadamard", transform="fast")
    networks = [
        create_model("resnet8", num_classes=10, regularizer=config, head=head).double() for _ in range(2)
    ]
    outputs = []
    for network, call in zip(
        networks, (networks[0], torch.compile(networks[1], fullgraph=True)), strict=True
    ):
        logits = call(images_for("resnet8", dtype=torch.float64))
        logits.square().sum().backward()
        outputs.append((logits, *(parameter.grad for parameter in network.parameters())))
    for eager, compiled in zip(*outputs, strict=True):
        torch.testing.assert_close(compiled, eager, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", ["cosine", "orthonormal", "hadamard"])
def test_a_network_takes_every_head(kind):
    network = create_model("resnet8", num_classes=10, head=HeadConfig(kind=kind))
    assert network(images_for("resnet8")).shape == (4, 10)


@pytest.mark.parametrize(("name", "classes"), PARAMETERS)
def test_parameter_counts_are_the_published_ones(name, classes):
    assert count(name, classes) == PARAMETERS[name, classes]


@pytest.mark.parametrize(("name", "classes"), MILLIONS)
def test_parameter_counts_agree_with_rounded_published_ones(name, classes):
    assert round(count(name, classes) / 1e6, 1) == MILLIONS[name, classes]


def test_weights_depend_on_the_seed_alone():
    first, same, other = (create_model("resnet8", num_classes=3, seed=seed) for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), same.parameters(), strict=True))
    assert not torch.equal(first.trunk[0][0].weight, other.trunk[0][0].weight)


def test_convolutions_start_with_the_variance_of_he_initialisation():
    weight = create_model("wrn_10_4", num_classes=10).trunk[1].blocks[2].branches[0][0].weight
    assert weight.shape == (256, 128, 3, 3)
    assert weight.std().item() == pytest.approx((2 / (9 * 256)) ** 0.5, rel=0.01)


def test_channels_last_images_give_the_same_logits():
    network = create_model("resnet8", num_classes=3).double().eval()
    images = images_for("resnet8", dtype=torch.float64)
    reordered = network.to(memory_format=torch.channels_last)(images.to(memory_format=torch.channels_last))
    torch.testing.assert_close(reordered, network(images))


def test_names_are_patterns_and_lists_are_filtered():
    assert create_model("wrn_10_2", num_classes=3)(images_for("wrn")).shape == (4, 3)
    assert list_models("resnet56*") == ["resnet56", "resnet56_eraserelu", "resnet56_projected"]
    names = list_models()
    assert names == sorted(set(names)) and {"resnet56", "wrn_16_4", "pyramidnet110_a48"} < set(names)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("alexnet", "model is 'alexnet'"),
        ("resnet57", "depth is 57"),
        ("wrn_17_4", "depth is 17"),
        ("resnet19_imagenet", "depth is 19"),
        ("shufflenet_g5", "groups is 5"),
        ("resnet2", "depth is 2"),
    ],
)
def test_names_that_make_no_network_are_refused(name, message):
    with pytest.raises(ValueError, match=message):
        create_model(name, num_classes=10)


def test_parts_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="num_classes is 1"):
        create_model("resnet8", num_classes=1)
    with pytest.raises(ValueError, match="num_classes is '10'; expected a whole number from 2"):
        create_model("resnet8", num_classes="10")
    with pytest.raises(ValueError, match="in_channels is -1"):
        create_model("resnet8", num_classes=10, in_channels=-1)
    with pytest.raises(ValueError, match="DenseNet"):
        create_model(
            "densenet_bc40_k12", num_classes=3, regularizer=RegularizerConfig(kind="stochastic_depth")
        )
