import numpy as np
from benchmark_samples import SCENES, SMALL

from guided_segmentation import crf
from guided_segmentation.benchmarks import crf_suite


def test_workers_and_this_process_refine_the_same_images(monkeypatch):
    monkeypatch.setattr(crf, "default_num_workers", lambda: 2)
    refined = []

    def postprocess(image, probabilities):
        refined.append((crf.num_workers(), image, probabilities))

    monkeypatch.setattr(crf, "postprocess", postprocess)
    found = crf_suite.measure(SCENES, SMALL)
    assert found["num_workers"] == 2
    assert list(found["images_per_second"]) == ["in_workers", "in_process"]
    each = len(SCENES.image_ids)
    runs = [2] + [2, 0] * SMALL.repeats  # The first starts the workers.
    assert [count for count, *_ in refined] == list(np.repeat(runs, each))
    for _, image, probabilities in refined:
        assert image.shape[:2] == probabilities.shape[:2]
        np.testing.assert_allclose(probabilities.sum(-1), 1, rtol=1e-6)
        assert probabilities.max() == np.float32(0.7)
