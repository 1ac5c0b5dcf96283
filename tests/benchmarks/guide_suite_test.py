import dataclasses

import numpy as np
import pytest
from benchmark_samples import SCENES, SMALL, two_squares

from guided_segmentation import guides
from guided_segmentation.benchmarks import guide_suite
from guided_segmentation.benchmarks.evidence import evidence as evidence_of
from guided_segmentation.benchmarks.plain_g2 import plain_g2


def test_a_crf_is_needed_where_classes_share_a_region():
    evidence = evidence_of(two_squares(), "only")
    assert guide_suite.needs_crf(evidence)
    apart = evidence.saliency_mask & (evidence.seeds != 2)
    apart[:, 35:40] = False
    alone = dataclasses.replace(evidence, saliency_mask=apart)
    assert not guide_suite.needs_crf(alone)


@pytest.mark.parametrize("preset", guides.PRESETS)
def test_the_plain_version_labels_as_g2_does(preset):
    settings = dataclasses.replace(guides.PRESETS[preset], crf_extent="image")
    evidences = [evidence_of(SCENES, each) for each in SCENES.image_ids]
    evidences.append(evidence_of(two_squares(), "only"))
    assert any(map(guide_suite.needs_crf, evidences))
    for evidence in evidences:
        wanted = guides.g2(evidence, settings)
        assert len(np.unique(wanted)) > 1
        np.testing.assert_array_equal(plain_g2(evidence, settings), wanted)


def test_both_versions_label_the_same_images():
    found = guide_suite.measure(two_squares(), SMALL)
    assert found["images_with_crf"] == 1
    rates = found["images_per_second"]
    assert list(rates) == ["g2_with_crf", "plain_g2_with_crf"]
    calls = found["measurements"]
    ratios = np.divide(calls["g2_with_crf"], calls["plain_g2_with_crf"])
    assert found["g2_to_plain"] == {
        "with_crf": pytest.approx(np.median(ratios))
    }


def test_images_are_grouped_by_their_need_of_a_crf():
    found = guide_suite.measure(SCENES, SMALL)
    needs = [
        guide_suite.needs_crf(evidence_of(SCENES, i)) for i in SCENES.image_ids
    ]
    assert found["images_with_crf"] == np.mean(needs)
    assert len(found["g2_to_plain"]) == len(set(needs))
