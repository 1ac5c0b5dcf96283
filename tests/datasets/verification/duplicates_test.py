import io

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from guided_segmentation.datasets import synthetic
from guided_segmentation.datasets.image_labels import joining
from guided_segmentation.datasets.verification import duplicates, scan

SOURCE = synthetic.source("train", num_images=30)


def picture(index):
    return SOURCE.image(SOURCE.image_ids[index])


def facts(name, image, digest=None):
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    thumbnail = cv2.resize(grey, (16, 16), interpolation=cv2.INTER_AREA)
    return scan.Facts(
        image_id=name,
        digest=digest or name.encode(),
        bits=scan.perceptual_hash(grey),
        thumbnail=thumbnail.tobytes(),
    )


def compressed(image, quality):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


CHANGES = {
    "compressed": lambda image: compressed(image, 30),
    "smaller": lambda image: cv2.resize(
        image, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA
    ),
    "twice": lambda image: cv2.resize(image, None, fx=2, fy=2),
    "brighter": lambda image: cv2.add(image, np.full_like(image, 12)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_picture_that_was_saved_again_is_the_same(change):
    found = [facts(f"a{i}", picture(i)) for i in range(10)]
    found += [facts(f"b{i}", change(picture(i))) for i in range(10)]
    names = [(a.image_id, b.image_id) for a, b, _ in duplicates.pairs(found)]
    assert sorted(names) == [(f"a{i}", f"b{i}") for i in range(10)]


def test_different_pictures_and_mirrored_ones_are_not_the_same():
    found = [facts(f"a{i}", picture(i)) for i in range(30)]
    found += [facts(f"b{i}", picture(i)[:, ::-1].copy()) for i in range(30)]
    assert list(duplicates.pairs(found)) == []


def test_five_copies_are_four_pairs():
    found = [facts(f"a{i}", picture(0), digest=b"same") for i in range(5)]
    pairs = list(duplicates.pairs(found))
    assert [(a.image_id, b.image_id) for a, b, _ in pairs] == [
        ("a0", f"a{i}") for i in range(1, 5)
    ]
    assert {why for *_, why in pairs} == {"identical files"}


@given(st.lists(st.integers(0, 2**64 - 1), min_size=2, max_size=12), st.data())
def test_hashes_are_compared_as_one_by_one(hashes, data):
    """The parts of the hashes leave out no pair."""
    for _ in range(4):
        flips = data.draw(st.sets(st.integers(0, 63), max_size=8))
        bits = data.draw(st.sampled_from(hashes))
        hashes = [*hashes, bits ^ sum(1 << place for place in flips)]
    thumbnail = bytes(range(256))
    found = [
        scan.Facts(image_id=str(i), bits=bits, thumbnail=thumbnail)
        for i, bits in enumerate(hashes)
    ]
    wanted = [
        (i, j, (hashes[i] ^ hashes[j]).bit_count())
        for i in range(len(hashes))
        for j in range(i + 1, len(hashes))
        if (hashes[i] ^ hashes[j]).bit_count() <= duplicates.MAX_BITS
    ]
    assert duplicates._alike(found) == wanted


def test_labels_of_the_same_picture_must_be_the_same():
    found = [facts("a", picture(0)), facts("b", compressed(picture(0), 50))]
    tags = joining.Tags(
        where="tags.csv",
        names={"a": ["cat", "dog"], "b": ["cat"]},
        unknown=(),
        objects=("cat", "dog"),
    )
    splits = {"a": "train", "b": "val"}
    across, labels = duplicates.check(found, splits, tags)
    assert across.check == "duplicate_across_splits"
    assert across.message.endswith("in train and val")
    assert labels.check == "contradiction"
    assert labels.message == "a (cat, dog) and b (cat)"
