"""Suite "serving": the exported servable beside prediction with Keras."""

import functools
import tempfile

import numpy as np
import tensorflow as tf

from guided_segmentation.benchmarks import clock, segmenters
from guided_segmentation.benchmarks.settings import DEFAULTS, BenchmarkSettings
from guided_segmentation.datasets import schema
from guided_segmentation.networks import prediction
from guided_segmentation.serving import servables

BATCH_SIZES = (1, 8)


def measure(
    source: schema.Source, settings: BenchmarkSettings = DEFAULTS
) -> dict:
    """Measures requests to serving_default and calls of the Keras network.

    "bare" is the prediction of bin/segment_images, networks.prediction, with
    the same network, precision and images: from uint8 pixels to probabilities
    at the size of the image. "servable" is loaded from disk and also returns
    the label map. All outputs of both are copied to NumPy.

    Args:
      source: Images; batches repeat them if there are too few.
      settings: Settings of the benchmarks.

    Returns:
      The summary of clock.summarize over `settings.requests` requests of each
      part and batch size, `latency_ms`, the percentiles of each part, and
      `servable_to_bare`, the ratio of the median throughputs by batch size.
    """
    network, trained = segmenters.load(source, settings, settings.precision)
    bare = prediction.as_trained(network, trained)
    with tempfile.TemporaryDirectory() as folder:
        module = servables.segmenter(network, trained)
        return _measured(
            {
                "bare": lambda image: [np.asarray(bare(image))],
                "servable": segmenters.saved(module, folder),
            },
            photographs(source, max(BATCH_SIZES)),
            settings.requests,
        )


def photographs(source: schema.Source, count: int) -> np.ndarray:
    """Returns a batch of images, resized to the size of the first.

    Args:
      source: Images; the batch repeats them if there are too few.
      count: Number of images in the batch.

    Returns:
      [count, height, width, 3] uint8 RGB.
    """
    ids = [source.image_ids[i % len(source.image_ids)] for i in range(count)]
    size = source.image(ids[0]).shape[:2]
    resized = [tf.image.resize(source.image(each), size) for each in ids]
    return tf.cast(tf.round(resized), tf.uint8).numpy()


def _measured(predictors, batch, requests):
    """Measures functions of images by name on every batch size."""
    rates, latencies, ratios = {}, {}, {}
    for size in BATCH_SIZES:
        parts = {
            f"{name}_{size}": functools.partial(predict, batch[:size])
            for name, predict in predictors.items()
        }
        for part in parts.values():
            part()  # Traces the graph and initializes kernels.
        found = clock.measure(parts, size, requests)
        rates |= found
        latencies |= {
            name: clock.latency_ms(each, size) for name, each in found.items()
        }
        bare, servable = (np.median(each) for each in found.values())
        ratios[str(size)] = float(servable / bare)
    return {
        **clock.summarize(rates),
        "latency_ms": latencies,
        "servable_to_bare": ratios,
    }
