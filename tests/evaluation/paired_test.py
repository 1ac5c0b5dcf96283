import numpy as np
import pytest

from guided_segmentation.evaluation import (
    bootstrap,
    image_areas,
    mean_iou,
    paired,
)

IDS = [f"image_{index}" for index in range(20)]


def areas(hit, images=20):
    union = np.arange(1, images + 1)[:, None] * [10, 20]
    return mean_iou.Areas((hit * union).astype(int), union, 0 * union)


@pytest.fixture
def scores(tmp_path):
    hits = {"seeds_only": 0.2, "g2": 0.4, "full": 0.5, "g0": 0.1}
    paths = {guide: tmp_path / f"{guide}.json" for guide in hits}
    for guide in ("seeds_only", "g2", "full"):
        image_areas.write(paths[guide], IDS, areas(hits[guide]))
    return paths


def test_segmenters_are_compared_with_seeds_only_and_with_full(scores):
    found = paired.compare(scores)
    assert {guide: list(each) for guide, each in found.items()} == {
        "seeds_only": ["of_full_supervision"],
        "g2": ["over_seeds_only", "of_full_supervision"],
        "full": ["over_seeds_only"],
    }
    assert found["g2"] == {
        "over_seeds_only": bootstrap.difference(areas(0.4), areas(0.2)),
        "of_full_supervision": bootstrap.percent(areas(0.4), areas(0.5)),
    }
    assert found["g2"]["of_full_supervision"]["percent"] == pytest.approx(80)


def test_without_partners_nothing_is_compared(scores):
    assert paired.compare({"g2": scores["g2"]}) == {"g2": {}}
    assert paired.compare({"g0": scores["g0"]}) == {}


def test_segmenters_scored_on_other_images_are_refused(scores):
    image_areas.write(scores["g2"], IDS[:3], areas(0.4, 3))
    with pytest.raises(ValueError, match="found one over 3 and one over 20"):
        paired.compare(scores)
