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
    # The first starts the workers; the last two measure what a simulation
    # of more workers needs.
    runs = [2] + [2, 0] * SMALL.repeats + [2, 0]
    assert [count for count, *_ in refined] == list(np.repeat(runs, each))
    assert list(found["of_linear"]) == ["2", "16"]
    for _, image, probabilities in refined:
        assert image.shape[:2] == probabilities.shape[:2]
        np.testing.assert_allclose(probabilities.sum(-1), 1, rtol=1e-6)
        assert probabilities.max() == np.float32(0.7)


def test_workers_are_simulated_with_the_images_measured():
    found = crf_suite._simulated([1.0, 3.0], 0.25)
    # 2 s an image on average: 8 workers are as many as can be fed.
    assert found["2"] > 0.99
    assert 0.47 < found["16"] < 0.5
