"""Label sets, label maps and their palette.

Source of the palette and the class order: the PASCAL VOC 2012 development kit.
"""

import dataclasses
import functools

import numpy as np

from guided_segmentation.errors import InputError

BACKGROUND = 0
IGNORE = 255  # Excluded from losses and scores.


@dataclasses.dataclass(frozen=True)
class LabelSet:
    """The classes of a segmenter.

    Attributes:
      objects: Names of the objects. The class index of `objects[i]` is i + 1;
        0 is the background.
    """

    objects: tuple[str, ...]

    def __post_init__(self):
        if not 1 <= len(self.objects) < IGNORE:
            raise InputError(
                f"a label set needs 1 to {IGNORE - 1} objects, got "
                f"{len(self.objects)}"
            )
        if len({name.casefold() for name in self.classes}) < self.num_classes:
            raise InputError(
                f"the objects of a label set must differ from each other and "
                f"from 'background', not in upper and lower case alone, got "
                f"{', '.join(self.objects)}"
            )

    @property
    def num_objects(self) -> int:
        """Number of classes without the background."""
        return len(self.objects)

    @property
    def num_classes(self) -> int:
        """Number of classes, background included."""
        return len(self.objects) + 1

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of all classes, by class index."""
        return ("background", *self.objects)

    def image_labels(self, names: list[str]) -> np.ndarray:
        """Converts names of objects to image-level labels.

        Args:
          names: Names of objects, in any order.

        Returns:
          [num_objects] bool, True for every object in `names`.

        Raises:
          ValueError: If a name is not in the label set.

        Example:
          >>> LabelSet(("cat", "dog")).image_labels(["dog"]).tolist()
          [False, True]
        """
        for name in names:
            if name not in self.objects:
                raise InputError(
                    f"{name!r} is not in the label set; its objects are "
                    f"{', '.join(self.objects)}"
                )
        return np.array([name in names for name in self.objects])


VOC = LabelSet(
    (
        "aeroplane",
        "bicycle",
        "bird",
        "boat",
        "bottle",
        "bus",
        "car",
        "cat",
        "chair",
        "cow",
        "diningtable",
        "dog",
        "horse",
        "motorbike",
        "person",
        "pottedplant",
        "sheep",
        "sofa",
        "train",
        "tvmonitor",
    )
)


@functools.cache
def palette() -> np.ndarray:
    """Returns VOC's palette, a colour for each class index.

    The index's bits, lowest first, go to red, green and blue in turn, and fill
    each channel from its highest bit.

    Returns:
      [256, 3] uint8 RGB, read-only.

    Example:
      >>> palette()[[0, 1, 2, 15, 255]].tolist()
      [[0, 0, 0], [128, 0, 0], [0, 128, 0], [192, 128, 128], [224, 224, 192]]
    """
    index = np.arange(256)
    colours = np.zeros((256, 3), np.uint8)
    for bit in range(8):
        for channel in range(3):
            value = (index >> (3 * bit + channel)) & 1
            colours[:, channel] |= (value << (7 - bit)).astype(np.uint8)
    colours.setflags(write=False)
    return colours


def present(label_map: np.ndarray, num_objects: int) -> np.ndarray:
    """Derives image-level labels from a label map, as the authors' code does.

    Args:
      label_map: [height, width] uint8 class indices and IGNORE.
      num_objects: Number of classes without the background.

    Returns:
      [num_objects] bool, True for every object with at least one pixel.

    Example:
      >>> label_map = np.array([[0, 255], [3, 1]], np.uint8)
      >>> present(label_map, num_objects=4).tolist()
      [True, False, True, False]
    """
    counts = np.bincount(label_map.ravel(), minlength=256)
    return counts[1 : num_objects + 1] > 0


def ignores_object(label_map: np.ndarray) -> bool:
    """Whether a label map holds no object, but ignored pixels.

    So do masks of 0 and 255 from other tools, which mark the object by 255.

    Args:
      label_map: [height, width] uint8 class indices and IGNORE.

    Example:
      >>> ignores_object(np.array([[0, 255]], np.uint8))
      True
    """
    counts = np.bincount(label_map.ravel(), minlength=256)
    return bool(counts[IGNORE]) and not counts[1:IGNORE].any()


def check(label_map: np.ndarray, num_classes: int, where: str) -> np.ndarray:
    """Returns `label_map` if every pixel is a class index or IGNORE.

    Args:
      label_map: [height, width] uint8.
      num_classes: Number of classes, background included.
      where: The file or image, for the message.

    Returns:
      `label_map` itself, [height, width] uint8.

    Raises:
      ValueError: If a pixel holds another value.
    """
    counts = np.bincount(label_map.ravel(), minlength=256)
    outside = np.flatnonzero(counts[num_classes:IGNORE]) + num_classes
    if outside.size:
        raise InputError(
            f"{where}: wanted class indices 0 to {num_classes - 1} or "
            f"{IGNORE} (ignored), found {outside.tolist()}; check the label set"
        )
    return label_map
