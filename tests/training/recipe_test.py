import dataclasses

import pytest
from thin_recipes import (
    SEEDER,
    SEGMENTER,
    with_crf_loss,
)


@pytest.mark.parametrize("scales", [(), (1.0, 0.0)])
def test_scales_must_be_positive(scales):
    with pytest.raises(ValueError, match="wanted positive train_scales"):
        dataclasses.replace(SEGMENTER, scales=scales)


def test_a_seeder_takes_scale_1_alone():
    with pytest.raises(ValueError, match=r"wanted train_scales of 1 for gap_"):
        dataclasses.replace(SEEDER, scales=(1.0, 2.0))


@pytest.mark.parametrize("input_size", [32, 40, 320])
def test_the_input_is_eight_times_its_cells_and_one(input_size):
    with pytest.raises(
        ValueError,
        match=f"input_size must be 8 n \\+ 1, such as 321, .* got {input_size}",
    ):
        dataclasses.replace(SEGMENTER, input_size=input_size)


def test_the_input_is_sixteen_times_its_cells_and_one_at_stride_16():
    coarse = {**SEGMENTER.network, "stride": 16}
    with pytest.raises(
        ValueError, match=r"input_size must be 16 n \+ 1, .* got 41"
    ):
        dataclasses.replace(SEGMENTER, network=coarse, input_size=41)


def test_a_seeder_has_no_crf_loss():
    with pytest.raises(
        ValueError,
        match=r"crf_loss wants a network with a class at every pixel, such as "
        r"deeplab_v1; found gap_highres",
    ):
        with_crf_loss(SEEDER)


def test_the_classifier_wants_an_input_that_fills_its_first_window():
    classifier = {"name": "vgg16", "num_objects": 2}
    with pytest.raises(
        ValueError,
        match=r"wanted an input_size of at least 193 for vgg16, whose fc6 has "
        r"a window of 7x7 cells of 32 pixels; got 185",
    ):
        dataclasses.replace(SEEDER, network=classifier, input_size=185)
    dataclasses.replace(SEEDER, network=classifier, input_size=193)


def test_the_classifier_takes_the_papers_224_pixels():
    """Table 6: one window of fc6, which 8 n + 1 pixels would not be."""
    classifier = {"name": "vgg16", "num_objects": 2}
    chosen = dataclasses.replace(SEEDER, network=classifier, input_size=224)
    assert chosen.sizes == [224]


def test_each_scale_of_a_photograph_has_a_whole_number_of_cells():
    coarse = {**SEGMENTER.network, "stride": 16}
    chosen = dataclasses.replace(
        SEGMENTER, network=coarse, input_size=321, scales=(0.5, 1.0, 1.25)
    )
    assert chosen.sizes == [161, 321, 401]


@pytest.mark.parametrize("layer", ["conv4_1_mix", "conv5_3"])
def test_low_rank_layers_are_not_frozen(layer):
    network = {**SEGMENTER.network, "rank": 4}
    with pytest.raises(
        ValueError,
        match=rf"^--rank makes conv4 and conv5 small layers that must learn, "
        rf"but --freeze_through={layer} freezes some; freeze through conv3_3 "
        rf"at most$",
    ):
        dataclasses.replace(SEGMENTER, network=network, freeze_through=layer)
    dataclasses.replace(SEGMENTER, network=network, freeze_through="conv3_3")
