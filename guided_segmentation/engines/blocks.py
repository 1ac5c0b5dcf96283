"""The work on a block of images, in which a bad one does not stop the rest."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import NamedTuple

from guided_segmentation.datasets import schema


class Row(NamedTuple):
    """What is told of an image that was dealt with.

    Attributes:
      image_id: Of the image.
      error: Why it has no output; "" if it has.
      value: What the work leaves in `Work.values`; None if nothing.
    """

    image_id: str
    error: str
    value: float | None


@dataclasses.dataclass(frozen=True)
class Work:
    """What a binary does with images.

    Attributes:
      source: The images.
      make: Writes the outputs that the images of a source lack. It may return
        why some have none, by image id; any other image that cannot be made
        raises an error.
      values: By image id, what `make` tells of an image besides its files,
        such as its mean margin; taken out after each block.
    """

    source: schema.Source
    make: Callable[[schema.Source], Mapping[str, str] | None]
    values: dict[str, float] = dataclasses.field(default_factory=dict)


class BlockMaker:
    """Makes the outputs of blocks of images."""

    def __init__(self, work: Work, line: Callable[[Exception], str]) -> None:
        """Takes what makes images.

        Args:
          work: What to do with them.
          line: Returns the line that tells a user of an error of an image.
        """
        self._work = work
        self._line = line

    def __call__(self, image_ids: list[str]) -> list[Row]:
        """Makes the outputs of some images.

        If one raises an error, those of the block are made one by one; what
        is there already is passed over.

        Args:
          image_ids: Of the images.

        Returns:
          A row for each of them, in order.
        """
        try:
            errors = self._make(image_ids)
        except Exception:
            errors = {}
            for image_id in image_ids:
                errors |= self._alone(image_id)
        values = {**self._work.values}
        self._work.values.clear()
        return [Row(i, errors.get(i, ""), values.get(i)) for i in image_ids]

    def _alone(self, image_id: str) -> dict[str, str]:
        try:
            return self._make([image_id])
        except Exception as error:
            return {image_id: self._line(error)}

    def _make(self, image_ids: list[str]) -> dict[str, str]:
        source = dataclasses.replace(
            self._work.source, image_ids=tuple(image_ids)
        )
        return dict(self._work.make(source) or {})
