"""Laws of the classifiers: fixed rows, scales, checkpoints, zero features, dense against fast."""

import pytest
import torch
import torch.nn.functional as F

from vision.images.heads import build_head, build_sign_rows, unit_length
from vision.images.model_config import HeadConfig

KINDS = ["learned", "cosine", "orthonormal", "hadamard"]
FIXED = [
    HeadConfig(kind="orthonormal"),
    HeadConfig(kind="hadamard", transform="dense"),
    HeadConfig(kind="hadamard", transform="fast"),
]


def make(config, features=32, classes=10, seed=0):
    return build_head(config, features, classes, generator=torch.Generator().manual_seed(seed))


def features_of(rows, features, dtype=torch.float32):
    return torch.randn(rows, features, generator=torch.Generator().manual_seed(1), dtype=dtype)


@pytest.mark.parametrize("kind", KINDS)
def test_heads_map_features_to_finite_logits_and_gradients(kind, untouched_global_generator):
    head = make(HeadConfig(kind=kind))
    x = features_of(4, 32).requires_grad_()
    logits = head(x)
    assert logits.shape == (4, 10)
    F.cross_entropy(logits, torch.arange(4)).backward()
    assert x.grad.abs().sum() > 0
    assert all(parameter.grad is not None for parameter in head.parameters())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_zero_features_give_the_bias_and_finite_gradients(kind, dtype):
    head = make(HeadConfig(kind=kind)).to(dtype)
    x = torch.zeros(2, 32, dtype=dtype, requires_grad=True)
    logits = head(x)
    assert torch.equal(logits, head.bias.expand(2, 10)) and logits.dtype == dtype
    logits.sum().backward()
    assert x.grad.isfinite().all() and x.grad.abs().max() < 1e3


@pytest.mark.parametrize("config", FIXED, ids=lambda config: f"{config.kind}-{config.transform}")
def test_fixed_heads_train_scale_and_bias_alone(config):
    head = make(config)
    assert {name for name, _ in head.named_parameters()} == {"scale", "bias"}


@pytest.mark.parametrize("kind", ["cosine", "orthonormal", "hadamard"])
def test_logits_do_not_depend_on_the_length_of_features(kind):
    head = make(HeadConfig(kind=kind))
    x = features_of(4, 32)
    torch.testing.assert_close(head(x), head(7.5 * x))


@pytest.mark.parametrize("kind", ["cosine", "orthonormal"])
def test_logits_of_unit_rows_are_bounded_by_the_scale(kind):
    head = make(HeadConfig(kind=kind, scale=3.0, bias=False))
    assert head(features_of(100, 32)).abs().max() <= 3.0 + 1e-5


def test_scale_starts_at_the_papers_value_or_the_given_one():
    assert make(HeadConfig(kind="hadamard"), classes=25).scale.item() == pytest.approx(0.2)
    assert make(HeadConfig(kind="orthonormal")).scale.item() == 10.0
    assert make(HeadConfig(kind="hadamard", scale=0.1)).scale.item() == pytest.approx(0.1)


@pytest.mark.parametrize("kind", ["cosine", "orthonormal", "hadamard"])
def test_a_scale_that_is_not_learned_is_saved_but_no_parameter(kind):
    head = make(HeadConfig(kind=kind, scale=10.0, learn_scale=False))
    assert "scale" not in dict(head.named_parameters())
    assert "scale" in head.state_dict()


@pytest.mark.parametrize("kind", KINDS)
def test_a_head_may_have_no_bias(kind):
    assert "bias" not in dict(make(HeadConfig(kind=kind, bias=False)).named_parameters())


def test_orthonormal_rows_are_orthonormal_and_follow_their_seed(untouched_global_generator):
    rows = make(HeadConfig(kind="orthonormal", projection_seed=4)).directions.rows
    torch.testing.assert_close(rows @ rows.T, torch.eye(10), atol=1e-6, rtol=0)
    assert torch.equal(rows, make(HeadConfig(kind="orthonormal", projection_seed=4), seed=9).directions.rows)
    assert not torch.equal(rows, make(HeadConfig(kind="orthonormal", projection_seed=5)).directions.rows)


