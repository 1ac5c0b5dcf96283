import numpy as np
import pytest
from benchmark_samples import SCENES, SMALL

from guided_segmentation import artifacts
from guided_segmentation.benchmarks import input_suite


def test_pipelines_and_steps_are_compared():
    found = input_suite.measure(SCENES, SMALL)
    rates = found["images_per_second"]
    assert list(rates) == [
        "pipeline",
        "decoding",
        "step",
        "guides_from_disk",
        "guides_remembered",
        "guides_on_the_fly",
    ]
    assert found["pipeline_to_step"] == rates["pipeline"] / rates["step"]
    assert found["step_to_guides_from_disk"] == {
        name: pytest.approx(rates["guides_from_disk"] / rates[name])
        for name in ("guides_remembered", "guides_on_the_fly")
    }


def test_the_files_hold_the_images(tmp_path):
    files = input_suite.written(SCENES, tmp_path)
    for image_id in SCENES.image_ids:
        np.testing.assert_array_equal(
            files.label_map(image_id), SCENES.label_map(image_id)
        )
        difference = files.image(image_id).astype(int)
        difference -= SCENES.image(image_id)
        assert np.abs(difference).mean() < 8
        size = artifacts.read_size(files.photograph(image_id))
        assert size == SCENES.image(image_id).shape[:2]
