"""The areas of each image, in a file beside the scores made from them.

They allow resampling, comparing and ranking images without reading the label
maps again.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from guided_segmentation import artifacts
from guided_segmentation.evaluation.mean_iou import Areas


class ImageAreas(NamedTuple):
    """Areas and the names of the images.

    Attributes:
      image_ids: Names, in the order of the areas.
      areas: Of each image, [images, num_classes].
    """

    image_ids: list[str]
    areas: Areas

    def iou(self) -> dict[str, float]:
        """Returns the mean IoU of each image by name.

        The mean is over the classes in its truth or prediction. Images without
        a pixel to score are left out.
        """
        scores = zip(self.image_ids, self.areas.mean_iou(), strict=True)
        return {name: float(iou) for name, iou in scores if iou == iou}


def write(
    scores_path: artifacts.Path, image_ids: Sequence[str], areas: Areas
) -> None:
    """Writes areas beside the JSON of the scores, under the same name.

    Args:
      scores_path: The JSON file.
      image_ids: Names of the images.
      areas: Of each image, [images, num_classes].
    """
    path = artifacts.to_path(scores_path).with_suffix(".npz")
    artifacts.write_areas(path, image_ids, areas._asdict())


def read(scores_path: artifacts.Path) -> ImageAreas | None:
    """Reads the areas beside the JSON of the scores.

    Args:
      scores_path: The JSON file; where it is a link, its target counts.

    Returns:
      The areas, or None if there is no such file.

    Raises:
      ValueError: If the file is damaged.
    """
    path = artifacts.to_path(scores_path).resolve().with_suffix(".npz")
    if not path.is_file():
        return None
    image_ids, areas = artifacts.read_areas(path)
    return ImageAreas(image_ids, Areas(**areas))


def read_kept(scores_paths: Mapping[str, artifacts.Path]) -> dict[str, Areas]:
    """Reads the areas beside several scores.

    Args:
      scores_paths: JSON files, as `read` takes them, by name.

    Returns:
      Areas by name, without those that were not kept.

    Raises:
      ValueError: If a file is damaged.
    """
    return {
        name: kept.areas
        for name, path in scores_paths.items()
        if (kept := read(path)) is not None
    }
