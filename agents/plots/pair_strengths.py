"""Heat maps of the strengths of all pairs of inputs, with the true pairs framed.

Shapes: p inputs.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS_PER_ROW = 5
FRAME_INCHES, INPUT_INCHES, NAME_INCHES = 0.9, 0.21, 0.075
SMALLEST_INCHES = 3.0
FRAME_COLOUR = "C3"


@dataclass(frozen=True)
class PairPanel:
    """One heat map.

    Attributes:
        title: above it.
        inputs: names of the p inputs.
        strengths: (p, p) symmetric, at least 0.
        true: (p, p) symmetric bool, the pairs that are framed; None if they are not known.
    """

    title: str
    inputs: tuple[str, ...]
    strengths: NDArray[np.floating]
    true: NDArray[np.bool_] | None


def draw_pairs(panels: list[PairPanel]) -> "Figure":
    """Draw each panel in shares of its strongest pair; the diagonal is left out.

    Raises:
        ValueError: if there is nothing to draw, or names and strengths do not fit together.
    """
    from matplotlib.figure import Figure

    if not panels:
        raise ValueError("panels: got none, expected at least one")
    for one in panels:
        if one.strengths.shape != (len(one.inputs),) * 2:
            raise ValueError(f"strengths: got {one.strengths.shape} for {len(one.inputs)} inputs")
    columns = min(PANELS_PER_ROW, len(panels))
    rows = -(-len(panels) // columns)
    longest = max(len(name) for one in panels for name in one.inputs)
    most = max(len(one.inputs) for one in panels)
    side = max(SMALLEST_INCHES, FRAME_INCHES + INPUT_INCHES * most + NAME_INCHES * longest)
    figure = Figure(figsize=(side * columns + 1.0, side * rows), layout="compressed")
    places = figure.subplots(rows, columns, squeeze=False).ravel()
    for place, one in zip(places, panels, strict=False):
        image = _draw_panel(place, one)
    for place in places[len(panels) :]:
        place.set_axis_off()
    framed = "\n(framed: true pairs)" if any(one.true is not None for one in panels) else ""
    figure.colorbar(image, ax=places.tolist(), label=f"share of the strongest pair{framed}")
    return figure


def _draw_panel(place: "Axes", one: PairPanel) -> object:
    from matplotlib.patches import Rectangle

    count = len(one.inputs)
    shares = one.strengths / max(float(one.strengths.max()), np.finfo(float).tiny)
    hidden = np.eye(count, dtype=bool)
    image = place.imshow(np.ma.masked_array(shares, hidden), cmap="Blues", vmin=0.0, vmax=1.0)
    place.set_title(one.title, fontsize="medium")
    place.set_xticks(range(count), one.inputs, rotation=90, fontsize="small")
    place.set_yticks(range(count), one.inputs, fontsize="small")
    if one.true is not None:
        for row, column in np.argwhere(one.true):
            corner = (column - 0.44, row - 0.44)
            frame = Rectangle(corner, 0.88, 0.88, fill=False, edgecolor=FRAME_COLOUR, linewidth=1.2)
            place.add_patch(frame)
    return image
