"""Label maps from a trained segmenter, at the photographs' own size.

Source: Oh et al., CVPR 2017, section 6.1.
"""

import pathlib
from collections.abc import Callable

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
    output_dir: artifacts.Path,
    crf_settings: crf.CrfSettings | None = None,
) -> None:
    """Writes the label map of every image of `source` that has none yet.

    Args:
      predict: What networks.prediction.dense returns.
      source: Photographs.
      output_dir: Folder for <image_id>.png.
      crf_settings: For crf-postproc; None leaves it out.
    """
    output_dir = pathlib.Path(output_dir)
    missing = artifacts.missing(source.image_ids, output_dir)
    if not missing:
        return
    examples = pipeline.in_order(missing, {"image": source.image})
    for example in tqdm.tqdm(examples, "segments", len(missing), unit="image"):
        image = example["image"]
        probabilities = np.asarray(predict(image[None])[0])
        artifacts.write_label_map(
            output_dir / f"{example['image_id']}.png",
            label_map(image, probabilities, crf_settings),
        )
