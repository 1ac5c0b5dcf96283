"""Suite "formats": size, latency and accuracy of a segmenter in each format."""

import functools
import pathlib
import tempfile

import numpy as np
import tensorflow as tf

from guided_segmentation import images
from guided_segmentation.benchmarks import clock, segmenters
from guided_segmentation.benchmarks.settings import DEFAULTS, BenchmarkSettings
from guided_segmentation.datasets import schema
from guided_segmentation.evaluation import mean_iou
from guided_segmentation.serving import converters, servables


def measure(
    source: schema.Source, settings: BenchmarkSettings = DEFAULTS
) -> dict:
    """Measures every format on squares of the network input size.

    The network is always float32; int8 is calibrated with the same images.

    Args:
      source: Images with ground truth.
      settings: Settings of the benchmarks.

    Returns:
      The summary of clock.summarize over `settings.requests` requests of one
      image, and by format: `size_bytes`, `latency_ms`, `max_difference` of
      the probabilities from the SavedModel's, `same_label`, the fraction of
      pixels with the SavedModel's class, and `miou` on the squares.
    """
    network, trained = segmenters.load(source, settings, "float32")
    size, framing = trained["input_size"], trained["framing"]
    squares = list(converters.squares(source, size, framing, None))
    module = servables.segmenter(network, trained)
    with tempfile.TemporaryDirectory() as folder:
        predictors, sizes = _all_formats(module, size, squares, folder)
        rates = _rates(predictors, squares[0][None], settings.requests)
        outputs = {k: _outputs(p, squares) for k, p in predictors.items()}
    truths = [_truth(source, name, trained) for name in source.image_ids]
    scores = {
        name: _scores(found, outputs["saved_model"], truths)
        for name, found in outputs.items()
    }
    return {
        **clock.summarize(rates),
        "size_bytes": sizes,
        "latency_ms": {k: clock.latency_ms(v, 1) for k, v in rates.items()},
        **{
            key: {name: each[key] for name, each in scores.items()}
            for key in ("max_difference", "same_label", "miou")
        },
    }


def _rates(predictors, image, requests):
    """Returns images per second of each request, by format."""
    parts = {
        name: functools.partial(predict, image)
        for name, predict in predictors.items()
    }
    return clock.measure(parts, 1, requests)


def _all_formats(module, size, squares, folder):
    """Returns by format a function that predicts, and the size in bytes."""
    predictors = {"saved_model": segmenters.saved(module, folder)}
    files = [path for path in pathlib.Path(folder).rglob("*") if path.is_file()]
    sizes = {"saved_model": sum(path.stat().st_size for path in files)}
    for name, run in converters.RUN.items():
        content = converters.convert(name, module, size, squares).content
        predictors[name], sizes[name] = run(content), len(content)
    return predictors, sizes


def _outputs(predict, squares):
    """Returns [images, size, size, classes] probabilities and label maps."""
    found = [predict(square[None]) for square in squares]
    return {
        name: np.concatenate([np.array(each[name]) for each in found])
        for name in ("probabilities", "label_map")
    }


def _truth(source, image_id, trained):
    """Returns the ground truth of a square, [size, size] uint8."""
    truth, size = source.label_map(image_id), trained["input_size"]
    if trained["framing"] != "crop":
        return images.whole_label_map(truth, size).numpy()
    canvas = images.crop_canvas(tf.constant(truth.shape), size)
    framed = images.reflect_pad(truth[..., None], *canvas)
    square = tf.image.resize_with_crop_or_pad(framed, size, size)
    return square[..., 0].numpy()


def _scores(found, wanted, truths):
    """Compares outputs with those of the SavedModel and the ground truth."""
    difference = np.abs(found["probabilities"] - wanted["probabilities"])
    num_classes = difference.shape[-1]
    counts = sum(
        mean_iou.confusion(truth, label_map, num_classes)
        for truth, label_map in zip(truths, found["label_map"], strict=True)
    )
    return {
        "max_difference": float(difference.max()),
        "same_label": float(np.mean(found["label_map"] == wanted["label_map"])),
        "miou": float(mean_iou.mean_iou(counts)),
    }
