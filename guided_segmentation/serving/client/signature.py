"""What a model must take and give to be a segmenter, told by its metadata.

Of the two signatures that bin/export_model writes, the one of encoded
photographs is asked: a PNG is smaller than pixels, and loses none of them.
"""

NAME = "serve_encoded"
INPUT = "image_bytes"
OUTPUT = "probabilities"


def num_classes(signatures: dict) -> int:
    """Reads how many classes a served segmenter tells apart.

    Args:
      signatures: SignatureDefs by name, in the JSON form of protocol buffers.

    Raises:
      ValueError: If they are not those of a segmenter.
    """
    signature = signatures.get(NAME, {})
    inputs, outputs = signature.get("inputs", {}), signature.get("outputs", {})
    if set(inputs) != {INPUT} or OUTPUT not in outputs:
        found = f"{_names(inputs)} to {_names(outputs)}"
        raise ValueError(
            f"wanted a segmenter, whose signature {NAME} goes from {INPUT} to "
            f"{OUTPUT}, found {found if signature else _names(signatures)}; "
            f"serve what bin/export_model --what=segmenter or guided writes"
        )
    return int(outputs[OUTPUT]["tensor_shape"]["dim"][-1]["size"])


def _names(named):
    return ", ".join(sorted(named)) or "none"
