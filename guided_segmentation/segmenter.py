"""Label maps of a trained segmenter, at the size of the photographs.

Source: Oh et al., CVPR 2017, section 6.1.
"""

import pathlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent import futures

import numpy as np
import tqdm

from guided_segmentation import artifacts, crf
from guided_segmentation.datasets import pipeline, schema
from guided_segmentation.errors import InputError


def label_map(
    image: np.ndarray,
    probabilities: np.ndarray,
    crf_settings: crf.CrfSettings | None = None,
) -> np.ndarray:
    """Decides the class of every pixel.

    Args:
      image: [height, width, 3] uint8 RGB.
      probabilities: [height, width, num_classes] float32 in [0, 1].
      crf_settings: Settings of crf-postproc; None takes the class of the
        highest probability.

    Returns:
      [height, width] uint8 class indices.
    """
    if crf_settings is None:
        return probabilities.argmax(-1).astype(np.uint8)
    return crf.postprocess(image, probabilities, crf_settings)


def present_only(
    probabilities: np.ndarray, image_labels: np.ndarray
) -> np.ndarray:
    """Sets the probabilities of absent objects to zero.

    Args:
      probabilities: [height, width, num_classes] float32 in [0, 1].
      image_labels: [num_objects] bool, which objects are present.

    Returns:
      [height, width, num_classes] float32; the background, class 0, and the
      present objects keep their probabilities.
    """
    return probabilities * np.append(True, image_labels).astype(np.float32)


def segment_images(
    predict: Callable[[np.ndarray], np.ndarray],
    source: schema.Source,
    folders: Mapping[artifacts.Path, crf.CrfSettings | None],
    *,
    only_present: bool = False,
) -> None:
    """Writes the missing label maps of a source.

    Args:
      predict: What networks.prediction.dense or serving.client.connect
        returns.
      source: Photographs, with image-level labels if `only_present`.
      folders: Folders for <image_id>.png, each with the settings of its
        crf-postproc; None for no CRF. One prediction serves all folders.
      only_present: Whether objects that the image-level labels exclude get
        probability 0.

    Raises:
      ValueError: If `predict` raises one; the name of the image is added.
    """
    missing = {
        folder: set(artifacts.missing(source.image_ids, folder))
        for folder in folders
    }
    to_predict = [
        image_id
        for image_id in source.image_ids
        if any(image_id in ids for ids in missing.values())
    ]
    if not to_predict:
        return
    examples = pipeline.in_order(to_predict, {"image": source.image})
    predicted = _predict_ahead(predict, examples)
    for example, probabilities in tqdm.tqdm(
        predicted, "segments", len(to_predict), unit="image"
    ):
        image_id = example["image_id"]
        if only_present:
            image_labels = source.image_labels(image_id)
            probabilities = present_only(probabilities, image_labels)
        for folder, ids in missing.items():
            if image_id in ids:
                artifacts.write_label_map(
                    pathlib.Path(folder, f"{image_id}.png"),
                    label_map(example["image"], probabilities, folders[folder]),
                )


def _predict_ahead(
    predict: Callable[[np.ndarray], np.ndarray], examples: Iterable[dict]
) -> Iterator[tuple[dict, np.ndarray]]:
    """Yields each example with its probabilities.

    Predicts the next image in a thread while the caller refines this one: the
    dense CRF holds Python's lock and uses one core.
    """
    with futures.ThreadPoolExecutor(1) as pool:
        previous = None
        for example in examples:
            probabilities = pool.submit(_predicted, predict, example)
            if previous is not None:
                yield previous[0], previous[1].result()
            previous = example, probabilities
        if previous is not None:
            yield previous[0], previous[1].result()


def _predicted(predict, example):
    try:
        return np.asarray(predict(example["image"][None])[0])
    except InputError as error:
        raise InputError(f"image {example['image_id']!r}: {error}") from error
