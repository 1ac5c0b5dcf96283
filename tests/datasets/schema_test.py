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
