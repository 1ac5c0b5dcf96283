"""What serving adds to a prediction: the exported servable beside Keras."""

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
    """Measures requests to serving_default beside the bare Keras prediction.

    Bare is what bin/segment_images calls: networks.prediction of the same
    network, in the same precision, on the same photographs, from uint8 pixels
    to probabilities at their own size. The servable, loaded from disk, answers
    the label map besides. Of both all answers are fetched.

    Returns:
      As `run` says, of `settings.requests` requests a part; `latency_ms` has
      their percentiles p50 and p99 by part, and `servable_to_bare` by batch
      size the ratio of their throughputs, from the medians.
    """
    network, trained = segmenters.load(source, settings, settings.precision)
    bare = prediction.as_trained(network, trained)
    with tempfile.TemporaryDirectory() as folder:
        module = servables.segmenter(network, trained)
        return _measured(
            {
                "bare": lambda image: [np.asarray(bare(image))],
                "servable": segmenters.served(module, folder),
            },
            photographs(source, max(BATCH_SIZES)),
            settings.requests,
        )


def photographs(source: schema.Source, count: int) -> np.ndarray:
    """Returns a batch, all of the size of the first; few ones come again.

    Args:
      source: Photographs.
      count: Of the batch.

    Returns:
      [count, height, width, 3] uint8 RGB.
    """
    ids = [source.image_ids[i % len(source.image_ids)] for i in range(count)]
    size = source.image(ids[0]).shape[:2]
    resized = [tf.image.resize(source.image(each), size) for each in ids]
    return tf.cast(tf.round(resized), tf.uint8).numpy()


def _measured(looks, batch, requests):
    rates, latencies, ratios = {}, {}, {}
    for size in BATCH_SIZES:
        parts = {
            f"{name}_{size}": functools.partial(look, batch[:size])
            for name, look in looks.items()
        }
        for part in parts.values():
            part()  # Traces, and plans the kernels.
        found = clock.measure(parts, size, requests)
        rates |= found
        latencies |= {
            name: clock.latency_ms(each, size) for name, each in found.items()
        }
        bare, servable = (np.median(each) for each in found.values())
        ratios[str(size)] = float(servable / bare)
    return {
        **clock.compared(rates),
        "latency_ms": latencies,
        "servable_to_bare": ratios,
    }
