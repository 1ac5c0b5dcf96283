"""The pencils: bodies with their emblems, and what lies behind them.

Randomness comes from `Generator.random` alone, whose stream NumPy keeps from
version to version.
"""

import dataclasses
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from guided_segmentation.datasets.scenes import shapes
from guided_segmentation.datasets.scenes.shapes import Colour, Pattern

Item = TypeVar("Item")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sprite:
    """A thing that is not yet in any image.

    Attributes:
      image: [side, side, 3] float RGB in [0, 1]; anything outside the mask.
      mask: [side, side] bool, the thing.
      part_mask: [side, side] bool, its emblem, inside the mask.
      hue: Hue of the body in [0, 1).
    """

    image: np.ndarray
    mask: np.ndarray
    part_mask: np.ndarray
    hue: float


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """Returns a number drawn evenly from [low, high)."""
    return low + (high - low) * rng.random()


def pick(rng: np.random.Generator, items: Sequence[Item]) -> Item:
    """Returns one of `items`, each as likely as any other."""
    return items[int(rng.random() * len(items))]


def direction(rng: np.random.Generator) -> tuple[float, float]:
    """Returns cosine and sine of an angle of the full circle.

    The half angle's tangent is drawn evenly, which needs no trigonometry and
    is even in the angle to within a factor of two.
    """
    tangent = between(rng, -1, 1)
    sign = 1 if rng.random() < 0.5 else -1
    norm = 1 + tangent * tangent
    return sign * (1 - tangent * tangent) / norm, 2 * tangent / norm


def rgb(hue: float, saturation: float, value: float) -> Colour:
    """Returns a colour of the HSV cone, all in [0, 1], as RGB in [0, 1]."""

    def channel(turn: float) -> float:
        wheel = abs((hue + turn) % 1 * 6 - 3) - 1
        return value * (1 - saturation * (1 - min(max(wheel, 0.0), 1.0)))

    return channel(0), channel(2 / 3), channel(1 / 3)


def muted(rng: np.random.Generator) -> Colour:
    """Returns a colour of the kind backgrounds have: little saturation."""
    return rgb(rng.random(), between(rng, 0.05, 0.28), between(rng, 0.3, 0.75))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Emblem:
    """A disc with a pattern of two colours.

    Attributes:
      pattern: Says where the second colour is.
      colours: Colour of the ground and of the figure.
      area: Area over that of the body.
    """

    pattern: Pattern
    colours: tuple[Colour, Colour]
    area: float


def class_emblem(rng: np.random.Generator, name: str) -> Emblem:
    """Returns the emblem `name` of `shapes.EMBLEMS` in its own colours."""
    pattern, ground, figure = shapes.EMBLEMS[name]
    return Emblem(
        pattern=pattern,
        colours=(ground, figure),
        area=between(rng, 0.24, 0.34),
    )


