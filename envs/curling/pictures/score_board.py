"""The score board beside the sheet: ends down, teams across, totals, hammer and whose throw it is."""

from collections.abc import Sequence
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from envs.curling.rules.game import TEAMS, GameState
from envs.curling.rules.rule_set import RuleSet

PANEL_METRES = 3.6  # width of the panel in metres of the sheet
ROW = 0.42  # metres, height of a row
MOST_ROWS = 12  # ends shown at once, the latest ones
BACKGROUND, CARD, INK, FAINT, RULE = (
    (225, 231, 238),
    (255, 255, 255),
    (28, 36, 48),
    (120, 132, 148),
    (205, 214, 224),
)
COLUMNS = (0.55, 1.55, 2.65)  # metres, centres of the columns for end number, team 0 and team 1

Colour = tuple[int, int, int]


class _Card:
    """Draws text and shapes in metres on the panel."""

    def __init__(self, scale: int, height: int) -> None:
        self.scale = scale
        self.image = Image.new("RGB", (round(PANEL_METRES * scale), height), BACKGROUND)
        self.draw = ImageDraw.Draw(self.image)

    def text(
        self, x: float, y: float, text: str, size: float, colour: Colour = INK, anchor: str = "mm"
    ) -> None:
        font = lettering(round(size * self.scale))
        self.draw.text((x * self.scale, y * self.scale), text, fill=colour, font=font, anchor=anchor)

    def box(
        self, left: float, top: float, right: float, bottom: float, colour: Colour, round_by: float
    ) -> None:
        edges = [value * self.scale for value in (left, top, right, bottom)]
        self.draw.rounded_rectangle(edges, radius=round_by * self.scale, fill=colour)

    def line(self, left: float, right: float, y: float) -> None:
        points = [value * self.scale for value in (left, y, right, y)]
        self.draw.line(points, fill=RULE, width=max(round(0.012 * self.scale), 1))


@lru_cache(maxsize=32)
def lettering(pixels: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font of all pictures at this height in pixels."""
    return ImageFont.load_default(size=max(pixels, 1))


def draw_score_board(
    rules: RuleSet,
    state: GameState,
    names: Sequence[str],
    colours: Sequence[Colour],
    scale: int,
    height: int,
) -> Image.Image:
    """The panel as an image.

    Args:
        rules: the event's rules.
        state: the game.
        names: of team 0 and team 1.
        colours: RGB of team 0 and team 1.
        scale: pixels a metre.
        height: pixels.
    """
    card = _Card(scale, height)
    last = max(rules.ends, state.end + (0 if state.over else 1))
    first = max(last - MOST_ROWS, 0)
    rows = last - first
    left, right = 0.05, PANEL_METRES - 0.25
    top = 0.25
    card.box(left, top, right, top + 1.0 + ROW * (rows + 1) + 0.45, CARD, 0.12)
    _draw_header(card, state, names, colours, top)
    y = top + 1.0
    for end in range(first, last):
        _draw_end(card, rules, state, end, y + ROW * (end - first + 0.5))
        card.line(left + 0.15, right - 0.15, y + ROW * (end - first))
    total_y = y + ROW * rows
    card.line(left + 0.15, right - 0.15, total_y)
    card.text(COLUMNS[0], total_y + 0.4, "Total", 0.2, FAINT)
    for team in TEAMS:
        card.text(COLUMNS[1 + team], total_y + 0.4, str(state.totals[team]), 0.42)
    _draw_status(card, rules, state, names, total_y + 1.25)
    return card.image


def _draw_header(
    card: _Card, state: GameState, names: Sequence[str], colours: Sequence[Colour], top: float
) -> None:
    """Team names under their colours, a ring of ink around the hammer."""
    card.text(COLUMNS[0], top + 0.72, "End", 0.2, FAINT)
    for team in TEAMS:
        x = COLUMNS[1 + team]
        card.box(x - 0.4, top + 0.2, x + 0.4, top + 0.46, colours[team], 0.13)
        if not state.over and state.hammer == team:
            card.text(x, top + 0.33, "HAMMER", 0.14, (255, 255, 255) if team == 0 else INK)
        card.text(x, top + 0.72, _fitted(names[team]), 0.22)


def _draw_end(card: _Card, rules: RuleSet, state: GameState, end: int, y: float) -> None:
    """One row: the number of the end and both scores."""
    playing = end == state.end and not state.over
    label = str(end + 1) if end < rules.ends else f"+{end + 1 - rules.ends}"
    card.text(COLUMNS[0], y, label, 0.22, INK if playing else FAINT)
    for team in TEAMS:
        if end < len(state.scores):
            points = state.scores[end][team]
            card.text(COLUMNS[1 + team], y, str(points), 0.26, INK if points else FAINT)
        elif playing:
            card.text(COLUMNS[1 + team], y, "·", 0.3, FAINT)


def _draw_status(card: _Card, rules: RuleSet, state: GameState, names: Sequence[str], y: float) -> None:
    """Two lines: what is being played, and who throws or who won."""
    if state.over:
        winner = "Draw" if state.winner is None else f"{_fitted(names[state.winner])} wins"
        card.text(0.3, y, winner, 0.3, INK, "lm")
        card.text(
            0.3,
            y + 0.4,
            f"after {state.end} ends" if state.reason != "concede" else "by concession",
            0.2,
            FAINT,
            "lm",
        )
        return
    card.text(0.3, y, f"{_fitted(names[state.thrower])} to throw", 0.28, INK, "lm")
    card.text(0.3, y + 0.4, f"stone {state.shot + 1} of {rules.shots_per_end}", 0.2, FAINT, "lm")


def _fitted(name: str) -> str:
    return name if len(name) <= 10 else f"{name[:9]}…"
