"""Laws of the study of code sizes: what ideal and useless codes score, and the command."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

import run
from agents.commands.latents import Config
from agents.plots.latent_study import draw_study
from agents.rig.config import RigConfig
from agents.rig.latent_study import DISTANCES, Scenes, measure_codec, rank_correlation, study
from agents.rig.worlds import build_task

SMALL = RigConfig(env="pusher", vae_images=12, vae_rollout=3, vae_epochs=1, vae_batch=2, latent=2)


@pytest.fixture(scope="module")
def scenes():
    """Forty scenes of the pusher."""
    task = build_task(RigConfig(env="pusher"))
    yield Scenes(task, np.random.default_rng(0), 40)
    task.close()


class Codec:
    """Codes and images by given functions; `deviation` is that of the encoder's distribution."""

    def __init__(self, encode, decode, deviation=None):
        self.encode, self.decode = encode, decode
        kind = "deterministic" if deviation is None else "variational"
        self.network = SimpleNamespace(config=SimpleNamespace(kind=kind))
        self._log_variance = 0.0 if deviation is None else 2 * np.log(deviation)

    def distribution(self, images):
        codes = self.encode(images)
        return codes, np.full_like(codes, self._log_variance)


def centres(images):
    """Mean row and column of the red and of the blue pixels, [N, 4]."""
    pixels = images.astype(float)
    masks = pixels[..., 0] > 2 * pixels[..., 2] + 30, pixels[..., 2] > 2 * pixels[..., 0] + 30
    grid = np.stack(np.mgrid[: images.shape[1], : images.shape[2]], -1)
    found = [np.stack([grid[row].mean(0) if row.any() else np.zeros(2) for row in mask]) for mask in masks]
    return np.concatenate(found, axis=1).astype(np.float32)


def test_codes_that_say_where_things_are_are_in_order_and_do_not_jitter(scenes):
    ideal = Codec(centres, lambda codes: scenes.images)
    found = measure_codec(ideal, scenes, np.random.default_rng(0))
    assert found["order"] > 0.85
    for measured in found["objects"].values():
        assert measured["order"] > 0.9
        assert measured["shift_jitter"] < 0.1
        assert measured["sample_jitter"] == measured["blur"] == 0.0
        assert measured["distances"]["0.05"] == 1.0
        assert list(measured["distances"]) == [f"{metres:g}" for metres in DISTANCES]


def test_constant_codes_have_no_order_and_draw_nothing(scenes):
    mean_image = scenes.images.mean(0, keepdims=True)
    useless = Codec(
        lambda images: np.zeros((len(images), 2), np.float32),
        lambda codes: np.repeat(mean_image, len(codes), axis=0),
    )
    found = measure_codec(useless, scenes, np.random.default_rng(0))
    assert found["order"] == 0.0
    for measured in found["objects"].values():
        assert measured["order"] == 0.0 and measured["blur"] == pytest.approx(1.0)


def test_sample_jitter_grows_with_the_encoder_s_deviation(scenes):
    jitters = []
    for deviation in (1.0, 2.0):
        codec = Codec(centres, lambda codes: scenes.images, deviation)
        found = measure_codec(codec, scenes, np.random.default_rng(0))
        jitters.append(found["objects"]["puck"]["sample_jitter"])
    assert jitters[0] > 0 and jitters[1] == pytest.approx(2 * jitters[0])


def test_moved_scenes_differ_in_one_object(scenes):
    near, far = (scenes.moved(1, metres) for metres in (0.001, 0.1))
    for shift, images in ((0.5, near), (2.0, far)):
        apart = np.abs(centres(images) - centres(scenes.images))
        assert (np.median(apart[:, 2:].max(1)) > shift) == (images is far)
    hands = centres(far)[:, :2] - centres(scenes.images)[:, :2]
    assert np.median(np.abs(hands)) < 0.5


