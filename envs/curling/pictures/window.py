"""A window that shows pictures as they come, for `render_mode="human"`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

PIXELS_PER_INCH = 100


class Window:
    """One figure on the screen; on a machine without a screen it draws and shows nothing."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._figure: Any = None
        self._picture: Any = None

    def show(self, image: NDArray[np.uint8]) -> None:
        """Show [H, W, 3] uint8 RGB."""
        if self._figure is None:
            self._open(image)
        self._picture.set_data(image)
        self._figure.canvas.draw()
        if getattr(type(self._figure.canvas), "required_interactive_framework", None):
            self._figure.show()
            self._figure.canvas.flush_events()

    def close(self) -> None:
        """Close the window if it is open."""
        if self._figure is not None:
            from matplotlib import pyplot

            pyplot.close(self._figure)
            self._figure = None

    def _open(self, image: NDArray[np.uint8]) -> None:
        from matplotlib import pyplot

        height, width = (size / PIXELS_PER_INCH for size in image.shape[:2])
        self._figure = pyplot.figure(self._title, figsize=(width, height), dpi=PIXELS_PER_INCH)
        axes = self._figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        self._picture = axes.imshow(image)
