import numpy as np
import pytest
from benchmark_samples import SCENES, two_squares

from guided_segmentation.benchmarks.evidence import evidence as evidence_of
from guided_segmentation.guides import regions
from guided_segmentation.labels import BACKGROUND


def test_seeds_are_the_eroded_ground_truth():
    evidence = evidence_of(two_squares(), "only")
    wanted = np.zeros((60, 80), np.uint8)  # 10 % of 60 px: 3 px a side.
    wanted[8:33, 8:33] = 1
    wanted[8:33, 40:65] = 2
    wanted[43:56, 33:48] = 3
    np.testing.assert_array_equal(evidence.seeds, wanted)


@pytest.mark.parametrize("image_id", SCENES.image_ids)
def test_seeds_lie_within_the_ground_truth_of_their_object(image_id):
    evidence = evidence_of(SCENES, image_id)
    truth = SCENES.label_map(image_id)
    is_seed = evidence.seeds != BACKGROUND
    assert is_seed.any()
    np.testing.assert_array_equal(evidence.seeds[is_seed], truth[is_seed])


def test_touching_objects_share_one_region():
    mask = evidence_of(two_squares(), "only").saliency_mask
    assert regions.components(mask, 25).max() == 2
