import keras
import pytest
import tensorflow as tf
from benchmark_samples import SCENES, SMALL

from guided_segmentation.benchmarks import train_suite, training


def test_a_bare_step_and_one_of_the_trainer_have_the_same_loss(tmp_path):
    what = training.segmenter_recipe(SCENES, SMALL)
    batch = next(iter(training.batches(what, SCENES, SMALL)))
    same = tf.data.Dataset.from_tensors(batch).repeat()
    keras.utils.set_random_seed(0)
    bare = train_suite.bare_step(what, batch)
    keras.utils.set_random_seed(0)
    ours = train_suite.trainer_step(what, same, SMALL, tmp_path)
    expected = float(bare())
    assert float(ours()) == pytest.approx(expected, rel=1e-5)
    assert float(ours()) == pytest.approx(expected, rel=1e-5)  # Rate 0.


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
