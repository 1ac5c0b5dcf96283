"""Flags of networks."""

import keras
from absl.testing import flagsaver
from binary_calls import stand_in

from guided_segmentation.command_line import (
    network_flags,
)
from guided_segmentation.networks import weights


def test_the_precision_reaches_the_networks_in_use():
    with (
        flagsaver.as_parsed(precision="mixed_bfloat16"),
        stand_in(weights, "load_trained", "network"),
    ):
        assert network_flags.trained("/s") == "network"
        policy = keras.mixed_precision.global_policy().name
    assert policy == "mixed_bfloat16"
