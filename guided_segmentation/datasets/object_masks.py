"""Masks of the salient object as the truth that saliency is scored by."""

import dataclasses

import numpy as np

from guided_segmentation import artifacts
from guided_segmentation.datasets import image_checks, schema


def with_truth(
    source: schema.Source, masks_dir: artifacts.Path
) -> schema.Source:
    """Returns a source whose true label maps are the masks of a folder.

    Args:
      source: Photographs.
      masks_dir: Folder of <image_id>.png, as artifacts.read_mask reads them.

    Returns:
      The same images. `label_map` returns [height, width] uint8, 1 on the
      object; it raises an InputError where mask and photograph differ in
      size.

    Raises:
      FileNotFoundError: If an image has no mask.
    """
    missing = artifacts.missing(source.image_ids, masks_dir)
    if missing:
        raise FileNotFoundError(
            f"{masks_dir}: wanted a mask <image_id>.png of each of "
            f"{len(source.image_ids)} images, found none of {len(missing)}, "
            f"the first is {missing[0]!r}; add them, or name another folder"
        )

    def label_map(image_id: str) -> np.ndarray:
        path = artifacts.to_path(masks_dir, f"{image_id}.png")
        mask = artifacts.read_mask(path)
        if source.photograph is not None:
            file = source.photograph(image_id)
            image_checks.require_size(mask, path, file, image_id)
        return mask.astype(np.uint8)

    return dataclasses.replace(source, label_map=label_map)
