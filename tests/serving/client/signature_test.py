import pytest

from guided_segmentation.serving.client import signature


def signatures(inputs=("image_bytes",), outputs=("probabilities",)):
    """Returns the metadata of a model of four classes."""
    dims = [{"size": "-1"}] * 3 + [{"size": "4"}]
    tensor = {"tensor_shape": {"dim": dims}}
    return {
        "serving_default": {},
        "serve_encoded": {
            "inputs": dict.fromkeys(inputs, tensor),
            "outputs": dict.fromkeys(outputs, tensor),
        },
    }


def test_the_last_dimension_is_the_number_of_classes():
    outputs = ("label_map", "probabilities")
    assert signature.num_classes(signatures(outputs=outputs)) == 4


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (signatures(outputs=("seeds",)), "image_bytes to seeds"),
        (signatures(inputs=("a", "image_bytes")), "a, image_bytes to prob"),
        (signatures(inputs=()), "none to probabilities"),
        ({"classify": {}, "regress": {}}, "classify, regress;"),
        ({}, "none;"),
    ],
)
def test_a_model_that_is_no_segmenter_is_refused(given, found):
    with pytest.raises(
        ValueError,
        match=rf"^wanted a segmenter, whose signature serve_encoded goes from "
        rf"image_bytes to probabilities, found {found}.*bin/export_model",
    ):
        signature.num_classes(given)