@pytest.mark.parametrize("store", ["buffer", "seed"])
def test_a_checkpoint_restores_the_rows_into_a_head_of_another_seed(store):
    saved = make(HeadConfig(kind="orthonormal", projection_seed=4, store=store))
    loaded = make(HeadConfig(kind="orthonormal", projection_seed=5, store=store), seed=3)
    loaded.load_state_dict(saved.state_dict())
    x = features_of(3, 32)
    assert torch.equal(saved(x), loaded(x))
    assert ("directions.rows" in saved.state_dict()) == (store == "buffer")


def test_hadamard_rows_take_no_room_in_a_checkpoint():
    for transform in ("dense", "fast"):
        assert set(make(HeadConfig(kind="hadamard", transform=transform)).state_dict()) == {"scale", "bias"}


@pytest.mark.parametrize(
    ("features", "classes"), [(64, 10), (342, 100), (64, 64), (64, 100), (512, 1000), (48, 1000), (960, 1000)]
)
def test_fast_logits_and_gradients_equal_dense_ones(features, classes):
    heads = [make(HeadConfig(kind="hadamard", transform=way), features, classes) for way in ("dense", "fast")]
    results = []
    for head in heads:
        x = features_of(3, features, torch.float64).requires_grad_()
        logits = head.double()(x)
        weights = features_of(3, classes, torch.float64)
        results.append((logits, torch.autograd.grad(logits, x, weights)[0]))
    for dense, fast in zip(*results, strict=True):
        torch.testing.assert_close(dense, fast, atol=1e-11, rtol=1e-11)


@pytest.mark.parametrize(("features", "classes"), [(64, 100), (512, 1000), (48, 1000), (32, 32)])
def test_no_two_classes_share_their_row(features, classes):
    rows, coherence = build_sign_rows(features, classes, transform="dense", seed=0)
    assert len(rows.rows.unique(dim=0)) == classes
    assert coherence < 1.0


def test_a_head_says_how_far_apart_its_fixed_rows_are():
    assert make(HeadConfig(kind="orthonormal")).coherence == 0.0
    assert make(HeadConfig(kind="hadamard"), 342, 100).coherence == pytest.approx(0.123, abs=5e-4)
    assert make(HeadConfig(kind="hadamard"), 16, 200).coherence == 0.25
    assert make(HeadConfig(kind="cosine")).coherence is None


def test_auto_takes_the_transform_for_large_heads_only():
    small, _ = build_sign_rows(64, 10, transform="auto", seed=0)
    large, _ = build_sign_rows(512, 512, transform="auto", seed=0)
    assert hasattr(small, "rows") and not hasattr(large, "rows")


def test_fixed_heads_refuse_what_has_no_distinct_rows():
    with pytest.raises(ValueError, match="at most 32"):
        make(HeadConfig(kind="orthonormal"), features=32, classes=33)
    with pytest.raises(ValueError, match="classes is 257"):
        make(HeadConfig(kind="hadamard"), features=8, classes=257)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "linear"}, "head.kind is 'linear'"),
        ({"kind": "learned", "scale": 2.0}, "has no scale"),
        ({"kind": "hadamard", "scale": 0.0}, "head.scale is 0.0"),
        ({"kind": "hadamard", "transform": "butterfly"}, "head.transform"),
        ({"projection_seed": -1}, "head.projection_seed is -1"),
    ],
)
def test_a_wrong_field_is_refused_by_name(fields, message):
    with pytest.raises(ValueError, match=message):
        HeadConfig(**fields)


def test_unit_length_is_computed_beyond_half_precision():
    x = torch.full((1, 8192), 200.0, dtype=torch.float16)  # the squared norm overflows in float16
    torch.testing.assert_close(unit_length(x), torch.full_like(x, 8192**-0.5))
