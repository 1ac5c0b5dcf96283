"""Seeds and saliency masks derived from ground truth, without any training."""

import cv2
import numpy as np

from guided_segmentation import guides
from guided_segmentation.datasets import schema
from guided_segmentation.labels import BACKGROUND, IGNORE

EROSION = 0.1  # Size of the kernel as a fraction of the shorter side.


def evidence(source: schema.Source, image_id: str) -> guides.Evidence:
    """Derives the input of a guide labeller from the ground truth of an image.

    Seeds are the eroded ground truth of each object. The saliency mask is
    everything but background, so that touching objects share one region.

    Args:
      source: Images with ground truth.
      image_id: Name of the image.

    Returns:
      The image with its image-level labels, seeds, [height, width] uint8, and
      saliency mask, [height, width] bool.
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
