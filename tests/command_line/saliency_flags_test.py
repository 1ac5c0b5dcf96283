"""Flags of saliency detectors."""

from unittest import mock

import pytest
from absl.testing import flagsaver

from guided_segmentation.command_line import saliency_flags
from guided_segmentation.saliency import named


def opened(**given):
    """Returns how named.open_named is called."""
    with (
        flagsaver.as_parsed(**given),
        mock.patch.object(named, "open_named") as open_named,
    ):
        saliency_flags.open_named()
    return open_named.call_args


def test_without_flags_the_builtin_net_is_opened():
    assert opened() == mock.call(
        "builtin", onnx=named.OnnxOptions(), precision="float32"
    )


def test_every_flag_of_an_onnx_file_arrives():
    assert opened(
        saliency="onnx:m.onnx",
        saliency_convention="birefnet",
        saliency_mean="0.1,0.2,0.3",
        saliency_stddev="1,2,3",
        saliency_logits="false",
        saliency_input_size="512",
    ) == mock.call(
        "onnx:m.onnx",
        onnx=named.OnnxOptions(
            convention="birefnet",
            mean=[0.1, 0.2, 0.3],
            stddev=[1.0, 2.0, 3.0],
            is_logits=False,
            input_size=512,
        ),
    )


def test_the_builtin_net_has_the_precision_that_is_given():
    found = opened(precision="mixed_bfloat16")
    assert found.kwargs["precision"] == "mixed_bfloat16"


def test_words_are_no_means():
    with pytest.raises(
        ValueError,
        match=r"^--saliency_mean: wanted three numbers such as 0\.5,0\.5,0\.5; "
        r"could not convert string to float: 'red'$",
    ):
        opened(saliency_mean="red,0,0")
