import masks_samples
import numpy as np
import pytest
from masks_samples import BOX, SETTINGS

from guided_segmentation.saliency import quality


def of_window(rows, columns, box=BOX):
    mask = np.zeros((20, 20), bool)
    mask[rows, columns] = True
    return quality.compare_with_box("a", mask, box)


def test_a_mask_is_measured_along_and_inside_its_box():
    inside = of_window(slice(4, 9), slice(4, 12))
    assert (inside.fraction, inside.outline) == (0.4, 0.0)
    corner = of_window(slice(2, 7), slice(3, 8))
    assert (corner.fraction, corner.outline) == (0.25, 0.25)
    assert corner.outline == 9 / 36


def test_a_mask_that_fills_its_box_is_a_failure():
    found = of_window(slice(2, 12), slice(3, 13))
    assert found.is_box
    assert found.doubt == 2
    empty = of_window(slice(0), slice(0), box=np.array([4, 4, 4, 9]))
    assert empty.is_box


@pytest.mark.parametrize(
    ("fraction", "outline", "doubt"),
    [(0.8, 0.1, 0.1), (0.8, 0.9, 0.9), (0.1, 0.0, 0.85), (0.4, 0.1, 0.4)],
)
def test_masks_along_the_outline_and_small_masks_are_doubtful(
    fraction, outline, doubt
):
    found = quality.Quality(image_id="a", fraction=fraction, outline=outline)
    assert found.doubt == pytest.approx(doubt)


def test_the_most_doubtful_masks_come_first(tmp_path):
    photographs = masks_samples.write_masks(tmp_path)
    found = quality.rank_masks(photographs, tmp_path, SETTINGS)
    assert [each.image_id for each in found] == ["box", "half", "good"]


def test_a_missing_mask_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*good\.png"):
        quality.rank_masks(masks_samples.source(), tmp_path, SETTINGS)
