"""Flags of guides."""

import dataclasses
from unittest import mock

import pytest
from absl import flags
from absl.testing import flagsaver
from binary_calls import GUIDE_FLAGS, TRAINED, stand_in

from guided_segmentation import (
    crf,
    guides,
)
from guided_segmentation.command_line import (
    guide_flags,
    network_flags,
)
from guided_segmentation.datasets import (
    synthetic,
)


def test_the_flags_of_guides_are_all_tested_here():
    module = "guided_segmentation.command_line.guide_flags"
    defined = flags.FLAGS.flags_by_module_dict()[module]
    assert {flag.name for flag in defined} < GUIDE_FLAGS.keys()


@pytest.mark.parametrize("preset", guides.PRESETS)
def test_a_preset_holds_where_no_flag_is_given(preset):
    with flagsaver.as_parsed(guide_preset=preset):
        assert guide_flags.settings() == guides.PRESETS[preset]
    with flagsaver.as_parsed(
        seed_min_area="0", unary="log", guide_crf="none", guide_preset=preset
    ):
        assert guide_flags.settings() == dataclasses.replace(
            guides.PRESETS[preset],
            seed_min_area=guides.Area("0"),
            unary="log",
            crf=crf.NONE,
        )


def test_a_network_that_does_not_classify_names_no_regions():
    network = mock.Mock()
    network.name = "gap_roi"
    with (
        flagsaver.as_parsed(classifier_dir="/c"),
        stand_in(network_flags, "trained", (network, TRAINED)),
        pytest.raises(ValueError, match=r"^wanted the classifier .*gap_roi;"),
    ):
        guide_flags.labeller("g1", synthetic.source("train", num_images=1))
