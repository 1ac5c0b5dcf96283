"""Loads the segmenter of a binary, and the features that its training left."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import keras
import numpy as np

from guided_segmentation import labels
from guided_segmentation.command_line import (
    network_flags,
    prediction_flags,
    score_map_flags,
    server_flags,
)
from guided_segmentation.datasets import schema
from guided_segmentation.errors import InputError
from guided_segmentation.networks import batches, dense_predictor, prediction
from guided_segmentation.training import frozen_features

Features = Mapping[str, np.ndarray] | None  # By image id.


def check_features(folder: str | None) -> None:
    """Checks that the flags ask for what cached features give.

    Args:
      folder: --features_dir; None or "" for none.

    Raises:
      ValueError: If they do not.
    """
    if not folder:
        return
    is_dense = score_map_flags.DENSE_SCORES.value
    scales = prediction_flags.views()["scales"]
    if is_dense or scales != [1.0] or server_flags.SERVER.value is not None:
        raise InputError(
            f"--features_dir: wanted --nodense_scores, --scales=1 and no "
            f"--server, since features are of the training's grid and size; "
            f"found --{'' if is_dense else 'no'}dense_scores, "
            f"--scales={','.join(prediction_flags.SCALES.value)} and "
            f"--server={server_flags.SERVER.value}"
        )


def load(
    segmenter_dir: str,
    source: schema.Source,
    features_dir: str | None,
    *,
    same_objects: bool,
) -> tuple[batches.Predictor, labels.LabelSet, Features]:
    """Loads a segmenter, in the precision and with the views of the flags.

    Args:
      segmenter_dir: Folder of a finished training run.
      source: The photographs.
      features_dir: Folder of cached features; None or "" for none.
      same_objects: Whether it must have been trained for the objects of
        `source`.

    Returns:
      What predicts a photograph, its classes, and the features of photographs.

    Raises:
      ValueError: If it is not a segmenter, or was trained for other objects.
    """
    network, settings = network_flags.trained(
        segmenter_dir, dense=score_map_flags.DENSE_SCORES.value
    )
    prediction.require_segmenter(network, settings)
    if same_objects:
        network_flags.require_objects(settings, source)
    features = None
    if features_dir:
        features = _cached(network, settings, source, features_dir)
    predict = dense_predictor.as_trained(
        network,
        settings,
        **prediction_flags.views(),
        frozen_through=settings["freeze_through"] if features else None,
    )
    return predict, network_flags.label_set(settings), features


def _cached(
    network: keras.Model, settings: dict, source: schema.Source, folder: str
) -> Mapping[str, np.ndarray]:
    found = frozen_features.found(network, settings, source, folder)
    print(
        f"features: {len(found)} of {len(source.image_ids)} photographs have "
        f"some in {folder}",
        file=sys.stderr,
    )
    return found
