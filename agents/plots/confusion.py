"""The confusion matrix as an image: true classes in rows, given classes in columns."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# With more classes than this, numbers and names no longer fit.
MOST_NAMED_CLASSES = 25


def draw_confusion(confusion: np.ndarray, classes: tuple[str, ...]) -> "Figure":
    """Draw (K, K) int64 counts as shares of each true class, with the counts where they fit.

    Raises:
        ValueError: if matrix and names do not fit together.
    """
    from matplotlib.figure import Figure

    count = len(classes)
    if confusion.shape != (count, count):
        raise ValueError(f"confusion: got shape {confusion.shape}, expected ({count}, {count})")
    shares = confusion / np.maximum(confusion.sum(1, keepdims=True), 1)
    named = count <= MOST_NAMED_CLASSES
    side = 2.5 + 0.42 * count if named else 8.0
    figure = Figure(figsize=(1.2 * side, side), layout="compressed")
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    figure.colorbar(image, ax=axes, label="share of the true class")
    axes.set(xlabel="given class", ylabel="true class")
    if named:
        axes.set_xticks(range(count), classes, rotation=90)
        axes.set_yticks(range(count), classes)
        for row, column in np.argwhere(confusion > 0):
            colour = "white" if shares[row, column] > 0.5 else "black"
            text = str(confusion[row, column])
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=7)
    return figure
