import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation import images
from guided_segmentation.networks import region_logits, vgg16


def photograph(height=40, width=60):
    random = np.random.default_rng(0)
    return random.integers(0, 256, (height, width, 3), np.uint8)


def stripes(count, height=40, width=60):
    """Regions side by side, with columns of none between them."""
    numbers = np.zeros((height, width), np.int32)
    for index in range(count):
        numbers[5:30, 3 * index : 3 * index + 2] = index + 1
    return numbers


def totals(pixels, training):
    """Stands in for a network: the sums over each view of its channels."""
    assert not training
    return tf.reduce_sum(pixels, [1, 2])


def test_pixels_outside_a_region_are_zero_after_the_mean_is_subtracted():
    """At the photograph's own size no pixel is mixed with another one."""
    image, numbers = photograph(65, 65), stripes(3, 65, 65)
    logits = region_logits.classifier(totals, 65)(image, numbers)
    centred = images.subtract_mean(image).numpy()
    wanted = [centred.sum((0, 1))]
    wanted += [centred[numbers == index].sum(0) for index in (1, 2, 3)]
    np.testing.assert_allclose(logits, wanted, rtol=1e-4, atol=0.5)


@pytest.mark.parametrize("count", [0, 1, 7, 8, 17])
def test_rows_are_regions_whatever_the_number_of_views_per_pass(
    count, monkeypatch
):
    classify = region_logits.classifier(totals, 65)
    at_once = classify(photograph(), stripes(count))
    assert at_once.shape == (count + 1, 3)
    monkeypatch.setattr(region_logits, "_VIEWS_PER_PASS", 1)
    singly = region_logits.classifier(totals, 65)(photograph(), stripes(count))
    np.testing.assert_allclose(at_once, singly, rtol=1e-5)


def test_the_whole_photograph_has_the_logits_of_the_network():
    network = vgg16.classifier(4, 1 / 64, 2)
    classify = region_logits.classifier(network, 193)
    logits = classify(photograph(), np.ones((40, 60), np.int32))
    framed = images.frame(photograph(), 193, "whole").pixels
    wanted = network(images.subtract_mean(framed)[None], training=False)
    np.testing.assert_allclose(logits, [wanted[0]] * 2, atol=1e-4)
