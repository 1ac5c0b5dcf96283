import dataclasses

from benchmark_samples import SCENES, SMALL, two_squares

from guided_segmentation import crf, guides
from guided_segmentation.benchmarks import guide_suite
from guided_segmentation.benchmarks.evidence import evidence as evidence_of


def test_a_crf_is_needed_where_classes_share_a_region():
    evidence = evidence_of(two_squares(), "only")
    assert guide_suite.needs_crf(evidence)
    apart = evidence.saliency_mask & (evidence.seeds != 2)
    apart[:, 35:40] = False
    alone = dataclasses.replace(evidence, saliency_mask=apart)
    assert not guide_suite.needs_crf(alone)


def test_both_guides_are_made_of_the_same_images(monkeypatch):
    made = []
    monkeypatch.setattr(
        guides, "g2", lambda e, s: made.append((e.image_id, s.crf))
    )
    found = guide_suite.measure(SCENES, SMALL)
    once = [(i, c) for c in (crf.NONE, crf.DEEPLAB) for i in SCENES.image_ids]
    assert made == once * SMALL.repeats
    assert 0 <= found["images_with_crf"] <= 1
