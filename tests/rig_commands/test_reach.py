"""Laws of `run.py reach`: goals as image files or layouts, what is told, and what is written."""

import numpy as np
import pytest
from PIL import Image

import run
from agents.rig.goal_images import read_goal_image
from agents.runs.errors import ConfigError
from envs.manipulation.task import ManipulationTask
from envs.manipulation.tasks import get_plan

LAYOUT = np.array([0.02, 0.6, 0.1, 0.65])


@pytest.fixture(scope="module")
def scene():
    """What the pusher's camera sees of `LAYOUT`, [48, 48, 3]."""
    return ManipulationTask(get_plan("pusher"), image_size=48).images_of(LAYOUT[None])[0]


def saved(image, path):
    Image.fromarray(image).save(path)
    return path


def test_an_image_of_the_right_size_is_taken_as_it_is(scene, tmp_path):
    found = read_goal_image(saved(scene, tmp_path / "goal.png"), 48)
    assert np.array_equal(found.image, scene) and found.change == ""


def test_a_larger_image_is_averaged_and_a_wide_one_loses_its_sides(scene, tmp_path):
    enlarged = scene.repeat(4, axis=0).repeat(4, axis=1)
    found = read_goal_image(saved(enlarged, tmp_path / "large.png"), 48)
    assert np.array_equal(found.image, scene)
    assert found.change == "goal image of 192x192 pixels scaled to 48x48"
    wide = np.concatenate([np.zeros((48, 10, 3), np.uint8), scene, np.zeros((48, 10, 3), np.uint8)], axis=1)
    found = read_goal_image(saved(wide, tmp_path / "wide.png"), 48)
    assert np.array_equal(found.image, scene)
    assert found.change == "goal image of 68x48 pixels cut to 48x48"


def test_grey_and_transparent_images_become_rgb(tmp_path):
    for mode in ("L", "RGBA", "P"):
        Image.new(mode, (48, 48)).save(tmp_path / "goal.png")
        assert read_goal_image(tmp_path / "goal.png", 48).image.shape == (48, 48, 3)


def test_files_that_are_no_images_are_refused(scene, tmp_path):
    whole = saved(scene, tmp_path / "whole.png").read_bytes()
    for content in (b"", b"text", whole[:80], b"GIF89a" + b"\xff" * 20):
        (tmp_path / "bad.png").write_bytes(content)
        with pytest.raises(ConfigError, match=r"goal_image: got .* not an? (whole )?image"):
            read_goal_image(tmp_path / "bad.png", 48)


def test_a_goal_image_is_reached_for_and_filmed(imaginer, scene, tmp_path, capsys):
    goal, out = saved(scene.repeat(2, 0).repeat(2, 1), tmp_path / "goal.png"), tmp_path / "reached.gif"
    words = ["--goal-image", str(goal), "--steps", "4", "--out", str(out)]
    assert run.main(["reach", str(imaginer), *words, "--device", "cpu"]) == 0
    told = capsys.readouterr()
    assert "note: goal image of 96x96 pixels scaled to 48x48" in told.err
    assert "after 4 actions: distances unknown" in told.out and "image distance" in told.out
    with Image.open(out) as film:
        assert film.format == "GIF" and film.n_frames >= 2


def test_a_layout_is_reached_for_with_distances(oracle, imaginer, tmp_path, capsys):
    for folder in (oracle / "seed-1", imaginer):
        out = tmp_path / "sheet.png"
        words = ["--goal", *map(str, LAYOUT), "--out", str(out), "--device", "cpu"]
        assert run.main(["reach", str(folder), *words]) == 0
        told = capsys.readouterr().out
        assert "hand at 0.020 0.600, puck 1 at 0.100 0.650" in told
        assert "after 6 actions: hand" in told and "puck" in told
        assert out.read_bytes().startswith(b"\x89PNG")


def test_without_a_goal_one_is_drawn_from_the_seed(imaginer, capsys):
    told = []
    for seed in ("1", "1", "2"):
        words = ["--seed", seed, "--one-at-a-time", "--device", "cpu"]
        assert run.main(["reach", str(imaginer), *words]) == 0
        told.append(capsys.readouterr().out)
    assert told[0] == told[1] != told[2]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--goal", "0.1", "0.6"], "goal: got [0.1, 0.6], expected 4 numbers on the table"),
        (["--goal-image", __file__], "goal-image: got"),
        (["--goal-image", "nowhere.png"], "goal-image: got nowhere.png, expected an existing file"),
        (["--goal-image", __file__, "--goal", "1"], "expected nothing beside --goal-image"),
        (["--out", "film.mp4"], "out: got film.mp4"),
        (["--steps", "-1"], "steps: got -1"),
    ],
)
def test_goals_and_files_that_do_not_fit_end_with_one_line(imaginer, words, complaint, capfd):
    assert run.main(["reach", str(imaginer), *words, "--device", "cpu"]) == 2
    error = capfd.readouterr().err
    assert complaint in error and error.count("\n") == 1


def test_agents_that_see_states_take_no_images_and_several_seeds_are_not_one_agent(
    oracle, scene, tmp_path, capsys
):
    goal = saved(scene, tmp_path / "goal.png")
    assert run.main(["reach", str(oracle / "seed-1"), "--goal-image", str(goal)]) == 2
    assert "sees no images" in capsys.readouterr().err
    assert run.main(["reach", str(oracle)]) == 2
    assert "of several seeds" in capsys.readouterr().err
