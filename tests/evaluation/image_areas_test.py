import math

import numpy as np
import pytest

from guided_segmentation import artifacts
from guided_segmentation.evaluation import image_areas, mean_iou

AREAS = mean_iou.Areas(
    intersection=np.array([[3, 0], [0, 0], [4, 2]]),
    union=np.array([[6, 4], [0, 0], [4, 4]]),
    ignored=np.array([[0, 1], [0, 0], [0, 0]]),
)
IDS = ["a", "2007_000032", "b"]


def test_areas_lie_beside_the_scores_and_come_back(tmp_path):
    image_areas.write(tmp_path / "g2.json", IDS, AREAS)
    assert [path.name for path in tmp_path.iterdir()] == ["g2.npz"]
    found = image_areas.read(tmp_path / "g2.json")
    assert found.image_ids == IDS
    for array, wanted in zip(found.areas, AREAS, strict=True):
        np.testing.assert_array_equal(array, wanted)


def test_areas_of_linked_scores_are_found_where_the_scores_are(tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    scores = tmp_path / "first" / "g2.json"
    artifacts.write_json(scores, {})
    image_areas.write(scores, IDS, AREAS)
    link = tmp_path / "second" / "linked.json"
    link.symlink_to(scores)
    assert image_areas.read(link).image_ids == IDS


def test_scores_without_areas_have_none(tmp_path):
    assert image_areas.read(tmp_path / "g2.json") is None


def test_the_iou_of_an_image_is_the_mean_over_its_classes():
    found = image_areas.ImageAreas(IDS, AREAS).iou()
    assert found == {"a": 0.25, "b": 0.75}


def test_areas_follow_the_classes_of_a_confusion():
    counts = np.array([[6, 2, 0, 2], [1, 4, 0, 5], [0, 0, 0, 0]])
    areas = mean_iou.areas(counts)
    assert areas.intersection.tolist() == [6, 4, 0]
    assert areas.union.tolist() == [11, 12, 0]
    assert areas.ignored.tolist() == [2, 5, 0]
    labelled = counts.copy()
    labelled[:, -1] = 0
    assert areas.labelled().mean_iou() == mean_iou.mean_iou(labelled)
    assert areas.labelled().mean_iou() == pytest.approx((6 / 9 + 4 / 7) / 2)


def test_areas_of_a_split_are_the_sum_over_its_images():
    total = AREAS.total()
    assert total.union.tolist() == [10, 8]
    assert total.mean_iou() == pytest.approx((7 / 10 + 2 / 8) / 2)
    assert math.isnan(AREAS.mean_iou()[1])
