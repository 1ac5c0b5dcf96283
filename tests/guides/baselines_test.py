import numpy as np
import pytest
from maps import assert_guide, evidence, grid

from guided_segmentation import guides


def test_seeds_only_is_background_outside_the_seeds_of_present_objects():
    seeds = grid("0120 3301 2255")
    guide = guides.seeds_only(evidence(seeds, present=(1, 2, 5)))
    assert_guide(guide, "0120 0001 2255")


@pytest.mark.parametrize(
    ("image_id", "drawn"),
    [("2007_000032", 3), ("2007_000039", 3), ("2011_003271", 5)],
)
def test_g0_draws_the_same_class_in_every_process(image_id, drawn):
    mask = grid("..## .##. ....").astype(bool)
    guide = guides.g0(evidence(None, mask, present=(3, 5), image_id=image_id))
    assert_guide(guide, f"..{drawn}{drawn} .{drawn}{drawn}. ....")


def test_g0_draws_each_present_class_about_equally_often():
    mask = np.ones((1, 1), bool)
    drawn = [
        guides.g0(evidence(None, mask, (2, 3, 5), image_id=f"{i:06}"))[0, 0]
        for i in range(600)
    ]
    counts = np.bincount(drawn, minlength=6)
    assert counts.sum() == counts[[2, 3, 5]].sum()
    assert counts[[2, 3, 5]].min() > 160


def test_full_supervision_is_a_copy_of_the_truth():
    truth = grid("01? 222 ??0")
    guide = guides.full(evidence(truth=truth))
    assert_guide(guide, "01? 222 ??0")
    assert not np.shares_memory(guide, truth)
