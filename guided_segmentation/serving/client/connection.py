"""Prediction by a served segmenter, with the interface of a local network.

The modules that speak the two APIs are imported on demand: they need the
package's extra "serving".
"""

import types
from collections.abc import Callable

import numpy as np

from guided_segmentation import artifacts, extras
from guided_segmentation.errors import InputError
from guided_segmentation.serving.client import address, signature

APIS = {"rest": "rest", "grpc": "grpc_api"}  # Modules of this package.


def connect(
    served: address.ServedModel, num_classes: int
) -> Callable[[np.ndarray], np.ndarray]:
    """Checks that a segmenter is served, and returns a function that asks it.

    Args:
      served: Address of the segmenter.
      num_classes: Number of classes it must have, background included.

    Returns:
      A function like that of networks.prediction.dense, but for one photograph
      at a time: from [1, height, width, 3] uint8 RGB to [1, height, width,
      num_classes] float32 probabilities. Several threads may call it at once.
      It raises the errors of `Client.probabilities` in the modules of APIS,
      and ValueError if the answer has another shape.

    Raises:
      ConnectionError: If the server is unreachable, busy or still loading the
        model.
      TimeoutError: If it does not answer in time.
      ValueError: If it has no such model, the model is no segmenter or has
        another number of classes, or the extra is not installed.
    """
    client = _api(served.api).Client(served)
    _require_classes(served, client, num_classes)

    def predict(image):
        found = client.probabilities(artifacts.encode_image(image[0]))
        wanted = (*image.shape[:3], num_classes)
        if found.shape != wanted:
            raise InputError(
                f"{served}: wanted probabilities {wanted}, found "
                f"{found.shape}; serve what bin/export_model writes"
            )
        return found

    return predict


def _api(name: str) -> types.ModuleType:
    module = f"{__package__}.{APIS[name]}"
    return extras.imported(module, "serving", f"--server_api={name}")


def _require_classes(served, client, num_classes):
    signatures = client.signatures()
    if signatures is None:
        raise _absent(served, client.states())
    try:
        found = signature.num_classes(signatures)
    except InputError as error:
        raise InputError(f"{served}: {error}") from error
    if found != num_classes:
        raise InputError(
            f"{served}: wanted the {num_classes} classes of the data set, "
            f"background included, found {found}; give the --dataset it was "
            f"trained on, or for photographs its class_names.txt"
        )


def _absent(served, states):
    """Returns the error for a model that the server cannot describe."""
    if {"START", "LOADING"} & set(states):
        return ConnectionError(
            f"{served}: wanted a version that is AVAILABLE, found "
            f"{', '.join(states)}; wait until it is loaded"
        )
    return InputError(
        f"{served}: wanted a served model, found none of that name and "
        f"version; give the server's as --server_model and --server_version"
    )
