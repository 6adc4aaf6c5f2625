"""Laws of the kind `vision`, from flags to reports, on generated files of CIFAR-10's layout."""

import copy
import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

import run
from agents.commands.actions.evaluate_vision import short_names
from agents.commands.train import parse
from agents.plots.progress_curves import draw_progress
from agents.plots.schedule import draw_schedules
from agents.runs.comparison import Group
from agents.runs.errors import ConfigError
from agents.vision.config import VisionConfig
from agents.vision.learner import build, load_images
from agents.vision.presets import PRESETS
from tests.vision_training.tiny import cifar_files, fingerprint
from vision.images.augment_config import AugmentConfig, Normalization
from vision.images.data import channel_statistics
from vision.images.models import FAMILIES
from vision.schedules import ScheduleConfig, update_count

SMALL = {
    "epochs": 2.0,
    "batch": 8,
    "max_batch": 32,
    "validation_images": 20,
    "ghost_batch": 8,
    "micro_batch": 16,
    "rate": 0.02,
    "average_half_life": 0.5,
    "schedule": "increase_batch",
    "regularizer": "shakedrop",
    "model": "wrn_10_1_norm",
}


@pytest.fixture(scope="module")
def cifar(tmp_path_factory):
    """A folder with one training batch of 100 and a test batch of 50 images; the class is the brightness."""
    return cifar_files(tmp_path_factory.mktemp("cifar"))


def small(cifar, **changes):
    return VisionConfig(data=str(cifar), **(SMALL | changes))


def test_a_run_yields_what_its_config_promises(cifar):
    learner = build(small(cifar), seed=1, device="cpu")
    reports = list(learner.train())
    assert len(reports) == learner.config.intervals == 2
    assert reports[-1]["samples"] == 160
    expected = {"loss", "accuracy", "gradient_norm", "validation_accuracy", "validation_loss", "rate"}
    assert expected <= set(reports[-1])
    assert all(type(value) is float and math.isfinite(value) for row in reports for value in row.values())


def test_a_resumed_learner_ends_bit_equal(cifar):
    """With ShakeDrop, whose streams are part of the state."""
    whole = build(small(cifar), seed=1, device="cpu")
    expected = list(whole.train())
    first = build(small(cifar), seed=1, device="cpu")
    begun = next(first.train())
    second = build(small(cifar), seed=1, device="cpu")
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    assert [begun, *second.train()] == expected
    assert fingerprint(second.state_dict()) == fingerprint(whole.state_dict())


def test_other_data_than_the_checkpoint_s_is_refused(cifar):
    state = build(small(cifar), seed=1, device="cpu").state_dict()
    other = build(small(cifar, data_seed=5), seed=1, device="cpu")
    with pytest.raises(ValueError, match="data mean"):
        other.load_state_dict(state)


def test_missing_batches_are_told(cifar):
    assert build(small(cifar), seed=1, device="cpu").notes == ("1 of 5 training batches found, 100 images",)


def test_runs_of_one_data_seed_share_their_images(cifar):
    config = small(cifar, train_images=60)
    first, again = load_images(config), load_images(config)
    assert torch.equal(first.training.images, again.training.images)
    assert (len(first.training), len(first.measured), first.part) == (40, 20, "validation")
    other = load_images(small(cifar, train_images=60, data_seed=1))
    assert not torch.equal(first.training.images, other.training.images)


def test_held_out_images_are_neither_learnt_from_nor_do_they_move_the_normalisation(cifar):
    images = load_images(small(cifar, train_images=60))
    alike = (images.training.images[:, None] == images.measured.images).flatten(2).all(2)
    assert not alike.any()
    assert images.normalization == Normalization(*channel_statistics(images.training.images))
    assert images.normalization != Normalization(*channel_statistics(images.measured.images))


def test_without_held_out_images_the_test_images_are_measured(cifar):
    images = load_images(small(cifar, validation_images=0))
    assert (len(images.training), len(images.measured), images.part) == (100, 50, "test")


