"""Laws of the pictures: what is drawn is what was recorded, in its place."""

import io

import gymnasium
import numpy as np
import pytest
from PIL import Image

import envs  # noqa: F401  (registers the ids)
from agents.plots.codes import draw_interpolations, draw_reconstructions, draw_samples
from agents.plots.picture_grid import ACCENT, GAP, MARGIN, draw_grid, framed, gif_bytes, png_bytes
from agents.plots.rollouts import contact_sheet, distance_labels, moving_picture
from agents.rig.evaluation import final_distances, held_out_goals
from agents.rig.film import Film, enlarged, record
from agents.rig.play import Passive, begin_towards
from agents.rig.single_goals import with_object_moved
from tests.rig.walkers import Walker


class Halves:
    """A codec whose codes are the mean red and green of an image; it decodes to even colours."""

    def encode(self, observations):
        return observations[..., :2].mean((1, 2)).astype(np.float32)

    def decode(self, codes):
        colours = np.concatenate([codes, np.zeros((len(codes), 1))], axis=1)
        return np.broadcast_to(colours[:, None, None], (len(codes), 4, 4, 3)).round().astype(np.uint8)


@pytest.fixture(scope="module")
def reacher():
    return gymnasium.make("hogline/Reacher-v0")


def test_a_grid_holds_its_images_pixel_by_pixel():
    images = np.random.default_rng(0).integers(0, 255, (2, 3, 5, 4, 3), dtype=np.uint8)
    picture = np.asarray(draw_grid(images, scale=2))
    assert picture.shape == (2 * MARGIN + 2 * 10 + GAP, 2 * MARGIN + 3 * 8 + 3 * GAP, 3)
    for row in range(2):
        for column in range(3):
            top, left = MARGIN + row * (10 + GAP), MARGIN + column * (8 + GAP)
            drawn = picture[top : top + 10 : 2, left : left + 8 : 2]
            assert np.array_equal(drawn, images[row, column])


def test_labels_take_room_and_their_number_is_checked():
    images = np.zeros((1, 2, 8, 8, 3), np.uint8)
    bare, named = (
        draw_grid(images),
        draw_grid(images, columns=["a", "b"], rows=["a long label\nof two lines"]),
    )
    assert named.size[0] > bare.size[0] and named.size[1] > bare.size[1]
    with pytest.raises(ValueError, match="columns: got 1 labels, expected 2"):
        draw_grid(images, columns=["a"])
    with pytest.raises(ValueError, match="images: got float64"):
        draw_grid(images.astype(float))


def test_a_frame_covers_the_edges_and_nothing_else():
    image = np.zeros((1, 9, 9, 3), np.uint8)
    assert (framed(image)[0, 0] == ACCENT).all() and not framed(image)[0, 4, 4].any()
    assert not image.any()


def test_png_and_gif_give_back_the_pictures():
    pictures = [draw_grid(np.full((1, 1, 6, 6, 3), level, np.uint8)) for level in (0, 90, 180)]
    with Image.open(io.BytesIO(png_bytes(pictures[0]))) as again:
        assert np.array_equal(np.asarray(again), np.asarray(pictures[0]))
    with Image.open(io.BytesIO(gif_bytes(pictures, seconds=0.1, hold=1.0))) as film:
        assert (film.n_frames, film.info["duration"], film.info["loop"]) == (3, 100, 0)
        film.seek(2)
        assert film.info["duration"] == 1100
        middle = film.convert("RGB").getpixel((MARGIN + 3, MARGIN + 3))
        assert middle == pytest.approx((180, 180, 180), abs=8)


def test_a_recording_ends_as_the_evaluation_says_and_starts_at_the_start(reacher):
    goals = held_out_goals(reacher, 2, 0)
    task = reacher.unwrapped.task
    found, film = record(Walker(), task, begin_towards(task, goals), horizon=20), Film(task)
    assert found.frames.shape == (21, 2, 144, 144, 3)
    assert np.array_equal(found.frames[0, 0], film.layouts(task.plan.start[None])[0])
    assert np.array_equal(found.frames[-1], film.layouts(goals)) and np.array_equal(
        found.goals, film.layouts(goals)
    )
    expected = final_distances(Walker(), reacher, goals, horizon=20)
    assert np.array_equal(found.distances["hand_distance"], expected["hand_distance"])
    assert distance_labels(found) == ["hand 0.0 cm"] * 2


def test_rollouts_become_a_row_or_a_cell_each(reacher):
    task = reacher.unwrapped.task
    found = record(Walker(), task, begin_towards(task, held_out_goals(task, 4, 0)), horizon=40)
    sheet = contact_sheet(found)
    assert sheet.size[1] > 4 * 144 and sheet.size[0] > 6 * 144
    with Image.open(io.BytesIO(moving_picture(found))) as film:
        assert film.n_frames >= 5 and film.size[0] > 6 * 144
    short = record(Walker(), task, begin_towards(task, held_out_goals(task, 1, 0)), horizon=1)
    assert contact_sheet(short).size[0] < 4 * 144


def test_goals_of_single_objects_are_shown_between_goal_and_scene():
    task = gymnasium.make("hogline/Pusher-v0").unwrapped.task
    episodes, told = begin_towards(task, held_out_goals(task, 2, 0)), []
    found = record(Passive(), task, episodes, horizon=4, one_at_a_time=True, watch=told.append)
    assert told == [1, 2, 3, 4]
    stages = [with_object_moved(task.plan.start, episodes[0].goal, moved) for moved in (1, 0)]
    first, last = Film(task).layouts(np.stack(stages))
    assert np.array_equal(found.aims[0, 0], first) and np.array_equal(found.aims[-1, 0], last)
    with Image.open(io.BytesIO(moving_picture(found))) as film:
        assert film.size[0] > 6 * 144


def test_goals_known_as_images_are_shown_enlarged_and_without_distances():
    task = gymnasium.make("hogline/VisualReacher-v0").unwrapped.task
    image = np.random.default_rng(0).integers(0, 255, (48, 48, 3), dtype=np.uint8)
    episodes = task.begin([np.random.default_rng(0)], {"goal": image})
    shown = Film(task).goals(episodes)[0]
    assert np.array_equal(shown[::3, ::3], image)
    assert np.array_equal(enlarged(image, 48), image)
    known = begin_towards(task, np.array([[0.1, 0.6]]))
    assert Film(task).goals(known).shape == (1, 144, 144, 3)


def test_codes_are_drawn_from_image_to_image():
    images = np.zeros((3, 4, 4, 3), np.uint8)
    others = np.full((3, 4, 4, 3), 200, np.uint8)
    way = np.asarray(draw_interpolations(Halves(), images, others))
    left, right = way[-MARGIN - 3, MARGIN + 2], way[-MARGIN - 3, way.shape[1] - MARGIN - GAP - 3]
    assert not left.any() and (right == 200).all()
    top = way.shape[0] - MARGIN - 4
    reds = [int(way[top, MARGIN + (8 + GAP) * column + 3, 0]) for column in range(9)]
    assert reds == [0, 0, 33, 67, 100, 133, 167, 200, 200]
    assert draw_reconstructions(Halves(), images).size[1] > 2 * 8
    assert draw_samples(Halves(), np.zeros((16, 2), np.float32)).size[0] == 2 * MARGIN + 8 * (8 + GAP)
