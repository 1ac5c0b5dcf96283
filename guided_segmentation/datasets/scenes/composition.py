"""Composes a scene: puts things beside, against and partly outside each other.

A thing is anything salient: an object of a class, a distractor, or what the
saliency set shows.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from guided_segmentation import labels
from guided_segmentation.datasets.scenes import backgrounds, masks
from guided_segmentation.datasets.scenes.random_values import (
    between,
    direction,
)
from guided_segmentation.datasets.scenes.sprites import Sprite

_GAP_PX = 4  # Between things that do not touch.
_NUM_TRIES = 60  # Places tried for a thing before it is left out.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Thing:
    """A sprite, its class, and how it is to be placed.

    Attributes:
      sprite: How it looks.
      class_index: Class index; 0 for things of no class.
      touches: Whether it touches the thing placed before it.
      visible: Least fraction of it that is inside the image.
    """

    sprite: Sprite
    class_index: int
    touches: bool
    visible: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scene:
    """A drawn image with its ground truth.

    Attributes:
      image: [height, width, 3] uint8 RGB.
      label_map: [height, width] uint8 class indices, with a contour of IGNORE
        two pixels wide around every object of a class.
      instances: [height, width] uint8; 0 background, k for the k-th thing.
      part_mask: [height, width] bool, the emblems of the classes.
      classes: Class index of each thing, 0 for those of no class.
    """

    image: np.ndarray
    label_map: np.ndarray
    instances: np.ndarray
    part_mask: np.ndarray
    classes: tuple[int, ...]

    @property
    def saliency_mask(self) -> np.ndarray:
        """[height, width] bool, all things, of a class or of none."""
        return self.instances > 0


def compose(
    rng: np.random.Generator,
    things: Sequence[Thing],
    context: str | None,
    size: tuple[int, int],
) -> Scene:
    """Puts things on a background.

    Args:
      rng: Draws the background, the places and the noise.
      things: The things in the order in which they are placed. One for which
        no place is found is left out.
      context: Which of `shapes.CONTEXTS` covers the bottom, or None.
      size: Height and width of the image.

    Returns:
      The scene.
    """
    canvas = _Canvas(backgrounds.background(rng, size, context))
    for thing in things:
        centre = _place(rng, canvas, thing)
        if centre is not None:
            canvas.put(thing, centre)
    of_classes = np.array([False, *(index > 0 for index in canvas.classes)])
    return Scene(
        image=_photograph(rng, canvas.image),
        label_map=_label_map(canvas.instances, canvas.classes),
        instances=canvas.instances,
        part_mask=canvas.part_mask & of_classes[canvas.instances],
        classes=tuple(canvas.classes),
    )


class _Canvas:
    """The image, and the things put into it so far.

    Attributes:
      image: [height, width, 3] float64 RGB in [0, 1].
      instances: [height, width] uint8; 0 background, k for the k-th thing.
      part_mask: [height, width] bool, emblems, including those of distractors.
      classes: Class index of each thing.
    """

    def __init__(self, image: np.ndarray):
        self.image = image
        self.instances = np.zeros(image.shape[:2], np.uint8)
        self.part_mask = np.zeros(image.shape[:2], bool)
        self.classes: list[int] = []

    def put(self, thing: Thing, centre: tuple[int, int]) -> None:
        """Draws a thing, occluding those already there."""
        there, here = _windows(self.instances, thing.sprite.mask, centre)
        mask = thing.sprite.mask[here]
        self.image[there][mask] = thing.sprite.image[here][mask]
        self.part_mask[there] |= thing.sprite.part_mask[here]
        self.classes.append(thing.class_index)
        self.instances[there][mask] = len(self.classes)

    def fits(self, thing: Thing, centre: tuple[int, int]) -> bool:
        """Says whether enough of a thing and all emblems would be visible."""
        there, here = _windows(self.instances, thing.sprite.mask, centre)
        seen = np.count_nonzero(thing.sprite.mask[here])
        part = np.count_nonzero(thing.sprite.part_mask[here])
        return (
            seen >= thing.visible * np.count_nonzero(thing.sprite.mask)
            and part >= 0.9 * np.count_nonzero(thing.sprite.part_mask)
            and not (thing.sprite.mask[here] & self.part_mask[there]).any()
        )

    def overlap(self, mask: np.ndarray, centre: tuple[int, int]) -> np.ndarray:
        """Returns how many pixels of each thing a mask would cover.

        Args:
          mask: [side, side] bool.
          centre: Row and column of its middle.

        Returns:
          [1 + things] int64 pixels; the first are of the background.
        """
        there, here = _windows(self.instances, mask, centre)
        covered = self.instances[there][mask[here]]
        return np.bincount(covered, minlength=1 + len(self.classes))


def _windows(
    canvas: np.ndarray, mask: np.ndarray, centre: tuple[int, int]
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Returns the overlap of a mask with the canvas, as slices of each.

    Args:
      canvas: [height, width].
      mask: [side, side].
      centre: Row and column of the canvas on which the mask is centred.

    Returns:
      The slices of the canvas, and those of the mask.
    """
    there, here = [], []
    for extent, side, middle in zip(
        canvas.shape, mask.shape, centre, strict=True
    ):
        first = middle - side // 2
        start, stop = max(first, 0), max(min(first + side, extent), 0)
        there.append(slice(start, stop))
        here.append(slice(start - first, max(stop - first, start - first)))
    return tuple(there), tuple(here)


