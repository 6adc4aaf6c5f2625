"""Batches are fetched without waiting for the device, which may still be at work on the one before."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from tests.vision_training.tiny import PLAIN, striped_images
from vision.images.augment_config import Normalization
from vision.images.classification import ImageBatches
from vision.interactions.problem import Part
from vision.series.windows import ScaledSeries
from vision.series.windows import Windows as SeriesWindows
from vision.text.corpus import Windows as TextWindows

DEVICE = "meta"  # reading one of its tensors raises, as nothing is there


def series_windows():
    columns = torch.zeros(9, 2, device=DEVICE)
    times = torch.arange(9, dtype=torch.float64, device=DEVICE)
    return SeriesWindows(ScaledSeries(columns, columns, times, columns), range(3, 9), 3)


FETCHES = {
    "images": lambda: ImageBatches(striped_images(9).to(DEVICE), PLAIN, Normalization((0.3,), (0.2,))),
    "series": series_windows,
    "text": lambda: TextWindows(torch.zeros(20, dtype=torch.int64, device=DEVICE), 3),
    "rows": lambda: Part(torch.zeros(9, 1, 2, device=DEVICE), torch.zeros(9, 1, device=DEVICE)),
}


class Copies(TorchDispatchMode):
    """Notes of each copy to the device whether it waits."""

    def __init__(self):
        super().__init__()
        self.waits = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func == torch.ops.aten._to_copy.default and str(kwargs.get("device")) == DEVICE:
            self.waits.append(not kwargs.get("non_blocking", False))
        return func(*args, **kwargs)


@pytest.mark.parametrize("kind", FETCHES)
def test_a_fetch_waits_for_nothing(kind):
    fetch = FETCHES[kind]()
    with Copies() as copies:
        batch = fetch(torch.tensor([4, 0]), torch.Generator())
    assert copies.waits and not any(copies.waits)
    assert all(len(part) == 2 and part.device.type == DEVICE for part in batch)
