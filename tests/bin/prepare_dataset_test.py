"""bin/prepare_dataset: its flags."""

from unittest import mock

from binary_calls import calling, stand_in

from guided_segmentation.datasets import (
    layouts,
)


def test_flags_reach_what_prepare_dataset_calls():
    with calling(
        "prepare_dataset",
        stand_in(layouts, "write_synthetic"),
        output_dir="/d",
        num_train="2",
        num_val="3",
        num_test="4",
        num_saliency="5",
        seed="6",
        image_size="33,41",
    ) as (write,):
        pass
    assert write.call_args == mock.call(
        "/d",
        num_images={"train": 2, "val": 3, "test": 4},
        num_saliency_images=5,
        seed=6,
        size=(33, 41),
    )
