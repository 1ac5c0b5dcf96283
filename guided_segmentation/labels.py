"""Label sets and label maps: what a class index means, and which are present.

Source of the palette and the class order: the PASCAL VOC 2012 development kit.
"""

import dataclasses
import functools

import numpy as np

BACKGROUND = 0
IGNORE = 255  # Pixels that neither train nor score anything.


@dataclasses.dataclass(frozen=True)
class LabelSet:
    """The classes a segmenter tells apart.

    Attributes:
      objects: Names of the objects; the class index of `objects[i]` is i + 1,
        since 0 is the background.
    """

    objects: tuple[str, ...]

    def __post_init__(self):
        if not 1 <= len(self.objects) < IGNORE:
            raise ValueError(
                f"a label set needs 1 to {IGNORE - 1} objects, got "
                f"{len(self.objects)}"
            )
        if len(set(self.classes)) < self.num_classes:
            raise ValueError(
                f"the objects of a label set must differ from each other and "
                f"from 'background', got {', '.join(self.objects)}"
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
        """Returns which objects `names` lists.

        Args:
          names: Names of objects, in any order.

        Returns:
          [num_objects] bool image-level labels.

        Raises:
          ValueError: If a name is outside the label set.
        """
        for name in names:
            if name not in self.objects:
                raise ValueError(
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
    """VOC's colours: the index's bits dealt to red, green, blue from the top.

    Returns:
      [256, 3] uint8 RGB; row 1 is (128, 0, 0), row 255 (224, 224, 192).
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
    """Reads image-level labels off a label map, as the authors' release does.

    Args:
      label_map: [height, width] uint8 class indices and IGNORE.
      num_objects: Number of classes without the background.

    Returns:
      [num_objects] bool, True for every object with at least one pixel.
    """
    counts = np.bincount(label_map.ravel(), minlength=256)
    return counts[1 : num_objects + 1] > 0


def check(label_map: np.ndarray, num_classes: int, where: str) -> np.ndarray:
    """Returns `label_map` if every pixel is a class index or IGNORE.

    Args:
      label_map: [height, width] uint8.
      num_classes: Number of classes, background included.
      where: The file or image, for the message.

    Returns:
      `label_map` itself.

    Raises:
      ValueError: If a pixel holds another value.
    """
    counts = np.bincount(label_map.ravel(), minlength=256)
    outside = np.flatnonzero(counts[num_classes:IGNORE]) + num_classes
    if outside.size:
        raise ValueError(
            f"{where}: wanted class indices 0 to {num_classes - 1} or "
            f"{IGNORE} (ignored), found {outside.tolist()}; check the label set"
        )
    return label_map
