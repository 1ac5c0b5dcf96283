import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation.seeders import views


def columns(inputs):
    """Returns score maps that rise from left to right, one score per pixel."""
    count, width = tf.shape(inputs)[0], tf.shape(inputs)[2]
    ramp = tf.range(tf.cast(width, tf.float32)) / tf.cast(width, tf.float32)

    def score(objects):
        shape = [count, width, width, tf.shape(objects)[1]]
        return tf.broadcast_to(ramp[:, None], shape)

    return tf.fill([count, 1], tf.cast(width, tf.float32)), score


def seen(**choices):
    seeder = views.averaged(columns, 33, stride=1, origin=0.0, **choices)
    return seeder(np.zeros((33, 33, 3), np.uint8), np.array([0], np.int32))


def test_the_scores_of_one_view_are_read_at_its_pixels():
    maps, logits = seen()
    np.testing.assert_allclose(maps[0, :, 0], np.arange(33) / 33, atol=1e-6)
    assert logits == [33]


def test_score_maps_of_mirror_images_are_mirrored_back():
    maps, _ = seen(flip=True)
    np.testing.assert_allclose(maps, np.full((33, 33, 1), 16 / 33), atol=1e-6)


def test_logits_of_several_sizes_are_averaged():
    assert seen(scales=(1.0, 2.0))[1] == [(33 + 65) / 2]


@pytest.mark.parametrize("wrap", [lambda f: f, tf.function])
def test_each_object_has_its_own_gradient(wrap):
    """Of sum(a x^2): 2 a x; -1 is no object."""
    x = tf.random.stateless_normal([2, 4, 5, 2], [0, 0])
    factors = tf.constant([1.0, 3.0])

    @wrap
    def gradients(objects):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            sums = tf.reduce_sum(x**2, [1, 2, 3])
            logits = sums[:, None] * factors
        weights = views.logit_weights(logits, objects)
        return views.per_object(tape, logits, x, weights, tf.shape(objects)[1])

    found = gradients(tf.constant([[0, 1], [1, -1]]))
    np.testing.assert_allclose(found[0, 0], 2 * x[0], rtol=1e-6)
    np.testing.assert_allclose(found[1, 0], 6 * x[0], rtol=1e-6)
    np.testing.assert_allclose(found[0, 1], 6 * x[1], rtol=1e-6)
    assert not found[1, 1].numpy().any()
    assert gradients(tf.zeros([2, 0], tf.int32)).shape == (0, 2, 4, 5, 2)
