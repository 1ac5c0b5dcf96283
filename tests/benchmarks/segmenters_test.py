import dataclasses

import pytest
from benchmark_samples import SCENES, SMALL

from guided_segmentation.benchmarks import segmenters


def test_a_segmenter_of_other_objects_is_refused(monkeypatch):
    trained = (None, {"objects": ["cat"]})
    monkeypatch.setattr(segmenters.weights, "load_trained", lambda _: trained)
    settings = dataclasses.replace(SMALL, segmenter_dir="run")
    wanted = r"^run: wanted a segmenter of the objects of .*, found \['cat'\]"
    with pytest.raises(ValueError, match=wanted):
        segmenters.load(SCENES, settings, "float32")