def test_regions_hold_the_object_s_pixels(scenes):
    for index, channel in ((0, 0), (1, 2)):
        inside = scenes.images[scenes.region(index)].astype(float)
        outside = scenes.images[~scenes.region(index)].astype(float)
        assert len(inside) > 40 * 10
        if channel == 2:
            assert (inside[:, 2] > inside[:, 0]).all()
            assert (outside[:, 2] > 2 * outside[:, 0] + 30).sum() == 0


def test_rank_correlation_is_spearman_s():
    assert rank_correlation(np.array([1.0, 2, 3]), np.array([10.0, 200, 3000])) == pytest.approx(1.0)
    assert rank_correlation(np.array([1.0, 2, 3]), np.array([3.0, 2, 1])) == pytest.approx(-1.0)
    assert rank_correlation(np.zeros(3), np.arange(3.0)) == 0.0
    # by hand: ranks 1, 2.5, 2.5, 4 against 1, 3, 2, 4
    tied = rank_correlation(np.array([1.0, 2, 2, 3]), np.array([1.0, 3, 2, 4]))
    assert tied == pytest.approx(4.5 / np.sqrt(4.5 * 5))


def test_a_study_repeats_exactly_and_its_repeats_differ(monkeypatch):
    monkeypatch.setattr("agents.rig.latent_study.SCENES", 10)
    monkeypatch.setattr("agents.rig.autoencoding.EPOCH_UPDATES", 3)
    first, again = (list(study(SMALL, (2,), repeats=2, seed=1)) for _ in range(2))
    assert [row.values for row in first] == [row.values for row in again]
    assert first[0].values["objects"] != first[1].values["objects"]
    assert first[0].decoded.shape == (8, 48, 48, 3)


def test_the_command_writes_curves_scenes_and_numbers(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("agents.rig.latent_study.SCENES", 10)
    monkeypatch.setattr("agents.rig.autoencoding.EPOCH_UPDATES", 3)
    out, report = tmp_path / "sizes.png", tmp_path / "sizes.json"
    words = ["--latents", "2", "3", "--epochs", "1", "--images", "12", "--batch", "2"]
    assert run.main(["latents", *words, "--out", str(out), "--json", str(report)]) == 0
    rows = json.loads(report.read_text())["rows"]
    assert [row["latent"] for row in rows] == [2, 3]
    assert set(rows[0]["objects"]) == {"hand", "puck"}
    assert out.read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "sizes-scenes.png").read_bytes().startswith(b"\x89PNG")
    assert "order of pairs" in capsys.readouterr().out


def test_the_curves_have_a_line_for_every_object():
    measured = {"sample_jitter": 0.1, "shift_jitter": 0.02, "order": 0.9, "blur": 0.5}
    measured["distances"] = {f"{metres:g}": metres for metres in DISTANCES}
    objects = {"hand": measured, "puck": measured}
    rows = [{"latent": size, "repeat": 0, "order": 0.5, "objects": objects} for size in (2, 4)]
    panels = draw_study(rows).axes
    assert len(panels) == 6
    assert [line.get_label() for line in panels[0].lines if not line.get_label().startswith("_")] == [
        "hand",
        "puck",
    ]


def test_the_study_trains_the_encoder_that_is_asked_for():
    assert Config().run_config(4).points == RigConfig.points
    assert Config(points=0).run_config(4).points == 0


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"latents": ()}, "latents: got none"),
        ({"latents": (3,), "method": "dsae"}, "latents: got 3"),
        ({"images": 0}, "images: got 0"),
        ({"epochs": 0}, "epochs: got 0"),
        ({"beta": -1.0}, "beta: got -1.0"),
        ({"repeats": 0}, "repeats: got 0"),
        ({"out": "sizes.pdf"}, "out: got sizes.pdf"),
        ({"points": -1}, "points: got -1"),
        ({"json": "absent/sizes.json"}, "json: got absent/sizes.json, expected a file in a folder"),
        ({"method": "her"}, "method: got 'her'"),
    ],
)
def test_wrong_fields_are_named_as_their_flags(changes, complaint):
    with pytest.raises(ValueError, match=complaint):
        Config(**changes)
