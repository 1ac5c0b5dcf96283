"""Image-level labels from folders: a photograph shows what its folder names."""

from collections.abc import Iterable

from guided_segmentation.datasets.image_labels.rows import Rows


def read(image_ids: Iterable[str]) -> Rows:
    """Returns the name of the folder that each photograph lies in.

    Args:
      image_ids: Ids of photographs; those outside of sub-folders have no row.

    Example:
      >>> read(["cat/1", "train/stop sign/2", "3"])
      [('cat/1', ['cat']), ('train/stop sign/2', ['stop sign'])]
    """
    return [
        (image_id, [image_id.split("/")[-2]])
        for image_id in image_ids
        if "/" in image_id
    ]
