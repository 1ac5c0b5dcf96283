import keras
import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation.networks import builders, low_rank

SPEC = {
    "name": "deeplab_v1",
    "num_classes": 2,
    "width_multiplier": 1 / 16,
    "head_channels": 8,
    "pooling": "2x2",
}
NAMES = ["conv4_1", "conv4_2", "conv4_3", "conv5_1", "conv5_2", "conv5_3"]


def photographs(count=4):
    return 50 * tf.random.stateless_normal([count, 65, 65, 3], [0, 1])


def arrays(network):
    return {
        f"{layer.name}/{kind}": array
        for layer in network.layers
        for kind, array in zip(
            ("kernel", "bias"), layer.get_weights(), strict=False
        )
    }


def pair(rank):
    """A full network, and a low-rank one with the same other layers."""
    keras.utils.set_random_seed(0)
    full = builders.build(SPEC)
    thin = builders.build({**SPEC, "rank": rank})
    for layer in thin.layers:
        if layer.name in arrays_by_layer(full):
            layer.set_weights(full.get_layer(layer.name).get_weights())
    return full, thin


def arrays_by_layer(network):
    return {layer.name for layer in network.layers}


def error(found, wanted):
    return float(tf.norm(found - wanted) / tf.norm(wanted))


def outputs(network, name, x):
    return keras.Model(network.input, network.get_layer(name).output)(x)


def test_conv4_and_conv5_alone_are_low_rank():
    network = builders.build({**SPEC, "rank": 5})
    names = [layer.name for layer in network.layers]
    low = [n.removesuffix("_basis") for n in names if n.endswith("_basis")]
    assert low == NAMES
    assert "conv3_3" in names
    basis = network.get_layer("conv4_1_basis")
    mix = network.get_layer("conv4_1_mix")
    assert basis.kernel.shape == (3, 3, 16, 5)
    assert mix.kernel.shape == (1, 1, 5, 32)
    assert basis.activation is keras.activations.linear
    assert mix.activation is keras.activations.relu


def test_the_last_convolution_can_be_an_earlier_one():
    network = builders.build({**SPEC, "last_convolution": "conv5_1"})
    names = [layer.name for layer in network.layers]
    assert "conv5_1" in names
    assert "pool5" in names
    assert "conv5_2" not in names


def test_at_full_rank_a_fitted_network_is_the_full_one():
    full, thin = pair(rank=32)
    x = photographs(16)
    fitted = low_rank.fit(thin, arrays(full), x)
    assert fitted == [
        name + end for name in NAMES for end in ("_basis", "_mix")
    ]
    assert error(thin(x), full(x)) < 0.05


@pytest.mark.parametrize("name", ["conv4_1", "conv5_3"])
def test_a_higher_rank_reproduces_more(name):
    errors = []
    for rank in (2, 8, 24):
        full, thin = pair(rank)
        low_rank.fit(thin, arrays(full), photographs(16))
        x = photographs(3)
        errors.append(
            error(outputs(thin, f"{name}_mix", x), outputs(full, name, x))
        )
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 2 * errors[-1]


def test_fitting_is_better_than_cutting_the_kernels_singular_values():
    full, thin = pair(rank=8)
    x = photographs(16)
    low_rank.fit(thin, arrays(full), x)
    fitted = error(outputs(thin, "conv5_3_mix", x), outputs(full, "conv5_3", x))
    for name in NAMES:
        kernel, bias = full.get_layer(name).get_weights()
        u, s, v = np.linalg.svd(
            kernel.reshape(-1, kernel.shape[3]), full_matrices=False
        )
        basis = thin.get_layer(f"{name}_basis")
        basis.set_weights(
            [(u * s)[:, :8].reshape(basis.kernel.shape), np.zeros(8)]
        )
        thin.get_layer(f"{name}_mix").set_weights([v[None, None, :8], bias])
    cut = error(outputs(thin, "conv5_3_mix", x), outputs(full, "conv5_3", x))
    assert fitted < 0.9 * cut


def test_layers_without_full_weights_stay_as_they_are():
    full, thin = pair(rank=4)
    before = thin.get_layer("conv5_1_basis").get_weights()[0]
    known = {k: v for k, v in arrays(full).items() if "conv4" in k}
    fitted = low_rank.fit(thin, known, photographs())
    assert fitted[-1] == "conv4_3_mix"
    np.testing.assert_array_equal(
        thin.get_layer("conv5_1_basis").get_weights()[0], before
    )


def test_factors_of_uncorrelated_inputs_are_the_largest_singular_values():
    kernel = np.diag([3.0, 2.0, 1.0])
    down, up = low_rank.factors(kernel, np.eye(3), kernel, rank=2)
    np.testing.assert_allclose(down @ up, np.diag([3.0, 2.0, 0.0]), atol=1e-12)


def test_factors_undo_what_the_layers_below_distort():
    """Inputs came half as large as they should: the map doubles."""
    kernel = np.diag([3.0, 2.0])
    variance = 0.25 * np.eye(2)  # Of the halved inputs.
    cross = 0.5 * kernel  # Of them and the outputs that are wanted.
    down, up = low_rank.factors(kernel, variance, cross, rank=2)
    np.testing.assert_allclose(down @ up, 2 * kernel, rtol=0.01)


def test_dense_and_strided_low_rank_networks_agree_on_shared_cells():
    keras.utils.set_random_seed(0)
    spec = {**SPEC, "rank": 6, "stride": 16, "last_convolution": "conv5_1"}
    strided = builders.build(spec)
    dense = builders.build({**spec, "dense": True})
    dense.set_weights(strided.get_weights())
    x = photographs(1)
    np.testing.assert_allclose(
        dense(x)[:, ::2, ::2], strided(x), rtol=1e-3, atol=1e-4
    )
