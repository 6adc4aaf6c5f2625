"""Small images as one large picture, in labelled rows and columns.

Shape letters: R rows, C columns, H height, W width.
"""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

GAP, MARGIN = 4, 10
"""pixels between images, and around all of them."""
LETTERS = 13
"""pixels of the labels' height."""
PAPER, INK, ACCENT = (255, 255, 255), (40, 40, 40), (220, 90, 20)
FRAME = 3
"""pixels of the frame in an image that stands out."""


def draw_grid(
    images: NDArray[np.uint8],
    *,
    columns: Sequence[str] = (),
    rows: Sequence[str] = (),
    scale: int = 1,
) -> Image.Image:
    """One picture of many images.

    Args:
        images: [R, C, H, W, 3] uint8.
        columns: C labels above, or none.
        rows: R labels at the right, or none; a label may have several lines.
        scale: each pixel becomes a block of so many.

    Raises:
        ValueError: when the images are not of this shape, or labels are missing.
    """
    images = np.asarray(images)
    if images.ndim != 5 or images.shape[-1] != 3 or images.dtype != np.uint8 or not images.size:
        raise ValueError(
            f"images: got {images.dtype} {images.shape}, expected uint8 (rows, columns, H, W, 3)"
        )
    for name, labels, count in (("columns", columns, images.shape[1]), ("rows", rows, images.shape[0])):
        if labels and len(labels) != count:
            raise ValueError(f"{name}: got {len(labels)} labels, expected {count}")
    images = images.repeat(scale, axis=2).repeat(scale, axis=3)
    height, width = images.shape[2] + GAP, images.shape[3] + GAP
    font = ImageFont.load_default(size=LETTERS)
    top = MARGIN + (LETTERS + GAP if columns else 0)
    beside = max((_width(font, label) for label in rows), default=0)
    size = (2 * MARGIN + images.shape[1] * width + beside, top + images.shape[0] * height + MARGIN - GAP)
    sheet = Image.new("RGB", size, PAPER)
    pencil = ImageDraw.Draw(sheet)
    for row, line in enumerate(images):
        for column, image in enumerate(line):
            sheet.paste(Image.fromarray(image), (MARGIN + column * width, top + row * height))
    for column, label in enumerate(columns):
        pencil.text((MARGIN + column * width, MARGIN), label, fill=INK, font=font)
    for row, label in enumerate(rows):
        place = (MARGIN + images.shape[1] * width + GAP, top + row * height + (height - GAP) // 2)
        pencil.multiline_text(place, label, fill=INK, font=font, anchor="lm")
    return sheet


def framed(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Images [..., H, W, 3] uint8 that stand out, by a frame over their edges."""
    result = np.full_like(images, ACCENT)
    inner = slice(FRAME, -FRAME)
    result[..., inner, inner, :] = images[..., inner, inner, :]
    return result


def png_bytes(picture: Image.Image) -> bytes:
    """The picture as a PNG file."""
    content = io.BytesIO()
    picture.save(content, format="PNG", optimize=True)
    return content.getvalue()


def gif_bytes(pictures: Sequence[Image.Image], *, seconds: float, hold: float) -> bytes:
    """Pictures of one size as an endless GIF, all with the same colours.

    Args:
        pictures: at least one.
        seconds: that each is shown.
        hold: seconds that the last is shown longer.
    """
    palette = _palette(pictures)
    frames = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    durations = [round(1000 * seconds)] * len(frames)
    durations[-1] += round(1000 * hold)
    content = io.BytesIO()
    settings = {"save_all": True, "append_images": frames[1:], "duration": durations, "loop": 0}
    frames[0].save(content, format="GIF", disposal=1, **settings)
    return content.getvalue()


def _palette(pictures: Sequence[Image.Image]) -> Image.Image:
    """256 colours of the first, a middle and the last picture."""
    chosen = [pictures[0], pictures[len(pictures) // 2], pictures[-1]]
    strip = Image.fromarray(np.concatenate([np.asarray(picture) for picture in chosen]))
    return strip.quantize(256, method=Image.Quantize.MEDIANCUT)


def _width(font: ImageFont.FreeTypeFont | ImageFont.ImageFont, label: str) -> int:
    return GAP + round(max(font.getlength(line) for line in label.split("\n")))
