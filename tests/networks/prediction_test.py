import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation import images
from guided_segmentation.networks import deeplab_v1, prediction

SIZE = 65


@pytest.fixture(scope="module", name="network")
def _network():
    """Random weights whose output varies with the photograph."""
    return deeplab_v1.large_fov(4, 1 / 64, 8)


@pytest.fixture(name="centred", autouse=True)
def _centred(monkeypatch):
    """Stand-ins have no pools, from which these are read."""
    monkeypatch.setattr(prediction, "grid_origin", lambda _: 0.0)
    stride = deeplab_v1.STRIDE
    monkeypatch.setattr(prediction, "grid_stride", lambda _: stride)


def photographs(height=40, width=60, count=1):
    noise = np.random.default_rng(0).integers(0, 255, (count, 8, 8, 3), "u1")
    large = tf.image.resize(noise, [height, width], "nearest")
    return tf.cast(large, tf.uint8)


def rows_of(pixels, training):
    """Stands in for a network: half the row of each cell, as a log-odds.

    The photograph's first channel tells the row; it comes last, after BGR.
    """
    assert not training
    cells = pixels[:, :: deeplab_v1.STRIDE, :: deeplab_v1.STRIDE, 2]
    odds = (cells + images.MEAN_BGR[2] - 32.0) / 10
    return tf.stack([tf.zeros_like(odds), odds], -1)


def rows_in(probabilities):
    """The row that `rows_of` saw at each pixel."""
    p = probabilities[0].numpy()
    return 32 + 10 * np.log(p[..., 1] / p[..., 0])


@pytest.mark.parametrize("framing", images.FRAMINGS)
def test_every_pixel_gets_probabilities(network, framing):
    predict = prediction.dense(network, size=SIZE, framing=framing)
    for shape in ((40, 60), (90, 31), (1, 5)):
        probabilities = predict(photographs(*shape, count=2))
        assert probabilities.shape == (2, *shape, 4)
        assert probabilities.dtype == tf.float32
        total = tf.reduce_sum(probabilities, -1)
        np.testing.assert_allclose(total, 1, rtol=1e-5)


def test_probabilities_at_the_centre_of_a_cell_are_those_of_the_network(
    network,
):
    image = photographs(SIZE, SIZE)
    predict = prediction.dense(network, size=SIZE, framing="whole")
    expected = tf.nn.softmax(network(images.subtract_mean(image)))
    assert np.ptp(expected[..., 0]) > 0
    np.testing.assert_allclose(predict(image)[:, ::8, ::8], expected, atol=1e-4)


def test_logits_are_interpolated_before_the_softmax(network):
    image = photographs(SIZE, SIZE)
    predict = prediction.dense(network, size=SIZE, framing="whole")
    logits = network(images.subtract_mean(image))
    between = (logits[0, 2, 3] + logits[0, 3, 3]) / 2
    np.testing.assert_allclose(
        predict(image)[0, 20, 24], tf.nn.softmax(between), atol=1e-4
    )


def test_with_the_flip_a_mirrored_photograph_gives_mirrored_probabilities(
    network,
):
    image = photographs()
    predict = prediction.dense(network, size=SIZE, framing="whole", flip=True)
    turned = predict(image[:, :, ::-1])[:, :, ::-1]
    np.testing.assert_allclose(predict(image), turned, atol=1e-4)


@pytest.mark.parametrize("framing", ["whole", "crop"])
def test_several_scales_are_averaged(framing):
    image = photographs()

    def predict(*scales):
        return prediction.dense(
            rows_of, size=SIZE, framing=framing, scales=scales
        )(image)

    parts = [predict(scale) for scale in (0.5, 1.0, 1.5)]
    assert np.abs(parts[0] - parts[1]).max() > 1e-4
    np.testing.assert_allclose(
        predict(0.5, 1.0, 1.5), tf.add_n(parts) / 3, atol=1e-5
    )


@pytest.mark.parametrize("framing", ["whole", "crop"])
def test_the_largest_logit_over_the_scales_is_taken(framing):
    """Log-odds of `rows_of`: the first class has logit 0 at every scale."""
    image = photographs()

    def log_odds(*scales):
        probabilities = prediction.dense(
            rows_of, size=SIZE, framing=framing, scales=scales, fusion="max"
        )(image)
        return np.log(probabilities[..., 1] / probabilities[..., 0])

    parts = [log_odds(scale) for scale in (0.5, 0.75, 1.0)]
    np.testing.assert_allclose(
        log_odds(0.5, 0.75, 1.0), np.maximum.reduce(parts), atol=1e-3
    )


@pytest.mark.parametrize("scale", [0.5, 0.75, 1.0, 1.5, 2.0])
@pytest.mark.parametrize("framing", ["whole", "crop"])
def test_at_every_scale_each_pixel_is_read_where_it_is(framing, scale):
    image = np.zeros((1, SIZE, 48, 3), np.uint8)
    image[..., 0] = np.arange(SIZE)[:, None]
    predict = prediction.dense(
        rows_of, size=SIZE, framing=framing, scales=[scale]
    )
    inside = slice(18, SIZE - 18)
    read = rows_in(predict(image))[inside]
    expected = np.broadcast_to(image[0, inside, :, 0], read.shape)
    np.testing.assert_allclose(read, expected, atol=0.5)


def test_a_scaled_photograph_has_the_size_it_has_in_training(monkeypatch):
    """199 * 0.75 = 149.25 and 201 * 0.75 = 150.75, rounded."""
    sides = []
    resize = images.resize_longer_side

    def spy(tensor, size, method):
        sides.append(int(size))
        return resize(tensor, size, method)

    monkeypatch.setattr(images, "resize_longer_side", spy)
    for side in (199, 201):
        image = photographs(side, 20)
        prediction.framed(image, SIZE, "crop", 0.75)
    assert sides == [149, 151]


def test_a_segmenter_has_a_logit_per_class(network):
    prediction.require_segmenter(network, {"objects": ["a", "b", "c"]})
    for objects in (["a", "b"], None):
        with pytest.raises(
            ValueError,
            match=r"wanted a segmenter that gives logits \[batch, rows, "
            r"columns, [13]\], got deeplab_v1 that gives "
            r"\(None, None, None, 4\); name the folder of a run of "
            r"bin/train_segmenter",
        ):
            prediction.require_segmenter(network, {"objects": objects})


def test_a_saliency_net_has_two_logits_and_no_objects(network):
    saliency_net = deeplab_v1.large_fov(2, 1 / 64, 8)
    prediction.require_saliency_net(saliency_net, {"objects": None})
    for each, objects in ((network, None), (saliency_net, ["a"])):
        with pytest.raises(
            ValueError,
            match=r"wanted a saliency net, which knows no objects and gives "
            r"logits \[batch, rows, columns, 2\], got deeplab_v1 that gives "
            r"\(None, None, None, [24]\); name the folder of a run of "
            r"bin/train_saliency",
        ):
            prediction.require_saliency_net(each, {"objects": objects})
