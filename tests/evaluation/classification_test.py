"""mAP over photographs with image-level labels, without masks."""

import numpy as np
import pytest
import thin_networks

from guided_segmentation import crf, labels
from guided_segmentation.datasets import schema
from guided_segmentation.evaluation import classification
from guided_segmentation.seeders import backprop, cam, refinement

PETS = labels.LabelSet(("cat", "dog"))
SCORES = {"a": (3, 1), "b": (2, 5), "c": (1, 4)}
PRESENT = {"a": (0, 1), "b": (1, 0), "c": (1, 0)}


def source(**changed):
    parts = {
        "name": "pets",
        "image_ids": tuple(SCORES),
        "image": lambda i: np.full((2, 3, 3), SCORES[i][0], np.uint8),
        "image_labels": lambda i: np.array(PRESENT[i], bool),
        "label_set": PETS,
    }
    return schema.Source(**{**parts, **changed})


def known(image, objects):
    """A seeder that asks for no score maps, so none are made."""
    assert objects.shape == (0,)
    logits = next(s for s in SCORES.values() if s[0] == image[0, 0, 0])
    return np.zeros((*image.shape[:2], 0)), np.array(logits, np.float32)


def test_average_precision_needs_no_masks():
    """a, without a cat, ranks first: 1/2 and 2/3, made monotone; dog third."""
    found = classification.evaluate(known, source())
    assert found == {
        "map": pytest.approx((2 / 3 + 1 / 3) / 2),
        "ap": {"cat": pytest.approx(2 / 3), "dog": pytest.approx(1 / 3)},
        "map_source": "pets",
        "map_images": 3,
    }


def test_difficult_images_are_ignored_for_their_class():
    """Without b for dogs, the dog of a is the second of two."""
    hard = {"b": (False, True)}
    found = classification.evaluate(
        known,
        source(difficult=lambda i: np.array(hard.get(i, (False, False)))),
    )
    assert found["ap"]["dog"] == pytest.approx(1 / 2)
    assert found["ap"]["cat"] == pytest.approx(2 / 3)


def test_a_seeder_that_does_not_classify_has_no_map():
    found = classification.evaluate(lambda *_: (None, None), source())
    assert (found["map"], found["ap"]) == (None, {"cat": None, "dog": None})


@pytest.mark.parametrize("name", ["gap_highres", "vgg16"])
def test_seeders_classify_without_objects_to_locate(name):
    network = thin_networks.build(name)
    size = 193 if name == "vgg16" else 33
    if name == "vgg16":
        seeder = backprop.seeder(network, size, "vanilla")
    else:
        seeder = cam.seeder(network, size)
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    one = np.array([1], np.int32)
    none = np.empty(0, np.int32)
    _, logits = seeder(image, one)
    maps, without = seeder(image, none)
    assert maps.shape == (20, 30, 0)
    np.testing.assert_allclose(without, logits, rtol=1e-5)
    sharp, refined = refinement.refined(seeder, crf.SEC)(image, none)
    assert sharp.shape == (20, 30, 0)
    np.testing.assert_allclose(refined, logits, rtol=1e-5)
