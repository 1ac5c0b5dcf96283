"""Photographs of make_masks that are no files."""

import numpy as np

from guided_segmentation import labels
from guided_segmentation.datasets import schema
from guided_segmentation.own_photographs.photographs import (
    Photograph,
    Photographs,
)

OBJECTS = ("cat", "cow", "dog")


def photographs(*tags, size=(300, 400)):
    """Photographs with these tags, each a text of names."""
    ids = tuple(f"{index:03}" for index in range(len(tags)))
    source = schema.Source(
        name="folder",
        image_ids=ids,
        image=lambda image_id: np.zeros((3, 4, 3), np.uint8),
    )
    by_id = {
        image_id: Photograph(digest="1", size=size, tags=tuple(each.split()))
        for image_id, each in zip(ids, tags, strict=True)
    }
    return Photographs(
        source=source, label_set=labels.LabelSet(OBJECTS), by_id=by_id
    )
