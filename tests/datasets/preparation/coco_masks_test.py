import numpy as np
import pytest
from matplotlib import path as paths

from guided_segmentation.datasets.preparation import coco_masks

CLASSES = {1: 1, 5: 2}


def annotation(segmentation, **values):
    return {"id": 4, "category_id": 1, "area": 1, **values} | {
        "segmentation": segmentation
    }


def square(low, high):
    return [low, low, high, low, high, high, low, high]


def test_the_smaller_object_is_painted_last_whatever_the_order():
    small = annotation([square(1, 2)], category_id=5, area=1)
    large = annotation([square(0, 3)], area=9)
    wanted = [[1, 1, 1], [1, 2, 1], [1, 1, 1]]
    for given in ([small, large], [large, small]):
        found = coco_masks.label_map((3, 3), given, CLASSES)
        assert found.tolist() == wanted


def test_an_object_covers_a_crowd_that_is_smaller():
    runs = {"size": [2, 3], "counts": [0, 4, 2]}
    crowd = annotation(runs, iscrowd=1, area=4)
    thing = annotation([[1, 0, 3, 0, 3, 2, 1, 2]], category_id=5, area=9)
    found = coco_masks.label_map((2, 3), [crowd, thing], CLASSES)
    assert found.tolist() == [[255, 2, 2], [255, 2, 2]]


def test_polygons_of_an_annotation_are_united():
    found = coco_masks.mask(annotation([square(0, 1), square(2, 3)]), (3, 3))
    assert found.astype(int).tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 1]]


@pytest.mark.parametrize("seed", range(5))
def test_a_pixel_is_inside_if_its_centre_is(seed):
    corners = np.random.default_rng(seed).uniform(-5, 25, (7, 2))
    rows, columns = np.mgrid[:19, :23] + 0.5
    centres = np.stack([columns.ravel(), rows.ravel()], -1)
    angles = np.arctan2(*(corners - corners.mean(0)).T)
    corners = corners[np.argsort(angles)]  # Edges do not cross.
    wanted = paths.Path(corners).contains_points(centres).reshape(19, 23)
    found = coco_masks.polygon_mask(corners, (19, 23))
    np.testing.assert_array_equal(found, wanted)


def test_a_polygon_outside_the_image_has_no_pixel():
    assert not coco_masks.polygon_mask(
        np.array([[9.0, 9], [12, 9], [9, 12]]), (4, 5)
    ).any()


def test_run_lengths_go_down_the_columns():
    runs = {"size": [2, 3], "counts": [1, 2, 3]}
    found = coco_masks.mask(annotation(runs), (2, 3))
    assert found.astype(int).tolist() == [[0, 1, 0], [1, 0, 0]]


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        ([[1, 2, 3, 4]], r"annotation 4: wanted polygons .*\[1, 2, 3, 4\]"),
        ({"size": [2, 2], "counts": "12"}, "found them as str; decode"),
        ({"size": [2, 2], "counts": [1, 2]}, "found .* and 3 pixels"),
        ({"size": [1, 4], "counts": [4]}, r"found \[1, 4\] and 4 pixels"),
    ],
)
def test_another_format_is_refused(segmentation, message):
    with pytest.raises(ValueError, match=message):
        coco_masks.mask(annotation(segmentation), (2, 2))
