"""Masks to train the saliency network on: GrabCut inside annotators' boxes.

Source: Oh et al., CVPR 2017, section 6.1; Rother et al., "GrabCut", SIGGRAPH
2004.
"""

import concurrent.futures
import dataclasses
import os
import pathlib

import cv2
import numpy as np
import tqdm

from guided_segmentation import artifacts, provenance
from guided_segmentation.datasets import schema
from guided_segmentation.errors import InputError


@dataclasses.dataclass(frozen=True, kw_only=True)
class GrabCutSettings:
    """How boxes become masks.

    Attributes:
      average: "mean" or "median" of the annotators' boxes.
      num_steps: Iterations of GrabCut.
      min_fraction: A mask that fills a smaller fraction of its box counts as
        a failure and is replaced by the box.
    """

    average: str = "mean"
    num_steps: int = 5
    min_fraction: float = 0.1


def average_box(boxes: np.ndarray, average: str = "mean") -> np.ndarray:
    """Averages the boxes of several annotators, edge by edge.

    Args:
      boxes: [annotators, 4] int32 (row_min, column_min, row_max, column_max),
        half-open.
      average: "mean" or "median".

    Returns:
      [4] int32 box, rounded to whole pixels.
    """
    function = {"mean": np.mean, "median": np.median}[average]
    return np.rint(function(boxes, axis=0)).astype(np.int32)


def mask(
    image: np.ndarray,
    boxes: np.ndarray,
    settings: GrabCutSettings = GrabCutSettings(),
) -> np.ndarray:
    """Segments the salient object inside its box.

    Args:
      image: [height, width, 3] uint8 RGB.
      boxes: [annotators, 4] int32 (row_min, column_min, row_max, column_max),
        half-open.
      settings: How the boxes become a mask.

    Returns:
      [height, width] bool; the filled box where GrabCut fails, or where the
      box covers the whole image and leaves no background.
    """
    top, left, bottom, right = average = average_box(boxes, settings.average)
    box = filled(average, image.shape[:2])
    if box.all() or box.sum() < 4:
        return box
    cut = _grabcut(image, (left, top, right - left, bottom - top), settings)
    if cut.sum() < settings.min_fraction * box.sum():
        return box
    return cut


def filled(box: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Returns the mask of a box, clipped to the image.

    Args:
      box: [4] int32 (row_min, column_min, row_max, column_max), half-open.
      shape: Height and width.

    Returns:
      [height, width] bool.
    """
    top, left, bottom, right = box
    mask = np.zeros(shape, bool)
    mask[top:bottom, left:right] = True
    return mask


def make_masks(
    source: schema.Source,
    output_dir: artifacts.Path,
    settings: GrabCutSettings = GrabCutSettings(),
    num_threads: int | None = None,
    inputs: provenance.Inputs | None = None,
) -> None:
    """Writes the masks of images that have none yet.

    Threads suffice because GrabCut takes nearly all of the time and releases
    the GIL: on two cores 60 photographs took 26.0 s in one thread, 13.4 s in
    two threads and 13.1 s in two processes.

    Args:
      source: Photographs with boxes.
      output_dir: Folder for <image_id>.png, 0 and 1, palette PNG, and
        settings.json.
      settings: How boxes become masks.
      num_threads: Images processed in parallel; None for one per core.
      inputs: Digests of the boxes, for inputs.json.

    Raises:
      ValueError: If `output_dir` holds masks of other settings, or masks
        without settings.json.
    """
    output_dir = pathlib.Path(output_dir)
    _record_settings(output_dir, source, settings)
    provenance.record_or_check_inputs(output_dir, inputs or {})

    def make(image_id):
        cut = mask(source.image(image_id), source.boxes(image_id), settings)
        path = output_dir / f"{image_id}.png"
        artifacts.write_label_map(path, cut.astype(np.uint8))

    ids = artifacts.missing(source.image_ids, output_dir)
    with concurrent.futures.ThreadPoolExecutor(
        num_threads or os.cpu_count()
    ) as threads:
        done = threads.map(make, ids)
        list(tqdm.tqdm(done, "GrabCut", len(ids), unit="image", mininterval=1))


def _record_settings(
    output_dir: pathlib.Path, source: schema.Source, settings: GrabCutSettings
) -> None:
    """Writes settings.json, or checks that it says the same."""
    known = (output_dir / "settings.json").exists()
    if not known and any(output_dir.glob("*.png")):
        raise InputError(
            f"{output_dir} holds masks, but no settings.json that says how "
            f"they were made; choose another folder, or delete this one"
        )
    made = {
        "source": source.name,
        "source_digest": source.digest,
        **dataclasses.asdict(settings),
    }
    provenance.record_or_check(output_dir, made)


def _grabcut(
    image: np.ndarray,
    rectangle: tuple[int, int, int, int],
    settings: GrabCutSettings,
) -> np.ndarray:
    """Runs OpenCV's GrabCut; `rectangle` is (x, y, width, height)."""
    cv2.setRNGSeed(0)  # GrabCut initializes its clusters at random.
    trimap = np.zeros(image.shape[:2], np.uint8)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(
        np.ascontiguousarray(image[..., ::-1]),
        trimap,
        tuple(int(edge) for edge in rectangle),
        background,
        foreground,
        settings.num_steps,
        cv2.GC_INIT_WITH_RECT,
    )
    return (trimap == cv2.GC_FGD) | (trimap == cv2.GC_PR_FGD)