def plain_emblem(rng: np.random.Generator) -> Emblem:
    """Returns a disc of one colour that some class has in its emblem."""
    colour = pick(rng, list(shapes.EMBLEMS.values()))[1 + int(rng.random() * 2)]
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
    """Draws a body of the given outline and hue, turned any way.

    Args:
      rng: Draws the turn, the texture and the place of the emblem.
      outline: One of `shapes.BODIES` or `shapes.OTHER_OUTLINES`.
      emblem: What the body wears, or None.
      length_px: Size along the body.
      width_px: Size across.
      hue: Hue of the body in [0, 1).

    Returns:
      The sprite; its side is odd and its middle the body's.
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
        part_mask = _wear(rng, image, mask, emblem, along, across)
    return Sprite(image=image, mask=mask, part_mask=part_mask, hue=hue)


def _body_texture(rng, u, v, hue) -> np.ndarray:
    """Colours a body: one hue, shaded, and plain, banded, flecked or ringed.

    Its colour is purer than any background and duller than any emblem.
    """
    colour = rgb(hue, between(rng, 0.45, 0.7), between(rng, 0.5, 0.75))
    bands = pick(rng, (0 * u, u, v, u * u + v * v, noise(rng, u.shape, 5)))
    dark = np.floor(bands * between(rng, 1.5, 3.0)) % 2
    light = 1 - between(rng, 0.0, 0.3) * dark - between(rng, 0.0, 0.12) * v
    return np.clip(light[..., None] * np.array(colour), 0, 1)


def _wear(rng, image, mask, emblem, along, across) -> np.ndarray:
    """Puts the emblem on the body near one end; returns where it is."""
    area = float(np.count_nonzero(mask)) * emblem.area
    radius = min(max((area / 3.1416) ** 0.5, 8.0), 14.0)
    centre = _roomiest(rng, mask, along, across, radius)
    cosine, sine = direction(rng)
    p, q = along - centre[0], across - centre[1]
    p, q = (cosine * p + sine * q) / radius, (cosine * q - sine * p) / radius
    part_mask = mask & (p * p + q * q < 1)
    figure = emblem.pattern(p, q)[..., None]
    ground_colour, figure_colour = (np.array(c) for c in emblem.colours)
    painted = np.where(figure, figure_colour, ground_colour)
    image[part_mask] = painted[part_mask]
    return part_mask


def _roomiest(rng, mask, along, across, radius) -> tuple[float, float]:
    """Returns the centre, far along the body, that keeps the disc inside.

    Of all pixels well inside the body, it is the one farthest in a direction
    drawn at random; in a narrow body, that of the deepest pixels.
    """
    depth = depths(mask)
    deep = depth >= min(1.25 * radius, float(depth.max()))
    sign = 1 if rng.random() < 0.5 else -1
    reach = np.where(deep, sign * along, -1e9)
    chosen = np.unravel_index(int(np.argmax(reach)), mask.shape)
    return float(along[chosen]), float(across[chosen])


def depths(mask: np.ndarray) -> np.ndarray:
    """Returns how many steps of one pixel lead out of the mask at least.

    Args:
      mask: [height, width] bool, False along the border.

    Returns:
      [height, width] int64; 0 outside, 1 along the inner edge. Steps lead to
      four and eight neighbours by turns, so that circles come out octagonal.
    """
    depth = mask.astype(np.int64)
    left = mask
    for step in range(max(mask.shape)):
        left = erode(left, diagonal=step % 2 == 1)
        if not left.any():
            break
        depth += left
    return depth


def erode(mask: np.ndarray, *, diagonal: bool = False) -> np.ndarray:
    """Takes off one pixel: along rows and columns, or diagonally as well."""
    rows = mask.copy()
    rows[1:] &= mask[:-1]
    rows[:-1] &= mask[1:]
    both = rows.copy()
    across = rows if diagonal else mask
    both[:, 1:] &= across[:, :-1]
    both[:, :-1] &= across[:, 1:]
    return both


def noise(
    rng: np.random.Generator, size: tuple[int, int], cell_px: float
) -> np.ndarray:
    """Draws smooth noise: random numbers on a grid, bilinear in between.

    Args:
      rng: Draws the grid.
      size: Height and width.
      cell_px: Distance of the grid's points.

    Returns:
      [height, width] float64 in [0, 1).
    """
    shape = [int(extent / cell_px) + 2 for extent in size]
    grid = rng.random(shape)
    for _ in range(2):
        place = np.arange(size[0]) / cell_px
        before = place.astype(np.int64)
        share = (place - before)[:, None]
        grid = (grid[before] * (1 - share) + grid[before + 1] * share).T
        size = size[::-1]
    return grid


def background(
    rng: np.random.Generator, size: tuple[int, int], context: str | None
) -> np.ndarray:
    """Draws a cluttered, textured, muted background.

    Args:
      rng: Draws everything.
      size: Height and width.
      context: Which of `shapes.CONTEXTS` covers the bottom, or None.

    Returns:
      [height, width, 3] float64 RGB in [0, 1].
    """
    blend = noise(rng, size, between(rng, 20, 45))[..., None]
    image = blend * np.array(muted(rng)) + (1 - blend) * np.array(muted(rng))
    y, x = np.ogrid[: size[0], : size[1]]
    for _ in range(int(between(rng, 2, 6))):
        _blob(rng, image, x, y)
    for _ in range(int(between(rng, 1, 5))):
        _line(rng, image, x, y)
    if context is not None:
        _ground(rng, image, x, y, context)
    for cell_px in (14, 6, 3):
        grain = noise(rng, size, cell_px) - 0.5
        image += (between(rng, 0.05, 0.2) * grain)[..., None]
    return np.clip(image, 0, 1)


def _blob(rng, image, x, y) -> None:
    """Lays a faint ellipse over the image."""
    cosine, sine = direction(rng)
    dx = x - between(rng, 0, x.shape[1])
    dy = y - between(rng, 0, y.shape[0])
    u = (cosine * dx + sine * dy) / between(rng, 8, 30)
    v = (cosine * dy - sine * dx) / between(rng, 6, 20)
    inside = u * u + v * v < 1
    share = between(rng, 0.3, 0.8)
    image[inside] += share * (np.array(muted(rng)) - image[inside])


def _line(rng, image, x, y) -> None:
    """Lays a faint straight line over the image."""
    cosine, sine = direction(rng)
    dx = x - between(rng, 0, x.shape[1])
    dy = y - between(rng, 0, y.shape[0])
    inside = np.abs(cosine * dx + sine * dy) < between(rng, 0.7, 3)
    share = between(rng, 0.3, 0.8)
    image[inside] += share * (np.array(muted(rng)) - image[inside])


def _ground(rng, image, x, y, context) -> None:
    """Covers the bottom of the image with a context."""
    pattern, dark, light = shapes.CONTEXTS[context]
    top = int(between(rng, 0.62, 0.76) * image.shape[0])
    value = pattern(x + between(rng, 0, 50), y[top:] - top)[..., None]
    tint = between(rng, -0.06, 0.06)
    image[top:] = value * np.array(light) + (1 - value) * np.array(dark) + tint


def photograph(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Softens the edges of a drawing and adds a sensor's noise.

    Args:
      rng: Draws the noise.
      image: [height, width, 3] float64 RGB in [0, 1].

    Returns:
      [height, width, 3] uint8 RGB.
    """
    for _ in range(2):
        padded = np.concatenate([image[:1], image, image[-1:]])
        image = 0.2 * (padded[:-2] + padded[2:]) + 0.6 * image
        image = image.transpose(1, 0, 2)
    levels = image * 255 + 6 * (rng.random(image.shape) - 0.5)
    return np.rint(np.clip(levels, 0, 255)).astype(np.uint8)
