"""A curling sheet as an image, true to scale: house, lines, stones, tracks and the score board.

The picture is drawn larger by `OVERSAMPLING` and averaged down, so every edge is smooth. The thrower looks
up the picture: hog line below, house above. What never moves is drawn once for each sheet and scale.

Shape letters: T instants of a track, H and W pixels.
"""

from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from envs.curling.rule_set import RuleSet
from envs.curling.rules import GameState
from envs.curling.score_board import Colour, draw_score_board, lettering
from envs.curling.sheet import (
    BUTTON_RADIUS,
    EIGHT_FOOT_RADIUS,
    FOUR_FOOT_RADIUS,
    STONES,
    STONES_PER_TEAM,
    Sheet,
)

OVERSAMPLING = 3  # pixels drawn for each pixel shown, along each axis
PIXELS_PER_METRE = 64
SHORT_OF_HOG = 1.0  # metres shown below the hog line
BEYOND_HACK = 0.35  # metres shown above the far hack
MARGIN = 0.22  # metres around the sheet

LINE_WIDTH = 0.013  # metres; painted lines
HOG_LINE_WIDTH = 0.102  # metres
MARK_WIDTH = 0.05  # metres, of the lines of a mark
HANDLE = 0.62  # radius of the coloured top of a stone over its radius

SURROUND = (225, 231, 238)
ICE = (246, 250, 253)
BLUE, WHITE, RED = (42, 99, 178), (248, 251, 253), (203, 46, 52)
LINE = (62, 74, 92)
HOG = (186, 38, 44)
MARK = (20, 140, 70)
GRANITE, GRANITE_EDGE, SHADOW = (138, 143, 150), (58, 62, 70), (96, 110, 130)
TEAM_COLOURS = ((214, 40, 40), (250, 199, 32))
TEAM_INK = ((255, 255, 255), (40, 34, 10))

Image8 = NDArray[np.uint8]


def draw_board(
    sheet: Sheet,
    stones: NDArray[np.float64],
    in_play: NDArray[np.bool_],
    *,
    tracks: NDArray[np.float64] | None = None,
    mark: NDArray[np.float64] | None = None,
    pixels_per_metre: int = PIXELS_PER_METRE,
) -> Image8:
    """The playing end of the sheet with its stones.

    Args:
        sheet: the geometry.
        stones: [16, 2] float64, metres in shot coordinates.
        in_play: [16] bool.
        tracks: [T, 16, 2] float64 metres, where stones went during a shot; NaN where a stone is not on the
            sheet.
        mark: [2] float64, metres; a point to mark with a ring as wide as a stone and a cross, above all else.
        pixels_per_metre: scale of the picture; 8 to 400.

    Returns:
        [H, W, 3] uint8 RGB.

    Raises:
        ValueError: on a wrong shape or scale.
    """
    image = _board(sheet, stones, in_play, tracks, pixels_per_metre)
    if mark is not None:
        _draw_mark(_Pencil(sheet, image, pixels_per_metre * OVERSAMPLING), sheet.stone_radius, mark)
    return _shrunk(image)


def draw_game(
    sheet: Sheet,
    rules: RuleSet,
    state: GameState,
    *,
    board: tuple[NDArray[np.float64], NDArray[np.bool_]] | None = None,
    tracks: NDArray[np.float64] | None = None,
    names: Sequence[str] = ("Red", "Yellow"),
    pixels_per_metre: int = PIXELS_PER_METRE,
) -> Image8:
    """The playing end with the score board beside it.

    Args:
        sheet, tracks, pixels_per_metre: as for `draw_board`.
        rules: the event's rules.
        state: the game.
        board: stones [16, 2] and in_play [16] to show instead of the state's, as after the last stone of an
            end.
        names: of team 0 and team 1.

    Returns:
        [H, W, 3] uint8 RGB.

    Raises:
        ValueError: on a wrong shape or scale, or a stone off the sheet.
    """
    stones, in_play = board if board is not None else (state.stones, state.in_play)
    picture = _board(sheet, stones, in_play, tracks, pixels_per_metre)
    scale = pixels_per_metre * OVERSAMPLING
    panel = draw_score_board(rules, state, names, TEAM_COLOURS, scale, picture.height)
    whole = Image.new("RGB", (picture.width + panel.width, picture.height), SURROUND)
    whole.paste(picture, (0, 0))
    whole.paste(panel, (picture.width, 0))
    return _shrunk(whole)


