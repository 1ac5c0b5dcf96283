"""Segments the photographs of a source and writes what is wanted of them."""

import contextlib
from collections.abc import (
    Callable,
    Iterable,
    Mapping,
    MutableMapping,
    Sequence,
)

import numpy as np
import tqdm

from guided_segmentation import artifacts, crf, labels, large, predictions
from guided_segmentation.datasets import read_ahead, schema
from guided_segmentation.networks import batches
from guided_segmentation.segmenter import decision
from guided_segmentation.segmenter.margins_file import margins_to
from guided_segmentation.segmenter.outputs import Outputs, Photograph

# Photographs of which so many fit one of the largest are refined side by side,
# by as many workers as there are: memory grows with the cores.
_SIDE_BY_SIDE = 3


def segment_images(
    predict: batches.Predictor | Callable[[np.ndarray], np.ndarray],
    source: schema.Source,
    folders: Mapping[artifacts.Path, crf.CrfSettings | None],
    *,
    only_present: bool = False,
    saliency_maps: decision.SaliencyMaps | None = None,
    label_set: labels.LabelSet | None = None,
    crf_max_pixels: int | None = None,
    overlay_dir: artifacts.Path | None = None,
    probabilities_dir: artifacts.Path | None = None,
    batch_size: int | None = None,
    features: Mapping[str, np.ndarray] | None = None,
    take_margin: Callable[[str, float], None] | None = None,
) -> dict[str, str]:
    """Writes the missing label maps of a source.

    Beside the label maps of each folder lie margins.csv, with the mean margin
    of each image (highest minus second probability, before any CRF), and
    class_names.txt.

    A photograph of more than large.max_pixels is predicted at that size; its
    probabilities are interpolated.

    Args:
      predict: What networks.dense_predictor or serving.client.connect
        returns; a function takes one photograph at a time.
      source: Photographs, with image-level labels if `only_present`.
      folders: Folders for <image_id>.png, each with the settings of its
        crf-postproc; None for no CRF. One prediction serves all folders.
      only_present: Whether objects that the image-level labels exclude get
        probability 0.
      saliency_maps: Multiplied with the probabilities; None leaves them out.
      label_set: The classes of `predict`; None takes those of the source.
      crf_max_pixels: Height times width of the largest photograph that
        crf-postproc refines at its own size. A larger one is refined at this
        size, and the label map is resized to the nearest neighbour. None
        takes large.max_pixels.
      overlay_dir: Folder for <image_id>.jpg: the label maps of the last
        folder over their photographs. None writes none.
      probabilities_dir: Folder for <image_id>.npz, which
        artifacts.read_probabilities reads. None writes none.
      batch_size: As of predictions.predicted.
      features: Of some photographs, by image id, for `predict.frame`. None
        runs the whole network on all.
      take_margin: Takes image id and mean margin of each image, instead of
        margins.csv. Images whose label maps exist are predicted for it, too.
        For processes that share a folder.

    Returns:
      Why a photograph is unreadable, by image id; it gets no files.

    Raises:
      ValueError: If `predict` raises one; the name of the image is added.
    """
    label_set = label_set or source.label_set
    most = large.max_pixels((label_set or labels.VOC).num_classes)
    outputs = _outputs(
        folders,
        label_set=label_set,
        crf_max_pixels=crf_max_pixels or most,
        overlay_dir=overlay_dir,
        probabilities_dir=probabilities_dir,
    )
    outputs.write_class_names()
    unreadable: dict[str, str] = {}
    _segment(
        batches.of(predict),
        source,
        outputs,
        unreadable,
        only_present=only_present,
        saliency_maps=saliency_maps,
        most=most,
        batch_size=batch_size,
        features=features or {},
        take_margin=take_margin,
    )
    most = max(most, outputs.crf_max_pixels)
    _draw_overlays(source, outputs, unreadable, most)
    return unreadable


