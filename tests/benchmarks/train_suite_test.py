import numpy as np
import pytest
from benchmark_samples import SCENES, SMALL

from guided_segmentation.benchmarks import train_suite, training


def test_a_bare_step_and_one_of_the_trainer_have_the_same_loss(tmp_path):
    """Of untrained networks whose last layer says nothing yet."""
    what = training.segmenter_recipe(SCENES, SMALL)
    batches = training.batches(what, SCENES, SMALL)
    batch = next(iter(batches))
    bare = train_suite.bare_step(what, batch)
    ours = train_suite.trainer_step(what, batches, SMALL, tmp_path)
    num_classes = SCENES.label_set.num_classes
    for step in (bare, ours):
        assert float(step()) == pytest.approx(np.log(num_classes), rel=0.5)


def test_every_part_is_compared_with_a_bare_step():
    found = train_suite.measure(SCENES, SMALL)
    names = ["trainer", "recompute", "accumulate", "with_input"]
    assert list(found["images_per_second"]) == ["bare", *names]
    for name in names:
        assert len(found["measurements"][name]) == SMALL.repeats
        assert found["step_to_bare"][name] == pytest.approx(
            found["images_per_second"]["bare"]
            / found["images_per_second"][name]
        )
        assert 0 < found["cpu_to_bare"][name] < 100
