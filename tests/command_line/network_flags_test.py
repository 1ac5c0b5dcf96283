"""Flags of networks."""

import keras
from absl.testing import flagsaver
from binary_calls import stand_in

from guided_segmentation import artifacts
from guided_segmentation.command_line import (
    network_flags,
)
from guided_segmentation.networks import weights
from guided_segmentation.training import precision


def test_the_precision_reaches_the_networks_in_use():
    with (
        flagsaver.as_parsed(precision="mixed_bfloat16"),
        stand_in(weights, "load_trained", "network"),
    ):
        assert network_flags.trained("/s") == "network"
        policy = keras.mixed_precision.global_policy().name
    assert policy == "mixed_bfloat16"


def test_auto_becomes_the_fastest_precision_for_all_that_follows():
    with (
        flagsaver.as_parsed(precision="auto"),
        stand_in(precision, "fastest", "mixed_bfloat16"),
    ):
        assert network_flags.resolve_precision() == "mixed_bfloat16"
        assert network_flags.PRECISION.value == "mixed_bfloat16"


def test_a_folder_that_was_begun_keeps_its_precision(tmp_path):
    artifacts.write_json(tmp_path / "settings.json", {"precision": "float32"})
    with (
        flagsaver.as_parsed(precision="auto"),
        stand_in(precision, "fastest", "mixed_bfloat16"),
    ):
        assert network_flags.resolve_precision(tmp_path) == "float32"
