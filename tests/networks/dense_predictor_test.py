import functools
import itertools

import numpy as np
import pytest
import tensorflow as tf
import thin_networks

from guided_segmentation.networks import (
    batches,
    builders,
    dense_predictor,
    prediction,
)

SIZE = 65


@functools.cache
def network_of(name, pooling="3x3"):
    more = {"pooling": pooling} if name == "deeplab_v1" else {}
    return builders.build({**thin_networks.spec(name), **more})


def photographs(count=3, height=50, width=70):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, height, width, 3), np.uint8)


def in_one_batch(predictor, images):
    frames = [predictor.frame(image) for image in images]
    stacks = zip(*(each.inputs for each in frames), strict=True)
    outputs = predictor.run(tuple(map(np.stack, stacks)))
    return [
        predictor.finish(tuple(x[i] for x in outputs), frames[i].places)
        for i in range(len(images))
    ]


@pytest.mark.parametrize("framing", ["whole", "crop"])
@pytest.mark.parametrize("scales", [(1.0,), (0.75, 1.5)])
@pytest.mark.parametrize(("flip", "fusion"), [(False, "max"), (True, "mean")])
def test_one_photograph_gets_the_probabilities_of_dense(
    framing, scales, flip, fusion
):
    """Bit for bit."""
    how = {"size": SIZE, "framing": framing, "scales": scales}
    how |= {"flip": flip, "fusion": fusion}
    network = network_of("deeplab_v1", "2x2" if flip else "3x3")
    predictor = dense_predictor.predictor(network, **how)
    dense = prediction.dense(network, **how)
    for image in (photographs(1)[0], photographs(1, 80, 40)[0]):
        wanted = dense(image[None])[0]
        np.testing.assert_array_equal(predictor(image), wanted)


@pytest.mark.parametrize("name", ["deeplab_v1", "deeplab_v2"])
def test_a_batch_changes_rounding_alone(name):
    """Probabilities to 1e-5, labels of 99.99 % of the pixels."""
    predictor = dense_predictor.predictor(
        network_of(name), size=SIZE, framing="whole", flip=True
    )
    images = photographs(5)
    together = np.stack(in_one_batch(predictor, images))
    alone = np.stack([predictor(image) for image in images])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert (together.argmax(-1) == alone.argmax(-1)).mean() >= 0.9999


def is_of_keras(function):
    """Keras 3 makes a tf.function of some of its own operations."""
    return str(getattr(function, "__module__", "")).startswith("keras")


@pytest.mark.parametrize("framing", ["whole", "crop"])
def test_no_size_of_photograph_or_batch_is_traced_again(framing, monkeypatch):
    graphs, function = [], tf.function

    def counted(*args, **kwargs):
        def wrap(python_function):
            graph = function(*args, **kwargs)(python_function)
            if not is_of_keras(python_function):
                graphs.append(graph)
            return graph

        return wrap

    monkeypatch.setattr(tf, "function", counted)
    predictor = dense_predictor.predictor(
        network_of("deeplab_v1"),
        size=SIZE,
        framing=framing,
        scales=(1.0, 1.5),
        flip=True,
    )
    sizes = itertools.product((1, 2, 3), (50, 70), (60, 90))
    for count, height, width in sizes:
        in_one_batch(predictor, photographs(count, height, width))
    assert len(graphs) == 4 + 2  # Views; forward pass and upsampling.
    assert {graph.experimental_get_tracing_count() for graph in graphs} == {1}


def test_a_trained_network_is_asked_as_it_was_trained():
    network = network_of("deeplab_v1")
    settings = {"input_size": SIZE, "framing": "whole"}
    image = photographs(1)[0]
    np.testing.assert_array_equal(
        dense_predictor.as_trained(network, settings, flip=True)(image),
        prediction.as_trained(network, settings, flip=True)(image[None])[0],
    )


def test_native_scale_takes_smaller_photographs():
    """A whole photograph is resized to the input, whatever its size."""
    whole, crop = (
        dense_predictor.predictor(
            network_of("deeplab_v1"), size=SIZE, framing=framing
        ).max_pixels
        for framing in ("whole", "crop")
    )
    assert crop < whole == batches.MAX_PIXELS


@pytest.mark.parametrize("width", [70, 63])
def test_a_mirrored_grid_is_read_at_the_mirrored_places(width):
    """Where layers above see one cell alone, the mirror image adds nothing.

    63 columns are padded by an odd number of pixels.
    """
    network = network_of("deeplab_v1")
    how = {"size": SIZE, "framing": "whole", "frozen_through": "fc7"}
    channels = network.get_layer("fc7").output.shape[-1]
    rng = np.random.default_rng(0)
    grid = rng.normal(size=(9, 9, channels)).astype(np.float16)
    image = photographs(1, height=70, width=width)[0]
    one, two = (
        probabilities_of(
            dense_predictor.predictor(network, **how, flip=flip),
            image,
            np.stack([grid, grid[:, ::-1]]),
        )
        for flip in (False, True)
    )
    np.testing.assert_allclose(one, two, atol=1e-6)
    assert np.ptp(one) > 1e-3


def probabilities_of(predictor, image, features):
    frames = predictor.frame(image, features)
    outputs = predictor.run(tuple(each[None] for each in frames.inputs))
    return predictor.finish(tuple(x[0] for x in outputs), frames.places)


@pytest.mark.parametrize(
    ("dense", "stride"), [(True, prediction.deeplab_v1.STRIDE), (False, 16)]
)
def test_a_strided_network_predicts_on_its_own_grid(dense, stride):
    """A dense one has the cells of the strided one, and those between."""
    spec = {**thin_networks.spec("deeplab_v1"), "stride": 16, "pooling": "2x2"}
    network = builders.build({**spec, "dense": dense})
    assert prediction.grid_stride(network) == stride
    frames = dense_predictor.predictor(
        network, size=SIZE, framing="whole"
    ).frame(photographs(1, 65, 65)[0])
    # Pixel 0 is 7.5 pixels before the centre of cell 0.
    wanted = (np.arange(65) - 7.5) / stride
    np.testing.assert_allclose(frames.places.rows[0], wanted, atol=1e-6)
