"""Label maps from a trained segmenter, at the photographs' own size.

Source: Oh et al., CVPR 2017, section 6.1.
"""

import pathlib
from collections.abc import Callable, Mapping

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


def segment_images(
    predict: Callable[[np.ndarray], np.ndarray],
    source: schema.Source,
    folders: Mapping[artifacts.Path, crf.CrfSettings | None],
) -> None:
    """Writes the label map of every image of `source` that has none yet.

    Args:
      predict: What networks.prediction.dense returns.
      source: Photographs.
      folders: Settings of crf-postproc by the folder for its <image_id>.png;
        None leaves the CRF out. One prediction serves all folders.
    """
    missing = _missing(source.image_ids, folders)
    if not missing:
        return
    examples = pipeline.in_order(missing, {"image": source.image})
    for example in tqdm.tqdm(examples, "segments", len(missing), unit="image"):
        image = example["image"]
        probabilities = np.asarray(predict(image[None])[0])
        for folder, crf_settings in folders.items():
            artifacts.write_label_map(
                pathlib.Path(folder, f"{example['image_id']}.png"),
                label_map(image, probabilities, crf_settings),
            )


def _missing(image_ids, folders):
    """The ids that one of the folders lacks, in their order."""
    lacking = [set(artifacts.missing(image_ids, each)) for each in folders]
    return [i for i in image_ids if any(i in ids for ids in lacking)]
