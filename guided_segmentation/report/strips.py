"""Rows of pictures, as in the paper's figures 6, 7 and 11 to 13."""

import dataclasses
import pathlib
from collections.abc import Mapping

import numpy as np

from guided_segmentation import artifacts, labels, visualize
from guided_segmentation.datasets import schema
from guided_segmentation.evaluation import mean_iou
from guided_segmentation.report import legend
from guided_segmentation.saliency import detector

EVENLY = "At equal intervals over the split"
BEST = "Where G2 is best"
WORST = "Where G2 is worst"
CHOSEN = "Chosen by the caller"

SALIENCY = "Saliency"
_NUM_EXTREMES = 2  # How many of the best, and of the worst.


@dataclasses.dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
      pixels: [height, width, 3] uint8 RGB.
      iou: IoU of the label map shown with the truth, averaged over the classes
        present in either; None where there is nothing to compare.
    """

    pixels: np.ndarray
    iou: float | None = None


@dataclasses.dataclass(frozen=True)
class Strip:
    """The pictures of one image.

    Attributes:
      image_id: Name of the image.
      objects: Class index and name of each object present.
      pictures: By caption.
      with_crf: Predictions refined by crf-postproc, by the same captions.
      why: Why this image was chosen: EVENLY, BEST, WORST or CHOSEN.
    """

    image_id: str
    objects: tuple[tuple[int, str], ...]
    pictures: Mapping[str, Picture]
    with_crf: Mapping[str, Picture]
    why: str


def guide_strips(
    source: schema.Source,
    guide_dirs: Mapping[str, artifacts.Path],
    seeds_dir: artifacts.Path | None,
    saliency_dir: artifacts.Path | None,
    count: int,
    ranking: Mapping[str, float] | None = None,
) -> list[Strip]:
    """Returns strips of image, seeds, saliency, guides and truth.

    Args:
      source: The split that the guides label.
      guide_dirs: Folder of label maps by name of guide.
      seeds_dir: Folder of seeds, if there are any.
      saliency_dir: Folder of saliency maps, if there are any.
      count: How many images, taken at equal intervals from those that have a
        map; fewer if there are fewer.
      ranking: IoU of G2 by image_id; the two best and the two worst images
        are added.

    Raises:
      FileNotFoundError: If an image lacks a map that others have.
    """
    # These two guides are the seeds and the truth, which are shown anyway.
    guides = {
        legend.NAMES[guide]: folder
        for guide, folder in guide_dirs.items()
        if guide not in ("seeds_only", "full")
    }
    evidence = {"Seeds": seeds_dir, SALIENCY: saliency_dir}
    given = {key: folder for key, folder in evidence.items() if folder}
    folder = next(iter(guide_dirs.values()))
    return [
        _strip(source, image_id, why, {**given, **guides}, {})
        for image_id, why in _choose(source, folder, count, ranking)
    ]


def prediction_strips(
    source: schema.Source,
    prediction_dirs: Mapping[str, artifacts.Path],
    count: int,
    crf_dirs: Mapping[str, artifacts.Path] | None = None,
    ranking: Mapping[str, float] | None = None,
) -> list[Strip]:
    """Returns strips of image, predictions and truth.

    Args:
      source: The split that was segmented.
      prediction_dirs: Folder of label maps by name of guide.
      count: How many images, taken at equal intervals from those that have a
        map; fewer if there are fewer.
      crf_dirs: Folders of the predictions with crf-postproc, if there are any.
      ranking: IoU of G2 by image_id; the two best and the two worst images
        are added.

    Raises:
      FileNotFoundError: If an image lacks a prediction that others have.
    """
    plain, refined = (
        {legend.NAMES[guide]: folder for guide, folder in folders.items()}
        for folders in (prediction_dirs, crf_dirs or {})
    )
    folder = next(iter(prediction_dirs.values()))
    return [
        _strip(source, image_id, why, plain, refined)
        for image_id, why in _choose(source, folder, count, ranking)
    ]


def step_strip(
    source: schema.Source,
    image_id: str,
    folders: Mapping[str, artifacts.Path],
) -> Strip:
    """Returns the strip of one image: all steps and the truth.

    Args:
      source: The split of the image.
      image_id: Name of the image.
      folders: Folders of label maps by caption; SALIENCY is that of saliency
        maps.

    Raises:
      FileNotFoundError: If the image has no map in one of the folders.
    """
    return _strip(source, image_id, CHOSEN, folders, {})


def _choose(
    source: schema.Source,
    folder: artifacts.Path,
    count: int,
    ranking: Mapping[str, float] | None,
) -> list[tuple[str, str]]:
    """Picks images that have a map; returns each image_id with the reason."""
    folder = pathlib.Path(folder)
    ids = [i for i in source.image_ids if (folder / f"{i}.png").is_file()]
    if len(ids) <= count:
        return [(image_id, EVENLY) for image_id in ids]
    known = ranking or {}
    ranked = sorted((i for i in ids if i in known), key=known.get)
    return [
        *((ids[i * len(ids) // count], EVENLY) for i in range(count)),
        *((image_id, BEST) for image_id in ranked[: -_NUM_EXTREMES - 1 : -1]),
        *((image_id, WORST) for image_id in ranked[:_NUM_EXTREMES]),
    ]


def _strip(
    source: schema.Source,
    image_id: str,
    why: str,
    folders: Mapping[str, artifacts.Path],
    crf_folders: Mapping[str, artifacts.Path],
) -> Strip:
    image = source.image(image_id)
    truth = source.label_map and source.label_map(image_id)

    def picture(caption: str, folder: artifacts.Path) -> Picture:
        path = pathlib.Path(folder, f"{image_id}.png")
        if caption == SALIENCY:
            saliency_map = detector.read_relative(path)
            return Picture(visualize.heat(image, saliency_map))
        label_map = artifacts.read_label_map(path)
        return _labelled(image, label_map, truth, source.label_set.num_classes)

    def pictures_of(folders: Mapping[str, artifacts.Path]) -> dict:
        return {item[0]: picture(*item) for item in folders.items()}

    pictures = {"Image": Picture(image), **pictures_of(folders)}
    if truth is not None:
        pictures["Truth"] = Picture(visualize.overlay(image, truth))
    refined = pictures_of(crf_folders)
    objects = _objects(source, image_id, truth)
    return Strip(image_id, objects, pictures, refined, why)


def _labelled(
    image: np.ndarray,
    label_map: np.ndarray,
    truth: np.ndarray | None,
    num_classes: int,
) -> Picture:
    pixels = visualize.overlay(image, label_map)
    if truth is None:
        return Picture(pixels)
    counts = mean_iou.confusion(truth, label_map, num_classes)
    return Picture(pixels, mean_iou.or_none(mean_iou.mean_iou(counts)))


def _objects(
    source: schema.Source, image_id: str, truth: np.ndarray | None
) -> tuple[tuple[int, str], ...]:
    """Returns class index and name of each object, from the truth if given."""
    if truth is None:
        present = source.image_labels(image_id)
    else:
        present = labels.present(truth, source.label_set.num_objects)
    return tuple(
        (index + 1, source.label_set.objects[index])
        for index in np.flatnonzero(present).tolist()
    )