def missing(
    image_ids: Iterable[str],
    folders: Iterable[artifacts.Path],
    overlay_dir: artifacts.Path | None = None,
    probabilities_dir: artifacts.Path | None = None,
) -> list[str]:
    """Returns the images that lack one of the files of `segment_images`.

    Args:
      image_ids: Ids of the images.
      folders: Folders of label maps.
      overlay_dir: As of `segment_images`.
      probabilities_dir: Likewise.
    """
    outputs = _outputs(
        dict.fromkeys(folders),
        overlay_dir=overlay_dir,
        probabilities_dir=probabilities_dir,
    )
    image_ids = tuple(image_ids)
    lacking = set(outputs.want_predictions(image_ids))
    return [i for i in image_ids if i in lacking or outputs.wants_overlay(i)]


def _outputs(
    folders: Mapping[artifacts.Path, crf.CrfSettings | None],
    *,
    overlay_dir: artifacts.Path | None,
    probabilities_dir: artifacts.Path | None,
    label_set: labels.LabelSet | None = None,
    crf_max_pixels: int = 0,
) -> Outputs:
    return Outputs(
        folders={
            artifacts.to_path(name): each for name, each in folders.items()
        },
        label_set=label_set,
        crf_max_pixels=crf_max_pixels,
        overlay_dir=overlay_dir and artifacts.to_path(overlay_dir),
        probabilities_dir=probabilities_dir
        and artifacts.to_path(probabilities_dir),
    )


def _segment(
    predictor: batches.Predictor,
    source: schema.Source,
    outputs: Outputs,
    unreadable: MutableMapping[str, str],
    *,
    only_present: bool,
    saliency_maps: decision.SaliencyMaps | None,
    most: int,
    batch_size: int | None,
    features: Mapping[str, np.ndarray],
    take_margin: Callable[[str, float], None] | None,
) -> None:
    """Predicts the images whose label maps are missing, and writes them."""
    image_ids: Sequence[str] = source.image_ids
    if take_margin is None:
        image_ids = outputs.want_predictions(image_ids)
    if not image_ids:
        return

    def prepare(
        image_id: str, image: np.ndarray
    ) -> tuple[Photograph, batches.Frames]:
        kept = _prepared(image, max(most, outputs.crf_max_pixels))
        cached = (features[image_id],) if image_id in features else ()
        return kept, predictor.frame(large.reduced(kept.image, most), *cached)

    def write(each: predictions.Predicted) -> tuple[str, float]:
        probabilities = each.finish()
        if only_present:
            image_labels = source.image_labels(each.image_id)
            probabilities = decision.present_only(probabilities, image_labels)
        if saliency_maps is not None:
            probabilities = saliency_maps.combined(each.image_id, probabilities)
        margin = outputs.write(each.image_id, each.kept, probabilities)
        return each.image_id, margin

    def is_large(each: predictions.Predicted) -> bool:
        num_pixels = each.kept.image[..., 0].size
        return num_pixels * _SIDE_BY_SIDE > most

    with contextlib.ExitStack() as stack:
        take = take_margin or stack.enter_context(margins_to(outputs.folders))
        predicted = predictions.predicted(
            predictor, source, image_ids, prepare, batch_size, unreadable
        )
        written = crf.map_in_order(write, predicted, alone=is_large)
        for image_id, margin in tqdm.tqdm(
            written, "segments", len(image_ids), unit="image"
        ):
            take(image_id, margin)


def _draw_overlays(
    source: schema.Source,
    outputs: Outputs,
    unreadable: MutableMapping[str, str],
    most: int,
) -> None:
    """Draws the overlays of label maps that were there before."""
    image_ids = [
        image_id
        for image_id in source.image_ids
        if image_id not in unreadable and outputs.wants_overlay(image_id)
    ]
    if not image_ids:
        return
    read = read_ahead.photographs(
        source, image_ids, unreadable, lambda _, image: _prepared(image, most)
    )
    for image_id, photograph in tqdm.tqdm(
        read, "overlays", len(image_ids), unit="image"
    ):
        outputs.write_overlay(image_id, photograph.image)


def _prepared(image: np.ndarray, most: int) -> Photograph:
    height, width = image.shape[:2]
    return Photograph(large.reduced(image, most), height, width)
