"""Compiled ray casting of planes, boxes and capped cylinders into small images.

A shape's size is MuJoCo's: a plane's half edges (0 is endless), a box's half edges, a cylinder's radius and
half height. Rays start at one eye; a ray's distance counts along the way the camera looks. Camera axes are
right, up and backward.

Shape letters: B frames, S shapes, H height, W width.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from envs.compiled import entry, kernel

PLANE, BOX, CYLINDER = 0, 1, 2
MANTLE = -1
"""Stands for the axis of a cylinder's curved side."""
NOTHING = -1
"""Id where a ray hits no shape."""
FAR = np.inf
NEAR = 1e-9
"""metres; nothing is seen nearer than this."""


Vector = tuple[float, float, float]


class Shapes(NamedTuple):
    """What may be seen."""

    kinds: NDArray[np.int64]
    """[S] of PLANE, BOX and CYLINDER."""
    sizes: NDArray[np.float64]
    """[S, 3] metres."""
    colours: NDArray[np.float64]
    """[S, 3] RGB from 0 to 255."""
    ids: NDArray[np.int64]
    """[S] what `draw_ids` writes for each."""


class View(NamedTuple):
    """Who looks, and by what light: one that shines the way the camera looks."""

    eye: NDArray[np.float64]
    """[3] metres."""
    axes: NDArray[np.float64]
    """[3, 3] the camera's axes as columns."""
    focal: float
    """pixels."""
    ambient: float
    diffuse: float


class Canvas(NamedTuple):
    """A frame with how far each pixel is."""

    image: NDArray[np.uint8]
    """[H, W, 3] RGB."""
    depth: NDArray[np.float32]
    """[H, W] metres along the way the camera looks; `FAR` where there is nothing."""
    ids: NDArray[np.int16]
    """[H, W]."""


@kernel
def hit_plane(size: np.ndarray, o: Vector, d: Vector) -> tuple[float, int]:
    """Distance to a rectangle seen from its front, and the axis of its normal."""
    if d[2] >= 0.0 or o[2] <= 0.0:
        return FAR, 2
    t = -o[2] / d[2]
    inside_x = size[0] <= 0.0 or abs(o[0] + t * d[0]) <= size[0]
    inside_y = size[1] <= 0.0 or abs(o[1] + t * d[1]) <= size[1]
    return (t, 2) if inside_x and inside_y else (FAR, 2)


@kernel
def hit_box(size: np.ndarray, o: Vector, d: Vector) -> tuple[float, int]:
    """Distance to a box from outside, and the axis of the face."""
    enter, leave, axis = -FAR, FAR, 0
    for k in range(3):
        if d[k] == 0.0:
            if abs(o[k]) > size[k]:
                return FAR, 0
            continue
        middle, half = -o[k] / d[k], size[k] / abs(d[k])
        if middle - half > enter:
            enter, axis = middle - half, k
        leave = min(leave, middle + half)
    return (enter, axis) if NEAR < enter <= leave else (FAR, 0)


@kernel
def hit_cylinder(size: np.ndarray, o: Vector, d: Vector) -> tuple[float, int]:
    """Distance to a capped cylinder from outside, and 2 for a cap, `MANTLE` for the curved side."""
    radius, half = size[0], size[1]
    if d[2] != 0.0 and abs(o[2]) > half:
        t = ((half if o[2] > 0.0 else -half) - o[2]) / d[2]
        x, y = o[0] + t * d[0], o[1] + t * d[1]
        if t > NEAR and x * x + y * y <= radius * radius:
            return t, 2
    a = d[0] * d[0] + d[1] * d[1]
    b = o[0] * d[0] + o[1] * d[1]
    root = b * b - a * (o[0] * o[0] + o[1] * o[1] - radius * radius)
    if a == 0.0 or root < 0.0:
        return FAR, MANTLE
    t = (-b - np.sqrt(root)) / a
    return (t, MANTLE) if t > NEAR and abs(o[2] + t * d[2]) <= half else (FAR, MANTLE)


@kernel
def hit(kind: int, size: np.ndarray, o: Vector, d: Vector) -> tuple[float, int]:
    """Distance and axis where a ray `o + t d`, in the shape's axes, first meets a shape."""
    if kind == PLANE:
        return hit_plane(size, o, d)
    if kind == BOX:
        return hit_box(size, o, d)
    return hit_cylinder(size, o, d)


@kernel
def facing(size: np.ndarray, o: Vector, d: Vector, t: float, axis: int, light: Vector) -> float:
    """Cosine between a surface and the light, which comes from `light` in the shape's axes; at least 0."""
    if axis == MANTLE:
        cosine = ((o[0] + t * d[0]) * light[0] + (o[1] + t * d[1]) * light[1]) / size[0]
    else:
        cosine = light[axis] if d[axis] < 0.0 else -light[axis]
    return max(cosine, 0.0)


