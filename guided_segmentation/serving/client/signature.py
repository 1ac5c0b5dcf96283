"""The signature that a served segmenter must have, read from its metadata.

bin/export_model writes two signatures. The client uses the one that takes
encoded photographs: a PNG is smaller than raw pixels, and lossless.
"""

from guided_segmentation.errors import InputError

NAME = "serve_encoded"
INPUT = "image_bytes"
OUTPUT = "probabilities"


def num_classes(signatures: dict) -> int:
    """Reads the number of classes of a served segmenter.

    Args:
      signatures: SignatureDefs by name, in the JSON form of protocol buffers.

    Returns:
      The number of classes, background included.

    Raises:
      ValueError: If the signatures are not those of a segmenter.
    """
    signature = signatures.get(NAME, {})
    inputs, outputs = signature.get("inputs", {}), signature.get("outputs", {})
    if set(inputs) != {INPUT} or OUTPUT not in outputs:
        found = f"{_names(inputs)} to {_names(outputs)}"
        raise InputError(
            f"wanted a segmenter, whose signature {NAME} goes from {INPUT} to "
            f"{OUTPUT}, found {found if signature else _names(signatures)}; "
            f"serve what bin/export_model --what=segmenter or guided writes"
        )
    return int(outputs[OUTPUT]["tensor_shape"]["dim"][-1]["size"])


def _names(named):
    return ", ".join(sorted(named)) or "none"