def _place(
    rng: np.random.Generator, canvas: _Canvas, thing: Thing
) -> tuple[int, int] | None:
    """Returns a row and column for a thing, or None if no place is found."""
    propose = _touching if thing.touches and canvas.classes else _anywhere
    halo = masks.dilate(thing.sprite.mask, _GAP_PX)
    for _ in range(_NUM_TRIES):
        centre, neighbour = propose(rng, canvas, thing)
        covered = canvas.overlap(halo, centre)
        covered[[0, neighbour]] = 0
        if not covered.any() and canvas.fits(thing, centre):
            return centre
    if canvas.classes:
        return None
    height, width = canvas.instances.shape
    return height // 2, width // 2


def _anywhere(
    rng: np.random.Generator, canvas: _Canvas, thing: Thing
) -> tuple[tuple[int, int], int]:
    """Proposes a place in the image; returns it and 0, for no neighbour."""
    margin = 0.18 if thing.visible == 1 else -0.05
    height, width = canvas.instances.shape
    row = between(rng, margin, 1 - margin) * height
    column = between(rng, margin, 1 - margin) * width
    return (int(row), int(column)), 0


def _touching(
    rng: np.random.Generator, canvas: _Canvas, thing: Thing
) -> tuple[tuple[int, int], int]:
    """Proposes a place where the thing touches the last one.

    On a ray from the middle of the last thing, it is the farthest place at
    which a narrow strip of the last thing is covered, found by bisection.

    Returns:
      The row and column, and the number of the last thing.
    """
    neighbour = len(canvas.classes)
    box = masks.tight_box(canvas.instances == neighbour)
    middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    ray = direction(rng)
    strip = 0.5 * len(thing.sprite.mask) * between(rng, 0.5, 1.5)
    reach = len(thing.sprite.mask) + max(box[2] - box[0], box[3] - box[1])

    def centre(step: int) -> tuple[int, int]:
        return int(middle[0] + ray[0] * step), int(middle[1] + ray[1] * step)

    near, far = 0, reach // 2 + 1
    while far - near > 1:
        half = (near + far) // 2
        covered = canvas.overlap(thing.sprite.mask, centre(half))
        near, far = (half, far) if covered[neighbour] > strip else (near, half)
    return centre(near), neighbour


def _label_map(instances: np.ndarray, classes: Sequence[int]) -> np.ndarray:
    """[height, width] uint8, with IGNORE on both sides of objects' edges."""
    label_map = np.array([0, *classes], np.uint8)[instances]
    objects = np.where(label_map > 0, instances, 0)
    below = objects[1:] != objects[:-1]
    right = objects[:, 1:] != objects[:, :-1]
    label_map[1:][below] = labels.IGNORE
    label_map[:-1][below] = labels.IGNORE
    label_map[:, 1:][right] = labels.IGNORE
    label_map[:, :-1][right] = labels.IGNORE
    return label_map


def _photograph(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
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