def circles(sheet: Sheet) -> tuple[tuple[float, Colour], ...]:
    """Radius (metres) and colour (RGB) of the circles of the house, from the outermost in."""
    inner = ((EIGHT_FOOT_RADIUS, WHITE), (FOUR_FOOT_RADIUS, RED), (BUTTON_RADIUS, WHITE))
    return (sheet.house_radius, BLUE), *inner


def png_bytes(image: Image8) -> bytes:
    """The content of a PNG file of [H, W, 3] uint8 RGB."""
    content = BytesIO()
    Image.fromarray(image).save(content, format="PNG")
    return content.getvalue()


class _Pencil:
    """Draws in metres of the sheet on an oversampled image."""

    def __init__(self, sheet: Sheet, image: Image.Image, scale: int) -> None:
        self.scale = scale
        self.left = sheet.width / 2 + MARGIN
        self.top = sheet.hack_y + BEYOND_HACK
        self.draw = ImageDraw.Draw(image)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Pixel of a point in shot coordinates."""
        return (x + self.left) * self.scale, (self.top - y) * self.scale

    def disc(self, x: float, y: float, radius: float, colour: tuple[int, ...]) -> None:
        column, row = self.at(x, y)
        reach = radius * self.scale
        self.draw.ellipse((column - reach, row - reach, column + reach, row + reach), fill=colour)

    def ring(self, x: float, y: float, radius: float, width: float, colour: tuple[int, ...]) -> None:
        column, row = self.at(x, y)
        reach, pixels = radius * self.scale, max(round(width * self.scale), OVERSAMPLING)
        self.draw.ellipse(
            (column - reach, row - reach, column + reach, row + reach), outline=colour, width=pixels
        )

    def line(
        self, start: tuple[float, float], stop: tuple[float, float], width: float, colour: tuple
    ) -> None:
        pixels = max(round(width * self.scale), OVERSAMPLING)
        self.draw.line((*self.at(*start), *self.at(*stop)), fill=colour, width=pixels)

    def text(self, x: float, y: float, text: str, height: float, colour: tuple[int, ...]) -> None:
        font = lettering(round(height * self.scale))
        self.draw.text(self.at(x, y), text, fill=colour, font=font, anchor="mm")


def _board(
    sheet: Sheet,
    stones: NDArray[np.float64],
    in_play: NDArray[np.bool_],
    tracks: NDArray[np.float64] | None,
    pixels_per_metre: int,
) -> Image.Image:
    """The oversampled picture of the playing end."""
    stones, in_play = np.asarray(stones), np.asarray(in_play)
    if stones.shape != (STONES, 2) or in_play.shape != (STONES,):
        raise ValueError(
            f"stones: shapes {stones.shape}, {in_play.shape}, expected ({STONES}, 2), ({STONES},)"
        )
    _check_places(sheet, stones, in_play)
    if not 8 <= pixels_per_metre <= 400:
        raise ValueError(f"pixels_per_metre: {pixels_per_metre!r}, expected 8 to 400")
    scale = pixels_per_metre * OVERSAMPLING
    image = _empty_sheet(sheet, scale).copy()
    if tracks is not None:
        image = _with_tracks(sheet, image, tracks, scale)
    pencil = _Pencil(sheet, image, scale)
    for slot in np.flatnonzero(in_play):
        _draw_stone(pencil, sheet.stone_radius, int(slot), *stones[slot])
    return image


def _check_places(sheet: Sheet, stones: NDArray[np.float64], in_play: NDArray[np.bool_]) -> None:
    """Refuse stones that no picture of the sheet can show."""
    beside = np.abs(stones[:, 0]) <= sheet.width / 2
    between = (stones[:, 1] >= sheet.near_end_y) & (stones[:, 1] <= sheet.backboard_y)
    for slot in np.flatnonzero(in_play & ~(beside & between)):
        raise ValueError(f"stones[{slot}]: {stones[slot].tolist()}, expected a place on the sheet")


def _draw_stone(pencil: _Pencil, radius: float, slot: int, x: float, y: float) -> None:
    """Granite, coloured handle and the number of the stone in its team."""
    team, number = divmod(slot, STONES_PER_TEAM)
    colour = TEAM_COLOURS[team]
    pencil.disc(x + 0.12 * radius, y - 0.16 * radius, radius, SHADOW)
    pencil.disc(x, y, radius, GRANITE_EDGE)
    pencil.disc(x, y, 0.93 * radius, GRANITE)
    pencil.disc(x, y, (HANDLE + 0.05) * radius, tuple(round(0.55 * part) for part in colour))
    pencil.disc(x, y, HANDLE * radius, colour)
    pencil.text(x, y, str(number + 1), 0.95 * radius, TEAM_INK[team])


def _draw_mark(pencil: _Pencil, radius: float, mark: NDArray[np.float64]) -> None:
    """A ring and a cross around a point [2], metres."""
    mark = np.asarray(mark, dtype=np.float64)
    if mark.shape != (2,) or not np.isfinite(mark).all():
        raise ValueError(f"mark: {mark.tolist()}, expected two finite coordinates")
    x, y = mark.tolist()
    pencil.ring(x, y, radius, MARK_WIDTH, MARK)
    pencil.line((x - radius, y), (x + radius, y), MARK_WIDTH, MARK)
    pencil.line((x, y - radius), (x, y + radius), MARK_WIDTH, MARK)


def _with_tracks(sheet: Sheet, image: Image.Image, tracks: NDArray[np.float64], scale: int) -> Image.Image:
    """The image with the way of every stone that moved, translucent in its team's colour."""
    tracks = np.asarray(tracks)
    if tracks.ndim != 3 or tracks.shape[1:] != (STONES, 2):
        raise ValueError(f"tracks: shape {tracks.shape}, expected [T, {STONES}, 2]")
    layer = Image.new("RGBA", image.size, (0, 0, 0, 0))
    pencil = _Pencil(sheet, layer, scale)
    for slot in range(STONES):
        way = tracks[:, slot][np.isfinite(tracks[:, slot]).all(axis=1)]
        if len(way) < 2 or np.ptp(way, axis=0).max() < sheet.stone_radius / 10:
            continue
        colour = (*(round(0.8 * part) for part in TEAM_COLOURS[slot // STONES_PER_TEAM]), 150)
        points = [pencil.at(x, y) for x, y in way]
        pencil.draw.line(points, fill=colour, width=round(0.035 * scale), joint="curve")
        start = way[0]
        if start[1] > sheet.hog_y:
            pencil.disc(*start, sheet.stone_radius / 3, colour)
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


@lru_cache(maxsize=8)
def _empty_sheet(sheet: Sheet, scale: int) -> Image.Image:
    """House, lines and hack on the ice, oversampled."""
    bottom = sheet.hog_y - SHORT_OF_HOG
    height = round((sheet.hack_y + BEYOND_HACK - bottom) * scale)
    width = round((sheet.width + 2 * MARGIN) * scale)
    size = (width - width % OVERSAMPLING, height - height % OVERSAMPLING)
    image = Image.new("RGB", size, SURROUND)
    pencil = _Pencil(sheet, image, scale)
    side = sheet.width / 2
    pencil.draw.rectangle((*pencil.at(-side, pencil.top), *pencil.at(side, bottom - 1.0)), fill=ICE)
    for radius, colour in circles(sheet):
        pencil.disc(0.0, sheet.tee_y, radius + LINE_WIDTH / 2, LINE)
        pencil.disc(0.0, sheet.tee_y, radius - LINE_WIDTH / 2, colour)
    pencil.line((-side, sheet.hog_y), (side, sheet.hog_y), HOG_LINE_WIDTH, HOG)
    for y in (sheet.tee_y, sheet.back_y):
        pencil.line((-side, y), (side, y), LINE_WIDTH, LINE)
    pencil.line((0.0, bottom - 1.0), (0.0, sheet.hack_y), LINE_WIDTH, LINE)
    pencil.line((-0.23, sheet.hack_y), (0.23, sheet.hack_y), 3 * LINE_WIDTH, LINE)
    for x in (-side, side):
        pencil.line((x, pencil.top), (x, bottom - 1.0), 3 * LINE_WIDTH, LINE)
    return image


def _shrunk(image: Image.Image) -> Image8:
    return np.asarray(image.reduce(OVERSAMPLING)).copy()
