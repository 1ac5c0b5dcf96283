import functools

import numpy as np
import pytest
import tensorflow as tf
import thin_networks

from guided_segmentation.networks import builders
from guided_segmentation.seeders import (
    backprop,
    cam,
    grad_cam,
    seeds,
    view_batches,
    views,
)

SIZE = 225
SOME = [np.array(each, np.int32) for each in ([], [1], [0, 2])]


@functools.cache
def seeder(name, flip=False):
    if name == "cam":
        return cam.seeder(thin_networks.build("gap_highres"), 65, flip=flip)
    rules = backprop.METHODS.get(name, {})
    network = builders.build({**thin_networks.spec("vgg16"), **rules})
    if name == "grad_cam":
        return grad_cam.seeder(network, SIZE, flip=flip)
    return backprop.seeder(network, SIZE, name, flip=flip)


def photograph(seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (60, 80, 3), np.uint8)


def scores(predictor, *given):
    """Predicts pairs of photograph and objects in one batch."""
    frames = [predictor.frame(*each) for each in given]
    inputs = zip(*(each.inputs for each in frames), strict=True)
    outputs = predictor.run(tuple(map(np.stack, inputs)))
    return [
        predictor.finish(tuple(each[i] for each in outputs), frame.places)
        for i, frame in enumerate(frames)
    ]


@pytest.mark.parametrize("name", ["cam", "grad_cam", *backprop.METHODS])
def test_alone_a_photograph_gets_the_seeders_maps(name):
    """Bit for bit."""
    predictor = seeds.in_batches(seeder(name))
    for objects in SOME:
        (found,) = scores(predictor, (photograph(), objects))
        wanted, _ = seeder(name)(photograph(), objects)
        np.testing.assert_array_equal(found.maps, wanted)
        assert found.objects.tolist() == objects.tolist()


@pytest.mark.parametrize("name", ["cam", "grad_cam", *backprop.METHODS])
def test_a_batch_changes_rounding_alone(name):
    objects = SOME[2], SOME[2][::-1]
    given = [(photograph(i), each) for i, each in enumerate(objects)]
    for (image, chosen), found in zip(
        given, scores(seeds.in_batches(seeder(name)), *given), strict=True
    ):
        wanted = np.asarray(seeder(name)(image, chosen)[0])
        scale = np.abs(wanted).max()
        np.testing.assert_allclose(found.maps, wanted, atol=1e-4 * scale)


def test_photographs_with_any_objects_share_a_batch_of_cam():
    given = [(photograph(i), objects) for i, objects in enumerate(SOME)]
    found = scores(seeds.in_batches(seeder("cam", flip=True)), *given)
    for (image, objects), each in zip(given, found, strict=True):
        wanted, _ = seeder("cam", flip=True)(image, objects)
        assert each.maps.shape == (60, 80, len(objects))
        bound = 1e-4 * np.abs(wanted).max(initial=0.0)  # Sums cancel.
        np.testing.assert_allclose(each.maps, wanted, rtol=1e-4, atol=bound)
        assert each.objects.tolist() == objects.tolist()


class Counted:
    """A forward pass that counts how often it is traced and runs."""

    def __init__(self):
        self.traces, self.runs = 0, tf.Variable(0)

    def __call__(self, inputs):
        self.traces += 1
        with tf.control_dependencies([self.runs.assign_add(1)]):
            logits = tf.identity(tf.reduce_mean(inputs, [1, 2]))

        def score(objects):
            return tf.gather(
                inputs, tf.maximum(objects, 0), axis=3, batch_dims=1
            )

        return logits, score


def test_predicted_objects_need_one_forward_pass():
    forward = Counted()
    predictor = views.averaged(forward, 65, stride=1, origin=0.0).predictor(0.5)
    image = np.zeros((60, 80, 3), np.uint8)
    blue, none = image.copy(), image
    blue[..., [0, 2]] = 255
    found = scores(predictor, (blue,), (none,))
    assert [each.objects.tolist() for each in found] == [[0, 2], []]
    assert [each.maps.shape for each in found] == [(60, 80, 2), (60, 80, 0)]
    assert forward.runs.numpy() == 1


def test_no_size_of_photograph_or_batch_is_traced_again():
    forward = Counted()
    predictor = views.averaged(forward, 65, stride=1, origin=0.0).predictor()
    for count, objects in ((1, [0]), (3, [1]), (2, [0, 1])):
        image = np.zeros((40 + count, 50, 3), np.uint8)
        scores(predictor, *[(image, np.array(objects))] * count)
    assert forward.traces == 1


@pytest.mark.parametrize("threshold", [0.0, 0.5, 0.6, 1.0])
def test_predicted_objects_are_those_of_one_photograph(threshold):
    logits = np.array([[-0.01, 0, 2], [-3, -2, -1], [5, 5, 5]], np.float32)
    found = view_batches.predicted(tf.constant(logits), threshold).numpy()
    for row, chosen in zip(logits, found, strict=True):
        wanted = seeds.predicted_objects(
            lambda image, objects, row=row: (None, row), None, threshold
        )
        assert chosen[chosen >= 0].tolist() == wanted.tolist()
        assert (chosen[len(wanted) :] == -1).all()
