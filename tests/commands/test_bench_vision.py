"""`run.py bench vision` on small sizes: what it counts is what it says."""

import json

import pytest
import torch

import run
from agents.benchmarks import vision


@pytest.fixture
def small_sizes(monkeypatch):
    monkeypatch.setattr(vision, "BATCH", 2)
    few = ("plain", "ShakeDrop, image")
    monkeypatch.setattr(vision, "DROPPING", {name: vision.DROPPING[name] for name in few})
    monkeypatch.setattr(vision, "LOGITS", ((8, 3), (64, 100)))
    monkeypatch.setattr(vision, "SECONDS_A_PRODUCT", 0.001)
    monkeypatch.setattr(vision, "AUGMENTED", 4)
    monkeypatch.setattr(vision, "TWO_BRANCHES", "resnext29_2x4x8d")


def test_every_row_is_measured_and_written(small_sizes, tmp_path, capsys):
    report = tmp_path / "bench.json"
    assert (
        run.main(["bench", "vision", "--variant", "preresnet20", "--device", "cpu", "--json", str(report)])
        == 0
    )
    rows = json.loads(report.read_text())["rows"]
    assert len(rows) == len(vision.DROPPING) + len(vision.MIXED) + 2 + 1 + len(vision.AUGMENTATIONS)
    steps = [row for row in rows if row["case"].startswith("step")]
    for row in steps:
        plain = row["case"].endswith("plain")
        assert (row["own_percent"] == 0.0) is plain and row["own_percent"] < 100.0
        assert row["memory_ratio"] == 1.0 if plain else row["memory_ratio"] > 0.9
    logits = [row for row in rows if row["case"].startswith("logits")]
    assert all(row["largest_relative_error"] < 1e-5 and row["ratio"] > 0.0 for row in logits)
    assert "own percent" in capsys.readouterr().out


def test_the_peak_of_memory_is_that_of_the_tensors_held_at_once():
    """A chain whose backward pass needs every saved exponential: known bytes, to a few small tensors."""
    length, links = 2**16, 5

    class Chain(torch.nn.Module):
        def forward(self, x):
            for _ in range(links):
                x = x.exp()
            return x

    x = torch.zeros(1, length, requires_grad=True)
    recording = vision.profile(activities=[vision.ProfilerActivity.CPU], profile_memory=True)
    with recording as profiler:
        Chain()(x)[:, 0].sum().backward()
    tensors = vision._peak_bytes(profiler) / (4 * length)
    assert links <= tensors <= links + 3


@pytest.mark.parametrize(
    ("ratios", "told"),
    [((0.5, 2.0, 3.0), "fast from b on"), ((2.0, 0.5, 3.0), "fast from c on"), ((2.0, 3.0, 4.0), "a on")],
)
def test_the_crossover_is_where_the_transform_stays_faster(ratios, told):
    rows = [{"case": f"logits, {name}", "ratio": ratio} for name, ratio in zip("abc", ratios, strict=True)]
    assert vision._crossover(rows)["case"].endswith(told)
    assert vision._crossover([{"case": "logits, a", "ratio": 0.9}])["case"] == "fast from none measured on"


@pytest.mark.gpu
def test_every_row_of_a_gpu_is_measured(monkeypatch, tmp_path):
    few = ("plain", "ShakeDrop, pixel")
    monkeypatch.setattr(vision, "DROPPING", {name: vision.DROPPING[name] for name in few})
    monkeypatch.setattr(vision, "DEEP_CASES", few)
    monkeypatch.setattr(vision, "DEEP", "preresnet20")
    report = tmp_path / "bench.json"
    words = ["bench", "vision", "--variant", "preresnet20", "--device", "cuda", "--json", str(report)]
    assert run.main(words) == 0
    rows = json.loads(report.read_text())["rows"]
    assert len(rows) == 2 * len(few) + len(vision.MIXED) + len(vision.AUGMENTATIONS)
    assert all(row["images_per_second"] > 0 for row in rows)
