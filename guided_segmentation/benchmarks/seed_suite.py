"""Suite "seeds": the cost of each seeder's score maps."""

import functools

import numpy as np
import tensorflow as tf

from guided_segmentation import images
from guided_segmentation.benchmarks import clock
from guided_segmentation.benchmarks.settings import DEFAULTS, BenchmarkSettings
from guided_segmentation.datasets import schema
from guided_segmentation.networks import builders, gap, vgg16
from guided_segmentation.seeders import backprop, cam, grad_cam, views


def measure(
    source: schema.Source, settings: BenchmarkSettings = DEFAULTS
) -> dict:
    """Measures every seeder on score maps of all objects of each image.

    Networks are untrained, have the same width multiplier and the same input
    size, at least vgg16.SMALLEST. The baseline is a forward pass of
    GAP-HighRes without score maps.

    Args:
      source: Images; the first `settings.batch_size` are used.
      settings: Settings of the benchmarks.

    Returns:
      The summary of clock.summarize.
    """
    size = max(settings.input_size, vgg16.MIN_INPUT_SIZE)
    photographs = [
        tf.constant(source.image(image_id))
        for image_id in source.image_ids[: settings.batch_size]
    ]
    objects = tf.range(len(source.label_set.objects))
    seeders = _seeders(size, len(source.label_set.objects), settings)

    def run_all(seeder):
        for photograph in photographs:
            np.asarray(seeder(photograph, objects)[-1])

    for seeder in seeders.values():
        seeder(photographs[0], objects)  # Traces the graph.
    parts = {name: functools.partial(run_all, x) for name, x in seeders.items()}
    return clock.summarize(
        clock.measure(parts, len(photographs), settings.repeats)
    )


def _seeders(size, num_objects, settings):
    """Returns by name functions of image and objects; a forward pass first."""
    sizes = {
        "num_objects": num_objects,
        "width_multiplier": settings.width_multiplier,
        "head_channels": settings.head_channels,
    }

    def network(name, **more):
        return builders.build({"name": name, **sizes, **more})

    gaps = {name: network(name, dense=True) for name in gap.VARIANTS}
    gradients = {
        name: backprop.seeder(network("vgg16", **rules), size, name)
        for name, rules in backprop.METHODS.items()
    }
    return {
        "forward_pass": _forward_pass(gaps["gap_highres"], size),
        **{name: cam.seeder(found, size) for name, found in gaps.items()},
        **gradients,
        "grad_cam": grad_cam.seeder(network("vgg16"), size),
    }


def _forward_pass(network, size) -> views.Seeder:
    """Returns a seeder that computes logits but no score maps."""

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None, 3], tf.uint8),
            tf.TensorSpec([None], tf.int32),
        ]
    )
    def seeder(photograph, objects):
        framed = images.frame(photograph, size, "whole")
        inputs = images.subtract_mean(framed.pixels)[None]
        return None, network(inputs, training=False)

    return seeder
