import keras
import pytest
import tensorflow as tf
from benchmark_samples import SMALL

from guided_segmentation.benchmarks import training
from guided_segmentation.training import recipe


@pytest.fixture
def same_policy():
    policy = keras.mixed_precision.global_policy()
    yield
    keras.mixed_precision.set_global_policy(policy)


def test_as_many_steps_are_timed_as_the_settings_say(same_policy):
    batch = {
        "input": tf.zeros([2, 17, 17, 3]),
        "target": tf.zeros([2, 3, 3], tf.uint8),
        "seed": tf.zeros([2, 2], tf.int32),
    }
    network = {
        "name": "deeplab_v1",
        "width_multiplier": 0.03,
        "head_channels": 4,
    }
    what = recipe.Recipe(network=network, input_size=17)
    seconds = training.step_seconds(what, batch, SMALL)
    assert len(seconds) == SMALL.repeats
    assert min(seconds) > 0
