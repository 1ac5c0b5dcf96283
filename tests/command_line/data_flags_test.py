"""Flags of the data reach the readers."""

from unittest import mock

import pytest
from absl.testing import flagsaver
from binary_calls import stand_in

from guided_segmentation.command_line import (
    data_flags,
)
from guided_segmentation.datasets import (
    folder,
    msra,
    pascal_voc,
    synthetic,
)


@pytest.mark.parametrize(
    ("given", "reader", "told"),
    [
        (
            {"dataset": "synthetic", "data_seed": "3", "num_images": "4"},
            synthetic,
            mock.call("val", num_images=4, seed=3),
        ),
        (
            {"dataset": "pascal_voc", "data_dir": "/d", "image_labels": "xml"},
            pascal_voc,
            mock.call("/d", "val", image_labels="xml"),
        ),
        (
            {"dataset": "folder", "data_dir": "/d", "image_labels": "csv:/c"},
            folder,
            mock.call("/d", "/c"),
        ),
    ],
    ids=["synthetic", "pascal_voc", "folder"],
)
def test_flags_of_data_reach_the_reader(given, reader, told):
    with (
        flagsaver.as_parsed(split="val", **given),
        stand_in(reader, "source", "source") as read,
    ):
        assert data_flags.source() == "source"
    assert read.call_args == told


def test_flags_of_boxes_reach_their_reader():
    given = {"data_dir": "/d", "exclude_ids": "/e", "only_ids": "/o"}
    with (
        flagsaver.as_parsed(dataset="msra", **given),
        stand_in(msra, "source", "source") as read,
    ):
        assert data_flags.saliency_source() == "source"
        assert data_flags.source(only_photographs=True) == "source"
        with pytest.raises(
            ValueError,
            match=r"^--dataset=msra has boxes, not image labels; "
            r"bin/train_saliency and bin/make_saliency read it$",
        ):
            data_flags.source()
    assert read.call_args == mock.call("/d", exclude_ids="/e", only_ids="/o")


def test_the_flags_that_were_given_go_to_the_next_command():
    given = {"dataset": "pascal_voc", "data_dir": "/d", "split": "val"}
    with flagsaver.as_parsed(**given):
        shared = ["--dataset=pascal_voc", "--data_dir=/d"]
        assert data_flags.given() == shared
        assert data_flags.given(split="test") == [*shared, "--split=test"]
