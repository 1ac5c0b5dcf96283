"""How well the network of a seeder classifies: mean average precision (mAP).

Source: Oh et al., CVPR 2017, section 4.2 and Table 1.
"""

from collections.abc import Callable, Sequence

import numpy as np
import tqdm

from guided_segmentation.datasets import pipeline, schema
from guided_segmentation.evaluation import average_precision, mean_iou

_NO_OBJECTS = np.empty(0, np.int32)


def evaluate(
    seeder: Callable[[np.ndarray, np.ndarray], tuple], source: schema.Source
) -> dict:
    """Evaluates the classifier of a seeder on every image; needs no masks.

    Args:
      seeder: Takes an image, [height, width, 3] uint8 RGB, and indices of
        objects, here none; returns score maps and the [num_objects] float32
        logits. Logits are None if it does not classify.
      source: Photographs, their image-level labels, and what is difficult if
        known.

    Returns:
      What `summary` returns, and the name of the split and the number of
      images as "map_source" and "map_images".
    """
    scores = []
    for image in _images(source):
        _, logits = seeder(image, _NO_OBJECTS)
        if logits is None:
            break
        scores.append(np.asarray(logits))
    present = [source.image_labels(name) for name in source.image_ids]
    return {
        **summary(scores, present, source),
        "map_source": source.name,
        "map_images": len(source.image_ids),
    }


def summary(
    scores: Sequence[np.ndarray],
    present: Sequence[np.ndarray],
    source: schema.Source,
) -> dict:
    """Returns the average precision of each object and mAP, ready for JSON.

    As in VOC's own evaluation, an image that shows only difficult objects of a
    class is not counted in its average precision; data sets that do not mark
    difficult objects count every image for every class.

    Args:
      scores: [num_objects] float logits of each image; empty if there are
        none.
      present: [num_objects] bool image-level labels of each image.
      source: The images, in this order.

    Returns:
      "map" and "ap" by object; None for what is not defined or not measured.
    """
    objects = source.label_set.objects
    if not scores:
        return {"map": None, "ap": dict.fromkeys(objects)}
    ap = average_precision.by_class(
        np.array(scores), np.array(present), _difficult(source)
    )
    return {
        "map": mean_iou.or_none(mean_iou.mean(ap)),
        "ap": dict(zip(objects, map(mean_iou.or_none, ap), strict=True)),
    }


def _difficult(source):
    """[images, num_objects] bool, or None where the data do not say."""
    if source.difficult is None:
        return None
    return np.array([source.difficult(name) for name in source.image_ids])


def _images(source):
    examples = pipeline.in_order(source.image_ids, {"image": source.image})
    images = (example["image"] for example in examples)
    return tqdm.tqdm(images, "mAP", len(source.image_ids), unit="image")
