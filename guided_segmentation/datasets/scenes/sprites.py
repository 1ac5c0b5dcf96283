"""Sprites: bodies with their emblems, before they are put into an image."""

import dataclasses

import numpy as np

from guided_segmentation.datasets.scenes import masks, shapes
from guided_segmentation.datasets.scenes.random_values import (
    between,
    direction,
    noise,
    pick,
    rgb,
)
from guided_segmentation.datasets.scenes.shapes import Colour, Pattern


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sprite:
    """A body in a square window of its own.

    Attributes:
      image: [side, side, 3] float64 RGB in [0, 1]; arbitrary outside the mask.
      mask: [side, side] bool, the body.
      part_mask: [side, side] bool, its emblem, inside the mask.
      hue: Hue of the body in [0, 1).
    """

    image: np.ndarray
    mask: np.ndarray
    part_mask: np.ndarray
    hue: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Emblem:
    """A disc with a pattern of two colours.

    Attributes:
      pattern: True where the second colour is.
      colours: The first and the second colour.
      area: Area relative to that of the body.
    """

    pattern: Pattern
    colours: tuple[Colour, Colour]
    area: float


def class_emblem(rng: np.random.Generator, name: str) -> Emblem:
    """Returns the emblem `name` of `shapes.EMBLEMS` in its own colours."""
    pattern, first, second = shapes.EMBLEMS[name]
    return Emblem(
        pattern=pattern,
        colours=(first, second),
        area=between(rng, 0.24, 0.34),
    )


def plain_emblem(rng: np.random.Generator) -> Emblem:
    """Returns a disc in one of the colours of the classes' emblems."""
    emblem = pick(rng, list(shapes.EMBLEMS.values()))
    colour = emblem[2] if rng.random() * 2 >= 1 else emblem[1]
    return Emblem(
        pattern=shapes.plain,
        colours=(colour, colour),
        area=between(rng, 0.24, 0.34),
    )


def other_emblem(rng: np.random.Generator) -> Emblem:
    """Returns an emblem that no class has, in a light and a dark colour."""
    return Emblem(
        pattern=pick(rng, list(shapes.OTHER_EMBLEMS.values())),
        colours=(
            rgb(rng.random(), between(rng, 0.0, 0.9), 0.95),
            rgb(rng.random(), between(rng, 0.0, 1.0), between(rng, 0.05, 0.6)),
        ),
        area=between(rng, 0.12, 0.22),
    )


def sprite(
    rng: np.random.Generator,
    *,
    outline: Pattern,
    emblem: Emblem | None,
    length_px: float,
    width_px: float,
    hue: float,
) -> Sprite:
    """Draws a body of the given outline and hue at a random angle.

    Args:
      rng: Draws the angle, the texture and the place of the emblem.
      outline: One of `shapes.BODIES` or `shapes.OTHER_OUTLINES`.
      emblem: The emblem on the body, or None.
      length_px: Extent along the body.
      width_px: Extent across it.
      hue: Hue of the body in [0, 1).

    Returns:
      The sprite; its side is odd, and its middle is that of the body.
    """
    radius = int(0.5 * (length_px + 0.4 * width_px)) + 3
    y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    cosine, sine = direction(rng)
    along = cosine * x + sine * y
    across = cosine * y - sine * x
    u, v = 2 * along / length_px, 2 * across / width_px
    mask = outline(u, v)
    image = _body_texture(rng, u, v, hue)
    part_mask = np.zeros_like(mask)
    if emblem is not None:
        part_mask = _draw_emblem(rng, image, mask, emblem, along, across)
    return Sprite(image=image, mask=mask, part_mask=part_mask, hue=hue)


def _body_texture(
    rng: np.random.Generator, u: np.ndarray, v: np.ndarray, hue: float
) -> np.ndarray:
    """[side, side, 3] float64 RGB in [0, 1] of one hue, shaded.

    It is plain, banded lengthwise or crosswise, ringed or flecked. It is more
    saturated than any background and less than any emblem.
    """
    colour = rgb(hue, between(rng, 0.45, 0.7), between(rng, 0.5, 0.75))
    size = len(u), len(u)
    bands = pick(rng, (0 * u, u, v, u * u + v * v, noise(rng, size, 5)))
    dark = np.floor(bands * between(rng, 1.5, 3.0)) % 2
    light = 1 - between(rng, 0.0, 0.3) * dark - between(rng, 0.0, 0.12) * v
    return np.clip(light[..., None] * np.array(colour), 0, 1)


def _draw_emblem(
    rng: np.random.Generator,
    image: np.ndarray,
    mask: np.ndarray,
    emblem: Emblem,
    along: np.ndarray,
    across: np.ndarray,
) -> np.ndarray:
    """Draws an emblem near one end of a body into `image`.

    Args:
      rng: Draws the end of the body and the angle of the emblem.
      image: [side, side, 3] float64 RGB in [0, 1], changed in place.
      mask: [side, side] bool, the body.
      emblem: The emblem.
      along: [side, side] float64 coordinate along the body in pixels.
      across: [side, side] float64 coordinate across it in pixels.

    Returns:
      [side, side] bool, where the emblem is.
    """
    area = float(np.count_nonzero(mask)) * emblem.area
    radius = min(max((area / 3.1416) ** 0.5, 8.0), 14.0)
    centre = _emblem_centre(rng, mask, along, across, radius)
    cosine, sine = direction(rng)
    p, q = along - centre[0], across - centre[1]
    p, q = (cosine * p + sine * q) / radius, (cosine * q - sine * p) / radius
    part_mask = mask & (p * p + q * q < 1)
    is_second = emblem.pattern(p, q)[..., None]
    first, second = (np.array(colour) for colour in emblem.colours)
    image[part_mask] = np.where(is_second, second, first)[part_mask]
    return part_mask


def _emblem_centre(
    rng: np.random.Generator,
    mask: np.ndarray,
    along: np.ndarray,
    across: np.ndarray,
    radius: float,
) -> tuple[float, float]:
    """Returns where, along and across the body, a disc fits near one end.

    The end is drawn at random. Of all pixels at least 1.25 radii inside the
    body (in a narrow body, of those farthest inside) it is the one nearest to
    that end.
    """
    depth = masks.depths(mask)
    deep = depth >= min(1.25 * radius, float(depth.max()))
    sign = 1 if rng.random() < 0.5 else -1
    reach = np.where(deep, sign * along, -1e9)
    chosen = np.unravel_index(int(np.argmax(reach)), mask.shape)
    return float(along[chosen]), float(across[chosen])
