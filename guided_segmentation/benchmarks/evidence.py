"""Seeds and saliency from true label maps, so that no training comes before."""

import cv2
import numpy as np

from guided_segmentation import guides
from guided_segmentation.datasets import schema
from guided_segmentation.labels import BACKGROUND, IGNORE

EROSION = 0.1  # Share of the image's shorter side that truth loses as seeds.


def evidence(source: schema.Source, image_id: str) -> guides.Evidence:
    """Derives seeds and saliency of an image from its truth.

    Seeds are each object's truth, eroded; the saliency mask is all that is
    not background, so that objects that touch share a region.

    Args:
      source: Photographs with truth.
      image_id: Name of the image.

    Returns:
      What a guide takes.
    """
    truth = source.label_map(image_id)
    side = max(3, round(EROSION * min(truth.shape)))
    kernel = np.ones((side, side), np.uint8)
    seeds = np.full_like(truth, BACKGROUND)
    for index in np.setdiff1d(truth, [BACKGROUND, IGNORE]):
        core = cv2.erode((truth == index).astype(np.uint8), kernel)
        seeds[core > 0] = index
    return guides.Evidence(
        image_id=image_id,
        image=source.image(image_id),
        image_labels=source.image_labels(image_id),
        seeds=seeds,
        saliency_mask=truth != BACKGROUND,
    )
