"""Random numbers, directions, colours and noise, from which scenes are drawn.

All randomness comes from `Generator.random`, whose stream NumPy keeps from
version to version.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from guided_segmentation.datasets.scenes.shapes import Colour

Item = TypeVar("Item")


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """Returns a number drawn uniformly from [low, high)."""
    return low + (high - low) * rng.random()


def pick(rng: np.random.Generator, items: Sequence[Item]) -> Item:
    """Returns one of `items`, each with the same probability."""
    return items[int(rng.random() * len(items))]


def direction(rng: np.random.Generator) -> tuple[float, float]:
    """Returns cosine and sine of an angle drawn from the full circle.

    The tangent of half the angle is drawn uniformly, which needs no
    trigonometry; the density of the angle varies by a factor of two.
    """
    tangent = between(rng, -1, 1)
    sign = 1 if rng.random() < 0.5 else -1
    norm = 1 + tangent * tangent
    return sign * (1 - tangent * tangent) / norm, 2 * tangent / norm


def rgb(hue: float, saturation: float, value: float) -> Colour:
    """Converts a colour from HSV to RGB, all in [0, 1].

    Example:
      >>> rgb(0, 1, 1)
      (1.0, 0.0, 0.0)
    """

    def channel(offset: float) -> float:
        level = abs((hue + offset) % 1 * 6 - 3) - 1
        return value * (1 - saturation * (1 - min(max(level, 0.0), 1.0)))

    return channel(0), channel(2 / 3), channel(1 / 3)


def background_colour(rng: np.random.Generator) -> Colour:
    """Returns a colour of low saturation, as backgrounds have, in [0, 1]."""
    return rgb(rng.random(), between(rng, 0.05, 0.28), between(rng, 0.3, 0.75))


def noise(
    rng: np.random.Generator, size: tuple[int, int], cell_px: float
) -> np.ndarray:
    """Draws smooth noise: random numbers on a grid, interpolated bilinearly.

    Args:
      rng: Draws the grid.
      size: Height and width.
      cell_px: Distance between grid points in pixels.

    Returns:
      [height, width] float64 in [0, 1).
    """
    shape = [int(extent / cell_px) + 2 for extent in size]
    grid = rng.random(shape)
    for _ in range(2):  # Rows first, then columns on the transposed grid.
        place = np.arange(size[0]) / cell_px
        before = place.astype(np.int64)
        fraction = (place - before)[:, None]
        grid = (grid[before] * (1 - fraction) + grid[before + 1] * fraction).T
        size = size[::-1]
    return grid
