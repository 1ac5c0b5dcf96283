import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from guided_segmentation import labels

LABEL_MAPS = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2))


def test_voc_counts_twenty_objects_and_the_background():
    assert labels.VOC.num_objects == 20
    assert labels.VOC.num_classes == 21
    assert labels.VOC.classes[labels.BACKGROUND] == "background"
    assert labels.VOC.classes[15] == "person"


def test_objects_are_in_alphabetical_order_in_voc():
    assert list(labels.VOC.objects) == sorted(labels.VOC.objects)


@pytest.mark.parametrize("count", [0, 255])
def test_a_label_set_fits_a_byte_beside_background_and_ignore(count):
    names = tuple(f"object_{i}" for i in range(count))
    with pytest.raises(
        ValueError, match=rf"needs 1 to 254 objects, got {count}"
    ):
        labels.LabelSet(names)


def test_254_objects_are_the_most():
    names = tuple(f"object_{i}" for i in range(254))
    assert labels.LabelSet(names).num_classes == labels.IGNORE


@pytest.mark.parametrize(
    "names",
    [("cat", "cat"), ("Cat", "cat"), ("background", "cat"), ("Background",)],
)
def test_names_of_classes_differ(names):
    with pytest.raises(
        ValueError, match="must differ from each other and"
    ) as e:
        labels.LabelSet(names)
    assert ", ".join(names) in str(e.value)


def test_image_labels_ignore_the_order_of_names():
    image_labels = labels.VOC.image_labels(["dog", "aeroplane", "dog"])
    assert image_labels.dtype == bool
    np.testing.assert_array_equal(np.flatnonzero(image_labels), [0, 11])


def test_image_labels_of_a_foreign_name_list_the_label_set():
    label_set = labels.LabelSet(("cat", "dog"))
    with pytest.raises(
        ValueError,
        match="'cow' is not in the label set; its objects are cat, dog",
    ):
        label_set.image_labels(["cat", "cow"])


@pytest.mark.parametrize(
    ("index", "colour"),
    [
        (0, (0, 0, 0)),
        (1, (128, 0, 0)),
        (2, (0, 128, 0)),
        (8, (64, 0, 0)),
        (15, (192, 128, 128)),
        (255, (224, 224, 192)),
    ],
)
def test_palette_holds_vocs_published_colours(index, colour):
    np.testing.assert_array_equal(labels.palette()[index], colour)


def test_every_colour_of_the_palette_is_another():
    assert len({tuple(colour) for colour in labels.palette().tolist()}) == 256


def test_palette_cannot_be_changed_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        labels.palette()[0] = 1


def test_present_counts_neither_background_nor_ignore():
    label_map = np.array([[0, 255], [3, 1]], np.uint8)
    np.testing.assert_array_equal(
        labels.present(label_map, 4), [True, False, True, False]
    )


@given(LABEL_MAPS)
def test_present_agrees_with_the_set_of_pixels(label_map):
    pixels = set(label_map.ravel().tolist())
    expected = [index in pixels for index in range(1, 21)]
    np.testing.assert_array_equal(labels.present(label_map, 20), expected)


@given(LABEL_MAPS, st.integers(2, 255))
def test_check_passes_exactly_the_classes_and_ignore(label_map, num_classes):
    fits = all(p < num_classes or p == 255 for p in label_map.ravel().tolist())
    if fits:
        assert labels.check(label_map, num_classes, "x.png") is label_map
    else:
        with pytest.raises(ValueError, match=r"x\.png: wanted class indices"):
            labels.check(label_map, num_classes, "x.png")


def test_check_names_file_range_and_every_foreign_value():
    label_map = np.array([[0, 255, 21], [20, 254, 21]], np.uint8)
    with pytest.raises(
        ValueError,
        match=r"a/b\.png: wanted class indices 0 to 20 or 255 \(ignored\), "
        r"found \[21, 254\]; check the label set",
    ):
        labels.check(label_map, 21, "a/b.png")


def test_names_and_present_are_two_ways_to_the_same_image_labels():
    for names in itertools.combinations(("bird", "sofa", "train"), 2):
        indices = [labels.VOC.classes.index(name) for name in names]
        label_map = np.array([indices], np.uint8)
        np.testing.assert_array_equal(
            labels.present(label_map, 20), labels.VOC.image_labels(list(names))
        )
