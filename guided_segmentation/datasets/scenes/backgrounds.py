"""Backgrounds of scenes: clutter, texture and contexts."""

import numpy as np

from guided_segmentation.datasets.scenes import shapes
from guided_segmentation.datasets.scenes.random_values import (
    background_colour,
    between,
    direction,
    noise,
)


def background(
    rng: np.random.Generator, size: tuple[int, int], context: str | None
) -> np.ndarray:
    """Draws a cluttered, textured background of low saturation.

    Args:
      rng: Draws everything.
      size: Height and width.
      context: Which of `shapes.CONTEXTS` covers the bottom, or None.

    Returns:
      [height, width, 3] float64 RGB in [0, 1].
    """
    image = _blend_of_two_colours(rng, size)
    y, x = np.ogrid[: size[0], : size[1]]
    for _ in range(int(between(rng, 2, 6))):
        _draw_ellipse(rng, image, x, y)
    for _ in range(int(between(rng, 1, 5))):
        _draw_line(rng, image, x, y)
    if context is not None:
        _draw_context(rng, image, x, y, context)
    for cell_px in (14, 6, 3):
        grain = noise(rng, size, cell_px) - 0.5
        image += (between(rng, 0.05, 0.2) * grain)[..., None]
    return np.clip(image, 0, 1)


def _blend_of_two_colours(
    rng: np.random.Generator, size: tuple[int, int]
) -> np.ndarray:
    blend = noise(rng, size, between(rng, 20, 45))[..., None]
    first = np.array(background_colour(rng))
    second = np.array(background_colour(rng))
    return blend * first + (1 - blend) * second


def _draw_ellipse(
    rng: np.random.Generator, image: np.ndarray, x: np.ndarray, y: np.ndarray
) -> None:
    """Draws a translucent ellipse."""
    cosine, sine = direction(rng)
    dx = x - between(rng, 0, x.shape[1])
    dy = y - between(rng, 0, y.shape[0])
    u = (cosine * dx + sine * dy) / between(rng, 8, 30)
    v = (cosine * dy - sine * dx) / between(rng, 6, 20)
    _blend(rng, image, u * u + v * v < 1)


def _draw_line(
    rng: np.random.Generator, image: np.ndarray, x: np.ndarray, y: np.ndarray
) -> None:
    """Draws a translucent straight line."""
    cosine, sine = direction(rng)
    dx = x - between(rng, 0, x.shape[1])
    dy = y - between(rng, 0, y.shape[0])
    _blend(rng, image, np.abs(cosine * dx + sine * dy) < between(rng, 0.7, 3))


def _blend(
    rng: np.random.Generator, image: np.ndarray, mask: np.ndarray
) -> None:
    """Blends a random colour into the [height, width] bool mask of an image."""
    opacity = between(rng, 0.3, 0.8)
    image[mask] += opacity * (np.array(background_colour(rng)) - image[mask])


def _draw_context(
    rng: np.random.Generator,
    image: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    context: str,
) -> None:
    """Covers the bottom of the image with a context."""
    pattern, dark, light = shapes.CONTEXTS[context]
    top = int(between(rng, 0.62, 0.76) * image.shape[0])
    value = pattern(x + between(rng, 0, 50), y[top:] - top)[..., None]
    tint = between(rng, -0.06, 0.06)
    image[top:] = value * np.array(light) + (1 - value) * np.array(dark) + tint
