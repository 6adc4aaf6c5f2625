"""Pictures of the sheet are true to scale, and show what happened."""

import numpy as np
import pytest

from envs.curling.conditions import build_world
from envs.curling.games import play_game
from envs.curling.opponents import get_player
from envs.curling.render import (
    BEYOND_HACK,
    BLUE,
    HOG,
    ICE,
    MARGIN,
    MARK,
    MARK_WIDTH,
    RED,
    SHORT_OF_HOG,
    TEAM_COLOURS,
    draw_board,
    draw_game,
    png_bytes,
)
from envs.curling.replay import shot_tracks
from envs.curling.rules import start_game
from tests.curling.boards import board

WORLD = build_world("fcv1", "dc3", "end")
SHEET = WORLD.ice.sheet
SCALE = 80  # pixels a metre


def picture(team_0=(), team_1=(), **arguments):
    stones, in_play = board(team_0, team_1)
    return draw_board(SHEET, stones[0], in_play[0], pixels_per_metre=SCALE, **arguments)


def colour(image, x, beyond):
    """The pixel at x and so far beyond the tee, metres."""
    column = round((x + SHEET.width / 2 + MARGIN) * SCALE)
    row = round((SHEET.hack_y + BEYOND_HACK - SHEET.tee_y - beyond) * SCALE)
    return tuple(int(part) for part in image[row, column])


def near(seen, wanted):
    return max(abs(a - b) for a, b in zip(seen, wanted, strict=True)) < 12


def test_the_picture_has_the_size_of_the_sheet():
    height, width, channels = picture().shape
    assert abs(width - (SHEET.width + 2 * MARGIN) * SCALE) <= 1
    assert abs(height - (SHEET.hack_y + BEYOND_HACK - SHEET.hog_y + SHORT_OF_HOG) * SCALE) <= 1
    assert channels == 3


def test_circles_and_lines_are_where_the_sheet_has_them():
    image = picture()
    for angle in np.linspace(0.3, 6.0, 7):
        across, along = np.cos(angle), np.sin(angle)
        assert near(colour(image, 1.5 * across, 1.5 * along), BLUE)
        assert near(colour(image, 0.4 * across, 0.4 * along), RED)
    assert near(colour(image, 1.86, 0.3), ICE)
    assert near(colour(image, 1.2, SHEET.hog_y - SHEET.tee_y), HOG)
    assert near(colour(image, 1.2, SHEET.hog_y - SHEET.tee_y + 0.15), ICE)


def test_stones_lie_where_they_lie_in_their_colours():
    image = picture([(0.9, -3.0)], [(-1.2, -2.0)])
    assert near(colour(image, 0.9 + 0.06, -3.0 + 0.05), TEAM_COLOURS[0])
    assert near(colour(image, -1.2 + 0.06, -2.0 + 0.05), TEAM_COLOURS[1])
    assert not near(colour(image, 0.9, -3.0 + SHEET.stone_radius - 0.03), ICE)
    assert near(colour(image, 0.9, -3.0 + SHEET.stone_radius + 0.03), ICE)


def test_a_track_is_drawn_along_the_way_of_a_stone_that_moved():
    tracks = np.full((30, 16, 2), np.nan)
    tracks[:, 0] = SHEET.tee + np.linspace([1.5, -5.0], [1.5, -3.0], 30)
    tracks[:, 9] = SHEET.tee + np.array([-1.5, -4.0])
    plain, drawn = picture(), picture(tracks=tracks)
    assert colour(drawn, 1.5, -4.0) != colour(plain, 1.5, -4.0)
    assert colour(drawn, -1.5, -4.0) == colour(plain, -1.5, -4.0), "a stone at rest has no track"
    assert colour(drawn, 1.3, -4.0) == colour(plain, 1.3, -4.0)


def test_a_mark_is_a_cross_and_a_ring_as_wide_as_a_stone_around_its_point():
    mark = SHEET.tee + np.array([0.9, -3.0])
    plain, marked = picture([(0.9, -3.0)]), picture([(0.9, -3.0)], mark=mark)
    rim = SHEET.stone_radius - MARK_WIDTH / 2
    for x, beyond in ((0.9, -3.0), (0.9 + rim * 0.6, -3.0 - rim * 0.8)):
        assert near(colour(marked, x, beyond), MARK)
    changed = np.argwhere((plain != marked).any(axis=-1))
    assert np.ptp(changed, axis=0).max() <= 2 * SHEET.stone_radius * SCALE + 2
    assert colour(marked, 0.0, 0.0) == colour(plain, 0.0, 0.0)


def test_equal_boards_give_equal_pictures():
    assert picture([(0.1, 0.2)]).tobytes() == picture([(0.1, 0.2)]).tobytes()


def test_the_score_board_stands_beside_the_sheet_and_follows_the_score(tmp_path):
    players = [get_player("drawer"), get_player("drawer")]
    throws = play_game(WORLD, players, np.random.default_rng(3))
    start = draw_game(SHEET, WORLD.rules, start_game(SHEET, WORLD.rules))
    tracks = shot_tracks(WORLD.ice, WORLD.rules, throws[-1])
    final = draw_game(SHEET, WORLD.rules, throws[-1].after, board=throws[-1].board, tracks=tracks)
    assert start.shape == final.shape
    assert start.dtype == final.dtype == np.uint8
    panel = slice(round((SHEET.width + 2 * MARGIN) * 64), None)
    assert (start[:, panel] != final[:, panel]).any()
    (tmp_path / "house.png").write_bytes(png_bytes(final))
    assert (tmp_path / "house.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pixels_per_metre": 2}, "pixels_per_metre: 2, expected 8 to 400"),
        ({"tracks": np.zeros((4, 2))}, "tracks: shape"),
        ({"mark": np.zeros(3)}, "mark: .* expected two finite"),
        ({"mark": [np.nan, 1.0]}, "mark: .* expected two finite"),
    ],
)
def test_bad_arguments_are_refused_by_name(arguments, message):
    stones, in_play = board()
    with pytest.raises(ValueError, match=message):
        draw_board(SHEET, stones[0], in_play[0], **arguments)
    with pytest.raises(ValueError, match="stones: shapes"):
        draw_board(SHEET, stones, in_play)


@pytest.mark.parametrize("place", [(np.nan, 0.0), (1e200, 0.0), (0.0, np.inf), (0.0, 9.0), (2.4, 0.0)])
def test_a_stone_off_the_sheet_is_not_drawn_but_refused(place):
    with pytest.raises(ValueError, match=r"^stones\[8\]: .* expected a place on the sheet$"):
        picture([(0.0, 0.0)], [place])
