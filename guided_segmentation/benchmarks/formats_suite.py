"""One segmenter in every format: its bytes, its speed, and what it loses."""

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
    """Measures every format on squares of the network's input size.

    The network is float32 whatever the settings say; int8 learns its ranges
    from the same photographs.

    Returns:
      As `run` says, of `settings.requests` requests of one image; and by
      format `size_bytes`, `latency_ms`, `max_difference` of the probabilities
      from those of the SavedModel, `same_label`, the share of pixels that have
      its class, and `miou` on the true label maps of the squares.
    """
    network, trained = segmenters.load(source, settings, "float32")
    size, framing = trained["input_size"], trained["framing"]
    squares = list(converters.squares(source, size, framing, None))
    module = servables.segmenter(network, trained)
    with tempfile.TemporaryDirectory() as folder:
        asks, sizes = _of_all_formats(module, size, squares, folder)
        rates = clock.measure(
            {
                name: functools.partial(ask, squares[0][None])
                for name, ask in asks.items()
            },
            1,
            settings.requests,
        )
        answers = {k: _answers(ask, squares) for k, ask in asks.items()}
    truths = [_truth(source, each, trained) for each in source.image_ids]
    scores = {
        name: _scores(found, answers["saved_model"], truths)
        for name, found in answers.items()
    }
    return {
        **clock.compared(rates),
        "size_bytes": sizes,
        "latency_ms": {k: clock.latency_ms(v, 1) for k, v in rates.items()},
        **{
            key: {name: each[key] for name, each in scores.items()}
            for key in ("max_difference", "same_label", "miou")
        },
    }


def _of_all_formats(module, size, squares, folder):
    """By format, what asks the servable and how many bytes it has on disk."""
    asks = {"saved_model": segmenters.served(module, folder)}
    files = [each for each in pathlib.Path(folder).rglob("*") if each.is_file()]
    sizes = {"saved_model": sum(each.stat().st_size for each in files)}
    for name, run in converters.RUN.items():
        content = converters.convert(name, module, size, squares).content
        asks[name], sizes[name] = run(content), len(content)
    return asks, sizes


def _answers(ask, squares):
    """[images, size, size, classes] probabilities, and label maps."""
    found = [ask(square[None]) for square in squares]
    return {
        name: np.concatenate([np.array(each[name]) for each in found])
        for name in ("probabilities", "label_map")
    }


def _truth(source, image_id, trained):
    """The true label map of a square."""
    truth, size = source.label_map(image_id), trained["input_size"]
    if trained["framing"] != "crop":
        return images.whole_label_map(truth, size).numpy()
    canvas = images.crop_canvas(tf.constant(truth.shape), size)
    framed = images.reflect_pad(truth[..., None], *canvas)
    middle = tf.image.resize_with_crop_or_pad(framed, size, size)
    return middle[..., 0].numpy()


def _scores(found, wanted, truths):
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
