"""Label maps from a trained segmenter, at the photographs' own size.

Source: Oh et al., CVPR 2017, section 6.1.
"""

import pathlib
from collections.abc import Callable, Mapping
from concurrent import futures

import numpy as np
import tqdm

from guided_segmentation import artifacts, crf
from guided_segmentation.datasets import pipeline, schema


def label_map(
    image: np.ndarray,
    probabilities: np.ndarray,
    crf_settings: crf.CrfSettings | None = None,
) -> np.ndarray:
    """Decides for a class at every pixel.

    Args:
      image: [height, width, 3] uint8 RGB.
      probabilities: [height, width, num_classes] float32.
      crf_settings: For crf-postproc; None takes the likeliest class.

    Returns:
      [height, width] uint8 class indices.
    """
    if crf_settings is None:
        return probabilities.argmax(-1).astype(np.uint8)
    return crf.postprocess(image, probabilities, crf_settings)


def present_only(
    probabilities: np.ndarray, image_labels: np.ndarray
) -> np.ndarray:
    """Leaves the background and the objects that are present.

    Args:
      probabilities: [height, width, num_classes] float32.
      image_labels: [num_objects] bool.

    Returns:
      [height, width, num_classes] float32, 0 for absent objects.
    """
    return probabilities * np.append(True, image_labels).astype(np.float32)


def segment_images(
    predict: Callable[[np.ndarray], np.ndarray],
    source: schema.Source,
    folders: Mapping[artifacts.Path, crf.CrfSettings | None],
    *,
    only_present: bool = False,
) -> None:
    """Writes the label maps of `source` that are not there yet.

    Args:
      predict: What networks.prediction.dense or serving.client.connect
        returns.
      source: Photographs, with image labels if only those are predicted.
      folders: Settings of crf-postproc by the folder for its <image_id>.png;
        None leaves the CRF out. One prediction serves all folders.
      only_present: Whether objects that the image labels deny are left out.

    Raises:
      ValueError: If `predict` does, with the name of the image.
    """
    lacking = {
        folder: set(artifacts.missing(source.image_ids, folder))
        for folder in folders
    }
    missing = [
        image_id
        for image_id in source.image_ids
        if any(image_id in ids for ids in lacking.values())
    ]
    if not missing:
        return
    examples = pipeline.in_order(missing, {"image": source.image})
    predicted = _ahead(examples, lambda each: _predicted(predict, each))
    for example, probabilities in tqdm.tqdm(
        predicted, "segments", len(missing), unit="image"
    ):
        image, image_id = example["image"], example["image_id"]
        if only_present:
            present = source.image_labels(image_id)
            probabilities = present_only(probabilities, present)
        for folder, ids in lacking.items():
            if image_id in ids:
                artifacts.write_label_map(
                    pathlib.Path(folder, f"{image_id}.png"),
                    label_map(image, probabilities, folders[folder]),
                )


def _predicted(predict, example):
    try:
        return predict(example["image"][None])[0]
    except ValueError as error:
        raise ValueError(f"image {example['image_id']!r}: {error}") from error


def _ahead(examples, function):
    """Yields each example with what the function makes of it, as an array.

    While one is dealt with, TensorFlow is at work on the next: the dense CRF
    takes one core, and Python's lock.
    """
    with futures.ThreadPoolExecutor(1) as pool:
        last = None
        for example in examples:
            made = pool.submit(lambda each: np.asarray(function(each)), example)
            if last is not None:
                yield last[0], last[1].result()
            last = example, made
        if last is not None:
            yield last[0], last[1].result()
