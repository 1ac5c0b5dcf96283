import numpy as np
import pytest
from benchmark_samples import SCENES, SMALL

from guided_segmentation.benchmarks import serving_suite


def test_the_servable_is_measured_beside_what_it_predicts_with():
    found = serving_suite.measure(SCENES, SMALL)
    rates = found["images_per_second"]
    assert set(rates) == {"bare_1", "servable_1", "bare_8", "servable_8"}
    assert found["servable_to_bare"] == pytest.approx(
        {n: rates[f"servable_{n}"] / rates[f"bare_{n}"] for n in ("1", "8")}
    )
    assert {len(each) for each in found["measurements"].values()} == {3}
    assert found["latency_ms"].keys() == rates.keys()


def test_images_of_a_request_have_the_size_of_the_first():
    batch = serving_suite.photographs(SCENES, 4)
    for found, image_id in zip(batch, SCENES.image_ids, strict=False):
        np.testing.assert_array_equal(found, SCENES.image(image_id))
    np.testing.assert_array_equal(batch[3], batch[0])
