import dataclasses

import numpy as np
import pytest

from guided_segmentation.datasets import schema


def test_an_empty_source_is_refused_by_name():
    with pytest.raises(
        ValueError, match="drawn/val is empty: wanted at least one image"
    ):
        schema.Source(name="drawn/val", image_ids=(), image=lambda _: None)


def test_all_image_labels_are_read_once():
    read = []

    def image_labels(image_id):
        read.append(image_id)
        return np.array([image_id == "b", True])

    source = schema.Source(
        name="x",
        image_ids=("a", "b"),
        image=lambda _: None,
        image_labels=image_labels,
    )
    assert read == []
    for _ in range(2):
        found = source.all_image_labels
        np.testing.assert_array_equal(found, [[False, True], [True, True]])
    assert read == ["a", "b"]


def test_a_source_without_image_labels_has_none_of_all_images():
    source = schema.Source(name="x", image_ids=("a",), image=lambda _: None)
    with pytest.raises(
        ValueError,
        match="x has no image labels, wanted those of every image; give them, "
        "or shuffle",
    ):
        _ = source.all_image_labels


def test_a_source_of_ids_alone_has_neither_labels_nor_truth():
    source = schema.Source(name="x", image_ids=("a",), image=lambda _: None)
    assert source.image_labels is source.difficult is None
    assert source.label_map is source.boxes is None
    assert source.label_set is None


def read_counted(has_labels_in_memory=False):
    """A source, and the ids whose image-level labels were read."""
    read = []

    def image_labels(image_id):
        read.append(image_id)
        return np.array([True, image_id == "a"])

    source = schema.Source(
        name="pets",
        image_ids=("a", "b"),
        image=lambda _: np.zeros((4, 5, 3), np.uint8),
        image_labels=image_labels,
        has_labels_in_memory=has_labels_in_memory,
    )
    return source, read


def test_image_labels_are_read_once():
    source, read = read_counted()
    for _ in range(2):
        assert source.image_labels("a").tolist() == [True, True]
        assert source.image_labels("b").tolist() == [True, False]
    assert source.all_image_labels.tolist() == [[True, True], [True, False]]
    assert read == ["a", "b"]


def test_a_part_of_a_source_does_not_read_image_labels_again():
    source, read = read_counted()
    source.image_labels("a")
    part = dataclasses.replace(source, image_ids=("a",))
    assert part.image_labels("a").tolist() == [True, True]
    assert read == ["a"]


def test_image_labels_may_be_changed_without_harm():
    source, _ = read_counted()
    source.image_labels("a")[:] = False
    assert source.image_labels("a").tolist() == [True, True]


def test_image_labels_in_memory_are_taken_from_there():
    source, read = read_counted(has_labels_in_memory=True)
    source.image_labels("a")
    source.image_labels("a")
    assert read == ["a", "a"]