@kernel
def window(
    kind: int,
    size: np.ndarray,
    middle: Vector,
    axes: tuple[Vector, Vector, Vector],
    focal: float,
    height: int,
    width: int,
) -> tuple[int, int, int, int]:
    """The pixels the bounding box of a shape falls on: rows [top, bottom), columns [left, right).

    `middle` is the shape's in camera axes, `axes` the camera's in the shape's.
    """
    if kind == PLANE:
        return 0, height, 0, width
    deep = size[1] if kind == BOX else size[0]
    tall = size[2] if kind == BOX else size[1]
    top, bottom, left, right = FAR, -FAR, FAR, -FAR
    for corner in range(8):
        i = size[0] if corner & 1 else -size[0]
        j = deep if corner & 2 else -deep
        k = tall if corner & 4 else -tall
        z = middle[2] + i * axes[2][0] + j * axes[2][1] + k * axes[2][2]
        if z > -NEAR:
            return 0, height, 0, width
        x = middle[0] + i * axes[0][0] + j * axes[0][1] + k * axes[0][2]
        y = middle[1] + i * axes[1][0] + j * axes[1][1] + k * axes[1][2]
        column, row = 0.5 * width - focal * x / z, 0.5 * height + focal * y / z
        top, bottom, left, right = min(top, row), max(bottom, row), min(left, column), max(right, column)
    return (
        int(max(np.floor(top), 0.0)),
        int(min(max(np.ceil(bottom), 0.0), height)),
        int(max(np.floor(left), 0.0)),
        int(min(max(np.ceil(right), 0.0), width)),
    )


@kernel
def in_axes(axes: np.ndarray, vector: np.ndarray) -> Vector:
    """A vector's parts along the columns of axes [3, 3]."""
    return (
        axes[0, 0] * vector[0] + axes[1, 0] * vector[1] + axes[2, 0] * vector[2],
        axes[0, 1] * vector[0] + axes[1, 1] * vector[1] + axes[2, 1] * vector[2],
        axes[0, 2] * vector[0] + axes[1, 2] * vector[1] + axes[2, 2] * vector[2],
    )


@kernel
def draw_shape(
    shapes: Shapes, s: int, position: np.ndarray, rotation: np.ndarray, view: View, canvas: Canvas
) -> tuple[int, int, int, int]:
    """Cast the rays that may meet shape s, keep what is nearest, and return the window they fill."""
    kind, size, (height, width) = shapes.kinds[s], shapes.sizes[s], canvas.depth.shape
    right, up, back = view.axes[:, 0], view.axes[:, 1], view.axes[:, 2]
    o = in_axes(rotation, view.eye - position)
    x, y, light = in_axes(rotation, right), in_axes(rotation, up), in_axes(rotation, back)
    middle = in_axes(view.axes, position - view.eye)
    top, bottom, first, last = window(kind, size, middle, (x, y, light), view.focal, height, width)
    for row in range(top, bottom):
        above = (0.5 * height - row - 0.5) / view.focal
        for column in range(first, last):
            aside = (column + 0.5 - 0.5 * width) / view.focal
            d = (
                x[0] * aside + y[0] * above - light[0],
                x[1] * aside + y[1] * above - light[1],
                x[2] * aside + y[2] * above - light[2],
            )
            t, axis = hit(kind, size, o, d)
            if t < canvas.depth[row, column]:
                bright = min(view.ambient + view.diffuse * facing(size, o, d, t, axis, light), 1.0)
                canvas.depth[row, column], canvas.ids[row, column] = t, shapes.ids[s]
                for k in range(3):
                    canvas.image[row, column, k] = np.uint8(shapes.colours[s, k] * bright + 0.5)
    return top, bottom, first, last


@kernel
def draw_frame(
    shapes: Shapes,
    positions: np.ndarray,
    rotations: np.ndarray,
    view: View,
    depth: np.ndarray,
    canvas: Canvas,
    windows: np.ndarray,
) -> None:
    """The shapes in front of a background, whose depth [H, W] the canvas has before and after.

    `windows` [S, 4] int64 is written over.
    """
    for s in range(len(windows)):
        windows[s] = draw_shape(shapes, s, positions[s], rotations[s], view, canvas)
    for top, bottom, first, last in windows:
        canvas.depth[top:bottom, first:last] = depth[top:bottom, first:last]


@entry
def draw_frames(
    shapes: Shapes,
    positions: np.ndarray,
    rotations: np.ndarray,
    view: View,
    background: Canvas,
    images: np.ndarray,
) -> None:
    """Draw shapes at positions [B, S, 3], rotations [B, S, 3, 3] on images [B, H, W, 3] of the background."""
    depth, ids = background.depth.copy(), background.ids.copy()
    windows = np.empty((len(shapes.kinds), 4), dtype=np.int64)
    for b in range(len(images)):
        canvas = Canvas(images[b], depth, ids)
        draw_frame(shapes, positions[b], rotations[b], view, background.depth, canvas, windows)


@entry
def draw_ids(
    shapes: Shapes,
    positions: np.ndarray,
    rotations: np.ndarray,
    view: View,
    background: Canvas,
    ids: np.ndarray,
) -> None:
    """Draw ids on ids [B, H, W] int16 of the background as `draw_frames` does images."""
    depth, image = background.depth.copy(), background.image.copy()
    windows = np.empty((len(shapes.kinds), 4), dtype=np.int64)
    for b in range(len(ids)):
        canvas = Canvas(image, depth, ids[b])
        draw_frame(shapes, positions[b], rotations[b], view, background.depth, canvas, windows)


@entry
def draw_background(
    shapes: Shapes, positions: np.ndarray, rotations: np.ndarray, view: View, background: Canvas
) -> None:
    """Draw shapes at positions [S, 3] with rotations [S, 3, 3] into a canvas."""
    for s in range(len(shapes.kinds)):
        draw_shape(shapes, s, positions[s], rotations[s], view, background)
