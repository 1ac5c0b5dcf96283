"""Puts things into an image: beside, against and partly outside each other."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from guided_segmentation import labels
from guided_segmentation.datasets.scenes import drawing

_GAP_PX = 4  # Between things that do not touch.
_TRIES = 60


@dataclasses.dataclass(frozen=True, kw_only=True)
class Thing:
    """A sprite, what it is, and how it wants to lie.

    Attributes:
      sprite: What it looks like.
      class_index: 0 for things of no class.
      touches: Whether it lies against the thing before it.
      visible: The least share of it that is inside the image.
    """

    sprite: drawing.Sprite
    class_index: int
    touches: bool
    visible: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scene:
    """A drawn image and everything there is to know about it.

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
        """[height, width] bool, every thing, of a class or of none."""
        return self.instances > 0


def tight_box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Returns the smallest half-open box around a [height, width] bool mask.

    Raises:
      ValueError: If the mask is empty.
    """
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        raise ValueError("wanted a mask with a box around it, found it empty")
    return (
        int(rows[0]),
        int(columns[0]),
        int(rows[-1]) + 1,
        int(columns[-1]) + 1,
    )


class _Canvas:
    """Where things have been put so far.

    Attributes:
      image: [height, width, 3] float64 RGB in [0, 1].
      instances: [height, width] uint8; 0 background, k for the k-th thing.
      part_mask: [height, width] bool, emblems, of distractors as well.
      classes: Class index of each thing put.
    """

    def __init__(self, image: np.ndarray):
        self.image = image
        self.instances = np.zeros(image.shape[:2], np.uint8)
        self.part_mask = np.zeros(image.shape[:2], bool)
        self.classes: list[int] = []

    def put(self, thing: Thing, centre: tuple[int, int]) -> None:
        """Draws a thing over whatever lies there."""
        there, here = _windows(self.instances, thing.sprite.mask, centre)
        mask = thing.sprite.mask[here]
        self.image[there][mask] = thing.sprite.image[here][mask]
        self.part_mask[there] |= thing.sprite.part_mask[here]
        self.classes.append(thing.class_index)
        self.instances[there][mask] = len(self.classes)

    def fits(self, thing: Thing, centre: tuple[int, int]) -> bool:
        """Says whether enough of the thing and its emblem would be seen."""
        there, here = _windows(self.instances, thing.sprite.mask, centre)
        seen = np.count_nonzero(thing.sprite.mask[here])
        part = np.count_nonzero(thing.sprite.part_mask[here])
        return (
            seen >= thing.visible * np.count_nonzero(thing.sprite.mask)
            and part >= 0.9 * np.count_nonzero(thing.sprite.part_mask)
            and not (thing.sprite.mask[here] & self.part_mask[there]).any()
        )

    def overlap(self, mask: np.ndarray, centre: tuple[int, int]) -> np.ndarray:
        """Returns how many pixels a mask would take from each thing.

        Args:
          mask: [side, side] bool.
          centre: Row and column of its middle.

        Returns:
          [1 + things] int64; the first is the background's share.
        """
        there, here = _windows(self.instances, mask, centre)
        taken = self.instances[there][mask[here]]
        return np.bincount(taken, minlength=1 + len(self.classes))


def _windows(canvas: np.ndarray, mask: np.ndarray, centre: tuple[int, int]):
    """Returns the slices where a mask's window and the canvas overlap."""
    there, here = [], []
    for extent, side, middle in zip(
        canvas.shape, mask.shape, centre, strict=True
    ):
        first = middle - side // 2
        start, stop = max(first, 0), max(min(first + side, extent), 0)
        there.append(slice(start, stop))
        here.append(slice(start - first, max(stop - first, start - first)))
    return tuple(there), tuple(here)


def compose(
    rng: np.random.Generator,
    things: Sequence[Thing],
    context: str | None,
    size: tuple[int, int],
) -> Scene:
    """Puts the things on a background, as far as there is room for them."""
    canvas = _Canvas(drawing.background(rng, size, context))
    for thing in things:
        centre = _place(rng, canvas, thing)
        if centre is not None:
            canvas.put(thing, centre)
    of_classes = np.array([False, *(index > 0 for index in canvas.classes)])
    return Scene(
        image=drawing.photograph(rng, canvas.image),
        label_map=_label_map(canvas.instances, canvas.classes),
        instances=canvas.instances,
        part_mask=canvas.part_mask & of_classes[canvas.instances],
        classes=tuple(canvas.classes),
    )


def _place(
    rng: np.random.Generator, canvas: _Canvas, thing: Thing
) -> tuple[int, int] | None:
    """Returns where the thing may lie, or None where there is no room."""
    propose = _against if thing.touches and canvas.classes else _anywhere
    halo = _grown(thing.sprite.mask, _GAP_PX)
    for _ in range(_TRIES):
        centre, neighbour = propose(rng, canvas, thing)
        taken = canvas.overlap(halo, centre)
        taken[[0, neighbour]] = 0
        if not taken.any() and canvas.fits(thing, centre):
            return centre
    if canvas.classes:
        return None
    return tuple(extent // 2 for extent in canvas.instances.shape)


def _anywhere(rng, canvas, thing) -> tuple[tuple[int, int], int]:
    """Proposes any place from which some of the thing may be seen."""
    margin = 0.18 if thing.visible == 1 else -0.05
    height, width = canvas.instances.shape
    row = drawing.between(rng, margin, 1 - margin) * height
    column = drawing.between(rng, margin, 1 - margin) * width
    return (int(row), int(column)), 0


def _against(rng, canvas, thing) -> tuple[tuple[int, int], int]:
    """Proposes a place where the thing lies against the last one.

    On a straight line from the other's middle outwards, it is the last place
    that covers a narrow strip of the other, found by halving.
    """
    neighbour = len(canvas.classes)
    box = tight_box(canvas.instances == neighbour)
    middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    along = drawing.direction(rng)
    strip = 0.5 * len(thing.sprite.mask) * drawing.between(rng, 0.5, 1.5)
    reach = len(thing.sprite.mask) + max(box[2] - box[0], box[3] - box[1])

    def centre(step: int) -> tuple[int, int]:
        row, column = (m + a * step for m, a in zip(middle, along, strict=True))
        return int(row), int(column)

    def covers(step: int) -> bool:
        taken = canvas.overlap(thing.sprite.mask, centre(step))
        return taken[neighbour] > strip

    near, far = 0, reach // 2 + 1
    while far - near > 1:
        half = (near + far) // 2
        near, far = (half, far) if covers(half) else (near, half)
    return centre(near), neighbour


def _grown(mask: np.ndarray, steps: int) -> np.ndarray:
    """Returns the mask with a rim of `steps` pixels, in a larger window."""
    outside = ~np.pad(mask, steps + 1)
    for _ in range(steps):
        outside = drawing.erode(outside)
    return ~outside


def _label_map(instances: np.ndarray, classes: Sequence[int]) -> np.ndarray:
    """Returns class indices, with IGNORE on both sides of objects' edges."""
    label_map = np.array([0, *classes], np.uint8)[instances]
    objects = np.where(label_map > 0, instances, 0)
    below = objects[1:] != objects[:-1]
    right = objects[:, 1:] != objects[:, :-1]
    label_map[1:][below] = labels.IGNORE
    label_map[:-1][below] = labels.IGNORE
    label_map[:, 1:][right] = labels.IGNORE
    label_map[:, :-1][right] = labels.IGNORE
    return label_map