def test_shuffled_labels_keep_their_counts_and_lose_their_images(cifar):
    true = load_images(small(cifar)).training
    shuffled = load_images(small(cifar, shuffle_labels=True)).training
    assert torch.equal(true.images, shuffled.images)
    assert torch.equal(torch.bincount(true.labels), torch.bincount(shuffled.labels))
    assert float((true.labels == shuffled.labels).double().mean()) < 0.4


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"head_scale": -1.0, "head": "cosine"}, "head_scale"),
        ({"keep": 1.5}, "keep"),
        ({"rate": 0.0}, r"ScheduleConfig\.rate"),
        ({"train_images": -1}, "train_images"),
        ({"label_smoothing": 1.0}, "label_smoothing"),
        ({"optimizer": "rmsprop"}, "kind: got 'rmsprop'"),
    ],
)
def test_wrong_fields_are_refused_before_anything_is_read(changes, complaint):
    with pytest.raises(ValueError, match=complaint):
        VisionConfig(**(SMALL | changes))


def test_training_without_a_data_folder_is_refused():
    with pytest.raises(ValueError, match="data: got nothing"):
        load_images(VisionConfig())


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_names_a_known_network_and_a_whole_config(name):
    config = PRESETS[name]
    assert config.intervals >= 1
    assert any(re.fullmatch(family.pattern, config.model) for family in FAMILIES)


@pytest.mark.parametrize(
    ("name", "updates"),
    [
        ("noise_decay_rate", 78_125),
        ("noise_increase_batch", 29_141),
        ("noise_hybrid", 34_375),
        ("noise_increased_rate", 6_406),
        ("noise_increased_momentum", 2_305),
    ],
)
def test_noise_scale_presets_take_the_papers_updates(name, updates):
    assert update_count(PRESETS[name].fit.plan, 50_000) == updates


@pytest.fixture(scope="module")
def trained(cifar, tmp_path_factory):
    """A run folder of two seeds made by the command."""
    folder = tmp_path_factory.mktemp("runs") / "small"
    flags = {name: value for name, value in SMALL.items() if name != "validation_images"}
    words = [word for name, value in flags.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    words += ["--data", str(cifar), "--validation-images", "20", "--seeds", "1..2", "--device", "cpu"]
    assert run.main(["train", "vision", *words, "--out", str(folder)]) == 0
    return folder


def test_evaluation_of_several_checkpoints_is_one_table(cifar, trained, tmp_path, capsys):
    report, plots = tmp_path / "report.json", tmp_path / "plots"
    words = [
        str(trained),
        "--data",
        str(cifar),
        "--json",
        str(report),
        "--plots",
        str(plots),
        "--device",
        "cpu",
    ]
    assert run.main(["evaluate", *words, "--corruptions"]) == 0
    document = json.loads(report.read_text())
    assert document["images"] == 50
    first, second = document["checkpoints"]
    assert first["difference_to_first"] is None
    assert second["difference_to_first"]["mean"] == pytest.approx(
        second["top1"]["mean"] - first["top1"]["mean"]
    )
    assert np.array(first["confusion"]).sum() == 50
    assert [len(row) for row in first["corrupted"].values()] == [5, 5, 5]
    assert len(list(plots.glob("*.png"))) == 4
    assert "top-1 %" in capsys.readouterr().out


def test_checkpoints_get_short_names_that_differ():
    files = ["/a/runs/x/seed-1/checkpoints/last.safetensors", "/a/runs/y/seed-1/checkpoints/best.safetensors"]
    assert short_names(files) == ["x/seed-1 last", "y/seed-1 best"]
    assert short_names(files[:1]) == ["x/seed-1 last"]
    assert short_names(["/a/b.safetensors", "/a/c.safetensors"]) == ["a b", "a c"]


def test_an_evaluation_repeats_exactly(cifar, trained, tmp_path):
    reports = [tmp_path / "a.json", tmp_path / "b.json"]
    for report in reports:
        words = [str(trained / "seed-1"), "--data", str(cifar), "--json", str(report), "--device", "cpu"]
        assert run.main(["evaluate", *words, "--images", "30"]) == 0
    assert reports[0].read_text() == reports[1].read_text()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--weights", "best"], "weights"),
        (["--images", "-1"], "images"),
        (["--images", "100000"], "images: got 100000, expected at most"),
        (["--json", "report.txt"], "json"),
        (["--data", "nowhere"], "data"),
    ],
)
def test_wrong_flags_of_evaluate_end_with_one_line(trained, cifar, words, complaint, capfd):
    data = [] if "--data" in words else ["--data", str(cifar)]
    assert run.main(["evaluate", str(trained), *data, *words]) == 2
    error = capfd.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1


