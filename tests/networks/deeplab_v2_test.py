import keras
import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation.networks import (
    builders,
    deeplab_v2,
    prediction,
    resnet101,
)
from guided_segmentation.training import optimizers

BLOCKS = (1, 2, 2, 1)
CONVOLUTIONS = 1 + 6 * 3 + 4  # The last four are projections.
IMAGE = 50 * tf.random.stateless_normal([1, 81, 65, 3], [0, 1])


@pytest.fixture(name="network", scope="module")
def _network():
    keras.utils.set_random_seed(0)
    network = deeplab_v2.resnet(3, 1 / 32, BLOCKS)
    fresh = [layer.name for layer in network.layers]
    resnet101.set_statistics(network, fresh, IMAGE)
    return network


def test_321_pixels_give_41_cells(network):
    shape = (10, 321, 321, 3)
    assert network.compute_output_shape(shape) == (10, 41, 41, 3)
    assert network(tf.zeros([1, 41, 65, 3])).shape == (1, 6, 9, 3)


def test_logits_are_the_sum_of_four_dilated_convolutions(network):
    features = network.get_layer("conv5_block1_out").output
    cells = keras.Model(network.input, features)(IMAGE)
    votes = 0.0
    for rate in (6, 12, 18, 24):
        kernel, bias = network.get_layer(f"fc1_rate{rate}").get_weights()
        around = tf.pad(cells, [[0, 0], [rate, rate], [rate, rate], [0, 0]])
        votes += tf.nn.conv2d(around, kernel, 1, "VALID", dilations=rate) + bias
    assert np.ptp(votes) > 0.01
    np.testing.assert_allclose(network(IMAGE), votes, rtol=1e-4, atol=1e-5)


def test_the_head_has_ten_times_the_learning_rate_of_the_trunk(network):
    settings = optimizers.OptimizerSettings(head_layers=deeplab_v2.HEAD_LAYERS)
    rates = optimizers.multipliers(network, settings)
    of_trunk = CONVOLUTIONS * [(1, 1), (2, 0)]
    assert rates == of_trunk + 4 * [(10, 1), (20, 0)]
    assert len(rates) == len(network.trainable_variables)


def test_cell_0_is_centred_on_the_first_pixel(network):
    assert prediction.grid_origin(network) == 0
    first = builders.build({"name": "deeplab_v1", "width_multiplier": 1 / 64})
    assert prediction.grid_origin(first) == 0
    pooled = builders.build(
        {"name": "deeplab_v1", "width_multiplier": 1 / 64, "pooling": "2x2"}
    )
    assert prediction.grid_origin(pooled) == 7.5


def test_logits_stay_float32_in_mixed_precision():
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    network = deeplab_v2.resnet(2, 1 / 64, BLOCKS)
    assert network(tf.zeros([1, 17, 17, 3])).dtype == tf.float32
    assert network.get_layer("conv5_block1_3_bn").compute_dtype == "bfloat16"
