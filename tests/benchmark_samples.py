"""Small settings and data sets for tests of the benchmarks."""

import numpy as np

from guided_segmentation import benchmarks
from guided_segmentation.datasets import schema, synthetic
from guided_segmentation.labels import IGNORE

SMALL = benchmarks.BenchmarkSettings(
    repeats=2,
    requests=3,
    input_size=33,
    width_multiplier=0.03,
    head_channels=4,
    batch_size=2,
)
SCENES = synthetic.source("train", num_images=3)


def two_squares():
    """Two objects that touch along a contour, and one on its own."""
    truth = np.zeros((60, 80), np.uint8)
    truth[5:35, 5:35] = 1
    truth[5:35, 35:37] = IGNORE
    truth[5:35, 37:67] = 2
    truth[40:58, 30:50] = 3
    return schema.Source(
        name="squares",
        image_ids=("only",),
        image=lambda _: np.zeros((60, 80, 3), np.uint8),
        image_labels=lambda _: np.array([True, True, True]),
        label_map=lambda _: truth,
    )