def test_a_folder_without_checkpoints_is_refused(cifar, tmp_path, capsys):
    assert run.main(["evaluate", str(tmp_path), "--data", str(cifar)]) == 2
    assert "expected a checkpoint file" in capsys.readouterr().err


def test_the_schedule_command_counts_updates_and_draws(tmp_path, capsys):
    out = tmp_path / "schedule.png"
    assert run.main(["schedule", "--out", str(out)]) == 0
    assert "29,141 updates" in capsys.readouterr().out
    assert out.read_bytes().startswith(b"\x89PNG")


def test_the_schedule_plot_shows_rate_batch_and_noise_scale():
    figure = draw_schedules({"increase": ScheduleConfig(kind="increase_batch")}, 50_000)
    labels = [panel.get_ylabel() for panel in figure.axes]
    assert labels == ["learning rate", "batch", "noise scale g"]
    batches = figure.axes[1].lines[0].get_ydata()
    assert sorted(set(batches)) == [128, 640, 3200, 5120]


def test_progress_is_drawn_against_every_recorded_cost():
    rows = [{"epoch": e, "updates": 10.0 * e, "seconds": 2.0 * e, "accuracy": e / 4} for e in (1.0, 2.0, 3.0)]
    figure = draw_progress([Group("one", [0], [rows])], ["accuracy", "updates"])
    assert [panel.get_xlabel() for panel in figure.axes] == ["epochs", "updates", "seconds of training"]
    assert list(figure.axes[1].lines[0].get_xdata()) == [10.0, 20.0, 30.0]
    assert list(figure.axes[1].lines[0].get_ydata()) == [0.25, 0.5, 0.75]
    with pytest.raises(ValueError, match="curves: got"):
        draw_progress([Group("one", [0], [rows])], ["seconds"])


def test_compare_draws_runs_against_their_costs(trained, tmp_path):
    out = tmp_path / "costs.png"
    assert run.main(["compare", str(trained), "--costs", "--metric", "loss", "--out", str(out)]) == 0
    assert out.read_bytes().startswith(b"\x89PNG")


def test_cutout_reaches_the_augmentation_through_the_config():
    assert VisionConfig(augment=AugmentConfig(cutout=16)).augment.cutout == 16


def test_a_preset_gives_defaults_and_a_flag_beside_it_one_change():
    words = ["--preset", "quick_hadamard", "--epochs", "3"]
    _, config = parse("vision", words)
    assert config == replace(PRESETS["quick_hadamard"], epochs=3.0)


def test_an_unknown_preset_is_refused_by_name():
    with pytest.raises(ConfigError, match="preset: got 'nothing', expected one of noise_decay_rate"):
        parse("vision", ["--preset", "nothing"])


@pytest.mark.parametrize(
    "field", [{"level": "pixel"}, {"keep": 0.7}, {"alpha": (0.0, 1.0)}, {"scaling": "inverted"}]
)
def test_a_choice_that_means_nothing_without_a_regularizer_is_refused(field):
    (name,) = field
    with pytest.raises(ValueError, match=f"{name}.*nothing beside the regularizer none"):
        VisionConfig(**field)
    if name in ("level", "keep", "alpha"):
        VisionConfig(regularizer="shakedrop", **field)
